// The fold, step by step. What it does is said in progress.h; whoever folds uses that.
#ifndef WAYMARK_SERVICES_RULES_FOLDING_H_
#define WAYMARK_SERVICES_RULES_FOLDING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/evaluation.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

// Is told what the fold does, as far as the state does not tell it. Runs are named by their index in Progress::runs.
class FoldingListener {
 public:
  virtual ~FoldingListener() = default;
  // An item was counted for a rule of a run, in a leaf or, of a plain rule or an attribute, in none.
  virtual void Counted(size_t run, size_t rule, const Leaf* leaf, const Item& item) = 0;
  // A rule of a run is achieved by an item alone, whatever was counted.
  virtual void Achieved(size_t run, size_t rule, const Item& item) = 0;
  // A rule counts anew.
  virtual void BeganAnew(size_t run, size_t rule) = 0;
  // A run was opened: it begins as what was at its index, which, where another may follow, moved on by one.
  virtual void Opened(size_t run) = 0;
  // A way was taken, to wherever the run stands now.
  virtual void Took(size_t run, const Way& way) = 0;
};

class Folding {
 public:
  // What is given must outlive this; the listener may be none.
  Folding(const Journey& journey, Progress& progress, FoldingListener* listener = nullptr);

  // Applies an item; every timer before it must have been fired. One that is too late for the journey changes nothing.
  void Apply(const Item& item);
  // Lets time reach an instant at which it may change something.
  void Fire(absl::Time time);

 private:
  // Notes what an item brings; whether it may change anything.
  bool Take(const Item& item);
  bool TakeEvent(const Item& item);
  bool TakeAttributes(const Item& item);
  bool TakeBand(const Item& item);
  bool TakeAttestation(const Item& item);
  bool TakeExitCall(const Item& item);
  bool TakeOverride(const Item& item);
  bool AchieveByCall(size_t run, const Item& item);
  // The open enrollments that an exit or override is about.
  std::vector<size_t> RunsMeantBy(const Item& call) const;
  // Lets the leaves and plain rules that an item concerns remember it; of a run that it opens, those that begin with
  // it.
  bool CountInHistory(const std::vector<size_t>& leaves, const Item& item);
  bool CountInRun(size_t run, const std::vector<size_t>& leaves, const Item& item);
  bool CountPlain(size_t run, const std::vector<size_t>& plain_rules, const Item& item, bool opening);

  // Draws every conclusion from what was taken.
  void Conclude();
  // The key of the enrollment that is to be opened, if one is.
  std::optional<std::string> Opening();
  bool Triggered();
  std::optional<std::string> EntryKey() const;
  void Open(std::string key);
  void Settle(size_t run);
  void UpdateMilestones(size_t run);
  void CompleteStage(Run& run);
  const Way* OpenWay(const Run& run) const;
  void Enter(size_t run, size_t stage);
  void BeginAnew(size_t run, size_t rule);
  void BeginPeriods(size_t run);
  absl::Time Plan() const;

  // Whether a rule is looked at now.
  bool IsActive(const Run& run, const Rule& rule) const;
  bool MayOpen() const { return !progress_.runs.back().enrolled(); }
  bool over() const;
  Evaluation Look(const Run& run) const { return Evaluation(journey_, progress_, &run, time_); }
  Moment Now() const { return {time_, item_ == nullptr ? 0 : item_->number}; }

  const Journey& journey_;
  Progress& progress_;
  FoldingListener* listener_;
  absl::Time time_;             // Of the step …
  const Item* item_ = nullptr;  // … and its item; nullptr: time alone.
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_FOLDING_H_
