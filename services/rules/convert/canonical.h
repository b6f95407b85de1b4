// The canonical form of what people name in versions (journeys, personas, segments), and the hash over it.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_CANONICAL_H_
#define WAYMARK_SERVICES_RULES_CONVERT_CANONICAL_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace waymark::rules {

// Takes out whatever says no more than leaving it out does, as the protos tell it: a title that is the key, a count of
// 1, an enum value that UNSPECIFIED stands for. So two messages that mean the same become equal.
void MakeCanonical(google::protobuf::Message& message);

// Of a canonical message, the bytes that its hash is over, and those of one of its fields: equal exactly where both say
// the same.
std::string EncodeMessage(const google::protobuf::Message& message);
std::string EncodeField(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

// Whether UNSPECIFIED means the same as the enum's first value.
bool FirstIsDefault(const google::protobuf::EnumDescriptor& type);
// Whether 0 means 1 in this field.
bool ZeroIsOne(const google::protobuf::FieldDescriptor& field);

// SHA-256 in hexadecimal of the canonical form: equal for messages that mean the same, whatever way they were written.
// Stable for ever: fields are encoded by name and only where they are set, so that one added later changes nothing.
std::string ContentHash(const google::protobuf::Message& message);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_CANONICAL_H_
