// What can never happen in a journey, whatever a customer does: proven from what the definition says. What is not
// excluded here may still be impossible.
#ifndef WAYMARK_SERVICES_RULES_OUTLOOK_H_
#define WAYMARK_SERVICES_RULES_OUTLOOK_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/rules/consistency.h"
#include "services/rules/definition.h"

namespace waymark::rules {

// A way out of a stage, given or, where no transition is, in the order of the stages.
struct WayOut {
  size_t from = 0;
  std::optional<size_t> to;              // Nothing: the end.
  const Criterion* criterion = nullptr;  // nullptr: when the stage is completed.
  std::optional<size_t> transition;      // Index into the definition's transitions.
  int32_t priority = 0;
  std::optional<size_t> shadowed_by;  // The way that is always taken instead.
};

class Outlook {
 public:
  // The definition and the rules must outlive this. What names something that does not exist is taken as possible.
  Outlook(const Definition& definition, const std::vector<SegmentRule>& segments);
  Outlook(const Outlook&) = delete;
  Outlook& operator=(const Outlook&) = delete;

  const Definition& definition() const { return definition_; }
  // The ways out of every stage; those that the fold never takes (back where that is forbidden, to the stage itself, to
  // a stage that does not exist) are left out.
  const std::vector<WayOut>& ways() const { return ways_; }

  // Milestones are numbered through, stage by stage.
  size_t milestones() const { return milestones_.size(); }
  size_t first_milestone(size_t stage) const { return first_milestone_[stage]; }
  size_t stage_of(size_t milestone) const { return stage_of_[milestone]; }
  const Milestone& milestone(size_t index) const {
    return definition_.stages[stage_of_[index]].milestones[index - first_milestone_[stage_of_[index]]];
  }
  std::optional<size_t> FindMilestone(const std::string& key) const;
  std::optional<size_t> FindStage(const std::string& key) const;

  // False: it never happens.
  bool may_trigger(size_t trigger) const { return triggers_[trigger]; }
  bool may_enter(size_t stage) const { return stages_[stage]; }
  bool may_achieve(size_t milestone) const { return milestones_[milestone]; }
  bool may_complete(size_t stage) const;
  bool may_exit(size_t exit) const { return exits_[exit]; }
  bool may_take(size_t way) const { return taken_[way]; }

  // Why it never happens, as half a sentence; only of what never happens.
  std::string WhyNotEnter(size_t stage) const;
  std::string WhyNotAchieve(size_t milestone) const;
  std::string WhyNotExit(size_t exit) const;

  // The demands that must hold at the instant at which something happens, besides what the flags say.
  const Circumstances& circumstances() const { return circumstances_; }
  Circumstances CircumstancesOf(const Milestone& milestone) const;
  std::vector<Demand> DemandsOfTrigger(size_t trigger) const;  // With those of the first stage.
  std::vector<Demand> DemandsOfEntry(size_t stage) const;      // Entry criterion and hand-off.
  std::vector<Demand> DemandsOfWay(const WayOut& way) const;   // With those of the stage it leads to.
  std::vector<Demand> DemandsOfNoExit() const;                 // That no exit is taken.
  // With a variant, for the customers for whom it counts; without one, for those of no variant.
  std::vector<Demand> DemandsOf(size_t milestone, std::optional<size_t> variant) const;
  // Which part of the history a milestone looks at.
  static View ViewOf(const Milestone& milestone);

 private:
  void MakeWays();
  void FindShadows();
  bool MayComeBack(size_t to, size_t from) const;
  bool IsLeftAtOnce(size_t stage) const;
  bool Shadows(const WayOut& way, const WayOut& other) const;
  void Explore();
  bool ExploreMilestone(size_t index) const;
  Answer Ask(std::vector<Demand> demands, const Circumstances& circumstances) const;
  // A criterion that is not in the definition.
  const Criterion* Keep(Criterion criterion);
  const Criterion* SegmentCriterion(const std::string& segment_id) const { return segment_criteria_.at(segment_id); }
  const Criterion* MilestoneCriterion(const std::string& key) const { return milestone_criteria_.at(key); }

  const Definition& definition_;
  Circumstances circumstances_;
  std::deque<Criterion> kept_;
  std::vector<const Criterion*> trigger_criteria_;  // nullptr: nothing is to be met.
  std::vector<std::vector<const Criterion*>> answer_criteria_;
  absl::flat_hash_map<std::string, const Criterion*> segment_criteria_;
  absl::flat_hash_map<std::string, const Criterion*> milestone_criteria_;
  absl::flat_hash_map<std::string, size_t> milestone_of_key_;
  absl::flat_hash_map<std::string, size_t> stage_of_key_;
  std::vector<WayOut> ways_;
  std::vector<size_t> first_milestone_;
  std::vector<size_t> stage_of_;
  std::vector<bool> triggers_;
  std::vector<bool> stages_;
  std::vector<bool> milestones_;
  std::vector<bool> exits_;
  std::vector<bool> taken_;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_OUTLOOK_H_
