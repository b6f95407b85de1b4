#include "common/base/ids.h"

#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

namespace waymark {

std::string RandomBytes(size_t bytes) {
  std::string random(bytes, '\0');
  // Without randomness nothing that follows would be safe, and it does not fail on a running Linux.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(bytes)) != 1) std::abort();
  return random;
}

std::string NewId(absl::Time now) {
  static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(26, '0');
  uint64_t milliseconds = static_cast<uint64_t>(absl::ToUnixMillis(now));
  for (int i = 9; i >= 0; --i, milliseconds >>= 5) id[i] = kDigits[milliseconds & 31];
  const std::string random = RandomBytes(16);
  for (int i = 0; i < 16; ++i) id[10 + i] = kDigits[static_cast<unsigned char>(random[i]) & 31];
  return id;
}

}  // namespace waymark
