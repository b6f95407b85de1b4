#include "services/rules/contradiction.h"

#include <cstddef>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/rules/places.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

class Inspection {
 public:
  Inspection(const Circumstances& circumstances, View view) : circumstances_(circumstances), view_(view) {
    // Whether something speaks against the criterion itself is asked, not what follows from other faults.
    circumstances_.can_be_achieved = nullptr;
  }

  // Whether anything was found in it.
  bool Inspect(const Criterion& criterion, const std::string& path) {
    bool found = false;
    for (const PatternPlace& place : PatternsOf(criterion, path)) {
      if (IsPossible(*place.pattern)) continue;
      Add("PATTERN_CONTRADICTORY", absl::StrCat(place.path, ".where"), "no event can fulfil all of these conditions",
          "let them agree: all of them must hold of one event");
      found = true;
    }
    const std::vector<Criterion>& parts = PartsOf(criterion);
    for (size_t i = 0; i < parts.size(); ++i) {
      found |= Inspect(parts[i], absl::StrCat(path, ".", FieldOf(criterion), ".criteria[", i, "]"));
    }
    if (found) return true;
    const std::string at = absl::StrCat(path, ".", FieldOf(criterion));
    if (CanBeMet({{&criterion, true, view_}}, circumstances_) == Answer::kNo) {
      Add("CRITERION_CONTRADICTORY", at, absl::StrCat("it can never be met", Why(criterion)),
          "take out what excludes the rest, or say either with any_of");
      return true;
    }
    if (CanBeMet({{&criterion, false, view_}}, circumstances_) == Answer::kNo) {
      Add("CRITERION_ALWAYS_TRUE", at, "it is always met, whatever the customer does",
          "take it out, or say what it is to depend on");
      return true;
    }
    return false;
  }

  std::vector<Finding> Findings() && { return std::move(findings_); }

 private:
  void Add(absl::string_view code, std::string path, std::string message, std::string hint) {
    Note(findings_, {std::string(code), std::move(path), std::move(message), std::move(hint), Layer::kMeaning});
  }

  // Two parts that exclude each other, in words.
  std::string Why(const Criterion& criterion) const {
    const std::vector<Criterion>& parts = PartsOf(criterion);
    const Some* some = std::get_if<Some>(&criterion.kind);
    if (some == nullptr || some->quorum != Quorum::kAll) {
      return std::holds_alternative<EventCount>(criterion.kind) ? ": there cannot be so many different ones" : "";
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      for (size_t k = i + 1; k < parts.size(); ++k) {
        if (CanBeMet({{&parts[i], true, view_}, {&parts[k], true, view_}}, circumstances_) != Answer::kNo) continue;
        return absl::StrCat(": criteria[", i, "] and criteria[", k, "] exclude each other");
      }
    }
    return ": its parts exclude each other";
  }

  Circumstances circumstances_;
  View view_;
  std::vector<Finding> findings_;
};

void Append(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (Finding& finding : more) Note(findings, std::move(finding));
}

}  // namespace

std::vector<Finding> CheckCriteria(const Outlook& outlook) {
  std::vector<Finding> findings;
  const std::vector<Trigger>& triggers = outlook.definition().entry.triggers;
  for (size_t i = 0; i < triggers.size(); ++i) {
    const FirstEvent* first = std::get_if<FirstEvent>(&triggers[i]);
    if (first == nullptr || IsPossible(first->events)) continue;
    Note(findings, {"PATTERN_CONTRADICTORY", absl::StrCat("entry.triggers[", i, "].first_event.where"),
                    "no event can fulfil all of these conditions", "let them agree: all of them must hold of one event",
                    Layer::kMeaning});
  }
  for (const CriterionPlace& place : PlacesOf(outlook.definition())) {
    View view = View::kHistory;
    Circumstances circumstances = outlook.circumstances();
    const Milestone* milestone = nullptr;
    switch (place.purpose) {
      case Purpose::kExit:
        view = View::kEntry;
        break;
      case Purpose::kTransition:
        view = View::kStage;
        break;
      case Purpose::kStageEntry:
        break;
      case Purpose::kMilestone:
      case Purpose::kVariant:
        milestone = &outlook.definition().stages[place.index].milestones[place.milestone];
        view = Outlook::ViewOf(*milestone);
        circumstances = outlook.CircumstancesOf(*milestone);
        break;
    }
    Inspection inspection(circumstances, view);
    inspection.Inspect(*place.criterion, place.path);
    Append(findings, std::move(inspection).Findings());
    if (milestone == nullptr) continue;
    VisitParts(*place.criterion, place.path, [&](const Criterion& part, const std::string& path) {
      const MilestoneMet* met = std::get_if<MilestoneMet>(&part.kind);
      if (met != nullptr && met->milestone_key == milestone->key) {
        Note(findings, {"MILESTONE_NAMES_ITSELF", absl::StrCat(path, ".milestone.milestone_key"),
                        absl::StrCat("\"", milestone->key, "\" is to be proven by itself"),
                        "name what proves it, or another milestone", Layer::kMeaning});
      }
      return true;
    });
  }
  return findings;
}

std::vector<Finding> CheckCriterionOfSegment(const Criterion& criterion) {
  Inspection inspection({}, View::kSegment);
  inspection.Inspect(criterion, "criterion");
  return std::move(inspection).Findings();
}

}  // namespace waymark::rules
