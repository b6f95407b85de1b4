#include "services/rules/consistency.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "services/rules/places.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

// How many steps a search may take. What people write takes some dozens; only built puzzles take more.
constexpr int kMostSteps = 2000;

// Whether every event that is seen in `narrow` is also seen in `wide`.
bool Sees(View wide, View narrow) {
  switch (wide) {
    case View::kHistory:
    case View::kSegment:
      return true;
    case View::kEntry:
      return narrow == View::kEntry || narrow == View::kStage;
    case View::kStage:
    case View::kOwn:
      return narrow == wide;
  }
  return false;
}

std::optional<absl::Duration> Shorter(std::optional<absl::Duration> one, std::optional<absl::Duration> other) {
  if (!one.has_value()) return other;
  return other.has_value() ? std::min(*one, *other) : one;
}

bool NotLonger(std::optional<absl::Duration> one, std::optional<absl::Duration> other) {
  return !other.has_value() || (one.has_value() && *one <= *other);
}

// At least `at_least` events of the patterns, within a window that ends now.
struct Seen {
  const EventPattern* events;
  uint32_t at_least;
  std::optional<absl::Duration> within;
};

// Events that there must be where the demand holds, all of them within `wide`.
std::optional<Seen> SeenWithin(const Demand& demand, const EventPattern& wide, const Circumstances& circumstances) {
  if (!demand.met) return std::nullopt;
  if (const EventCount* count = std::get_if<EventCount>(&demand.criterion->kind)) {
    if (!IsWithin(count->events, wide)) return std::nullopt;
    const auto within = demand.view == View::kOwn ? Shorter(count->within, circumstances.scope_window) : count->within;
    return Seen{&count->events, count->at_least, within};
  }
  if (const Sequence* sequence = std::get_if<Sequence>(&demand.criterion->kind)) {
    uint32_t steps = 0;
    for (const EventPattern& step : sequence->steps) steps += IsWithin(step, wide) ? 1 : 0;
    if (steps == 0) return std::nullopt;
    const auto within = demand.view == View::kOwn ? circumstances.scope_window : std::nullopt;
    return Seen{nullptr, steps, within};
  }
  return std::nullopt;
}

// `not_met` is not to be met; whether what `met` says meets it.
bool Meets(const Demand& met, const EventCount& not_met, View view, const Circumstances& circumstances) {
  if (!met.met || !Sees(view, met.view)) return false;
  const auto within = view == View::kOwn ? Shorter(not_met.within, circumstances.scope_window) : not_met.within;
  const EventCount* count = std::get_if<EventCount>(&met.criterion->kind);
  if (not_met.distinct != Distinct::kEvents && (count == nullptr || count->distinct != not_met.distinct ||
                                                count->distinct_property != not_met.distinct_property)) {
    // Whatever is counted, one event has at least one of it, if it has a user or the property at all; a day it has.
    if (not_met.distinct != Distinct::kDays || not_met.at_least > 1) return false;
  }
  const std::optional<Seen> seen = SeenWithin(met, not_met.events, circumstances);
  return seen.has_value() && seen->at_least >= not_met.at_least && NotLonger(seen->within, within);
}

// `absence` is to be met; whether what `met` says forbids it.
bool Breaks(const Demand& met, const Absence& absence, View view, const Circumstances& circumstances) {
  if (!met.met || !Sees(view, met.view)) return false;
  const std::optional<Seen> seen = SeenWithin(met, absence.events, circumstances);
  return seen.has_value() && seen->within.has_value() && *seen->within <= absence.lasting;
}

bool Meets(const Demand& met, const Sequence& not_met, View view) {
  const Sequence* sequence = std::get_if<Sequence>(&met.criterion->kind);
  return sequence != nullptr && met.met && Sees(view, met.view) && sequence->steps == not_met.steps &&
         NotLonger(sequence->max_gap, not_met.max_gap) && NotLonger(sequence->max_span, not_met.max_span);
}

bool Meets(const Demand& met, const Absence& not_met, View view) {
  const Absence* absence = std::get_if<Absence>(&met.criterion->kind);
  return absence != nullptr && met.met && view == met.view && absence->events == not_met.events &&
         absence->since == not_met.since && absence->lasting >= not_met.lasting;
}

// Whether `one`, which holds, makes `other` hold, which is not to.
bool Forces(const Demand& one, const Demand& other, const Circumstances& circumstances) {
  if (!one.met || other.met) return false;
  if (*one.criterion == *other.criterion && one.view == other.view) return true;
  if (const auto* count = std::get_if<EventCount>(&other.criterion->kind)) {
    return Meets(one, *count, other.view, circumstances);
  }
  if (const auto* sequence = std::get_if<Sequence>(&other.criterion->kind)) return Meets(one, *sequence, other.view);
  if (const auto* absence = std::get_if<Absence>(&other.criterion->kind)) return Meets(one, *absence, other.view);
  if (std::holds_alternative<InSegment>(other.criterion->kind) ||
      std::holds_alternative<MilestoneMet>(other.criterion->kind)) {
    return *one.criterion == *other.criterion;
  }
  if (const auto* attested = std::get_if<Attested>(&other.criterion->kind)) {
    const Attested* met = std::get_if<Attested>(&one.criterion->kind);
    return met != nullptr && Sees(other.view, one.view) && (attested->role.empty() || attested->role == met->role);
  }
  if (const auto* date = std::get_if<DateReached>(&other.criterion->kind)) {
    const DateReached* met = std::get_if<DateReached>(&one.criterion->kind);
    return met != nullptr && met->attribute == date->attribute && met->offset_months >= date->offset_months &&
           met->offset_days >= date->offset_days;
  }
  return false;
}

const std::string* AttributeOf(const Demand& demand) {
  if (const auto* attribute = std::get_if<AttributeIs>(&demand.criterion->kind)) return &attribute->condition.name;
  const auto* date = std::get_if<DateReached>(&demand.criterion->kind);
  return date != nullptr && demand.met ? &date->attribute : nullptr;
}

// No value of the attribute is such as the demands want it.
bool AttributeIsImpossible(absl::Span<const Demand> demands, const std::string& name) {
  std::vector<Wish> wishes;
  bool date = false;
  for (const Demand& demand : demands) {
    const std::string* attribute = AttributeOf(demand);
    if (attribute == nullptr || *attribute != name) continue;
    if (const auto* is = std::get_if<AttributeIs>(&demand.criterion->kind)) {
      wishes.push_back({&is->condition, demand.met});
    } else {
      date = true;
    }
  }
  return (date || !wishes.empty()) && ChooseValue(wishes, date).impossible;
}

// There is no band that the scorecard may have where the demands hold.
bool BandIsImpossible(absl::Span<const Demand> demands, const std::string& scorecard_id) {
  std::optional<std::vector<std::string>> left;
  const auto keep = [&](const std::vector<std::string>& bands, bool in) {
    left->erase(std::remove_if(left->begin(), left->end(),
                               [&](const std::string& band) {
                                 return (std::find(bands.begin(), bands.end(), band) != bands.end()) != in;
                               }),
                left->end());
  };
  for (const bool met : {true, false}) {
    for (const Demand& demand : demands) {
      const auto* band = std::get_if<InBand>(&demand.criterion->kind);
      if (band == nullptr || demand.met != met || band->scorecard_id != scorecard_id) continue;
      if (!left.has_value()) {
        if (!met) return false;
        left = band->bands;
      }
      keep(band->bands, met);
    }
  }
  return left.has_value() && left->empty();
}

bool CountIsImpossible(const EventCount& count, View view, const Circumstances& circumstances) {
  if (!IsPossible(count.events)) return true;
  const auto within = view == View::kOwn ? Shorter(count.within, circumstances.scope_window) : count.within;
  if (count.distinct == Distinct::kDays && within.has_value()) {
    return count.at_least > MostDaysWithin(*within, circumstances.all_days_have_24_hours);
  }
  if (count.distinct == Distinct::kProperty) {
    const ValueCondition exists{.name = count.distinct_property, .comparison = Comparison::kExists};
    std::vector<Wish> wishes;
    for (const ValueCondition& condition : count.events.where) {
      if (condition.name == count.distinct_property) wishes.push_back({&condition});
    }
    wishes.push_back({&exists});
    if (ChooseValue(wishes).impossible) return true;
    const std::optional<size_t> values = CountValues(wishes);
    return values.has_value() && count.at_least > *values;
  }
  return false;
}

// Whether something must have come, or time passed, for it to be met.
bool IsOfEvents(const Criterion& criterion) {
  return std::holds_alternative<EventCount>(criterion.kind) || std::holds_alternative<Sequence>(criterion.kind) ||
         std::holds_alternative<Absence>(criterion.kind) || std::holds_alternative<Attested>(criterion.kind);
}

// Whether the last of the demands cannot hold by itself, or not beside those before it.
bool LastIsImpossible(absl::Span<const Demand> demands, const Circumstances& circumstances) {
  const Demand& last = demands.back();
  if (last.met && circumstances.stage_is_empty && last.view == View::kStage && IsOfEvents(*last.criterion)) return true;
  if (last.met) {
    if (const auto* count = std::get_if<EventCount>(&last.criterion->kind)) {
      if (CountIsImpossible(*count, last.view, circumstances)) return true;
    } else if (const auto* sequence = std::get_if<Sequence>(&last.criterion->kind)) {
      if (!std::all_of(sequence->steps.begin(), sequence->steps.end(), IsPossible)) return true;
    } else if (const auto* milestone = std::get_if<MilestoneMet>(&last.criterion->kind)) {
      if (circumstances.can_be_achieved && !circumstances.can_be_achieved(milestone->milestone_key)) return true;
    }
  }
  const std::string* attribute = AttributeOf(last);
  if (attribute != nullptr && AttributeIsImpossible(demands, *attribute)) return true;
  if (const auto* band = std::get_if<InBand>(&last.criterion->kind)) {
    return BandIsImpossible(demands, band->scorecard_id);
  }
  return std::any_of(demands.begin(), demands.end() - 1,
                     [&](const Demand& demand) { return Exclude(demand, last, circumstances); });
}

// What is still to be resolved: so many of the criteria from `from` on. A list on the stack of the search.
struct Open {
  absl::Span<const Criterion> criteria;
  size_t needed;
  bool met;
  View view;
  const Open* next;
};

// Goes through the ways in which demands can hold.
class Search {
 public:
  Search(const Circumstances& circumstances, absl::FunctionRef<bool(absl::Span<const Demand>)> accept)
      : circumstances_(circumstances), accept_(accept) {}

  Answer Run(absl::Span<const Demand> demands) { return Run(demands, nullptr); }

 private:
  Answer Run(absl::Span<const Demand> demands, const Open* open) {
    if (!demands.empty()) {
      const Demand& last = demands.back();
      const Open one{absl::MakeConstSpan(last.criterion, 1), 1, last.met, last.view, open};
      return Run(demands.first(demands.size() - 1), &one);
    }
    if (Resolve(open)) return Answer::kYes;
    return steps_ >= kMostSteps || rejected_ || exhausted() ? Answer::kUndecided : Answer::kNo;
  }

  bool Resolve(const Open* open) {
    if (++steps_ >= kMostSteps || exhausted()) return false;
    if (circumstances_.steps_left != nullptr) --*circumstances_.steps_left;
    while (open != nullptr && open->needed == 0) open = open->next;
    if (open == nullptr) {
      const bool accepted = accept_(facts_);
      rejected_ = rejected_ || !accepted;
      return accepted;
    }
    const size_t left = open->criteria.size();
    if (left < open->needed) return false;
    const Open rest{open->criteria.subspan(1), open->needed - 1, open->met, open->view, open->next};
    if (ResolveOne(open->criteria[0], open->met, open->view, &rest)) return true;
    if (left == open->needed) return false;
    const Open without{open->criteria.subspan(1), open->needed, open->met, open->view, open->next};
    return Resolve(&without);
  }

  bool ResolveOne(const Criterion& criterion, bool met, View view, const Open* rest) {
    if (const Some* some = std::get_if<Some>(&criterion.kind)) {
      const size_t all = some->criteria.size();
      const size_t least = some->quorum == Quorum::kAll ? all : some->quorum == Quorum::kAny ? 1 : some->at_least;
      // So many that the others do not suffice.
      const size_t needed = met ? least : all < least ? 0 : all - least + 1;
      const Open parts{some->criteria, needed, met, view, rest};
      return Resolve(&parts);
    }
    if (const NoneOf* none = std::get_if<NoneOf>(&criterion.kind)) {
      const Open parts{none->criteria, met ? none->criteria.size() : 1, !met, view, rest};
      return Resolve(&parts);
    }
    facts_.push_back({&criterion, met, view});
    bool resolved = false;
    if (!LastIsImpossible(facts_, circumstances_)) {
      const InSegment* segment = std::get_if<InSegment>(&criterion.kind);
      const auto rule =
          segment == nullptr ? circumstances_.segments.end() : circumstances_.segments.find(segment->segment_id);
      if (rule == circumstances_.segments.end()) {
        resolved = Resolve(rest);
      } else {
        const Open inside{absl::MakeConstSpan(rule->second, 1), 1, met, View::kSegment, rest};
        resolved = Resolve(&inside);
      }
    }
    facts_.pop_back();
    return resolved;
  }

  bool exhausted() const { return circumstances_.steps_left != nullptr && *circumstances_.steps_left <= 0; }

  const Circumstances& circumstances_;
  absl::FunctionRef<bool(absl::Span<const Demand>)> accept_;
  std::vector<Demand> facts_;
  int steps_ = 0;
  bool rejected_ = false;
};

}  // namespace

uint32_t MostDaysWithin(absl::Duration window, bool all_days_have_24_hours) {
  // A window of exactly a day touches two days. Elsewhere clocks have been moved by up to three hours in all.
  const absl::Duration slack = all_days_have_24_hours ? absl::ZeroDuration() : absl::Hours(3);
  absl::Duration rest;
  const int64_t whole = absl::IDivDuration(window + slack, absl::Hours(24), &rest);
  const int64_t most = whole + (rest > absl::ZeroDuration() ? 1 : 0) + 1;
  return static_cast<uint32_t>(std::min<int64_t>(most, std::numeric_limits<uint32_t>::max()));
}

bool Exclude(const Demand& one, const Demand& other, const Circumstances& circumstances) {
  if (Forces(one, other, circumstances) || Forces(other, one, circumstances)) return true;
  if (!one.met || !other.met) return false;
  if (const auto* absence = std::get_if<Absence>(&one.criterion->kind)) {
    if (Breaks(other, *absence, one.view, circumstances)) return true;
  }
  const auto* absence = std::get_if<Absence>(&other.criterion->kind);
  return absence != nullptr && Breaks(one, *absence, other.view, circumstances);
}

Answer CanBeMet(absl::Span<const Demand> demands, const Circumstances& circumstances,
                absl::FunctionRef<bool(absl::Span<const Demand>)> accept) {
  return Search(circumstances, accept).Run(demands);
}

Answer CanBeMet(absl::Span<const Demand> demands, const Circumstances& circumstances) {
  return CanBeMet(demands, circumstances, [](absl::Span<const Demand>) { return true; });
}

}  // namespace waymark::rules
