#include "services/rules/shape.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/rules/places.h"

namespace waymark::rules {
namespace {

// Walks through a definition and notes what is wrong.
class Inspection {
 public:
  std::vector<Finding> Inspect(const Definition& definition) {
    InspectEntry(definition.entry);
    size_t milestones = 0;
    for (size_t i = 0; i < definition.stages.size(); ++i) {
      milestones += definition.stages[i].milestones.size();
      InspectStage(definition.stages[i], absl::StrCat("stages[", i, "]"));
    }
    if (milestones > kMostMilestones) {
      Add("TOO_MANY", "stages", absl::StrCat("there are ", milestones, " milestones"),
          absl::StrCat("keep to ", kMostMilestones, " in the whole journey"));
    }
    for (const CriterionPlace& place : PlacesOf(definition)) {
      const bool of_milestone = place.purpose == Purpose::kMilestone || place.purpose == Purpose::kVariant;
      InspectCriterion(*place.criterion, place.path, of_milestone ? Home::kMilestone : Home::kJourney);
    }
    InspectLists(definition);
    return std::move(findings_);
  }

  std::vector<Finding> InspectSegment(const Criterion& criterion) {
    InspectCriterion(criterion, "criterion", Home::kSegment);
    return std::move(findings_);
  }

 private:
  enum class Home { kMilestone, kJourney, kSegment };

  void Add(absl::string_view code, std::string path, std::string message, std::string hint) {
    Note(findings_,
         {.code = std::string(code), .path = std::move(path), .message = std::move(message), .hint = std::move(hint)});
  }

  // Something that belongs to a choice made beside it.
  void InspectPair(bool chosen, bool given, absl::string_view choice, const std::string& path) {
    if (chosen && !given) {
      Add("MISSING", path, absl::StrCat("it must be stated with ", choice), "give it, or choose otherwise");
    } else if (!chosen && given) {
      Add("NOT_APPLICABLE", path, absl::StrCat("it says something only with ", choice), "take it out, or choose so");
    }
  }

  void InspectEntry(const Entry& entry) {
    if (entry.cooldown > absl::ZeroDuration() && entry.re_entry == ReEntry::kNever) {
      InspectPair(false, true, "a re-entry", "entry.cooldown");
    }
    for (size_t i = 0; i < entry.triggers.size(); ++i) {
      if (const FirstEvent* first = std::get_if<FirstEvent>(&entry.triggers[i])) {
        InspectPattern(first->events, absl::StrCat("entry.triggers[", i, "].first_event"));
      } else if (const DateReached* date = std::get_if<DateReached>(&entry.triggers[i])) {
        InspectDate(*date, absl::StrCat("entry.triggers[", i, "].date_reached"));
      }
    }
  }

  void InspectStage(const Stage& stage, const std::string& path) {
    if (stage.exit_at_least.has_value() && *stage.exit_at_least > stage.milestones.size()) {
      Add("OUT_OF_RANGE", absl::StrCat(path, ".exit_rule.at_least"),
          absl::StrCat(*stage.exit_at_least, " milestones are asked for, and the stage has ", stage.milestones.size()),
          "ask for no more than there are");
    }
    const auto longer = [&](const std::optional<absl::Duration>& shorter, const std::optional<absl::Duration>& longer,
                            absl::string_view shorter_name, absl::string_view longer_name) {
      if (!shorter.has_value() || !longer.has_value() || *longer > *shorter) return;
      Add("DURATIONS_DISORDERED", absl::StrCat(path, ".", longer_name),
          absl::StrCat("it is not longer than ", shorter_name), "let target, behind_after and stuck_after grow");
    };
    longer(stage.target, stage.behind_after, "target", "behind_after");
    longer(stage.behind_after, stage.stuck_after, "behind_after", "stuck_after");
    if (!stage.behind_after.has_value()) longer(stage.target, stage.stuck_after, "target", "stuck_after");
    for (size_t k = 0; k < stage.milestones.size(); ++k) {
      InspectMilestone(stage.milestones[k], absl::StrCat(path, ".milestones[", k, "]"));
    }
  }

  void InspectMilestone(const Milestone& milestone, const std::string& path) {
    if (!milestone.key.empty()) {
      const std::string at = absl::StrCat(path, ".key");
      if (const auto [first, is_new] = milestones_.emplace(milestone.key, at); !is_new) {
        Add("KEY_REPEATED", at, absl::StrCat("\"", milestone.key, "\" is the key of ", first->second, " already"),
            "choose a key that is used only once in the journey");
      }
    }
    InspectPair(milestone.scope == Scope::kWindow, milestone.scope_window.has_value(), "SCOPE_WINDOW",
                absl::StrCat(path, ".scope_window"));
    InspectPair(milestone.latching == Latching::kRecurring, milestone.period.has_value(), "LATCHING_RECURRING",
                absl::StrCat(path, ".period"));
  }

  void InspectCriterion(const Criterion& criterion, const std::string& path, Home home) {
    size_t parts = 0;
    if (LevelsOf(criterion, 1, parts) > kMostLevels) {
      Add("TOO_DEEP", path, "there are too many levels here", absl::StrCat("say it with ", kMostLevels, " levels"));
      return;
    }
    if (parts > kMostParts) {
      Add("TOO_MANY", path, absl::StrCat("there are ", parts, " parts"),
          absl::StrCat("keep to ", kMostParts, " in one criterion"));
      return;
    }
    VisitParts(criterion, path, [&](const Criterion& part, const std::string& at) {
      InspectPart(part, absl::StrCat(at, ".", FieldOf(part)), home);
      for (const PatternPlace& pattern : PatternsOf(part, at)) InspectPattern(*pattern.pattern, pattern.path);
      return findings_.size() < kMostFindings;
    });
  }

  static size_t LevelsOf(const Criterion& criterion, size_t level, size_t& parts) {
    ++parts;
    size_t levels = level;
    if (level > kMostLevels) return levels;
    for (const Criterion& part : PartsOf(criterion)) levels = std::max(levels, LevelsOf(part, level + 1, parts));
    return levels;
  }

  void InspectPart(const Criterion& part, const std::string& path, Home home) {
    if (const EventCount* count = std::get_if<EventCount>(&part.kind)) {
      InspectPair(count->distinct == Distinct::kProperty, !count->distinct_property.empty(), "DISTINCT_PROPERTY",
                  absl::StrCat(path, ".distinct_property"));
      if ((count->within.has_value() || count->distinct != Distinct::kEvents) && count->at_least > kMostCounted) {
        Add("OUT_OF_RANGE", absl::StrCat(path, ".at_least"), absl::StrCat(count->at_least, " is out of range"),
            absl::StrCat("keep to ", kMostCounted,
                         " where there is a window or something else than events is counted"));
      }
    } else if (const Some* some = std::get_if<Some>(&part.kind)) {
      if (some->quorum == Quorum::kAtLeast && some->at_least > some->criteria.size()) {
        Add("OUT_OF_RANGE", absl::StrCat(path, ".n"),
            absl::StrCat(some->at_least, " are asked for, and there are ", some->criteria.size()),
            "ask for no more than there are");
      }
    } else if (const DateReached* date = std::get_if<DateReached>(&part.kind)) {
      InspectDate(*date, path);
    } else if (const AttributeIs* attribute = std::get_if<AttributeIs>(&part.kind)) {
      InspectCondition(attribute->condition, path);
    }
    const bool attested = std::holds_alternative<Attested>(part.kind);
    if (home == Home::kSegment &&
        (attested || std::holds_alternative<MilestoneMet>(part.kind) || std::holds_alternative<InSegment>(part.kind))) {
      Add("MISPLACED", path, "a segment belongs to no journey and is made of no other segments",
          "say it by events and attributes");
    } else if (home == Home::kJourney && attested) {
      Add("MISPLACED", path, "what a person confirms is a milestone",
          "make it the criterion of a milestone, and name that milestone here");
    }
  }

  void InspectDate(const DateReached& date, const std::string& path) {
    const auto within = [&](int32_t offset, int32_t most, absl::string_view field) {
      if (offset >= -most && offset <= most) return;
      Add("OUT_OF_RANGE", absl::StrCat(path, ".", field), absl::StrCat(offset, " is out of range"),
          absl::StrCat("keep between -", most, " and ", most));
    };
    within(date.offset_months, kMostOffsetMonths, "offset_months");
    within(date.offset_days, kMostOffsetDays, "offset_days");
  }

  void InspectPattern(const EventPattern& pattern, const std::string& path) {
    for (size_t i = 0; i < pattern.where.size(); ++i) {
      InspectCondition(pattern.where[i], absl::StrCat(path, ".where[", i, "]"));
    }
  }

  void InspectCondition(const ValueCondition& condition, const std::string& path) {
    const bool list = condition.comparison == Comparison::kOneOf || condition.comparison == Comparison::kNotOneOf;
    const std::string at = ComparisonPath(condition, path);
    if (list && condition.values.empty()) Add("TOO_FEW", at, "none is given", "give at least 1");
    for (size_t i = 0; i < condition.values.size(); ++i) {
      if (!std::holds_alternative<std::monostate>(condition.values[i])) continue;
      Add("NOT_COMPARABLE", list ? absl::StrCat(at, ".values[", i, "]") : at,
          "null, lists and objects cannot be compared",
          "give a text, a number or a truth value; `exists: false` asks that there is none");
    }
  }

  void InspectLists(const Definition& definition) {
    absl::flat_hash_set<std::string> personas;
    bool anchor = false;
    for (size_t i = 0; i < definition.personas.size(); ++i) {
      const Persona& persona = definition.personas[i];
      InspectListed(persona.persona_id, personas, absl::StrCat("personas[", i, "].persona_id"));
      if (persona.anchor && std::exchange(anchor, true)) {
        Add("ANCHOR_REPEATED", absl::StrCat("personas[", i, "].anchor"), "there is an anchor persona already",
            "draw the journey for one of them first");
      }
    }
    absl::flat_hash_set<std::string> segments;
    for (size_t i = 0; i < definition.segments.size(); ++i) {
      InspectListed(definition.segments[i].segment_id, segments, absl::StrCat("segments[", i, "].segment_id"));
    }
  }

  void InspectListed(const std::string& id, absl::flat_hash_set<std::string>& seen, std::string path) {
    if (id.empty() || seen.insert(id).second) return;
    Add("VALUE_REPEATED", std::move(path), absl::StrCat("\"", id, "\" stands in the list already"), "name it once");
  }

  std::vector<Finding> findings_;
  absl::flat_hash_map<std::string, std::string> milestones_;
};

}  // namespace

std::vector<Finding> CheckShape(const Definition& definition) { return Inspection().Inspect(definition); }

std::vector<Finding> CheckShapeOfSegment(const Criterion& criterion) { return Inspection().InspectSegment(criterion); }

}  // namespace waymark::rules
