#include "common/redis/address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::redis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Instant Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

TEST(ParseUrlTest, ReadsEveryPart) {
  const auto address = ParseUrl("redis://:s3cret@cache.example:7000/5");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "cache.example");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(address->database, 5);
  EXPECT_EQ(address->password, "s3cret");
}

TEST(ParseUrlTest, AHostIsEnough) {
  const auto address = ParseUrl("redis://cache.example");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "cache.example");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->database, 0);
  EXPECT_EQ(address->password, "");
}

TEST(ParseUrlTest, ReadsIpv6InBrackets) {
  EXPECT_EQ(ParseUrl("redis://[::1]:7000")->host, "::1");
  EXPECT_EQ(ParseUrl("redis://[::1]:7000")->port, 7000);
  EXPECT_EQ(ParseUrl("redis://[fe80::2]/1")->host, "fe80::2");
  EXPECT_EQ(ParseUrl("redis://[fe80::2]/1")->port, 6379);
}

TEST(ParseUrlTest, DecodesThePassword) { EXPECT_EQ(ParseUrl("redis://:a%2Fb%40c@cache")->password, "a/b@c"); }

TEST(ParseUrlTest, RefusesWhatIsMalformedWithoutRepeatingThePassword) {
  for (const char* url :
       {"", "cache:6379", "http://cache", "rediss://:s3cret@cache", "redis://", "redis://:s3cret@:7000",
        "redis://:s3cret@cache:0", "redis://:s3cret@cache:65536", "redis://cache:port",
        "redis://cache:", "redis://:s3cret@cache/x", "redis://cache/-1", "redis://ann:s3cret@cache", "redis://[::1",
        "redis://:s3cret%4@cache", "redis://:s3cret%zz@cache"}) {
    const auto address = ParseUrl(url);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(std::string(address.status().message()), Not(HasSubstr("s3cret"))) << url;
  }
}

TEST(ResolverTest, TakesAddressesAsTheyAre) {
  EXPECT_THAT(*Resolver("127.0.0.1").Resolve(Soon()), ElementsAre("127.0.0.1"));
  EXPECT_THAT(*Resolver("::1").Resolve(Soon()), ElementsAre("::1"));
}

TEST(ResolverTest, FindsNames) { EXPECT_THAT(*Resolver("localhost").Resolve(Soon()), Contains("127.0.0.1")); }

TEST(ResolverTest, AnUnknownNameIsUnavailable) {
  Resolver resolver("no-such-host.invalid");
  EXPECT_EQ(resolver.Resolve(Soon()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(resolver.Resolve(Soon()).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ResolverTest, WaitsNoLongerThanAllowed) {
  Resolver resolver("no-such-host.invalid");
  EXPECT_EQ(resolver.Resolve(Instant()).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace waymark::redis
