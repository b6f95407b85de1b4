#include "tests/rules/small_histories.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/rules/places.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

// Gathers what a definition can tell apart.
class Gathering {
 public:
  explicit Gathering(const JourneyVersion& version) : version_(version) {}

  Alphabet Gather() {
    const Definition& definition = version_.definition;
    for (const Trigger& trigger : definition.entry.triggers) AddTrigger(trigger);
    for (const CriterionPlace& place : PlacesOf(definition)) {
      const bool of_milestone = place.purpose == Purpose::kMilestone || place.purpose == Purpose::kVariant;
      AddCriterion(*place.criterion,
                   of_milestone ? definition.stages[place.index].milestones[place.milestone].key : std::string());
    }
    for (const SegmentRule& segment : version_.segments) AddCriterion(segment.criterion, "");
    for (const Stage& stage : definition.stages) {
      for (const std::string& attribute : stage.required_answers) AddAttribute(attribute, std::string("answered"));
      for (const Milestone& milestone : stage.milestones) {
        if (milestone.scope_window.has_value()) durations_.insert(*milestone.scope_window);
        if (milestone.period.has_value()) durations_.insert(*milestone.period);
      }
    }
    if (!definition.entry.entry_key.empty()) AddAttribute(definition.entry.entry_key, std::string("run-1"));
    if (definition.entry.cooldown > absl::ZeroDuration()) durations_.insert(definition.entry.cooldown);
    alphabet_.waits = {absl::Seconds(1)};
    for (const absl::Duration duration : durations_) {
      for (const absl::Duration wait : {duration / 2, duration + absl::Seconds(5)}) alphabet_.waits.push_back(wait);
    }
    std::sort(alphabet_.waits.begin(), alphabet_.waits.end());
    // Some of them from end to end, where there are many.
    while (alphabet_.waits.size() > 5) alphabet_.waits.erase(alphabet_.waits.begin() + alphabet_.waits.size() / 2);
    return std::move(alphabet_);
  }

 private:
  void Add(ScenarioStep step) {
    if (std::find(alphabet_.steps.begin(), alphabet_.steps.end(), step) == alphabet_.steps.end()) {
      alphabet_.steps.push_back(std::move(step));
    }
  }

  void AddAttribute(const std::string& name, Value value) {
    Add({.kind = ItemKind::kAttributes, .properties = {{.path = name, .value = std::move(value)}}});
  }

  void AddTrigger(const Trigger& trigger) {
    if (std::holds_alternative<AnyEvent>(trigger)) Add({.type = "something"});
    if (const auto* first = std::get_if<FirstEvent>(&trigger)) AddPattern(first->events, "");
    if (const auto* date = std::get_if<DateReached>(&trigger)) AddCriterion({*date}, "");
    if (const auto* other = std::get_if<JourneyCompletion>(&trigger)) {
      Add({.kind = ItemKind::kCompletion, .type = other->journey_id});
    }
    if (std::holds_alternative<ByCall>(trigger)) Add({.kind = ItemKind::kEnrollCall});
  }

  void AddPattern(const EventPattern& pattern, const std::string& distinct_property) {
    std::vector<std::string> types = pattern.event_types;
    if (types.empty()) types.push_back("something");
    std::vector<StepProperty> fitting;
    for (const ValueCondition& condition : pattern.where) {
      std::vector<Wish> wishes;
      for (const ValueCondition& other : pattern.where) {
        if (other.name == condition.name) wishes.push_back({&other});
      }
      const Choice choice = ChooseValue(wishes);
      const bool known = std::any_of(fitting.begin(), fitting.end(),
                                     [&](const StepProperty& property) { return property.path == condition.name; });
      if (!known && choice.value.has_value()) fitting.push_back({.path = condition.name, .value = *choice.value});
    }
    for (const std::string& type : types) {
      Add({.type = type, .user = "ann", .properties = fitting});
      if (!fitting.empty()) Add({.type = type, .user = "ann"});
      if (counts_users_) Add({.type = type, .user = "ben", .properties = fitting});
      if (distinct_property.empty()) continue;
      for (const char* value : {"one", "two"}) {
        std::vector<StepProperty> properties = fitting;
        properties.push_back({.path = distinct_property, .value = std::string(value)});
        Add({.type = type, .user = "ann", .properties = properties});
      }
    }
  }

  void AddCriterion(const Criterion& criterion, const std::string& milestone) {
    VisitParts(criterion, "", [&](const Criterion& part, const std::string&) {
      if (const auto* count = std::get_if<EventCount>(&part.kind)) {
        counts_users_ = count->distinct == Distinct::kUsers;
        AddPattern(count->events, count->distinct_property);
        counts_users_ = false;
        if (count->within.has_value()) durations_.insert(*count->within);
        if (count->distinct == Distinct::kDays) durations_.insert(absl::Hours(24));
      } else if (const auto* sequence = std::get_if<Sequence>(&part.kind)) {
        for (const EventPattern& step : sequence->steps) AddPattern(step, "");
        if (sequence->max_gap.has_value()) durations_.insert(*sequence->max_gap);
        if (sequence->max_span.has_value()) durations_.insert(*sequence->max_span);
      } else if (const auto* absence = std::get_if<Absence>(&part.kind)) {
        AddPattern(absence->events, "");
        durations_.insert(absence->lasting);
      } else if (const auto* is = std::get_if<AttributeIs>(&part.kind)) {
        for (const bool fulfilled : {true, false}) {
          const Wish wish{&is->condition, fulfilled};
          const Choice choice = ChooseValue(absl::MakeConstSpan(&wish, 1));
          if (choice.value.has_value()) AddAttribute(is->condition.name, *choice.value);
        }
        for (const Value& value : is->condition.values) AddAttribute(is->condition.name, value);
      } else if (const auto* date = std::get_if<DateReached>(&part.kind)) {
        for (const int days : {-2, 1}) {
          const absl::CivilDay day = absl::ToCivilDay(ScenarioStart(), absl::UTCTimeZone()) + days - date->offset_days -
                                     30 * date->offset_months;
          AddAttribute(date->attribute, absl::FormatCivilTime(day));
        }
        durations_.insert(absl::Hours(60));
      } else if (const auto* band = std::get_if<InBand>(&part.kind)) {
        for (const std::string& key : band->bands) {
          Add({.kind = ItemKind::kBand, .type = band->scorecard_id, .key = key});
        }
        Add({.kind = ItemKind::kBand, .type = band->scorecard_id, .key = "other"});
      } else if (const auto* attested = std::get_if<Attested>(&part.kind); attested != nullptr && !milestone.empty()) {
        Add({.kind = ItemKind::kAttestation, .key = milestone, .user = "eve", .role = attested->role});
      }
      return true;
    });
  }

  const JourneyVersion& version_;
  Alphabet alphabet_;
  std::set<absl::Duration> durations_;
  bool counts_users_ = false;
};

struct Place {
  Progress progress;
  std::vector<ScenarioStep> steps;
  absl::Time now;
};

}  // namespace

Alphabet AlphabetOf(const JourneyVersion& version) { return Gathering(version).Gather(); }

int ForEachSmallHistory(const Journey& journey, const Alphabet& alphabet, int most_steps, int budget,
                        absl::FunctionRef<void(const Progress& progress, absl::Span<const ScenarioStep> steps)> visit) {
  int folds = 0;
  std::deque<Place> open = {{Fold(journey, {}, {}), {}, ScenarioStart()}};
  while (!open.empty() && folds < budget) {
    const Place place = std::move(open.front());
    open.pop_front();
    for (const absl::Duration wait : alphabet.waits) {
      const absl::Time now = place.now + wait;
      const Progress waited = Fold(journey, place.progress, {}, now - absl::Seconds(1));
      ++folds;
      visit(waited, place.steps);
      if (static_cast<int>(place.steps.size()) == most_steps) continue;
      for (ScenarioStep step : alphabet.steps) {
        if (++folds >= budget) return folds;
        step.at = now - ScenarioStart();
        const std::string id = absl::StrFormat("step %03d", place.steps.size() + 1);
        std::vector<Property> properties;
        for (const StepProperty& property : step.properties) {
          properties.push_back({property.path, property.value, property.composite});
        }
        const bool of_journey = step.kind == ItemKind::kAttestation || step.kind == ItemKind::kEnrollCall;
        const Item item{.time = now,
                        .sequence = static_cast<int64_t>(place.steps.size()) + 1,
                        .id = id,
                        .number = static_cast<int64_t>(place.steps.size()) + 1,
                        .type = of_journey ? journey.version().journey_id : step.type,
                        .kind = step.kind,
                        .user = step.user,
                        .key = step.key,
                        .role = step.role,
                        .properties = properties};
        Place next{Fold(journey, waited, absl::MakeConstSpan(&item, 1), now), place.steps, now};
        next.steps.push_back(step);
        visit(next.progress, next.steps);
        open.push_back(std::move(next));
      }
    }
  }
  return folds;
}

std::string Told(absl::Span<const ScenarioStep> steps) {
  std::string told;
  for (const ScenarioStep& step : steps) {
    absl::StrAppend(&told, "  ", absl::FormatDuration(step.at), " kind ", static_cast<int>(step.kind), " ", step.type,
                    " ", step.key, " ", step.user, " ", step.role);
    for (const StepProperty& property : step.properties) {
      absl::StrAppend(&told, " ", property.path, "=");
      if (const auto* text = std::get_if<std::string>(&property.value)) absl::StrAppend(&told, *text);
      if (const auto* number = std::get_if<double>(&property.value)) absl::StrAppend(&told, *number);
      if (const auto* truth = std::get_if<bool>(&property.value)) absl::StrAppend(&told, *truth);
    }
    absl::StrAppend(&told, "\n");
  }
  return told;
}

}  // namespace waymark::rules
