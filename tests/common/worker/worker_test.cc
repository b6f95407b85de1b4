#include "common/worker/worker.h"

#include <atomic>

#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kForEver = absl::InfiniteDuration();

TEST(WorkerTest, GoesOnAtOnceWhileThereIsWork) {
  int rounds = 0;
  absl::Notification hundred;
  Worker worker("busy", kForEver, [&] {
    if (++rounds == 100) hundred.Notify();
    return rounds < 100;
  });
  hundred.WaitForNotification();  // Any wait between rounds would be for ever.
}

TEST(WorkerTest, RunsAgainAfterItsIdleTime) {
  int rounds = 0;
  absl::Notification third;
  Worker worker("idle", absl::Milliseconds(1), [&] {
    if (++rounds == 3) third.Notify();
    return false;
  });
  third.WaitForNotification();
}

TEST(WorkerTest, NewsEndAnIdleWait) {
  int rounds = 0;
  absl::Notification first, second;
  Worker worker("woken", kForEver, [&] {
    ++rounds;
    if (rounds == 1) first.Notify();
    if (rounds == 2) second.Notify();
    return false;
  });
  first.WaitForNotification();
  worker.Wake();  // Whether it waits already or is about to.
  second.WaitForNotification();
}

TEST(WorkerTest, NewsDuringARoundAreNotLost) {
  int rounds = 0;
  absl::Notification first_begun, told, second;
  Worker worker("woken", kForEver, [&] {
    ++rounds;
    if (rounds == 1) {
      first_begun.Notify();
      told.WaitForNotification();
    }
    if (rounds == 2) second.Notify();
    return false;
  });
  first_begun.WaitForNotification();
  worker.Wake();
  told.Notify();
  second.WaitForNotification();
}

TEST(WorkerTest, StoppingWaitsForTheRoundUnderWay) {
  absl::Notification begun;
  std::atomic<bool> ended = false;
  {
    Worker worker("slow", kForEver, [&] {
      begun.Notify();
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      ended = true;
      return false;
    });
    begun.WaitForNotification();
  }
  EXPECT_TRUE(ended);
}

TEST(WorkerTest, AFailureIsTriedAgainAndLoggedOnce) {
  int rounds = 0;
  absl::Notification mended;
  testing::internal::CaptureStderr();
  {
    Worker worker("follow milestone", kForEver, [&]() -> absl::StatusOr<bool> {
      if (++rounds <= 2) return absl::UnavailableError("milestone cannot be reached");
      mended.Notify();
      return false;
    });
    mended.WaitForNotification();
  }
  const std::string log = testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u) << log;
  EXPECT_THAT(lines[0], HasSubstr("worker=\"follow milestone\" error=\"UNAVAILABLE: milestone cannot be reached\""));
  EXPECT_THAT(lines[1], HasSubstr("work succeeds again"));
}

TEST(WorkerTest, PausesGrowWhileItFails) {
  std::vector<absl::Time> rounds;
  absl::Notification fourth;
  {
    Worker worker("failing", absl::ZeroDuration(), [&]() -> absl::StatusOr<bool> {
      rounds.push_back(absl::Now());
      if (rounds.size() == 4) fourth.Notify();
      return absl::UnavailableError("away");
    });
    fourth.WaitForNotification();
    worker.Wake();  // Does not hurry it: news does not mend a failure.
  }
  // 100, 200 and 400 ms at least; a slow machine only adds to them.
  EXPECT_GE(rounds[1] - rounds[0], absl::Milliseconds(95));
  EXPECT_GE(rounds[2] - rounds[1], absl::Milliseconds(195));
  EXPECT_GE(rounds[3] - rounds[2], absl::Milliseconds(395));
}

}  // namespace
}  // namespace waymark
