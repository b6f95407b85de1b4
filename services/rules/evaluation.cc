#include "services/rules/evaluation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace waymark::rules {
namespace {

bool HasCome(const Known* known) {
  return known != nullptr && (known->composite || !std::holds_alternative<std::monostate>(known->value));
}

// What makes two values different ones; nothing where the event does not count.
std::optional<std::string> DistinctValue(const Leaf& leaf, const Item& item, const absl::TimeZone& calendar) {
  switch (leaf.distinct) {
    case Distinct::kEvents:
      return std::nullopt;
    case Distinct::kUsers:
      return item.user.empty() ? std::nullopt : std::optional<std::string>(item.user);
    case Distinct::kDays:
      return absl::StrCat(absl::ToCivilDay(item.time, calendar) - absl::CivilDay(1970, 1, 1));
    case Distinct::kProperty: {
      const Property* property = Find(item.properties, leaf.distinct_property);
      if (property == nullptr || property->composite) return std::nullopt;
      std::optional<std::string> text = TextOf(property->value);
      // The number 1 and the text 1 are different values.
      if (text.has_value()) text->insert(text->begin(), static_cast<char>('0' + property->value.index()));
      return text;
    }
  }
  return std::nullopt;
}

void RememberDistinct(const Leaf& leaf, const Item& item, std::string value, LeafState& state) {
  const auto found = std::find(state.values.begin(), state.values.end(), value);
  if (!leaf.within.has_value()) {
    if (found == state.values.end() && state.values.size() < leaf.at_least) state.values.push_back(std::move(value));
    return;
  }
  // Of the values the at_least ones that came last are enough: others could only fall out of the window before them.
  if (found != state.values.end()) {
    state.times.erase(state.times.begin() + (found - state.values.begin()));
    state.values.erase(found);
  }
  state.values.push_back(std::move(value));
  state.times.push_back(item.time);
  if (state.values.size() > leaf.at_least) {
    state.values.erase(state.values.begin());
    state.times.erase(state.times.begin());
  }
}

// Of each beginning of a sequence the latest one is enough: any other started and ended no later.
void RememberStep(const Leaf& leaf, const Item& item, LeafState& state) {
  const size_t steps = leaf.patterns.size();
  if (state.times.empty()) state.times.resize(2 * steps, absl::InfinitePast());
  for (size_t step = steps; step-- > 0;) {
    if (!Fits(item, leaf.patterns[step])) continue;
    absl::Time start = item.time;
    if (step > 0) {
      start = state.times[2 * (step - 1)];
      const absl::Time last = state.times[2 * (step - 1) + 1];
      if (start == absl::InfinitePast()) continue;
      if (leaf.max_gap.has_value() && item.time - last > *leaf.max_gap) continue;
      if (leaf.max_span.has_value() && item.time - start > *leaf.max_span) continue;
    }
    state.times[2 * step] = start;
    state.times[2 * step + 1] = item.time;
  }
}

// The time by which the n-th last of those counted came.
std::optional<absl::Time> NthLast(const LeafState& state, uint32_t n) {
  if (state.times.size() < n) return std::nullopt;
  return state.times[state.times.size() - n];
}

// When a sequence that was completed last started.
std::optional<absl::Time> StartOf(const LeafState& state) {
  if (state.times.empty() || state.times[state.times.size() - 2] == absl::InfinitePast()) return std::nullopt;
  return state.times[state.times.size() - 2];
}

// What must lie in a leaf's window for it to be met.
std::optional<absl::Time> Oldest(const Leaf& leaf, const LeafState& state) {
  switch (leaf.kind) {
    case Leaf::Kind::kCount:
    case Leaf::Kind::kAbsence:
      return std::nullopt;
    case Leaf::Kind::kRecent:
    case Leaf::Kind::kDistinct:
      return NthLast(state, leaf.at_least);
    case Leaf::Kind::kSequence:
      return StartOf(state);
    case Leaf::Kind::kAttested:
      return NthLast(state, 1);
  }
  return std::nullopt;
}

}  // namespace

bool Concerns(const Leaf& leaf, const Item& item) {
  if (leaf.kind == Leaf::Kind::kAttested) {
    return item.kind == ItemKind::kAttestation && (leaf.role.empty() || leaf.role == item.role);
  }
  return item.kind == ItemKind::kEvent &&
         std::any_of(leaf.patterns.begin(), leaf.patterns.end(),
                     [&](const EventPattern& pattern) { return Fits(item, pattern); });
}

void Remember(const Leaf& leaf, const Item& item, const absl::TimeZone& calendar, LeafState& state) {
  switch (leaf.kind) {
    case Leaf::Kind::kCount:
      if (state.count < leaf.at_least) ++state.count;
      return;
    case Leaf::Kind::kRecent:
      state.times.push_back(item.time);
      // Only the last at_least matter; they are tidied up seldom, so that an event costs the same however many there are.
      if (state.times.size() >= 2 * size_t{leaf.at_least}) {
        state.times.erase(state.times.begin(), state.times.end() - leaf.at_least);
      }
      return;
    case Leaf::Kind::kDistinct:
      if (std::optional<std::string> value = DistinctValue(leaf, item, calendar); value.has_value()) {
        RememberDistinct(leaf, item, *std::move(value), state);
      }
      return;
    case Leaf::Kind::kSequence:
      if (leaf.within.has_value() || !StartOf(state).has_value()) RememberStep(leaf, item, state);
      return;
    case Leaf::Kind::kAbsence:
    case Leaf::Kind::kAttested:
      state.times.assign(1, item.time);
      return;
  }
}

std::optional<absl::Time> InstantOf(const DateReached& date, const Known* known, const absl::TimeZone& calendar) {
  const std::string* text = known == nullptr ? nullptr : std::get_if<std::string>(&known->value);
  if (text == nullptr) return std::nullopt;
  absl::CivilDay day;
  absl::Time instant;
  std::string error;
  if (text->size() == 10) {
    if (!absl::ParseTime("%Y-%m-%d", *text, absl::UTCTimeZone(), &instant, &error)) return std::nullopt;
    day = absl::ToCivilDay(instant, absl::UTCTimeZone());
  } else {
    if (!absl::ParseTime(absl::RFC3339_full, *text, &instant, &error)) return std::nullopt;
    day = absl::ToCivilDay(instant, calendar);
  }
  // Years that people write; "infinite-future" is a time to Abseil.
  if (day.year() < 1 || day.year() > 9999) return std::nullopt;
  const absl::CivilMonth month = absl::CivilMonth(day) + date.offset_months;
  const int last_day = (absl::CivilDay(month + 1) - 1).day();
  const absl::CivilDay moved =
      absl::CivilDay(month.year(), month.month(), std::min(day.day(), last_day)) + date.offset_days;
  return absl::FromCivil(moved, calendar);
}

std::optional<std::string> TextOf(const Value& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  if (const double* number = std::get_if<double>(&value)) {
    // A whole number as people write it; any other so that different ones differ.
    constexpr double kWhole = 9'007'199'254'740'992;
    if (*number >= -kWhole && *number <= kWhole && *number == static_cast<double>(static_cast<int64_t>(*number))) {
      return absl::StrCat(static_cast<int64_t>(*number));
    }
    return absl::StrFormat("%.17g", *number);
  }
  return std::nullopt;
}

const Known* Evaluation::attribute(size_t index) const {
  if (index >= progress_.attributes.size() || !HasCome(&progress_.attributes[index])) return nullptr;
  return &progress_.attributes[index];
}

const LeafState& Evaluation::state(const Leaf& leaf) const {
  static const LeafState& blank = *new LeafState();
  if (leaf.reach != Reach::kHistory && run_ == nullptr) return blank;
  const std::vector<LeafState>& states = leaf.reach == Reach::kHistory ? progress_.leaves : run_->leaves;
  return leaf.slot < states.size() ? states[leaf.slot] : blank;
}

std::optional<absl::Time> Evaluation::SilentSince(const Leaf& leaf) const {
  const LeafState& last = state(leaf);
  if (!last.times.empty()) return last.times[0];
  switch (leaf.since) {
    case Anchor::kStageEntered:
      return run_ != nullptr && run_->enrolled() ? std::optional<absl::Time>(run_->entered.back().time) : std::nullopt;
    case Anchor::kEnrolled:
      return run_ != nullptr && run_->enrolled() ? std::optional<absl::Time>(run_->entered.front().time) : std::nullopt;
    case Anchor::kFirstEvent:
      return progress_.first_event;
  }
  return std::nullopt;
}

uint32_t Evaluation::Counted(const Leaf& leaf) const {
  const LeafState& now = state(leaf);
  switch (leaf.kind) {
    case Leaf::Kind::kCount:
      return now.count;
    case Leaf::Kind::kRecent:
    case Leaf::Kind::kDistinct: {
      if (!leaf.within.has_value()) return static_cast<uint32_t>(now.values.size());
      const auto in_window = std::count_if(now.times.begin(), now.times.end(),
                                           [&](absl::Time time) { return time > at_ - *leaf.within; });
      return std::min(static_cast<uint32_t>(in_window), leaf.at_least);
    }
    case Leaf::Kind::kSequence:
    case Leaf::Kind::kAbsence:
    case Leaf::Kind::kAttested:
      return Met(leaf) ? 1 : 0;
  }
  return 0;
}

bool Evaluation::Met(const Leaf& leaf) const {
  switch (leaf.kind) {
    case Leaf::Kind::kCount:
      return state(leaf).count >= leaf.at_least;
    case Leaf::Kind::kAbsence: {
      const std::optional<absl::Time> since = SilentSince(leaf);
      return since.has_value() && at_ - *since >= leaf.lasting;
    }
    case Leaf::Kind::kDistinct:
      if (!leaf.within.has_value()) return state(leaf).values.size() >= leaf.at_least;
      break;
    case Leaf::Kind::kRecent:
    case Leaf::Kind::kSequence:
    case Leaf::Kind::kAttested:
      break;
  }
  const std::optional<absl::Time> oldest = Oldest(leaf, state(leaf));
  return oldest.has_value() && (!leaf.within.has_value() || *oldest > at_ - *leaf.within);
}

absl::Time Evaluation::NextChange(const Leaf& leaf) const {
  std::optional<absl::Time> change;
  if (leaf.kind == Leaf::Kind::kAbsence) {
    change = SilentSince(leaf);
    if (change.has_value()) *change += leaf.lasting;
  } else if (leaf.within.has_value()) {
    change = Oldest(leaf, state(leaf));
    if (change.has_value()) *change += *leaf.within;
  }
  return change.has_value() && *change > at_ ? *change : absl::InfiniteFuture();
}

bool Evaluation::Met(size_t index) const {
  const Node& node = journey_.nodes()[index];
  switch (node.kind) {
    case Node::Kind::kSome: {
      uint32_t met = 0;
      for (const size_t child : node.children) {
        if (met >= node.at_least) break;
        met += Met(child) ? 1 : 0;
      }
      return met >= node.at_least;
    }
    case Node::Kind::kNone:
      return std::none_of(node.children.begin(), node.children.end(), [&](size_t child) { return Met(child); });
    case Node::Kind::kLeaf:
      return Met(journey_.leaves()[node.index]);
    case Node::Kind::kAttribute: {
      const Known* known = attribute(node.index);
      return known == nullptr ? Fulfils({}, false, node.condition)
                              : Fulfils(known->value, known->composite, node.condition);
    }
    case Node::Kind::kSegment:
      // A segment belongs to no enrollment.
      return Evaluation(journey_, progress_, nullptr, at_).Met(node.index);
    case Node::Kind::kMilestone:
      return run_ != nullptr && run_->milestones[node.index].achieved.has_value();
    case Node::Kind::kBand:
      return node.index < progress_.bands.size() && std::find(node.bands.begin(), node.bands.end(),
                                                              progress_.bands[node.index]) != node.bands.end();
    case Node::Kind::kDate: {
      const std::optional<absl::Time> instant = InstantOf(node.date, attribute(node.index), journey_.calendar());
      return instant.has_value() && *instant <= at_;
    }
    case Node::Kind::kNever:
      return false;
  }
  return false;
}

absl::Time Evaluation::NextChange(size_t index) const {
  const Node& node = journey_.nodes()[index];
  absl::Time next = absl::InfiniteFuture();
  switch (node.kind) {
    case Node::Kind::kSome:
    case Node::Kind::kNone:
      for (const size_t child : node.children) next = std::min(next, NextChange(child));
      return next;
    case Node::Kind::kLeaf:
      return NextChange(journey_.leaves()[node.index]);
    case Node::Kind::kSegment:
      return Evaluation(journey_, progress_, nullptr, at_).NextChange(node.index);
    case Node::Kind::kDate: {
      const std::optional<absl::Time> instant = InstantOf(node.date, attribute(node.index), journey_.calendar());
      return instant.has_value() && *instant > at_ ? *instant : next;
    }
    case Node::Kind::kAttribute:
    case Node::Kind::kMilestone:
    case Node::Kind::kBand:
    case Node::Kind::kNever:
      return next;
  }
  return next;
}

size_t Evaluation::CriterionOf(const Rule& rule) const {
  for (const Rule::Choice& choice : rule.variants) {
    if (Met(choice.segment)) return choice.criterion;
  }
  return rule.criterion;
}

bool Evaluation::Met(const Rule& rule) const {
  return std::all_of(rule.depends_on.begin(), rule.depends_on.end(),
                     [&](size_t other) { return run_->milestones[other].achieved.has_value(); }) &&
         Met(CriterionOf(rule));
}

absl::Time Evaluation::NextChange(const Rule& rule) const {
  absl::Time next = NextChange(rule.criterion);
  for (const Rule::Choice& choice : rule.variants) {
    next = std::min({next, NextChange(choice.segment), NextChange(choice.criterion)});
  }
  return next;
}

bool Evaluation::MayEnter(size_t stage) const {
  const std::optional<size_t> criterion = journey_.entry_criterion(stage);
  const std::vector<size_t>& answers = journey_.required_answers(stage);
  return (!criterion.has_value() || Met(*criterion)) &&
         std::all_of(answers.begin(), answers.end(), [&](size_t answer) { return attribute(answer) != nullptr; });
}

}  // namespace waymark::rules
