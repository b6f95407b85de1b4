// Which values fulfil several conditions at once.
#ifndef WAYMARK_SERVICES_RULES_VALUES_H_
#define WAYMARK_SERVICES_RULES_VALUES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "services/rules/criterion.h"
#include "services/rules/history.h"

namespace waymark::rules {

// A condition that is to be fulfilled, or not to be.
struct Wish {
  const ValueCondition* condition;
  bool fulfilled = true;
};

// What can be said of a value of which several things are wished. The wishes' names are not looked at.
struct Choice {
  bool impossible = false;     // Nothing fulfils the wishes: neither a value nor that there is none.
  std::optional<Value> value;  // One that does (std::monostate: that there is none); absent where none was found.
};
// `date`: besides, it must be a text that says a day.
Choice ChooseValue(absl::Span<const Wish> wishes, bool date = false);

// The most different values that may fulfil all the wishes; nothing where there is no end to them.
std::optional<size_t> CountValues(absl::Span<const Wish> wishes);

// Whether every value that fulfils all of `conditions` with the name of `implied` fulfils that one, too. False where in
// doubt.
bool Imply(absl::Span<const ValueCondition> conditions, const ValueCondition& implied);

// Whether events can be as the pattern wants them.
bool IsPossible(const EventPattern& pattern);

// Whether every event that is as `narrow` wants it is as `wide` wants it, too. False where in doubt.
bool IsWithin(const EventPattern& narrow, const EventPattern& wide);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_VALUES_H_
