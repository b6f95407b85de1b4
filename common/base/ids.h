// Ids that the server gives.
#ifndef WAYMARK_COMMON_BASE_IDS_H_
#define WAYMARK_COMMON_BASE_IDS_H_

#include <string>

#include "absl/time/time.h"

namespace waymark {

// A new id that sorts by time: a ULID (github.com/ulid/spec), 26 characters of Crockford's base 32, lower case, with 80
// random bits from the operating system.
std::string NewId(absl::Time now);

// `bytes` random bytes from the operating system, for secrets.
std::string RandomBytes(size_t bytes);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_IDS_H_
