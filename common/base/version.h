// Which Waymark this is.
#ifndef WAYMARK_COMMON_BASE_VERSION_H_
#define WAYMARK_COMMON_BASE_VERSION_H_

#include "absl/strings/string_view.h"

namespace waymark {

// Such as `0.1.0+3f2c1ab`: the release, and the commit that was built; `.changed` behind it where the tree was not as
// the commit has it; the release alone where it was not built from a checkout.
absl::string_view Version();

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_VERSION_H_
