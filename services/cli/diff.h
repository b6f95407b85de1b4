// What changed between two texts, line by line.
#ifndef WAYMARK_SERVICES_CLI_DIFF_H_
#define WAYMARK_SERVICES_CLI_DIFF_H_

#include <string>

#include "absl/strings/string_view.h"

namespace waymark::cli {

// Lines only in `before` with `- `, only in `after` with `+ `, and up to two lines around them; what is left out shows
// as `…`. Empty where the texts are equal.
std::string Diff(absl::string_view before, absl::string_view after);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_DIFF_H_
