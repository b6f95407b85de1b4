// Hashes of bytes: a quick one for lanes and comparisons, a strong one for content.
#ifndef WAYMARK_COMMON_BASE_HASH_H_
#define WAYMARK_COMMON_BASE_HASH_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark {

// XXH64 with seed 0 (xxhash.com). Stable for ever.
uint64_t XxHash64(absl::string_view bytes);

// SHA-256 in lower-case hexadecimal (FIPS 180-4).
std::string Sha256Hex(absl::string_view bytes);

// HMAC-SHA-256 in lower-case hexadecimal (FIPS 198-1).
std::string HmacSha256Hex(absl::string_view key, absl::string_view bytes);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_HASH_H_
