#include "common/redis/breaker.h"

#include "gtest/gtest.h"

namespace waymark::redis {
namespace {

using std::chrono::milliseconds;

constexpr Instant kNoon{std::chrono::hours(12)};

Breaker Opened() {
  Breaker breaker(3, absl::Milliseconds(500));
  for (int i = 0; i < 3; ++i) breaker.Failed(kNoon);
  return breaker;
}

TEST(BreakerTest, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(3, absl::Milliseconds(500));
  breaker.Failed(kNoon);
  breaker.Failed(kNoon);
  EXPECT_TRUE(breaker.closed());
  EXPECT_TRUE(breaker.Admit(kNoon));
  breaker.Failed(kNoon);
  EXPECT_FALSE(breaker.closed());
  EXPECT_FALSE(breaker.Admit(kNoon));
}

TEST(BreakerTest, ASuccessBetweenFailuresKeepsItClosed) {
  Breaker breaker(2, absl::Milliseconds(500));
  breaker.Failed(kNoon);
  breaker.Succeeded();
  breaker.Failed(kNoon);
  EXPECT_TRUE(breaker.closed());
}

TEST(BreakerTest, LetsOneProbeThroughAfterThePause) {
  Breaker breaker = Opened();
  EXPECT_FALSE(breaker.Admit(kNoon + milliseconds(499)));
  EXPECT_TRUE(breaker.Admit(kNoon + milliseconds(500)));
  EXPECT_FALSE(breaker.Admit(kNoon + milliseconds(500)));
  EXPECT_FALSE(breaker.Admit(kNoon + std::chrono::hours(1)));
}

TEST(BreakerTest, ASuccessfulProbeClosesIt) {
  Breaker breaker = Opened();
  EXPECT_TRUE(breaker.Admit(kNoon + milliseconds(500)));
  breaker.Succeeded();
  EXPECT_TRUE(breaker.closed());
  EXPECT_TRUE(breaker.Admit(kNoon + milliseconds(500)));
}

TEST(BreakerTest, AFailedProbeOpensItForAnotherPause) {
  Breaker breaker = Opened();
  EXPECT_TRUE(breaker.Admit(kNoon + milliseconds(500)));
  breaker.Failed(kNoon + milliseconds(550));
  EXPECT_FALSE(breaker.Admit(kNoon + milliseconds(1049)));
  EXPECT_TRUE(breaker.Admit(kNoon + milliseconds(1050)));
}

}  // namespace
}  // namespace waymark::redis
