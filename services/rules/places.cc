#include "services/rules/places.h"

#include <variant>

#include "absl/strings/str_cat.h"

namespace waymark::rules {

std::vector<CriterionPlace> PlacesOf(const Definition& definition) {
  std::vector<CriterionPlace> places;
  for (size_t i = 0; i < definition.stages.size(); ++i) {
    const Stage& stage = definition.stages[i];
    const std::string at = absl::StrCat("stages[", i, "]");
    for (size_t k = 0; k < stage.milestones.size(); ++k) {
      const Milestone& milestone = stage.milestones[k];
      const std::string inside = absl::StrCat(at, ".milestones[", k, "]");
      places.push_back({Purpose::kMilestone, &milestone.criterion, absl::StrCat(inside, ".criterion"), i, k});
      for (size_t v = 0; v < milestone.variants.size(); ++v) {
        places.push_back({Purpose::kVariant, &milestone.variants[v].criterion,
                          absl::StrCat(inside, ".variants[", v, "].criterion"), i, k});
      }
    }
    if (stage.entry_criterion.has_value()) {
      places.push_back({Purpose::kStageEntry, &*stage.entry_criterion, absl::StrCat(at, ".entry_criterion"), i});
    }
  }
  for (size_t i = 0; i < definition.exits.size(); ++i) {
    places.push_back({Purpose::kExit, &definition.exits[i].criterion, absl::StrCat("exits[", i, "].criterion"), i});
  }
  for (size_t i = 0; i < definition.transitions.size(); ++i) {
    if (!definition.transitions[i].criterion.has_value()) continue;
    places.push_back({Purpose::kTransition, &*definition.transitions[i].criterion,
                      absl::StrCat("transitions[", i, "].criterion"), i});
  }
  return places;
}

namespace {
struct FieldName {
  absl::string_view operator()(const EventCount&) const { return "event_count"; }
  absl::string_view operator()(const Some& some) const {
    switch (some.quorum) {
      case Quorum::kAll:
        return "all_of";
      case Quorum::kAny:
        return "any_of";
      case Quorum::kAtLeast:
        return "at_least_of";
    }
    return "";
  }
  absl::string_view operator()(const NoneOf&) const { return "none_of"; }
  absl::string_view operator()(const Sequence&) const { return "sequence"; }
  absl::string_view operator()(const Absence&) const { return "absence"; }
  absl::string_view operator()(const AttributeIs&) const { return "attribute"; }
  absl::string_view operator()(const InSegment&) const { return "segment"; }
  absl::string_view operator()(const MilestoneMet&) const { return "milestone"; }
  absl::string_view operator()(const InBand&) const { return "health_band"; }
  absl::string_view operator()(const Attested&) const { return "attested"; }
  absl::string_view operator()(const DateReached&) const { return "date_reached"; }
};
}  // namespace

absl::string_view FieldOf(const Criterion& criterion) { return std::visit(FieldName(), criterion.kind); }

const std::vector<Criterion>& PartsOf(const Criterion& criterion) {
  static const std::vector<Criterion>* const kNone = new std::vector<Criterion>();
  if (const Some* some = std::get_if<Some>(&criterion.kind)) return some->criteria;
  if (const NoneOf* none = std::get_if<NoneOf>(&criterion.kind)) return none->criteria;
  return *kNone;
}

void VisitParts(const Criterion& criterion, const std::string& path,
                absl::FunctionRef<bool(const Criterion& part, const std::string& path)> visit) {
  if (!visit(criterion, path)) return;
  const std::vector<Criterion>& parts = PartsOf(criterion);
  for (size_t i = 0; i < parts.size(); ++i) {
    VisitParts(parts[i], absl::StrCat(path, ".", FieldOf(criterion), ".criteria[", i, "]"), visit);
  }
}

std::vector<PatternPlace> PatternsOf(const Criterion& criterion, const std::string& path) {
  if (const EventCount* count = std::get_if<EventCount>(&criterion.kind)) {
    return {{&count->events, absl::StrCat(path, ".event_count")}};
  }
  if (const Absence* absence = std::get_if<Absence>(&criterion.kind)) {
    return {{&absence->events, absl::StrCat(path, ".absence")}};
  }
  std::vector<PatternPlace> places;
  if (const Sequence* sequence = std::get_if<Sequence>(&criterion.kind)) {
    for (size_t i = 0; i < sequence->steps.size(); ++i) {
      places.push_back({&sequence->steps[i], absl::StrCat(path, ".sequence.steps[", i, "]")});
    }
  }
  return places;
}

std::string ComparisonPath(const ValueCondition& condition, const std::string& path) {
  switch (condition.comparison) {
    case Comparison::kEquals:
      return absl::StrCat(path, ".equals");
    case Comparison::kOneOf:
      return absl::StrCat(path, ".one_of");
    case Comparison::kNotOneOf:
      return absl::StrCat(path, ".not_one_of");
    case Comparison::kAtLeast:
      return absl::StrCat(path, ".at_least");
    case Comparison::kAtMost:
      return absl::StrCat(path, ".at_most");
    case Comparison::kMoreThan:
      return absl::StrCat(path, ".more_than");
    case Comparison::kLessThan:
      return absl::StrCat(path, ".less_than");
    case Comparison::kContains:
      return absl::StrCat(path, ".contains");
    case Comparison::kExists:
    case Comparison::kNotExists:
      return absl::StrCat(path, ".exists");
  }
  return path;
}

}  // namespace waymark::rules
