// Checks a definition: everything found at once, in the order of the definition.
#ifndef WAYMARK_SERVICES_RULES_VALIDATION_H_
#define WAYMARK_SERVICES_RULES_VALIDATION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/rules/definition.h"

namespace waymark::rules {

inline constexpr size_t kMostStages = 50;
inline constexpr size_t kMostMilestones = 200;  // In the whole journey.
inline constexpr size_t kMostEventTypes = 50;   // In one criterion or entry.
inline constexpr size_t kMostEventTypeBytes = 255;
inline constexpr uint32_t kMostEvents = 1'000'000;  // What at_least may ask for.
inline constexpr size_t kMostTitleCharacters = 200;
inline constexpr size_t kMostGoalCharacters = 2'000;

// A hostile definition could have millions of faults; nobody reads on after so many.
inline constexpr size_t kMostFindings = 100;

// A draft may still lack meaning; it must have form.
enum class Layer { kForm, kMeaning };

// Something wrong with a definition.
struct Finding {
  std::string code;     // A stable name, such as KEY_REPEATED; services/journey/README.md lists them.
  std::string path;     // Where, such as `stages[2].milestones[0].criterion`.
  std::string message;  // What is wrong.
  std::string hint;     // What to do.
  Layer layer = Layer::kForm;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// What is wrong with the form of a definition (keys malformed or repeated, counts out of range, limits exceeded) and
// with its meaning (nothing to pass). At most kMostFindings.
std::vector<Finding> Validate(const Definition& definition);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_VALIDATION_H_
