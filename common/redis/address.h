// Where Redis is: its URL taken apart, and its host's name turned into IP addresses in bounded time.
#ifndef WAYMARK_COMMON_REDIS_ADDRESS_H_
#define WAYMARK_COMMON_REDIS_ADDRESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/redis/breaker.h"

namespace waymark::redis {

struct Address {
  std::string host;  // A name or an IP address, IPv6 without brackets.
  int port = 6379;
  int database = 0;
  std::string password;  // Empty: none.
};

// Reads `redis://[:password@]host[:port][/db]`; the password may be percent-encoded. Errors: INVALID_ARGUMENT  says
// what is wrong and never repeats the password.
absl::StatusOr<Address> ParseUrl(absl::string_view url);

// Resolves one host's name, on a thread of its own because the system's resolver knows no deadline. Not thread-safe.
class Resolver {
 public:
  explicit Resolver(std::string host) : host_(std::move(host)) {}

  // The host's IP addresses, in the system's order of preference. A lookup that has not ended in time goes on, and the
  // next call waits for that one. Errors: UNAVAILABLE  no answer in time, or no such host.
  absl::StatusOr<std::vector<std::string>> Resolve(Instant deadline);

 private:
  struct Lookup;

  const std::string host_;
  std::shared_ptr<Lookup> pending_;  // Shared with its thread, which may outlive this object.
};

}  // namespace waymark::redis

#endif  // WAYMARK_COMMON_REDIS_ADDRESS_H_
