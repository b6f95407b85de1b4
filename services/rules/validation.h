// Checks what a definition means: everything found at once, in no particular order. That it has form is checked before,
// from the protos (services/rules/convert/form.h).
#ifndef WAYMARK_SERVICES_RULES_VALIDATION_H_
#define WAYMARK_SERVICES_RULES_VALIDATION_H_

#include <cstddef>
#include <vector>

#include "services/rules/definition.h"
#include "services/rules/finding.h"

namespace waymark::rules {

inline constexpr size_t kMostMilestones = 200;  // In the whole journey.

// Layer::kForm, because no field can state it alone: keys that two milestones of different stages share, too many
// milestones in all. Layer::kMeaning: there is nothing to pass. At most kMostFindings.
std::vector<Finding> Validate(const Definition& definition);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_VALIDATION_H_
