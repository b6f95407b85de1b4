// protobuf <-> the plain structs of services/rules; the only part of the rules that knows protobuf.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
#define WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_

#include <string>
#include <vector>

#include "services/rules/definition.h"
#include "services/rules/validation.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {

// A definition read from a message, and what cannot be said in the structs (a scope not stated, no entry chosen, no
// criterion chosen, text that is not UTF-8), at most kMostFindings. Where findings are not empty the definition is
// incomplete; Check adds the rest.
struct Reading {
  Definition definition;
  std::vector<Finding> findings;
};
Reading FromProto(const journey::v1::JourneyDefinition& message);

// Everything wrong with a definition that was read: the reading's findings and Validate's, in the order of the
// definition. At most kMostFindings.
std::vector<Finding> Check(const Reading& reading);

journey::v1::JourneyDefinition ToProto(const Definition& definition);

// SHA-256 in hexadecimal over a canonical encoding: equal definitions have equal hashes, whatever way they were written
// (an at_least of 0 or 1, a missing title). Stable for ever: a field added later is encoded only where it is set.
std::string ContentHash(const Definition& definition);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_DEFINITION_H_
