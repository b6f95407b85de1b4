// Criteria that mean nothing: those that nothing can meet, and those that everything meets.
#ifndef WAYMARK_SERVICES_RULES_CONTRADICTION_H_
#define WAYMARK_SERVICES_RULES_CONTRADICTION_H_

#include <string>
#include <vector>

#include "services/rules/consistency.h"
#include "services/rules/finding.h"
#include "services/rules/outlook.h"

namespace waymark::rules {

// PATTERN_CONTRADICTORY (no event is such), CRITERION_CONTRADICTORY, CRITERION_ALWAYS_TRUE, each at the smallest part
// that it is true of, and MILESTONE_NAMES_ITSELF. Layer::kMeaning.
std::vector<Finding> CheckCriteria(const Outlook& outlook);

// The same for the rule of a segment.
std::vector<Finding> CheckCriterionOfSegment(const Criterion& criterion);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONTRADICTION_H_
