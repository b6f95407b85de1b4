#include "common/base/version.h"

#include "common/base/revision.h"

namespace waymark {

absl::string_view Version() { return WAYMARK_VERSION WAYMARK_REVISION; }

}  // namespace waymark
