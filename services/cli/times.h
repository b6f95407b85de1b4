// Instants as people give them.
#ifndef WAYMARK_SERVICES_CLI_TIMES_H_
#define WAYMARK_SERVICES_CLI_TIMES_H_

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/status.h"

namespace waymark::cli {

// Reads what was given with `option`: `2026-05-04T09:00:00Z` (RFC 3339), or the day `2026-05-04`, which means its
// beginning by UTC. Errors: INVALID_ARGUMENT  it is neither.
absl::Status ReadTime(const char* option, const std::string& text, google::protobuf::Timestamp* to);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_TIMES_H_
