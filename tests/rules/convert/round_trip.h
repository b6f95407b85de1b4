// Export and import: whether what a message says comes back from a file.
#ifndef WAYMARK_TESTS_RULES_CONVERT_ROUND_TRIP_H_
#define WAYMARK_TESTS_RULES_CONVERT_ROUND_TRIP_H_

#include "google/protobuf/message.h"

namespace waymark::rules {

// Writes the message as YAML and as JSON and reads both, the JSON also as YAML: each time a fatal failure where the
// content hash is another one.
void ExpectSameFromFiles(const google::protobuf::Message& message);

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_CONVERT_ROUND_TRIP_H_
