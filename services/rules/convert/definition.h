// protobuf -> the plain structs of services/rules.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
#define WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_

#include <vector>

#include "google/protobuf/struct.pb.h"
#include "services/rules/definition.h"
#include "services/rules/finding.h"
#include "waymark/journey/v1/criterion.pb.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {

// What decides in a definition, with the defaults that the protos state filled in. Made for definitions whose form is
// right (CheckForm); of others it makes something that means nothing in particular.
Definition FromProto(const journey::v1::JourneyDefinition& message);
Criterion FromProto(const journey::v1::Criterion& message);
// Lists and objects cannot be compared: they are as null.
Value FromProto(const google::protobuf::Value& message);

// Everything wrong with a definition by itself: its form, and what Validate finds, in the order of the definition. At
// most kMostFindings.
std::vector<Finding> Check(const journey::v1::JourneyDefinition& message);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
