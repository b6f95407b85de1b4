// Which network addresses a webhook may go to. Pure.
//
// A webhook's URL comes from a client, so without this a client could have this service talk to what only this service
// can reach (server-side request forgery, OWASP API7). What is checked is the address of the socket about to be
// connected, not the name: names may change their meaning between a check and its use.
#ifndef WAYMARK_SERVICES_NOTIFICATION_ADDRESS_H_
#define WAYMARK_SERVICES_NOTIFICATION_ADDRESS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark::notification {

// An IPv6 address; an IPv4 address is the IPv6 address it is mapped to (::ffff:a.b.c.d), so it cannot hide in one.
using Address = std::array<uint8_t, 16>;

// Reads `192.0.2.1` or `2001:db8::1`; nothing where it is neither.
std::optional<Address> ReadAddress(absl::string_view text);

// Addresses that begin with the same bits.
struct Network {
  Address address{};
  int bits = 128;

  bool Has(const Address& other) const;
};

// Reads `10.0.0.0/8`, `fd00::/8` or a single address; nothing where it is neither.
std::optional<Network> ReadNetwork(absl::string_view text);

// Whether a webhook may go to `address`: it is public, that is in none of IANA's special-purpose registries, or lies in
// one of `allowed`.
bool MayConnect(const Address& address, const std::vector<Network>& allowed);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_ADDRESS_H_
