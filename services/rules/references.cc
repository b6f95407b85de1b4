#include "services/rules/references.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/nearest.h"
#include "services/rules/places.h"

namespace waymark::rules {
namespace {

// The names of one kind of thing.
class Names {
 public:
  Names() = default;
  template <typename Things, typename Key>
  Names(const Things& things, Key key) {
    for (const auto& thing : things) Add(key(thing));
  }
  void Add(const std::string& name) {
    if (set_.insert(name).second) list_.push_back(name);
  }
  bool Has(const std::string& name) const { return set_.contains(name); }
  // What to do about a name that there is not.
  std::string Hint(const std::string& name) const {
    if (const auto nearest = Nearest(name, list_); nearest.has_value()) {
      return absl::StrCat("did you mean \"", *nearest, "\"?");
    }
    if (list_.empty()) return "there is none that could be named";
    const size_t shown = std::min<size_t>(list_.size(), 8);
    return absl::StrCat("name one of ", absl::StrJoin(list_.begin(), list_.begin() + shown, ", "),
                        shown < list_.size() ? ", ..." : "");
  }

 private:
  absl::flat_hash_set<std::string> set_;
  std::vector<std::string> list_;
};

// Names in a set, in an order that does not change from run to run.
template <typename Set, typename Key>
Names Sorted(const Set& set, Key key) {
  std::vector<std::string> names;
  for (const auto& element : set) names.push_back(key(element));
  std::sort(names.begin(), names.end());
  return Names(names, [](const std::string& name) { return name; });
}

template <typename Things>
Names KeysOf(const Things& things) {
  return Names(things, [](const auto& thing) { return thing.key; });
}

class Inspection {
 public:
  Inspection(const Definition& definition, absl::Span<const Scenario> scenarios, const Surroundings& surroundings)
      : definition_(definition),
        scenarios_(scenarios),
        surroundings_(surroundings),
        stages_(KeysOf(definition.stages)),
        goals_(KeysOf(definition.goals)),
        exits_(KeysOf(definition.exits)),
        segments_(definition.segments, [](const Segment& segment) { return segment.segment_id; }),
        personas_(definition.personas, [](const Persona& persona) { return persona.persona_id; }) {
    for (const Stage& stage : definition.stages) {
      for (const Milestone& milestone : stage.milestones) milestones_.Add(milestone.key);
    }
    if (surroundings.event_types.has_value()) {
      event_types_ = Sorted(*surroundings.event_types, [](const std::string& type) { return type; });
    }
  }

  std::vector<Finding> Inspect() {
    InspectEntry();
    for (size_t i = 0; i < definition_.stages.size(); ++i) InspectStage(i, absl::StrCat("stages[", i, "]"));
    for (const CriterionPlace& place : PlacesOf(definition_)) InspectCriterion(*place.criterion, place.path);
    for (size_t i = 0; i < definition_.transitions.size(); ++i) {
      const std::string path = absl::StrCat("transitions[", i, "]");
      Expect(stages_, definition_.transitions[i].from_stage, "STAGE_UNKNOWN", "stage", path + ".from_stage");
      Expect(stages_, definition_.transitions[i].to_stage, "STAGE_UNKNOWN", "stage", path + ".to_stage");
    }
    for (size_t i = 0; i < definition_.touchpoints.size(); ++i) {
      InspectTouchpoint(definition_.touchpoints[i], absl::StrCat("touchpoints[", i, "]"));
    }
    InspectScenarios();
    InspectWorkspace();
    InspectTombstones();
    return std::move(findings_);
  }

  std::vector<Finding> InspectSegment(const Criterion& criterion) {
    VisitParts(criterion, "criterion", [&](const Criterion& part, const std::string& path) {
      if (const InBand* band = std::get_if<InBand>(&part.kind)) InspectBand(*band, path + ".health_band");
      for (const PatternPlace& place : PatternsOf(part, path))
        InspectEventTypes(place.pattern->event_types, place.path);
      return true;
    });
    return std::move(findings_);
  }

 private:
  void Add(absl::string_view code, std::string path, std::string message, std::string hint,
           Severity severity = Severity::kError) {
    Note(findings_,
         {std::string(code), std::move(path), std::move(message), std::move(hint), Layer::kReferences, severity});
  }

  // A name that may be empty where nothing is named.
  void Expect(const Names& names, const std::string& name, absl::string_view code, absl::string_view kind,
              std::string path) {
    if (name.empty() || names.Has(name)) return;
    Add(code, std::move(path), absl::StrCat("there is no ", kind, " \"", name, "\" in the journey"), names.Hint(name));
  }

  void InspectSegment(const std::string& segment_id, std::string path) {
    used_segments_.insert(segment_id);
    if (segment_id.empty() || segments_.Has(segment_id)) return;
    Add("SEGMENT_UNLISTED", std::move(path), absl::StrCat("\"", segment_id, "\" is not among the journey's segments"),
        absl::StrCat("add it to `segments`, so that its edition is pinned, or ", segments_.Hint(segment_id)));
  }

  void InspectEntry() {
    for (size_t i = 0; i < definition_.entry.triggers.size(); ++i) {
      const Trigger& trigger = definition_.entry.triggers[i];
      const std::string path = absl::StrCat("entry.triggers[", i, "]");
      if (const FirstEvent* first = std::get_if<FirstEvent>(&trigger)) {
        InspectEventTypes(first->events.event_types, path + ".first_event");
      } else if (const InSegment* segment = std::get_if<InSegment>(&trigger)) {
        InspectSegment(segment->segment_id, path + ".segment_entered.segment_id");
      } else if (const JourneyCompletion* completion = std::get_if<JourneyCompletion>(&trigger)) {
        InspectJourney(completion->journey_id, path + ".journey_completed.journey_id");
      }
    }
  }

  void InspectJourney(const std::string& journey_id, std::string path) {
    if (journey_id.empty() || !surroundings_.journeys.has_value() || surroundings_.journeys->contains(journey_id) ||
        journey_id == surroundings_.journey_id) {
      return;
    }
    Add("JOURNEY_UNKNOWN", std::move(path), absl::StrCat("there is no journey \"", journey_id, "\" in the workspace"),
        Sorted(*surroundings_.journeys, [](const std::string& id) { return id; }).Hint(journey_id));
  }

  void InspectStage(size_t index, const std::string& path) {
    const Stage& stage = definition_.stages[index];
    Expect(stages_, stage.parent_key, "STAGE_UNKNOWN", "stage", path + ".parent_key");
    if (!stage.parent_key.empty()) {
      const auto parent = std::find_if(definition_.stages.begin(), definition_.stages.end(),
                                       [&](const Stage& other) { return other.key == stage.parent_key; });
      if (parent != definition_.stages.end() && !parent->parent_key.empty()) {
        Add("PARENT_NOT_TOP", path + ".parent_key",
            stage.parent_key == stage.key
                ? absl::StrCat("\"", stage.key, "\" is made a part of itself")
                : absl::StrCat("\"", stage.parent_key, "\" is a part of another stage itself"),
            "name a stage of its own: there are two levels");
      }
    }
    for (size_t k = 0; k < stage.milestones.size(); ++k) {
      const Milestone& milestone = stage.milestones[k];
      const std::string at = absl::StrCat(path, ".milestones[", k, "]");
      for (size_t d = 0; d < milestone.depends_on.size(); ++d) {
        Expect(milestones_, milestone.depends_on[d], "MILESTONE_UNKNOWN", "milestone",
               absl::StrCat(at, ".depends_on[", d, "]"));
      }
      for (size_t v = 0; v < milestone.variants.size(); ++v) {
        InspectSegment(milestone.variants[v].segment_id, absl::StrCat(at, ".variants[", v, "].segment_id"));
      }
      Expect(goals_, milestone.goal_key, "GOAL_UNKNOWN", "goal", at + ".goal_key");
    }
  }

  void InspectCriterion(const Criterion& criterion, const std::string& path) {
    VisitParts(criterion, path, [&](const Criterion& part, const std::string& at) {
      if (const MilestoneMet* met = std::get_if<MilestoneMet>(&part.kind)) {
        Expect(milestones_, met->milestone_key, "MILESTONE_UNKNOWN", "milestone", at + ".milestone.milestone_key");
      } else if (const InSegment* segment = std::get_if<InSegment>(&part.kind)) {
        InspectSegment(segment->segment_id, at + ".segment.segment_id");
      } else if (const InBand* band = std::get_if<InBand>(&part.kind)) {
        InspectBand(*band, at + ".health_band");
      }
      for (const PatternPlace& place : PatternsOf(part, at)) InspectEventTypes(place.pattern->event_types, place.path);
      return findings_.size() < kMostFindings;
    });
  }

  void InspectEventTypes(const std::vector<std::string>& types, const std::string& path) {
    for (size_t i = 0; i < types.size(); ++i) InspectEventType(types[i], absl::StrCat(path, ".event_types[", i, "]"));
  }

  void InspectEventType(const std::string& type, std::string path) {
    if (type.empty() || !surroundings_.event_types.has_value() || event_types_.Has(type)) return;
    Add("EVENT_TYPE_UNSEEN", std::move(path), absl::StrCat("no event \"", type, "\" was ever seen"),
        event_types_.Hint(type), Severity::kWarning);
  }

  void InspectBand(const InBand& band, const std::string& path) {
    if (!surroundings_.scorecards.has_value()) return;
    const auto scorecard = surroundings_.scorecards->find(band.scorecard_id);
    if (scorecard == surroundings_.scorecards->end()) {
      Add("SCORECARD_UNKNOWN", path + ".scorecard_id",
          absl::StrCat("there is no scorecard \"", band.scorecard_id, "\" in the workspace"),
          Sorted(*surroundings_.scorecards, [](const auto& known) { return known.first; }).Hint(band.scorecard_id),
          Severity::kWarning);
      return;
    }
    const Names bands(scorecard->second, [](const std::string& key) { return key; });
    for (size_t i = 0; i < band.bands.size(); ++i) {
      if (bands.Has(band.bands[i])) continue;
      Add("BAND_UNKNOWN", absl::StrCat(path, ".bands[", i, "]"),
          absl::StrCat("\"", band.scorecard_id, "\" has no band \"", band.bands[i], "\""), bands.Hint(band.bands[i]),
          Severity::kWarning);
    }
  }

  void InspectTouchpoint(const Touchpoint& touchpoint, const std::string& path) {
    Expect(stages_, touchpoint.stage_key, "STAGE_UNKNOWN", "stage", path + ".stage_key");
    Expect(milestones_, touchpoint.after_milestone, "MILESTONE_UNKNOWN", "milestone", path + ".after_milestone");
    Expect(milestones_, touchpoint.before_milestone, "MILESTONE_UNKNOWN", "milestone", path + ".before_milestone");
    InspectEventType(touchpoint.expected_event, path + ".expected_event");
    if (touchpoint.playbook_id.empty() || !surroundings_.playbooks.has_value() ||
        surroundings_.playbooks->contains(touchpoint.playbook_id)) {
      return;
    }
    Add("PLAYBOOK_UNKNOWN", path + ".playbook_id",
        absl::StrCat("there is no playbook \"", touchpoint.playbook_id, "\" in the workspace"),
        Sorted(*surroundings_.playbooks, [](const std::string& id) { return id; }).Hint(touchpoint.playbook_id),
        Severity::kWarning);
  }

  void InspectScenarios() {
    for (size_t i = 0; i < scenarios_.size(); ++i) {
      const Scenario& scenario = scenarios_[i];
      const std::string path = absl::StrCat("scenarios[", i, "]");
      if (!scenario.persona_id.empty() && !personas_.Has(scenario.persona_id)) {
        Add("PERSONA_UNLISTED", path + ".persona_id",
            absl::StrCat("\"", scenario.persona_id, "\" is not among the journey's personas"),
            absl::StrCat("add it to `personas`, or ", personas_.Hint(scenario.persona_id)));
      }
      for (size_t k = 0; k < scenario.steps.size(); ++k) {
        const std::string at = absl::StrCat(path, ".steps[", k, "]");
        const ScenarioStep& step = scenario.steps[k];
        if (step.kind == ItemKind::kAttestation) {
          Expect(milestones_, step.key, "MILESTONE_UNKNOWN", "milestone", at + ".attest");
        } else if (step.kind == ItemKind::kCompletion) {
          InspectJourney(step.type, at + ".completed_journey");
        }
      }
      for (size_t k = 0; k < scenario.expect.size(); ++k) {
        InspectExpectation(scenario.expect[k], absl::StrCat(path, ".expect[", k, "]"));
      }
    }
  }

  void InspectExpectation(const Expectation& expectation, const std::string& path) {
    Expect(stages_, expectation.stage, "STAGE_UNKNOWN", "stage", path + ".stage");
    Expect(exits_, expectation.exit, "EXIT_UNKNOWN", "exit", path + ".exit");
    for (size_t i = 0; i < expectation.achieved.size(); ++i) {
      Expect(milestones_, expectation.achieved[i], "MILESTONE_UNKNOWN", "milestone",
             absl::StrCat(path, ".achieved[", i, "]"));
    }
    for (size_t i = 0; i < expectation.not_achieved.size(); ++i) {
      Expect(milestones_, expectation.not_achieved[i], "MILESTONE_UNKNOWN", "milestone",
             absl::StrCat(path, ".not_achieved[", i, "]"));
    }
  }

  void InspectWorkspace() {
    for (size_t i = 0; i < definition_.personas.size(); ++i) {
      const Persona& persona = definition_.personas[i];
      InspectEdition(surroundings_.personas, persona.persona_id, persona.number, "persona", "PERSONA_UNKNOWN",
                     absl::StrCat("personas[", i, "]"));
    }
    for (size_t i = 0; i < definition_.segments.size(); ++i) {
      const Segment& segment = definition_.segments[i];
      const std::string path = absl::StrCat("segments[", i, "]");
      InspectEdition(surroundings_.segments, segment.segment_id, segment.number, "segment", "SEGMENT_UNKNOWN", path);
      if (!segment.segment_id.empty() && !used_segments_.contains(segment.segment_id)) {
        Add("SEGMENT_UNUSED", path, absl::StrCat("nothing names the segment \"", segment.segment_id, "\""),
            "take it out, or use it in a criterion, a variant or a trigger", Severity::kWarning);
      }
    }
  }

  void InspectEdition(const std::optional<absl::flat_hash_map<std::string, uint32_t>>& newest, const std::string& id,
                      uint32_t number, absl::string_view kind, absl::string_view code, const std::string& path) {
    if (id.empty() || !newest.has_value()) return;
    const auto known = newest->find(id);
    if (known == newest->end()) {
      Add(code, absl::StrCat(path, ".", kind, "_id"),
          absl::StrCat("there is no ", kind, " \"", id, "\" in the workspace"),
          Sorted(*newest, [](const auto& one) { return one.first; }).Hint(id));
    } else if (number > known->second) {
      Add("EDITION_UNKNOWN", path + ".number",
          absl::StrCat("the newest version of the ", kind, " \"", id, "\" is ", known->second),
          "name a version that there is, or leave it out for the newest");
    }
  }

  template <typename Things>
  void InspectKeys(const Things& things, const RemovedKeys::Keys& removed, absl::string_view kind,
                   const std::string& list) {
    for (size_t i = 0; i < things.size() && !removed.empty(); ++i) {
      const auto found = removed.find(things[i].key);
      if (found == removed.end()) continue;
      Add("KEY_REUSED", absl::StrCat(list, "[", i, "].key"),
          absl::StrCat("a published version had another ", kind, " \"", things[i].key, "\", which version ",
                       found->second, " removed"),
          "choose a key that was never used: customers' histories name the old one");
    }
  }

  void InspectTombstones() {
    const RemovedKeys& removed = surroundings_.removed;
    InspectKeys(definition_.stages, removed.stages, "stage", "stages");
    for (size_t i = 0; i < definition_.stages.size(); ++i) {
      InspectKeys(definition_.stages[i].milestones, removed.milestones, "milestone",
                  absl::StrCat("stages[", i, "].milestones"));
    }
    InspectKeys(definition_.exits, removed.exits, "exit", "exits");
    InspectKeys(definition_.transitions, removed.transitions, "transition", "transitions");
    InspectKeys(definition_.touchpoints, removed.touchpoints, "touchpoint", "touchpoints");
    InspectKeys(definition_.goals, removed.goals, "goal", "goals");
    InspectKeys(scenarios_, removed.scenarios, "scenario", "scenarios");
  }

  const Definition& definition_;
  absl::Span<const Scenario> scenarios_;
  const Surroundings& surroundings_;
  Names stages_;
  Names milestones_;
  Names goals_;
  Names exits_;
  Names segments_;
  Names personas_;
  Names event_types_;
  absl::flat_hash_set<std::string> used_segments_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckReferences(const Definition& definition, absl::Span<const Scenario> scenarios,
                                     const Surroundings& surroundings) {
  return Inspection(definition, scenarios, surroundings).Inspect();
}

std::vector<Finding> CheckReferencesOfSegment(const Criterion& criterion, const Surroundings& surroundings) {
  return Inspection({}, {}, surroundings).InspectSegment(criterion);
}

}  // namespace waymark::rules
