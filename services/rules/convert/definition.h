// protobuf -> the plain structs of services/rules.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
#define WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_

#include <vector>

#include "google/protobuf/struct.pb.h"
#include "services/rules/definition.h"
#include "services/rules/finding.h"
#include "services/rules/surroundings.h"
#include "waymark/journey/v1/criterion.pb.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::rules {

// What decides in a definition, with the defaults that the protos state filled in. Made for definitions whose form is
// right (CheckForm); of others it makes something that means nothing in particular.
Definition FromProto(const journey::v1::JourneyDefinition& message);
Criterion FromProto(const journey::v1::Criterion& message);
// Lists and objects cannot be compared: they are as null.
Value FromProto(const google::protobuf::Value& message);

// Everything wrong with a definition: the form of its fields, and what Validate finds, in the order of the definition.
// What is not known of its surroundings is not checked. At most kMostFindings.
std::vector<Finding> Check(const journey::v1::JourneyDefinition& message, const Surroundings& surroundings = {});
// The same of a segment.
std::vector<Finding> Check(const journey::v1::SegmentDefinition& message, const Surroundings& surroundings = {});

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
