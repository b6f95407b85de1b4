// Checks a definition beyond the form of its fields (services/rules/convert/form.h): everything found at once, in no
// particular order.
#ifndef WAYMARK_SERVICES_RULES_VALIDATION_H_
#define WAYMARK_SERVICES_RULES_VALIDATION_H_

#include <vector>

#include "absl/types/span.h"
#include "services/rules/definition.h"
#include "services/rules/finding.h"
#include "services/rules/scenario.h"
#include "services/rules/surroundings.h"

namespace waymark::rules {

// All three layers: the form that no field can state alone (shape.h); that everything named exists (references.h); that
// it makes sense (contradiction.h, cycles.h, flow.h, timing.h,
// scenario_check.h). Of a map that tracks nobody, what makes no sense is a
// warning. At most kMostFindings.
std::vector<Finding> Validate(const Definition& definition, const Surroundings& surroundings = {},
                              absl::Span<const Scenario> scenarios = {});

// The same for the rule of a segment.
std::vector<Finding> ValidateSegment(const Criterion& criterion, const Surroundings& surroundings = {});

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_VALIDATION_H_
