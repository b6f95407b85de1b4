// A condition over a customer's history: plain structs, already checked for form. What each means is said in
// protos/waymark/journey/v1/criterion.proto; services/rules/convert makes them from protobuf.
#ifndef WAYMARK_SERVICES_RULES_CRITERION_H_
#define WAYMARK_SERVICES_RULES_CRITERION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace waymark::rules {

// What a property or an attribute may hold that can be compared; nothing is null or absent.
using Value = std::variant<std::monostate, bool, double, std::string>;

enum class Comparison {
  kEquals,     // The one value.
  kOneOf,      // Any of the values.
  kNotOneOf,   // None of the values.
  kAtLeast,    // So the next four: the one value, a number.
  kAtMost,     //
  kMoreThan,   //
  kLessThan,   //
  kContains,   // The one value, a text.
  kExists,     // There is a value; no values given.
  kNotExists,  // There is none; no values given.
};

struct ValueCondition {
  std::string name;
  Comparison comparison = Comparison::kExists;
  std::vector<Value> values;
  friend bool operator==(const ValueCondition&, const ValueCondition&) = default;
};

// Which events are meant. No types: all of them.
struct EventPattern {
  std::vector<std::string> event_types;
  std::vector<ValueCondition> where;
  friend bool operator==(const EventPattern&, const EventPattern&) = default;
};

enum class Distinct { kEvents, kUsers, kDays, kProperty };

struct EventCount {
  EventPattern events;
  uint32_t at_least = 1;
  std::optional<absl::Duration> within;
  Distinct distinct = Distinct::kEvents;
  std::string distinct_property;
  friend bool operator==(const EventCount&, const EventCount&) = default;
};

struct Sequence {
  std::vector<EventPattern> steps;
  std::optional<absl::Duration> max_gap;
  std::optional<absl::Duration> max_span;
  friend bool operator==(const Sequence&, const Sequence&) = default;
};

enum class Anchor { kStageEntered, kEnrolled, kFirstEvent };

struct Absence {
  EventPattern events;
  absl::Duration lasting;
  Anchor since = Anchor::kStageEntered;
  friend bool operator==(const Absence&, const Absence&) = default;
};

struct AttributeIs {
  ValueCondition condition;
  friend bool operator==(const AttributeIs&, const AttributeIs&) = default;
};

struct InSegment {
  std::string segment_id;
  friend bool operator==(const InSegment&, const InSegment&) = default;
};

struct MilestoneMet {
  std::string milestone_key;
  friend bool operator==(const MilestoneMet&, const MilestoneMet&) = default;
};

struct InBand {
  std::string scorecard_id;
  std::vector<std::string> bands;
  friend bool operator==(const InBand&, const InBand&) = default;
};

struct Attested {
  std::string role;  // Empty: anyone's.
  friend bool operator==(const Attested&, const Attested&) = default;
};

struct DateReached {
  std::string attribute;
  int32_t offset_months = 0;
  int32_t offset_days = 0;
  friend bool operator==(const DateReached&, const DateReached&) = default;
};

struct Criterion;

// Met while at least `at_least` of the criteria are: all of them, any of them, or so many. The proto's all_of, any_of
// and at_least_of.
enum class Quorum { kAll, kAny, kAtLeast };
struct Some {
  Quorum quorum = Quorum::kAll;
  uint32_t at_least = 1;  // Only with kAtLeast.
  std::vector<Criterion> criteria;
  friend bool operator==(const Some&, const Some&) = default;
};

// Met while none of the criteria is.
struct NoneOf {
  std::vector<Criterion> criteria;
  friend bool operator==(const NoneOf&, const NoneOf&) = default;
};

struct Criterion {
  std::variant<EventCount, Some, NoneOf, Sequence, Absence, AttributeIs, InSegment, MilestoneMet, InBand, Attested,
               DateReached>
      kind;
  friend bool operator==(const Criterion&, const Criterion&) = default;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CRITERION_H_
