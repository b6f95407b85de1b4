#include "services/rules/scenario.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/rules/explanation.h"
#include "services/rules/folding.h"

namespace waymark::rules {
namespace {

std::string ScenarioItemId(int64_t number) { return absl::StrFormat("step %03d", number); }

// Notes the transitions that are taken.
class TransitionNotes : public FoldingListener {
 public:
  explicit TransitionNotes(const Journey& journey) : journey_(journey) {}
  void Counted(size_t, size_t, const Leaf*, const Item&) override {}
  void Achieved(size_t, size_t, const Item&) override {}
  void BeganAnew(size_t, size_t) override {}
  void Opened(size_t) override {}
  void Took(size_t, const Way& way) override {
    if (!way.transition.has_value()) return;
    taken_.insert(journey_.version().definition.transitions[*way.transition].key);
  }
  const std::set<std::string>& taken() const { return taken_; }

 private:
  const Journey& journey_;
  std::set<std::string> taken_;
};

// Checks expectations against where the fold stands.
class Checker {
 public:
  Checker(const Journey& journey, const Progress& progress, absl::Duration at, std::vector<std::string>& failures)
      : journey_(journey), progress_(progress), at_(at), failures_(failures) {}

  void Check(const Expectation& expectation) {
    CheckState(expectation);
    if (!expectation.stage.empty()) CheckStage(expectation.stage);
    for (const std::string& key : expectation.achieved) CheckMilestone(key, true);
    for (const std::string& key : expectation.not_achieved) CheckMilestone(key, false);
  }

 private:
  const Run& run() const { return progress_.enrolled() ? progress_.latest() : progress_.runs.back(); }
  absl::Time time() const { return ScenarioStart() + at_; }

  void Fail(absl::string_view what) { failures_.push_back(absl::StrCat("at ", Words(at_), ": ", what)); }

  static absl::string_view Name(ExpectedState state) {
    switch (state) {
      case ExpectedState::kNotAsked:
        return "";
      case ExpectedState::kNotEnrolled:
        return "not enrolled";
      case ExpectedState::kActive:
        return "active";
      case ExpectedState::kCompleted:
        return "completed";
      case ExpectedState::kExited:
        return "exited";
    }
    return "";
  }

  ExpectedState State() const {
    if (!progress_.enrolled()) return ExpectedState::kNotEnrolled;
    if (run().completed.has_value()) return ExpectedState::kCompleted;
    return run().exited.has_value() ? ExpectedState::kExited : ExpectedState::kActive;
  }

  std::string ExitTaken() const {
    return run().exited->exit.has_value() ? journey_.version().definition.exits[*run().exited->exit].key : "a call";
  }

  // Where it stands, as the end of a sentence.
  std::string Standing() const {
    switch (State()) {
      case ExpectedState::kNotAsked:
      case ExpectedState::kNotEnrolled:
        return "is not enrolled";
      case ExpectedState::kCompleted:
        return absl::StrCat("has completed the journey in ", journey_.stages()[run().stage()].key);
      case ExpectedState::kExited:
        return absl::StrCat("has left from ", journey_.stages()[run().stage()].key, " by ", ExitTaken());
      case ExpectedState::kActive:
        break;
    }
    const std::string why = WhyStays(journey_, progress_, run(), time());
    return absl::StrCat("stands in ", journey_.stages()[run().stage()].key, why.empty() ? "" : ": ", why);
  }

  void CheckState(const Expectation& expectation) {
    if (expectation.state == ExpectedState::kNotAsked) return;
    if (State() != expectation.state) {
      Fail(absl::StrCat("expected to be ", Name(expectation.state), ", ", Standing()));
    } else if (expectation.state == ExpectedState::kExited && !expectation.exit.empty() &&
               ExitTaken() != expectation.exit) {
      Fail(absl::StrCat("expected exit ", expectation.exit, ", it was ", ExitTaken()));
    }
  }

  void CheckStage(const std::string& stage) {
    if (progress_.enrolled() && journey_.stages()[run().stage()].key == stage) return;
    Fail(absl::StrCat("expected stage ", stage, ", ", Standing()));
  }

  void CheckMilestone(const std::string& key, bool expected) {
    for (size_t rule = 0; rule < journey_.rules().size(); ++rule) {
      if (journey_.milestone(rule).key != key) continue;
      const std::optional<Moment>& achieved = run().milestones[rule].achieved;
      if (achieved.has_value() == expected) return;
      if (expected) {
        Fail(
            absl::StrCat("expected milestone ", key, ", it lacks ", Missing(journey_, progress_, run(), rule, time())));
      } else {
        Fail(absl::StrCat("expected no milestone ", key, ", it was achieved at ",
                          Words(achieved->time - ScenarioStart()),
                          achieved->item == 0 ? "" : absl::StrCat(" through ", ScenarioItemId(achieved->item))));
      }
      return;
    }
    Fail(absl::StrCat("expected something of milestone ", key, ", which the journey does not have"));
  }

  const Journey& journey_;
  const Progress& progress_;
  absl::Duration at_;
  std::vector<std::string>& failures_;
};

}  // namespace

absl::Time ScenarioStart() { return absl::FromUnixSeconds(1'767'603'600); }

void Coverage::Add(const Coverage& other) {
  stages.insert(other.stages.begin(), other.stages.end());
  transitions.insert(other.transitions.begin(), other.transitions.end());
  milestones.insert(other.milestones.begin(), other.milestones.end());
  exits.insert(other.exits.begin(), other.exits.end());
}

Coverage Everything(const Journey& journey) {
  Coverage all;
  for (const Stage& stage : journey.stages()) {
    all.stages.insert(stage.key);
    for (const Milestone& milestone : stage.milestones) all.milestones.insert(milestone.key);
  }
  for (const Transition& transition : journey.version().definition.transitions) all.transitions.insert(transition.key);
  for (const Exit& exit : journey.version().definition.exits) all.exits.insert(exit.key);
  return all;
}

ScenarioHistory::ScenarioHistory(const Journey& journey, const Scenario& scenario) {
  ids_.reserve(scenario.steps.size());
  properties_.reserve(scenario.steps.size());
  absl::string_view traveller;
  for (const ScenarioStep& step : scenario.steps) {
    if (traveller.empty() && step.kind == ItemKind::kEvent) traveller = step.user;
  }
  for (const ScenarioStep& step : scenario.steps) {
    // At equal times, in the order given.
    const auto number = static_cast<int64_t>(ids_.size()) + 1;
    ids_.push_back(ScenarioItemId(number));
    std::vector<Property>& properties = properties_.emplace_back();
    for (const StepProperty& property : step.properties) {
      properties.push_back({property.path, property.value, property.composite});
    }
    if (journey.version().definition.of_users && step.kind == ItemKind::kEvent && step.user != traveller) continue;
    const bool of_journey = step.kind == ItemKind::kAttestation || step.kind == ItemKind::kEnrollCall ||
                            step.kind == ItemKind::kExitCall || step.kind == ItemKind::kOverride;
    items_.push_back({.time = ScenarioStart() + step.at,
                      .sequence = number,
                      .id = ids_.back(),
                      .number = number,
                      .type = of_journey ? journey.version().journey_id : step.type,
                      .kind = step.kind,
                      .user = step.user,
                      .key = step.key,
                      .role = step.role,
                      .properties = properties});
  }
  std::sort(items_.begin(), items_.end(), Before);
}

ScenarioResult RunScenario(const Journey& journey, const Scenario& scenario) {
  ScenarioResult result;
  const ScenarioHistory history(journey, scenario);
  absl::Duration last;
  for (const ScenarioStep& step : scenario.steps) last = std::max(last, step.at);
  std::vector<const Expectation*> expectations;
  for (const Expectation& expectation : scenario.expect) expectations.push_back(&expectation);
  std::stable_sort(expectations.begin(), expectations.end(), [&](const Expectation* a, const Expectation* b) {
    return a->at.value_or(last) < b->at.value_or(last);
  });

  Progress progress;
  TransitionNotes notes(journey);
  Folding folding(journey, progress, &notes);
  size_t next_item = 0;
  // Everything up to an instant, timers included.
  const auto pass_until = [&](absl::Time until) {
    for (; next_item < history.items().size() && history.items()[next_item].time <= until; ++next_item) {
      while (progress.next < history.items()[next_item].time) folding.Fire(progress.next);
      folding.Apply(history.items()[next_item]);
    }
    while (progress.next <= until) folding.Fire(progress.next);
  };
  for (const Expectation* expectation : expectations) {
    const absl::Duration at = expectation->at.value_or(last);
    pass_until(ScenarioStart() + at);
    Checker(journey, progress, at, result.failures).Check(*expectation);
  }
  pass_until(ScenarioStart() + last);

  result.coverage.transitions = notes.taken();
  for (const Run& run : progress.enrollments()) {
    for (const Passage& passage : run.entered) result.coverage.stages.insert(journey.stages()[passage.stage].key);
    for (size_t rule = 0; rule < run.milestones.size(); ++rule) {
      const MilestoneProgress& milestone = run.milestones[rule];
      if (milestone.achieved.has_value() || milestone.earlier > 0) {
        result.coverage.milestones.insert(journey.milestone(rule).key);
      }
    }
    if (run.exited.has_value() && run.exited->exit.has_value()) {
      result.coverage.exits.insert(journey.version().definition.exits[*run.exited->exit].key);
    }
  }
  return result;
}

std::map<std::string, Coverage> CoverageByPersona(const Journey& journey, absl::Span<const Scenario> scenarios) {
  std::map<std::string, Coverage> coverage;
  for (const Scenario& scenario : scenarios) {
    const ScenarioResult result = RunScenario(journey, scenario);
    coverage[""].Add(result.coverage);
    if (!scenario.persona_id.empty()) coverage[scenario.persona_id].Add(result.coverage);
  }
  return coverage;
}

}  // namespace waymark::rules
