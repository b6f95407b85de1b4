#include "services/notification/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"

namespace waymark::notification {
namespace {

// www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, multicast, and the networks that
// carry IPv4 addresses inside IPv6 ones.
constexpr const char* kNotPublic[] = {
    "0.0.0.0/8",      "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24",   "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",  "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",  "240.0.0.0/4",    "::/96",          "64:ff9b::/96",   "64:ff9b:1::/48",
    "100::/64",       "2001::/32",    "2001:db8::/32",  "2002::/16",      "3fff::/20",      "5f00::/16",
    "fc00::/7",       "fe80::/10",    "fec0::/10",      "ff00::/8",
};

const std::vector<Network>& NotPublic() {
  static const auto& networks = *[] {
    auto* networks = new std::vector<Network>();
    for (const char* text : kNotPublic) networks->push_back(*ReadNetwork(text));
    return networks;
  }();
  return networks;
}

bool IsIn(const Address& address, const std::vector<Network>& networks) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& network) { return network.Has(address); });
}

}  // namespace

std::optional<Address> ReadAddress(absl::string_view text) {
  const std::string terminated(text);
  Address address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  address = {};
  address[10] = address[11] = 0xff;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

bool Network::Has(const Address& other) const {
  const int whole = bits / 8;
  if (std::memcmp(address.data(), other.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (address[whole] ^ other[whole]) >> (8 - rest) == 0;
}

std::optional<Network> ReadNetwork(absl::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Address> address = ReadAddress(text.substr(0, slash));
  if (!address.has_value()) return std::nullopt;
  if (slash == text.npos) return Network{*address, 128};
  const int offset = text.find(':') == text.npos ? 96 : 0;
  int bits = 0;
  if (!absl::SimpleAtoi(text.substr(slash + 1), &bits) || bits < 0 || bits + offset > 128) return std::nullopt;
  return Network{*address, bits + offset};
}

bool MayConnect(const Address& address, const std::vector<Network>& allowed) {
  return IsIn(address, allowed) || !IsIn(address, NotPublic());
}

}  // namespace waymark::notification
