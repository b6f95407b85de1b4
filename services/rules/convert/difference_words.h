// How a difference says the names and values of fields.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_DIFFERENCE_WORDS_H_
#define WAYMARK_SERVICES_RULES_CONVERT_DIFFERENCE_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace waymark::rules {

// `at_least` is `at least`.
std::string FieldWords(const google::protobuf::FieldDescriptor& field);

// What one element of such a list is called: `milestone`, `planned change`, `part` (of a criterion).
std::string ElementNoun(const google::protobuf::Descriptor& type);

// What a message says in a few words, such as `14 d`, `event count` or `"team"`; empty where there are none.
std::string MessageWords(const google::protobuf::Message& message);

// Whether a message is said in words as a whole, not field by field: a duration, a time, a value.
bool IsSaidAsAWhole(const google::protobuf::Descriptor& type);

// Whether its words say everything that such a message says: criteria, triggers.
bool IsDescribed(const google::protobuf::Descriptor& type);

// One value of a field (`index` is -1 where it is not repeated): what UNSPECIFIED or 0 stands for is said.
std::string ValueWords(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                       int index);

// Two texts in quotes, each cut to where they differ.
std::string TextChange(absl::string_view before, absl::string_view after);

// A text in quotes, cut where it is long.
std::string QuotedText(absl::string_view text);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_DIFFERENCE_WORDS_H_
