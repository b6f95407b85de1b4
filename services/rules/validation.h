// Checks a definition: everything found at once, in the order of the definition.
#ifndef WAYMARK_SERVICES_RULES_VALIDATION_H_
#define WAYMARK_SERVICES_RULES_VALIDATION_H_

#include <string>
#include <vector>

#include "services/rules/definition.h"

namespace waymark::rules {

// Something wrong with a definition.
struct Finding {
  std::string code;     // A stable name, such as KEY_REPEATED.
  std::string path;     // Where, such as `stages[2].milestones[0].criterion`.
  std::string message;  // What is wrong.
  std::string hint;     // What to do.
};

// What is wrong with the meaning and form of a definition: keys malformed or repeated, nothing to pass, counts out of
// range, limits exceeded.
std::vector<Finding> Validate(const Definition& definition);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_VALIDATION_H_
