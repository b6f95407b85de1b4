#include "services/rules/cycles.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/rules/places.h"

namespace waymark::rules {
namespace {

// What people draw has some dozens of circles at most; a built puzzle has millions.
constexpr int kMostSteps = 5000;

struct Need {
  size_t milestone;
  std::string path;  // Inside the milestone that needs it.
};

// The milestones without which a criterion is never met.
void CollectNeeds(const Outlook& outlook, const Criterion& criterion, const std::string& path,
                  std::vector<Need>& needs) {
  if (const MilestoneMet* met = std::get_if<MilestoneMet>(&criterion.kind)) {
    const std::optional<size_t> milestone = outlook.FindMilestone(met->milestone_key);
    if (milestone.has_value()) needs.push_back({*milestone, path + ".milestone.milestone_key"});
  }
  const Some* some = std::get_if<Some>(&criterion.kind);
  if (some == nullptr) return;
  const bool all = some->quorum == Quorum::kAll || some->criteria.size() == 1 ||
                   (some->quorum == Quorum::kAtLeast && some->at_least == some->criteria.size());
  for (size_t i = 0; all && i < some->criteria.size(); ++i) {
    CollectNeeds(outlook, some->criteria[i], absl::StrCat(path, ".", FieldOf(criterion), ".criteria[", i, "]"), needs);
  }
}

std::vector<Need> NeedsOf(const Outlook& outlook, size_t index) {
  const Milestone& milestone = outlook.milestone(index);
  std::vector<Need> needs;
  for (size_t i = 0; i < milestone.depends_on.size(); ++i) {
    const std::optional<size_t> other = outlook.FindMilestone(milestone.depends_on[i]);
    if (other.has_value()) needs.push_back({*other, absl::StrCat("depends_on[", i, "]")});
  }
  std::vector<Need> proven_by;
  if (milestone.variants.empty()) CollectNeeds(outlook, milestone.criterion, "criterion", proven_by);
  for (Need& need : proven_by) {
    // That it is to be proven by itself is said of its criterion.
    if (need.milestone != index) needs.push_back(std::move(need));
  }
  return needs;
}

std::string PathOf(const Outlook& outlook, size_t milestone) {
  const size_t stage = outlook.stage_of(milestone);
  return absl::StrCat("stages[", stage, "].milestones[", milestone - outlook.first_milestone(stage), "]");
}

// Walks from stage to stage by transitions that can be taken without an event, and looks at each circle it closes.
class Circling {
 public:
  explicit Circling(const Outlook& outlook) : outlook_(outlook) {}

  std::vector<Finding> Find() {
    for (size_t i = 0; i < outlook_.ways().size(); ++i) {
      const WayOut& way = outlook_.ways()[i];
      if (way.to.has_value() && outlook_.may_take(i) && IsFree({i})) free_.push_back(i);
    }
    for (size_t stage = 0; stage < outlook_.definition().stages.size(); ++stage) {
      start_ = stage;
      Walk(stage);
    }
    return std::move(findings_);
  }

 private:
  // Whether all these ways can be open at once, without an event that is counted from a stage's entry.
  bool IsFree(const std::vector<size_t>& ways) const {
    std::vector<Demand> demands;
    for (const size_t index : ways) {
      const WayOut& way = outlook_.ways()[index];
      for (const Demand& demand : outlook_.DemandsOfWay(way)) demands.push_back(demand);
      if (way.criterion != nullptr) continue;
      // Milestones that count from the stage on are to be achieved anew; of others some history has done with them.
      const Stage& stage = outlook_.definition().stages[way.from];
      for (const Milestone& milestone : stage.milestones) {
        const bool counts = milestone.required || stage.exit_at_least.has_value();
        if (!counts || milestone.scope != Scope::kFromStage) continue;
        if (!milestone.variants.empty() || milestone.latching == Latching::kRecurring) return false;
        demands.push_back({&milestone.criterion, true, View::kStage});
      }
    }
    return CanBeMet(demands, outlook_.circumstances(), [](absl::Span<const Demand> facts) {
             return std::none_of(facts.begin(), facts.end(), [](const Demand& fact) {
               const bool counted = std::holds_alternative<EventCount>(fact.criterion->kind) ||
                                    std::holds_alternative<Sequence>(fact.criterion->kind) ||
                                    std::holds_alternative<Attested>(fact.criterion->kind);
               return counted && fact.met && fact.view == View::kStage;
             });
           }) == Answer::kYes;
  }

  void Walk(size_t stage) {
    if (++steps_ > kMostSteps) return;
    for (const size_t index : free_) {
      const WayOut& way = outlook_.ways()[index];
      // Each circle is looked at from its first stage.
      if (way.from != stage || *way.to < start_) continue;
      path_.push_back(index);
      if (*way.to == start_) {
        if (IsFree(path_)) Report();
      } else if (std::none_of(path_.begin(), path_.end(),
                              [&](size_t other) { return outlook_.ways()[other].from == *way.to; })) {
        Walk(*way.to);
      }
      path_.pop_back();
    }
  }

  void Report() {
    std::string round;
    for (const size_t index : path_) {
      absl::StrAppend(&round, "\"", outlook_.definition().stages[outlook_.ways()[index].from].key, "\" to ");
    }
    absl::StrAppend(&round, "\"", outlook_.definition().stages[start_].key, "\"");
    const WayOut& first = outlook_.ways()[path_[0]];
    Note(findings_, {"TRANSITION_CYCLE", absl::StrCat("transitions[", first.transition.value_or(0), "]"),
                     absl::StrCat("a customer can go round and round without doing anything: ", round),
                     "let one of the transitions wait for something that the customer does", Layer::kMeaning});
  }

  const Outlook& outlook_;
  std::vector<size_t> free_;
  std::vector<size_t> path_;
  size_t start_ = 0;
  int steps_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<DependencyCycle> FindDependencyCycles(const Outlook& outlook) {
  enum class Mark { kNew, kOpen, kDone };
  std::vector<Mark> marks(outlook.milestones(), Mark::kNew);
  std::vector<std::vector<Need>> needs;
  for (size_t i = 0; i < outlook.milestones(); ++i) needs.push_back(NeedsOf(outlook, i));
  std::vector<std::pair<size_t, std::string>> open;  // Each with where it names the next one.
  std::vector<DependencyCycle> cycles;
  const std::function<void(size_t)> visit = [&](size_t index) {
    marks[index] = Mark::kOpen;
    for (const Need& need : needs[index]) {
      open.emplace_back(index, need.path);
      if (marks[need.milestone] == Mark::kNew) {
        visit(need.milestone);
      } else if (marks[need.milestone] == Mark::kOpen) {
        auto first =
            std::find_if(open.begin(), open.end(), [&](const auto& step) { return step.first == need.milestone; });
        std::vector<std::pair<size_t, std::string>> circle(first, open.end());
        std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end()), circle.end());
        DependencyCycle cycle{.path = absl::StrCat(PathOf(outlook, circle[0].first), ".", circle[0].second)};
        for (const auto& step : circle) cycle.milestones.push_back(step.first);
        cycles.push_back(std::move(cycle));
      }
      open.pop_back();
    }
    marks[index] = Mark::kDone;
  };
  for (size_t i = 0; i < outlook.milestones(); ++i) {
    if (marks[i] == Mark::kNew) visit(i);
  }
  return cycles;
}

std::vector<Finding> CheckCycles(const Outlook& outlook) {
  std::vector<Finding> findings;
  for (const DependencyCycle& cycle : FindDependencyCycles(outlook)) {
    std::string words;
    for (size_t i = 0; i < cycle.milestones.size(); ++i) {
      const size_t next = cycle.milestones[(i + 1) % cycle.milestones.size()];
      absl::StrAppend(&words, i == 0 ? "" : ", ", "\"", outlook.milestone(cycle.milestones[i]).key, "\" needs ",
                      next == cycle.milestones[i] ? "itself" : absl::StrCat("\"", outlook.milestone(next).key, "\""));
    }
    Note(findings, {"DEPENDENCY_CYCLE", cycle.path, absl::StrCat("none of them can ever be achieved: ", words),
                    "take one of these out", Layer::kMeaning});
  }
  for (Finding& finding : Circling(outlook).Find()) Note(findings, std::move(finding));
  return findings;
}

}  // namespace waymark::rules
