// Durations as people write them.
#ifndef WAYMARK_COMMON_DOCUMENT_DURATION_H_
#define WAYMARK_COMMON_DOCUMENT_DURATION_H_

#include <google/protobuf/duration.pb.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark::document {

// `2w`, `14d`, `36h`, `90m`, `30s`, also negative; seconds with up to nine digits of fraction, as in protobuf's JSON.
// Nothing where it is something else or more than the 10,000 years that google.protobuf.Duration takes.
std::optional<google::protobuf::Duration> ReadDuration(absl::string_view text);

// The shortest of these that says the same; of two as short the larger unit: 1209600s is `2w`, 86400s `1d`.
std::string WriteDuration(const google::protobuf::Duration& duration);

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_DURATION_H_
