#include "common/base/clock.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace waymark {
namespace {

TEST(RealClockTest, TellsTheMachinesTimeInWholeMicroseconds) {
  const absl::Time before = absl::Now() - absl::Microseconds(1);
  const absl::Time now = RealClock().Now();
  EXPECT_LE(before, now);
  EXPECT_GE(absl::Now(), now);
  EXPECT_EQ(absl::FromUnixMicros(absl::ToUnixMicros(now)), now);
}

TEST(VirtualClockTest, MovesOnlyByHand) {
  const absl::Time noon = absl::FromUnixSeconds(1'777'896'000);
  VirtualClock clock(noon);
  EXPECT_EQ(clock.Now(), noon);
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(clock.Now(), noon + absl::Hours(1));
  clock.Set(noon);
  EXPECT_EQ(clock.Now(), noon);
}

}  // namespace
}  // namespace waymark
