// The bytes of a file or of standard input; what is gzipped (RFC 1952, recognised by its first bytes) is unpacked.
#ifndef WAYMARK_SERVICES_CLI_INPUT_H_
#define WAYMARK_SERVICES_CLI_INPUT_H_

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace waymark::cli {

// Not thread-safe, but for fraction().
class Input {
 public:
  // `path` is a file, or `-` for standard input. Errors: NOT_FOUND  it cannot be opened, or is a folder.
  static absl::StatusOr<std::unique_ptr<Input>> Open(const std::string& path);
  virtual ~Input() = default;

  // The next bytes, at most 64 kB; empty at the end. The bytes hold until the next call. Errors: DATA_LOSS  the gzipped
  // data ends too early or is damaged; what was returned before is right.
  virtual absl::StatusOr<absl::string_view> Read() = 0;

  // How much has been read, 0 to 1; negative where nobody knows (standard input). Thread-safe.
  virtual double fraction() const = 0;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_INPUT_H_
