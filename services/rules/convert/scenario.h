// protobuf <-> the plain structs of scenarios.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_SCENARIO_H_
#define WAYMARK_SERVICES_RULES_CONVERT_SCENARIO_H_

#include <vector>

#include "google/protobuf/struct.pb.h"
#include "services/rules/scenario.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/scenario.pb.h"

namespace waymark::rules {

// Made for scenarios whose form is right; of others it makes something that means nothing in particular.
Scenario FromProto(const journey::v1::Scenario& message);

// A step, such as an example is made of. Of what no scenario can say (an exit call, an override) it says an enrollment.
journey::v1::ScenarioStep ToProto(const ScenarioStep& step);

// The scenarios of a definition, in its order.
std::vector<Scenario> ScenariosOf(const journey::v1::JourneyDefinition& message);

// An object as paths and values, sorted by path: `{"plan": {"name": "pro"}}` is plan, composite, and plan.name. Where two
// ways lead to one path (a name with a dot in it) the nested one is left out.
std::vector<StepProperty> Flatten(const google::protobuf::Struct& object);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_SCENARIO_H_
