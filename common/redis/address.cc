#include "common/redis/address.h"

#include <netdb.h>
#include <sys/socket.h>

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"

namespace waymark::redis {
namespace {

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the Redis URL ", what, "; it looks like redis://[:password@]host[:port][/db]"));
}

// Undoes percent-encoding (RFC 3986, 2.1).
absl::StatusOr<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    uint32_t byte = 0;
    if (i + 2 >= text.size() || !absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) {
      return Malformed("has a `%` in its password that two hexadecimal digits do not follow");
    }
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return decoded;
}

// The numeric addresses of `host`. `flags` as of getaddrinfo.
absl::StatusOr<std::vector<std::string>> LookUp(const std::string& host, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot resolve ", host, ": ", gai_strerror(error)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  return addresses;
}

}  // namespace

absl::StatusOr<Address> ParseUrl(absl::string_view url) {
  if (absl::StartsWith(url, "rediss://")) return Malformed("asks for TLS, which this build does not have");
  if (!absl::ConsumePrefix(&url, "redis://")) return Malformed("does not begin with redis://");
  Address address;

  if (const size_t at = url.rfind('@'); at != absl::string_view::npos) {
    absl::string_view password = url.substr(0, at);
    if (!absl::ConsumePrefix(&password, ":")) return Malformed("names a user, which is not supported");
    auto decoded = PercentDecoded(password);
    if (!decoded.ok()) return decoded.status();
    address.password = *std::move(decoded);
    url.remove_prefix(at + 1);
  }
  if (const size_t slash = url.find('/'); slash != absl::string_view::npos) {
    const absl::string_view database = url.substr(slash + 1);
    if (!database.empty() && (!absl::SimpleAtoi(database, &address.database) || address.database < 0)) {
      return Malformed("has a database that is not a number from 0");
    }
    url = url.substr(0, slash);
  }
  // The port follows the last colon, unless that one is inside the brackets of an IPv6 address.
  const size_t colon = url.rfind(':');
  if (colon != absl::string_view::npos && url.find(']', colon) == absl::string_view::npos) {
    if (!absl::SimpleAtoi(url.substr(colon + 1), &address.port) || address.port < 1 || address.port > 65535) {
      return Malformed("has a port that is not a number from 1 to 65535");
    }
    url = url.substr(0, colon);
  }
  if (absl::ConsumePrefix(&url, "[") && !absl::ConsumeSuffix(&url, "]")) return Malformed("has a `[` without its `]`");
  if (url.empty()) return Malformed("names no host");
  address.host = std::string(url);
  return address;
}

struct Resolver::Lookup {
  absl::Mutex mutex;
  bool done ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<std::vector<std::string>> addresses ABSL_GUARDED_BY(mutex);
};

absl::StatusOr<std::vector<std::string>> Resolver::Resolve(Instant deadline) {
  if (auto numeric = LookUp(host_, AI_NUMERICHOST); numeric.ok()) return numeric;
  if (pending_ == nullptr) {
    pending_ = std::make_shared<Lookup>();
    std::thread([lookup = pending_, host = host_] {
      auto addresses = LookUp(host, 0);
      absl::MutexLock lock(&lookup->mutex);
      lookup->addresses = std::move(addresses);
      lookup->done = true;
    }).detach();
  }
  const std::shared_ptr<Lookup> lookup = pending_;
  const absl::Duration patience = absl::FromChrono(deadline - std::chrono::steady_clock::now());
  absl::MutexLock lock(&lookup->mutex);
  if (!lookup->mutex.AwaitWithTimeout(absl::Condition(&lookup->done), patience)) {
    return absl::UnavailableError(absl::StrCat("cannot resolve ", host_, " in time"));
  }
  pending_ = nullptr;
  return lookup->addresses;
}

}  // namespace waymark::redis
