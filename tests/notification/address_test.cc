#include "services/notification/address.h"

#include <vector>

#include "gtest/gtest.h"

namespace waymark::notification {
namespace {

bool MayGoTo(absl::string_view address, const std::vector<Network>& allowed = {}) {
  return MayConnect(ReadAddress(address).value(), allowed);
}

TEST(AddressTest, PublicAddressesMayBeConnectedTo) {
  for (const char* address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "192.0.1.1",
                              "100.63.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1"}) {
    EXPECT_TRUE(MayGoTo(address)) << address;
  }
}

TEST(AddressTest, SpecialAddressesMayNot) {
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.7",
                              "203.0.113.7",
                              "224.0.0.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fc00::1",
                              "fdff::1",
                              "fe80::1",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "3fff::1",
                              "100::1",
                              "2002:7f00:1::",
                              "64:ff9b::1",
                              "64:ff9b:1::1",
                              "5f00::1",
                              "fec0::1",
                              "::7f00:1"}) {
    EXPECT_FALSE(MayGoTo(address)) << address;
  }
}

TEST(AddressTest, AnIpv4AddressCannotHideInAnIpv6One) {
  EXPECT_FALSE(MayGoTo("::ffff:127.0.0.1"));
  EXPECT_FALSE(MayGoTo("::ffff:7f00:1"));
  EXPECT_TRUE(MayGoTo("::ffff:8.8.8.8"));
}

TEST(AddressTest, AllowedNetworksMayBeConnectedToThoughTheyAreNotPublic) {
  const std::vector<Network> allowed = {*ReadNetwork("10.20.0.0/16"), *ReadNetwork("fd00::/9"),
                                        *ReadNetwork("127.0.0.1")};
  EXPECT_TRUE(MayGoTo("10.20.255.255", allowed));
  EXPECT_FALSE(MayGoTo("10.21.0.0", allowed));
  EXPECT_TRUE(MayGoTo("::ffff:10.20.0.1", allowed));
  EXPECT_TRUE(MayGoTo("fd7f::1", allowed));
  EXPECT_FALSE(MayGoTo("fd80::1", allowed));
  EXPECT_TRUE(MayGoTo("127.0.0.1", allowed));
  EXPECT_FALSE(MayGoTo("127.0.0.2", allowed));
}

TEST(AddressTest, NetworksThatAreNoneAreNotRead) {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0/8", "fd00::/129", "localhost", "/8"}) {
    EXPECT_FALSE(ReadNetwork(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace waymark::notification
