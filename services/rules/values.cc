#include "services/rules/values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace waymark::rules {
namespace {

// The text that a condition compares with.
const std::string* TextOf(const ValueCondition& condition) {
  return condition.values.empty() ? nullptr : std::get_if<std::string>(&condition.values[0]);
}

// Numbers around those that the conditions name: conditions that tell two numbers apart name one between them, so that
// one of these numbers fulfils whatever any number fulfils.
std::vector<Value> Numbers(const std::set<double>& named) {
  std::vector<Value> numbers;
  if (named.empty()) return {1.0};
  numbers.push_back(*named.begin() - std::max(1.0, std::abs(*named.begin())));
  for (auto number = named.begin(); number != named.end(); ++number) {
    numbers.push_back(*number);
    const auto next = std::next(number);
    if (next == named.end()) continue;
    // A whole number reads better in an example.
    const double whole = std::floor(*number) + 1;
    numbers.push_back(whole < *next ? whole : *number / 2 + *next / 2);
  }
  numbers.push_back(*named.rbegin() + std::max(1.0, std::abs(*named.rbegin())));
  return numbers;
}

// A letter that none of the texts has.
std::optional<char> Unused(const std::set<std::string>& texts) {
  for (int letter = '-'; letter < '-' + 127; ++letter) {
    const char unused = static_cast<char>(letter % 127 + 1);
    if (std::none_of(texts.begin(), texts.end(), [&](const auto& text) { return absl::StrContains(text, unused); })) {
      return unused;
    }
  }
  return std::nullopt;
}

// Texts of which one fulfils whatever any text fulfils: those named, one that contains all that is to be contained,
// with letters between that no condition names, and another one.
std::vector<Value> Texts(const std::set<std::string>& named, const std::vector<std::string>& contained, char between) {
  std::vector<Value> texts(named.begin(), named.end());
  std::string joint = contained.empty() ? "other" : "";
  for (const std::string& part : contained) absl::StrAppend(&joint, part, std::string(1, between));
  texts.push_back(std::move(joint));
  texts.push_back(std::string(1, between));
  return texts;
}

bool IsDay(const Value& value) {
  const std::string* text = std::get_if<std::string>(&value);
  absl::CivilDay day;
  absl::Time time;
  return text != nullptr && ((text->size() == 10 && absl::ParseCivilTime(*text, &day)) ||
                             absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr));
}

// Whether a list or an object fulfils the wish: it is there, and like nothing that it could be compared to.
bool ListFulfils(const Wish& wish) {
  switch (wish.condition->comparison) {
    case Comparison::kExists:
    case Comparison::kNotOneOf:
      return wish.fulfilled;
    case Comparison::kNotExists:
    case Comparison::kEquals:
    case Comparison::kOneOf:
    case Comparison::kAtLeast:
    case Comparison::kAtMost:
    case Comparison::kMoreThan:
    case Comparison::kLessThan:
    case Comparison::kContains:
      return !wish.fulfilled;
  }
  return false;
}

std::vector<Wish> Named(absl::Span<const ValueCondition> conditions, const std::string& name) {
  std::vector<Wish> wishes;
  for (const ValueCondition& condition : conditions) {
    if (condition.name == name) wishes.push_back({&condition});
  }
  return wishes;
}

}  // namespace

Choice ChooseValue(absl::Span<const Wish> wishes, bool date) {
  static const ValueCondition* const kIsText =
      new ValueCondition{.comparison = Comparison::kContains, .values = {std::string()}};
  std::vector<Wish> all(wishes.begin(), wishes.end());
  if (date) all.push_back({kIsText});
  std::set<double> numbers;
  std::set<std::string> texts;
  std::vector<std::string> contained;
  for (const Wish& wish : all) {
    for (const Value& value : wish.condition->values) {
      if (const double* number = std::get_if<double>(&value)) numbers.insert(*number);
      if (const std::string* text = std::get_if<std::string>(&value)) texts.insert(*text);
    }
    const std::string* text = TextOf(*wish.condition);
    if (wish.fulfilled && wish.condition->comparison == Comparison::kContains && text != nullptr) {
      contained.push_back(*text);
    }
  }
  const std::optional<char> between = Unused(texts);
  std::vector<Value> candidates = {std::monostate(), true, false};
  if (date) candidates.push_back(std::string("2026-03-02"));
  for (const std::vector<Value>& more : {Numbers(numbers), Texts(texts, contained, between.value_or('-'))}) {
    candidates.insert(candidates.end(), more.begin(), more.end());
  }
  bool impossible = between.has_value() && !std::all_of(all.begin(), all.end(), ListFulfils);
  for (Value& candidate : candidates) {
    const bool fulfils = std::all_of(all.begin(), all.end(), [&](const Wish& wish) {
      return Fulfils(candidate, false, *wish.condition) == wish.fulfilled;
    });
    if (!fulfils) continue;
    impossible = false;
    if (!date || IsDay(candidate)) return {.value = std::move(candidate)};
  }
  return {.impossible = impossible};
}

std::optional<size_t> CountValues(absl::Span<const Wish> wishes) {
  for (const Wish& wish : wishes) {
    const Comparison comparison = wish.condition->comparison;
    if (!wish.fulfilled || (comparison != Comparison::kEquals && comparison != Comparison::kOneOf)) continue;
    const std::set<Value> values(wish.condition->values.begin(), wish.condition->values.end());
    return std::count_if(values.begin(), values.end(), [&](const Value& value) {
      return std::all_of(wishes.begin(), wishes.end(),
                         [&](const Wish& other) { return Fulfils(value, false, *other.condition) == other.fulfilled; });
    });
  }
  return std::nullopt;
}

bool Imply(absl::Span<const ValueCondition> conditions, const ValueCondition& implied) {
  std::vector<Wish> wishes = Named(conditions, implied.name);
  wishes.push_back({&implied, false});
  return ChooseValue(wishes).impossible;
}

bool IsPossible(const EventPattern& pattern) {
  for (const ValueCondition& condition : pattern.where) {
    if (ChooseValue(Named(pattern.where, condition.name)).impossible) return false;
  }
  return true;
}

bool IsWithin(const EventPattern& narrow, const EventPattern& wide) {
  if (!wide.event_types.empty()) {
    if (narrow.event_types.empty()) return false;
    for (const std::string& type : narrow.event_types) {
      if (std::find(wide.event_types.begin(), wide.event_types.end(), type) == wide.event_types.end()) return false;
    }
  }
  return std::all_of(wide.where.begin(), wide.where.end(),
                     [&](const ValueCondition& condition) { return Imply(narrow.where, condition); });
}

}  // namespace waymark::rules
