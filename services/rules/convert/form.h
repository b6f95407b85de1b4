// Checks any message against the form that its fields state in the protos (waymark.type.v1.form).
#ifndef WAYMARK_SERVICES_RULES_CONVERT_FORM_H_
#define WAYMARK_SERVICES_RULES_CONVERT_FORM_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "services/rules/finding.h"

namespace waymark::rules {

// Everything wrong with the message's form, in the order of its fields, at most kMostFindings; paths start at the
// message, such as `stages[0].key`. Besides what the fields state: text is UTF-8, enums have values that this release
// knows, numbers are finite, durations and timestamps are such that google.protobuf allows, and nothing is nested
// deeper than 30 messages (deeper parts are not looked at).
//
// Codes: MISSING, CHOICE_MISSING, TEXT_MALFORMED, TEXT_TOO_LONG, KEY_MALFORMED, ID_MALFORMED, NAME_MALFORMED,
// TIME_ZONE_UNKNOWN, DATE_MALFORMED, TOO_FEW, TOO_MANY, KEY_REPEATED, VALUE_REPEATED, OUT_OF_RANGE, ENUM_UNKNOWN,
// TOO_DEEP.
std::vector<Finding> CheckForm(const google::protobuf::Message& message);

// Sorts findings by where in a message of this type they are.
void SortByPlace(const google::protobuf::Descriptor& type, std::vector<Finding>& findings);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_FORM_H_
