#include "services/rules/history.h"

#include <algorithm>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"

namespace waymark::rules {
namespace {

// What is known before what, at an equal place.
int RankOf(ItemKind kind) {
  switch (kind) {
    case ItemKind::kAttributes:
      return 0;
    case ItemKind::kBand:
    case ItemKind::kAttestation:
    case ItemKind::kEnrollCall:
    case ItemKind::kExitCall:
    case ItemKind::kCompletion:
    case ItemKind::kOverride:
      return 1;
    case ItemKind::kEvent:
      return 2;
  }
  return 2;
}

bool Equals(const Value& value, const Value& other) {
  return !std::holds_alternative<std::monostate>(value) && value == other;
}

}  // namespace

bool Before(const Item& a, const Item& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.sequence != b.sequence) return a.sequence < b.sequence;
  if (a.kind == b.kind) return a.id < b.id;
  return std::make_tuple(RankOf(a.kind), a.id, a.kind) < std::make_tuple(RankOf(b.kind), b.id, b.kind);
}

std::vector<Item> InOrder(std::vector<Item> items) {
  std::sort(items.begin(), items.end(), Before);
  absl::flat_hash_set<std::pair<ItemKind, absl::string_view>> seen;
  items.erase(std::remove_if(items.begin(), items.end(),
                             [&](const Item& item) { return !seen.insert({item.kind, item.id}).second; }),
              items.end());
  return items;
}

const Property* Find(absl::Span<const Property> properties, absl::string_view path) {
  for (const Property& property : properties) {
    if (property.path != path) continue;
    return property.composite || !std::holds_alternative<std::monostate>(property.value) ? &property : nullptr;
  }
  return nullptr;
}

bool Fulfils(const Value& value, bool composite, const ValueCondition& condition) {
  const bool exists = composite || !std::holds_alternative<std::monostate>(value);
  const auto is_one_of = [&] {
    return std::any_of(condition.values.begin(), condition.values.end(),
                       [&](const Value& other) { return Equals(value, other); });
  };
  // The number compared, with the limit; nullptr where there is none.
  const double* number = std::get_if<double>(&value);
  const double* limit = condition.values.empty() ? nullptr : std::get_if<double>(&condition.values[0]);
  const bool numbers = number != nullptr && limit != nullptr;
  switch (condition.comparison) {
    case Comparison::kEquals:
    case Comparison::kOneOf:
      return is_one_of();
    case Comparison::kNotOneOf:
      return !is_one_of();
    case Comparison::kAtLeast:
      return numbers && *number >= *limit;
    case Comparison::kAtMost:
      return numbers && *number <= *limit;
    case Comparison::kMoreThan:
      return numbers && *number > *limit;
    case Comparison::kLessThan:
      return numbers && *number < *limit;
    case Comparison::kContains: {
      const std::string* text = std::get_if<std::string>(&value);
      const std::string* part = condition.values.empty() ? nullptr : std::get_if<std::string>(&condition.values[0]);
      return text != nullptr && part != nullptr && absl::StrContains(*text, *part);
    }
    case Comparison::kExists:
      return exists;
    case Comparison::kNotExists:
      return !exists;
  }
  return false;
}

bool Fits(const Item& event, const EventPattern& pattern) {
  const bool of_type = pattern.event_types.empty() || std::find(pattern.event_types.begin(), pattern.event_types.end(),
                                                                event.type) != pattern.event_types.end();
  return of_type && std::all_of(pattern.where.begin(), pattern.where.end(), [&](const ValueCondition& condition) {
           const Property* property = Find(event.properties, condition.name);
           return property == nullptr ? Fulfils({}, false, condition)
                                      : Fulfils(property->value, property->composite, condition);
         });
}

}  // namespace waymark::rules
