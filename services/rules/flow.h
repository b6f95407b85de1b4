// How customers go through a journey: what never happens, what happens at once, and what stands in another's way.
#ifndef WAYMARK_SERVICES_RULES_FLOW_H_
#define WAYMARK_SERVICES_RULES_FLOW_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "services/rules/finding.h"
#include "services/rules/outlook.h"

namespace waymark::rules {

// NOTHING_TO_PASS, STAGE_UNREACHABLE (of stages behind such a one nothing is said), MILESTONE_IMPOSSIBLE,
// VARIANT_SHADOWED, VARIANT_IMPOSSIBLE, EXIT_AT_ONCE, EXIT_SHADOWED, EXIT_IMPOSSIBLE, TRIGGER_SHADOWED (a warning),
// TRIGGER_IMPOSSIBLE, REGRESS_FORBIDDEN, TRANSITION_TO_ITSELF, TRANSITION_SHADOWED, TRANSITION_IMPOSSIBLE,
// TRANSITIONS_OVERLAP (a warning where two may be open at once, an error where they surely are). Layer::kMeaning.
//
// `faulty`: paths in which a fault was found already. What is impossible because of one of its own parts is not said
// again.
std::vector<Finding> CheckFlow(const Outlook& outlook, const absl::flat_hash_set<std::string>& faulty);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_FLOW_H_
