// Something wrong with a file that a person wrote, and where.
#ifndef WAYMARK_COMMON_DOCUMENT_PROBLEM_H_
#define WAYMARK_COMMON_DOCUMENT_PROBLEM_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace waymark::document {

// A place in a text; both count from 1, columns in bytes as editors and compilers do.
struct Position {
  int line = 0;
  int column = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// What is wrong, and what to do.
struct Problem {
  Position position;
  std::string path;  // The field, such as `definition.parts[2].key`; empty where the text itself is malformed.
  std::string message;
};

// One line, as compilers write them: `acme.yaml:14:21: parts[0].key: …`.
inline std::string ToString(absl::string_view file, const Problem& problem) {
  return absl::StrCat(file, ":", problem.position.line, ":", problem.position.column, ": ", problem.path,
                      problem.path.empty() ? "" : ": ", problem.message);
}

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_PROBLEM_H_
