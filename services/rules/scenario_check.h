// Whether scenarios can be meant as they are written. Whether they hold is found by running them (scenario.h).
#ifndef WAYMARK_SERVICES_RULES_SCENARIO_CHECK_H_
#define WAYMARK_SERVICES_RULES_SCENARIO_CHECK_H_

#include <vector>

#include "absl/types/span.h"
#include "services/rules/finding.h"
#include "services/rules/scenario.h"

namespace waymark::rules {

// Layer::kMeaning: EXPECTATION_CONTRADICTORY, where no customer can fulfil an expectation, or two of the same time.
// That what they name exists is checked with all other references (references.h).
std::vector<Finding> CheckScenarios(absl::Span<const Scenario> scenarios);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_SCENARIO_CHECK_H_
