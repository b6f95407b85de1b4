// Reads files.
#ifndef WAYMARK_COMMON_BASE_FILES_H_
#define WAYMARK_COMMON_BASE_FILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace waymark {

// The bytes of a file. Errors: INVALID_ARGUMENT  it cannot be read (it is named).
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_FILES_H_
