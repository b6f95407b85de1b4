#include "common/base/files.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace waymark {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  // Copying no bytes counts as a failure of `<<`, so an empty file is told by peeking; a folder opens, but reads badly.
  const bool empty = file.is_open() && file.peek() == std::ifstream::traits_type::eof() && !file.bad();
  if (!empty && !(file.is_open() && bytes << file.rdbuf())) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  }
  return std::move(bytes).str();
}

}  // namespace waymark
