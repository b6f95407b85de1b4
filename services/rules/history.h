// A customer's history as the rules see it: what happened, in one order.
#ifndef WAYMARK_SERVICES_RULES_HISTORY_H_
#define WAYMARK_SERVICES_RULES_HISTORY_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/criterion.h"

namespace waymark::rules {

// A value by its path: `plan.name` is the name inside the object plan. Objects are flattened; where one is empty, or
// null stands in its place, the path itself is given, without a value.
struct Property {
  absl::string_view path;
  Value value;
  bool composite = false;  // A list or an object: it exists, and equals nothing.
};

enum class ItemKind : uint8_t {
  kEvent,
  kAttributes,   // The customer's attributes take values.
  kBand,         // The customer's health comes into a band.
  kAttestation,  // A person confirms a milestone.
  kEnrollCall,   // Someone enrolls the customer …
  kExitCall,     // … or takes it out.
  kCompletion,   // The customer completes another journey.
  kOverride,     // Someone puts the customer into a stage.
};

// Something that happened. The views belong to whoever made it.
struct Item {
  absl::Time time;
  int64_t sequence = 0;
  absl::string_view id;    // Unique among the customer's items of its kind.
  int64_t number = 0;      // What progress names it by: unique among the customer's items, above 0.
  absl::string_view type;  // An event's type; a band's scorecard; otherwise the journey that it is about.
  ItemKind kind = ItemKind::kEvent;
  absl::string_view user;       // Who did it; empty: not said.
  absl::string_view key;        // The band come into, the milestone attested, or the stage put into.
  absl::string_view role;       // Of who attests.
  absl::string_view entry_key;  // Of an exit or override: only the enrollment of this key; empty: all that are open.
  // When an event was received, where that may make it too late for a journey (Definition::lateness). Infinite past: it
  // never is.
  absl::Time received = absl::InfinitePast();
  // An event's, or a call's; the attributes that change, each of whose first names is replaced as a whole. Of an
  // override, by path, the milestones that count as achieved with it.
  absl::Span<const Property> properties;
};

// What most items are.
using Event = Item;

// The total order of a customer's history: time, then the source's sequence, then what it is (attributes, then facts,
// then events, so that an event finds what was known when it happened), then the id bytewise.
bool Before(const Item& a, const Item& b);

// Brings items into the order of history and leaves out repetitions (the same kind and id).
std::vector<Item> InOrder(std::vector<Item> items);

// The value at a path; nullptr where there is none. A null is none.
const Property* Find(absl::Span<const Property> properties, absl::string_view path);

// Whether a value fulfils a condition; `composite` as in Property. What is absent, or of another type than what it is
// compared to, fulfils only kNotExists and kNotOneOf.
bool Fulfils(const Value& value, bool composite, const ValueCondition& condition);

// Whether an event fits a pattern.
bool Fits(const Item& event, const EventPattern& pattern);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_HISTORY_H_
