#include "common/sql/rerun.h"

#include "common/base/errors.h"
#include "gtest/gtest.h"

namespace waymark::sql {
namespace {

// How often `attempt` runs before its status is returned.
int Runs(const Attempt& attempt) {
  int runs = 0;
  const absl::Status status = RunAttempts([&] {
    ++runs;
    return attempt;
  });
  EXPECT_EQ(status.ok(), attempt.status.ok());
  return runs;
}

TEST(RunAttemptsTest, SuccessAndOtherErrorsRunOnce) {
  EXPECT_EQ(Runs({.status = absl::OkStatus()}), 1);
  EXPECT_EQ(Runs({.status = absl::InternalError("no")}), 1);
  EXPECT_EQ(Runs({.status = StoreUnavailable("not confirmed")}), 1);
}

TEST(RunAttemptsTest, AnEtagThatDoesNotMatchIsAnAnswer) { EXPECT_EQ(Runs({.status = EtagMismatch("it")}), 1); }

TEST(RunAttemptsTest, ALostRaceRunsTenTimesAndIsUnavailableThen) {
  EXPECT_EQ(Runs({.status = absl::AbortedError("another was faster")}), 10);
  const absl::Status status = RunAttempts([] { return Attempt{.status = absl::AbortedError("another was faster")}; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "STORE_UNAVAILABLE");
}

TEST(RunAttemptsTest, ALostConnectionRunsTenTimes) {
  EXPECT_EQ(Runs({.status = StoreUnavailable("lost"), .connection_lost = true}), 10);
}

TEST(RunAttemptsTest, EndsWithTheFirstThatIsNotLost) {
  int runs = 0;
  const absl::Status status = RunAttempts(
      [&] { return Attempt{.status = ++runs < 3 ? absl::AbortedError("another was faster") : absl::OkStatus()}; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace waymark::sql
