// Whether the times that a definition asks for can be kept.
#ifndef WAYMARK_SERVICES_RULES_TIMING_H_
#define WAYMARK_SERVICES_RULES_TIMING_H_

#include <vector>

#include "services/rules/definition.h"
#include "services/rules/finding.h"

namespace waymark::rules {

// TARGET_UNATTAINABLE (a stage's target or a milestone's deadline is shorter than its criterion takes), and as warnings
// TARGET_SHORTER_THAN_WINDOW (it is shorter than the window looked at) and DEADLINE_LONGER_THAN_STUCK. Layer::kMeaning.
std::vector<Finding> CheckTiming(const Definition& definition);

// The least time from a stage's entry until a criterion that counts from there is met.
absl::Duration LeastTime(const Criterion& criterion);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_TIMING_H_
