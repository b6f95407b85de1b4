#include "tests/rules/convert/valid_journeys.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "services/rules/convert/definition.h"
#include "tests/rules/corpus.h"

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

constexpr int64_t kDay = 86'400;

template <typename Map>
std::vector<std::string> NamesIn(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, number] : map) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

bool IsComparable(const google::protobuf::Value& value) {
  return value.has_bool_value() || value.has_number_value() || value.has_string_value();
}

// Turns a definition that has form into one that names what there is, and that says only what goes together.
class Arrangement {
 public:
  Arrangement(RandomMessages& random, const Surroundings& workspace, v1::JourneyDefinition& definition)
      : random_(random), workspace_(workspace), definition_(definition) {}

  void Arrange() {
    if (definition_.stages().empty() || random_.OneIn(2)) random_.Fill(*definition_.add_stages());
    ArrangeEditions(*workspace_.personas, *definition_.mutable_personas(),
                    [](auto& ref) { return ref.mutable_persona_id(); });
    ArrangeEditions(*workspace_.segments, *definition_.mutable_segments(),
                    [](auto& ref) { return ref.mutable_segment_id(); });
    for (int i = 1; i < definition_.personas_size(); ++i) definition_.mutable_personas(i)->clear_anchor();
    ArrangeEntry(*definition_.mutable_entry());
    for (int i = 0; i < definition_.stages_size(); ++i) ArrangeStage(i);
    for (v1::Exit& exit : *definition_.mutable_exits()) ArrangeCriterion(*exit.mutable_criterion(), false);
    ArrangeTransitions();
    for (v1::Touchpoint& touchpoint : *definition_.mutable_touchpoints()) ArrangeTouchpoint(touchpoint);
    for (v1::Scenario& scenario : *definition_.mutable_scenarios()) ArrangeScenario(scenario);
  }

 private:
  template <typename List>
  const auto& OneOf(const List& list) {
    return list[static_cast<int>(random_.Below(list.size()))];
  }

  // Different ones, each in an edition that there is or in none in particular.
  template <typename Refs, typename IdOf>
  void ArrangeEditions(const absl::flat_hash_map<std::string, uint32_t>& newest, Refs& refs, IdOf id_of) {
    std::vector<std::string> names = NamesIn(newest);
    const auto first = names.begin() + static_cast<int64_t>(random_.Below(names.size()));
    std::rotate(names.begin(), first, names.end());
    for (int i = 0; i < refs.size(); ++i) {
      *id_of(refs[i]) = names[i];
      refs[i].set_number(static_cast<uint32_t>(random_.Below(newest.at(names[i]) + 1)));
    }
  }

  // A key of the list, or nothing where there is none or nothing was to be said.
  void Name(const std::vector<std::string>& keys, std::string* key) {
    if (key->empty()) return;
    *key = keys.empty() ? "" : OneOf(keys);
  }

  // Days from `least` on, with whatever seconds it has.
  static void Lengthen(google::protobuf::Duration& duration, int64_t least, int64_t most) {
    duration.set_seconds(least * kDay + duration.seconds() % ((most - least) * kDay));
  }

  void ArrangeEntry(v1::Entry& entry) {
    if (entry.re_entry() == v1::RE_ENTRY_UNSPECIFIED || entry.re_entry() == v1::RE_ENTRY_NEVER) entry.clear_cooldown();
    for (v1::Trigger& trigger : *entry.mutable_triggers()) {
      if (trigger.has_segment_entered() && !ArrangeSegment(*trigger.mutable_segment_entered()))
        trigger.mutable_any_event();
      if (trigger.has_journey_completed()) trigger.mutable_journey_completed()->set_journey_id(OtherJourney());
      if (trigger.has_first_event()) ArrangeConditions(*trigger.mutable_first_event()->mutable_where());
    }
  }

  std::string OtherJourney() {
    std::vector<std::string> journeys(workspace_.journeys->begin(), workspace_.journeys->end());
    std::sort(journeys.begin(), journeys.end());
    return OneOf(journeys);
  }

  bool ArrangeSegment(v1::InSegment& segment) {
    if (definition_.segments().empty()) return false;
    segment.set_segment_id(OneOf(definition_.segments()).segment_id());
    return true;
  }

  void ArrangeStage(int index) {
    v1::Stage& stage = *definition_.mutable_stages(index);
    Name(tops_, stage.mutable_parent_key());
    if (stage.parent_key().empty()) tops_.push_back(stage.key());
    stages_.push_back(stage.key());
    if (stage.has_entry_criterion()) ArrangeCriterion(*stage.mutable_entry_criterion(), false);
    // Longer than any criterion below takes.
    if (stage.has_target()) Lengthen(*stage.mutable_target(), 300, 400);
    if (stage.has_behind_after()) Lengthen(*stage.mutable_behind_after(), 500, 600);
    if (stage.has_stuck_after()) Lengthen(*stage.mutable_stuck_after(), 700, 800);
    for (v1::Milestone& milestone : *stage.mutable_milestones()) ArrangeMilestone(milestone);
    if (stage.milestones().empty()) {
      stage.clear_exit_rule();
    } else if (stage.has_exit_rule()) {
      stage.mutable_exit_rule()->set_at_least(static_cast<uint32_t>(1 + random_.Below(stage.milestones_size())));
    }
  }

  void ArrangeMilestone(v1::Milestone& milestone) {
    ArrangeCriterion(*milestone.mutable_criterion(), true);
    if (milestone.scope() != v1::SCOPE_WINDOW) {
      milestone.clear_scope_window();
    } else {
      Lengthen(*milestone.mutable_scope_window(), 100, 200);
    }
    if (milestone.latching() != v1::LATCHING_RECURRING) {
      milestone.clear_period();
    } else {
      Lengthen(*milestone.mutable_period(), 100, 200);
    }
    if (milestone.has_deadline()) Lengthen(*milestone.mutable_deadline(), 300, 400);
    const std::set<std::string> needed(milestone.depends_on().begin(), milestone.depends_on().end());
    milestone.clear_depends_on();
    for (size_t i = 0; i < needed.size() && i < milestones_.size(); ++i) milestone.add_depends_on(milestones_[i]);
    while (milestone.variants_size() > definition_.segments_size()) milestone.mutable_variants()->RemoveLast();
    for (int i = 0; i < milestone.variants_size(); ++i) {
      milestone.mutable_variants(i)->set_segment_id(definition_.segments(i).segment_id());
      ArrangeCriterion(*milestone.mutable_variants(i)->mutable_criterion(), true);
    }
    if (definition_.goals().empty()) milestone.clear_goal_key();
    if (!milestone.goal_key().empty()) milestone.set_goal_key(OneOf(definition_.goals()).key());
    milestones_.push_back(milestone.key());
  }

  // What is no milestone's own criterion says nothing of what people confirm.
  void ArrangeCriterion(v1::Criterion& criterion, bool of_milestone) {
    switch (criterion.kind_case()) {
      case v1::Criterion::kAllOf:
        return ArrangeCriteria(*criterion.mutable_all_of()->mutable_criteria(), of_milestone);
      case v1::Criterion::kAnyOf:
        return ArrangeCriteria(*criterion.mutable_any_of()->mutable_criteria(), of_milestone);
      case v1::Criterion::kNoneOf:
        return ArrangeCriteria(*criterion.mutable_none_of()->mutable_criteria(), of_milestone);
      case v1::Criterion::kAtLeastOf: {
        v1::AtLeastOf& some = *criterion.mutable_at_least_of();
        some.set_n(static_cast<uint32_t>(random_.Below(some.criteria_size() + 1)));
        return ArrangeCriteria(*some.mutable_criteria(), of_milestone);
      }
      case v1::Criterion::kSequence:
        for (v1::SequenceStep& step : *criterion.mutable_sequence()->mutable_steps()) {
          ArrangeConditions(*step.mutable_where());
        }
        return;
      case v1::Criterion::kAbsence:
        ArrangeConditions(*criterion.mutable_absence()->mutable_where());
        return Lengthen(*criterion.mutable_absence()->mutable_lasting(), 0, 50);
      case v1::Criterion::kAttribute:
        return ArrangeCondition(*criterion.mutable_attribute());
      case v1::Criterion::kSegment:
        if (ArrangeSegment(*criterion.mutable_segment())) return;
        break;
      case v1::Criterion::kMilestone:
        if (milestones_.empty()) break;
        return criterion.mutable_milestone()->set_milestone_key(OneOf(milestones_));
      case v1::Criterion::kAttested:
        if (of_milestone) return;
        break;
      case v1::Criterion::kEventCount:
        return ArrangeCount(*criterion.mutable_event_count());
      case v1::Criterion::kHealthBand:
      case v1::Criterion::kDateReached:
      case v1::Criterion::KIND_NOT_SET:
        return;
    }
    random_.Fill(*criterion.mutable_event_count());
    ArrangeCount(*criterion.mutable_event_count());
  }

  template <typename Criteria>
  void ArrangeCriteria(Criteria& criteria, bool of_milestone) {
    for (v1::Criterion& part : criteria) ArrangeCriterion(part, of_milestone);
  }

  void ArrangeCount(v1::EventCount& count) {
    ArrangeConditions(*count.mutable_where());
    if (count.distinct() == v1::DISTINCT_PROPERTY) {
      if (count.distinct_property().empty()) count.set_distinct_property("report");
    } else {
      count.clear_distinct_property();
    }
    if (count.has_within()) Lengthen(*count.mutable_within(), 50, 90);
    if (count.has_within() || count.distinct() != v1::DISTINCT_UNSPECIFIED) count.set_at_least(count.at_least() % 40);
  }

  template <typename Conditions>
  void ArrangeConditions(Conditions& conditions) {
    for (v1::ValueCondition& condition : conditions) ArrangeCondition(condition);
  }

  void ArrangeCondition(v1::ValueCondition& condition) {
    const auto make_comparable = [&](google::protobuf::Value& value) {
      if (!IsComparable(value)) value.set_string_value("pro");
    };
    if (condition.has_equals()) make_comparable(*condition.mutable_equals());
    for (auto* list : {condition.has_one_of() ? condition.mutable_one_of() : nullptr,
                       condition.has_not_one_of() ? condition.mutable_not_one_of() : nullptr}) {
      if (list == nullptr) continue;
      if (list->values().empty()) list->add_values();
      for (google::protobuf::Value& value : *list->mutable_values()) make_comparable(value);
    }
  }

  // A way from each stage to the next, and those that were there from one to another.
  void ArrangeTransitions() {
    if (definition_.transitions().empty()) return;
    const int given = definition_.transitions_size();
    const int last = definition_.stages_size() - 1;
    for (int i = given; i < last + 1; ++i) random_.Fill(*definition_.add_transitions());
    for (int i = 0; i < definition_.transitions_size(); ++i) {
      v1::Transition& transition = *definition_.mutable_transitions(i);
      const int from = i < last ? i : static_cast<int>(random_.Below(last + 1));
      int to = i < last ? i + 1 : static_cast<int>(random_.Below(last + 2));
      if (to == from) ++to;
      transition.set_from_stage(stages_[from]);
      transition.set_to_stage(to > last ? "" : stages_[to]);
      if (to < from) definition_.mutable_stages(to)->set_regress(v1::REGRESS_ALLOW);
      transition.set_priority(i - 1);
      // Whoever has completed a stage goes on by the first way.
      if (i >= last && !transition.has_criterion())
        random_.Fill(*transition.mutable_criterion()->mutable_event_count());
      if (transition.has_criterion()) ArrangeCriterion(*transition.mutable_criterion(), false);
    }
  }

  void ArrangeTouchpoint(v1::Touchpoint& touchpoint) {
    Name(stages_, touchpoint.mutable_stage_key());
    Name(milestones_, touchpoint.mutable_after_milestone());
    Name(milestones_, touchpoint.mutable_before_milestone());
  }

  void ArrangeScenario(v1::Scenario& scenario) {
    if (definition_.personas().empty()) scenario.clear_persona_id();
    if (!scenario.persona_id().empty()) scenario.set_persona_id(OneOf(definition_.personas()).persona_id());
    for (v1::ScenarioStep& step : *scenario.mutable_steps()) {
      if (step.has_attest() && milestones_.empty()) step.set_event("signed_up");
      if (step.has_attest()) step.set_attest(OneOf(milestones_));
      if (step.has_completed_journey()) step.set_completed_journey(OtherJourney());
    }
    for (v1::Expectation& expectation : *scenario.mutable_expect()) ArrangeExpectation(expectation);
  }

  void ArrangeExpectation(v1::Expectation& expectation) {
    Name(stages_, expectation.mutable_stage());
    std::vector<std::string> keys = milestones_;
    for (auto* list : {expectation.mutable_achieved(), expectation.mutable_not_achieved()}) {
      while (list->size() > static_cast<int>(keys.size())) list->RemoveLast();
      for (std::string& key : *list) {
        key = keys.back();
        keys.pop_back();
      }
    }
    if (definition_.exits().empty()) expectation.clear_exit();
    if (expectation.exit().empty()) return;
    expectation.set_exit(OneOf(definition_.exits()).key());
    expectation.set_state(v1::EXPECTED_STATE_EXITED);
  }

  RandomMessages& random_;
  const Surroundings& workspace_;
  v1::JourneyDefinition& definition_;
  std::vector<std::string> tops_;    // The stages so far that are part of no other.
  std::vector<std::string> stages_;  // So far, as are the milestones: what comes later is named by what comes after.
  std::vector<std::string> milestones_;
};

bool HasError(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kError; });
}

}  // namespace

ValidJourneys::ValidJourneys(uint64_t seed) : workspace_(CorpusWorkspace()), random_(seed) {}

v1::JourneyDefinition ValidJourneys::Next() {
  while (true) {
    ++drawn_;
    v1::JourneyDefinition definition;
    random_.Fill(definition);
    Arrangement(random_, workspace_, definition).Arrange();
    // Of what nobody travels, what makes no sense is a warning only.
    v1::JourneyDefinition travelled = definition;
    travelled.clear_kind();
    if (!HasError(Check(travelled, workspace_))) return definition;
  }
}

}  // namespace waymark::rules
