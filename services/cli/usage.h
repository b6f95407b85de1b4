// Says that a command was called wrongly.
#ifndef WAYMARK_SERVICES_CLI_USAGE_H_
#define WAYMARK_SERVICES_CLI_USAGE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"

namespace waymark::cli {

// INVALID_ARGUMENT, USAGE: the command's arguments are wrong; it ends with exit code 2.
inline absl::Status UsageError(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, "USAGE", message);
}

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_USAGE_H_
