// Whether everything that a definition names exists.
#ifndef WAYMARK_SERVICES_RULES_REFERENCES_H_
#define WAYMARK_SERVICES_RULES_REFERENCES_H_

#include <vector>

#include "absl/types/span.h"
#include "services/rules/definition.h"
#include "services/rules/finding.h"
#include "services/rules/scenario.h"
#include "services/rules/surroundings.h"

namespace waymark::rules {

// Inside the definition: STAGE_UNKNOWN, MILESTONE_UNKNOWN, GOAL_UNKNOWN, EXIT_UNKNOWN, PARENT_NOT_TOP,
// SEGMENT_UNLISTED, PERSONA_UNLISTED; SEGMENT_UNUSED is a warning. In the workspace, as far as it is known:
// PERSONA_UNKNOWN, SEGMENT_UNKNOWN, EDITION_UNKNOWN, JOURNEY_UNKNOWN, KEY_REUSED; what other services own is warned of:
// EVENT_TYPE_UNSEEN, SCORECARD_UNKNOWN, BAND_UNKNOWN, PLAYBOOK_UNKNOWN. All of Layer::kReferences, at most
// kMostFindings.
std::vector<Finding> CheckReferences(const Definition& definition, absl::Span<const Scenario> scenarios,
                                     const Surroundings& surroundings);

// The same for the rule of a segment: EVENT_TYPE_UNSEEN, SCORECARD_UNKNOWN, BAND_UNKNOWN.
std::vector<Finding> CheckReferencesOfSegment(const Criterion& criterion, const Surroundings& surroundings);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_REFERENCES_H_
