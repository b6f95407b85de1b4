#include "common/sql/pool.h"

#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace waymark::sql {
namespace {

struct FakeConnection {
  int number = 0;
  bool broken = false;
};

class PoolTest : public ::testing::Test {
 protected:
  Pool<FakeConnection> MakePool(int most, absl::Duration wait) {
    return Pool<FakeConnection>(
        most, wait,
        [this]() -> absl::StatusOr<std::unique_ptr<FakeConnection>> {
          if (!reachable_) return absl::UnavailableError("down");
          return std::make_unique<FakeConnection>(FakeConnection{.number = ++made_});
        },
        [](FakeConnection& connection) { return !connection.broken; });
  }

  int made_ = 0;
  bool reachable_ = true;
};

TEST_F(PoolTest, KeepsWhatIsGivenBack) {
  auto pool = MakePool(2, absl::Seconds(5));
  EXPECT_EQ((*pool.Take())->number, 1);
  EXPECT_EQ((*pool.Take())->number, 1);
}

TEST_F(PoolTest, ReplacesWhatIsBroken) {
  auto pool = MakePool(2, absl::Seconds(5));
  (*pool.Take())->broken = true;
  EXPECT_EQ((*pool.Take())->number, 2);
}

TEST_F(PoolTest, MoreThanThereAreIsUnavailable) {
  auto pool = MakePool(1, absl::Milliseconds(1));
  const auto first = pool.Take();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(pool.Take().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PoolTest, WhoWaitsGetsTheOneGivenBack) {
  auto pool = MakePool(1, absl::Seconds(60));
  auto first = std::make_unique<Pool<FakeConnection>::Lease>(*pool.Take());
  absl::Notification started;
  int number = 0;
  std::thread waiting([&] {
    started.Notify();
    number = (*pool.Take())->number;
  });
  started.WaitForNotification();
  first.reset();
  waiting.join();
  EXPECT_EQ(number, 1);
}

TEST_F(PoolTest, AFailureToConnectTakesNoPlace) {
  auto pool = MakePool(1, absl::Milliseconds(1));
  reachable_ = false;
  EXPECT_EQ(pool.Take().status().message(), "down");
  EXPECT_EQ(pool.Take().status().message(), "down");
  reachable_ = true;
  EXPECT_TRUE(pool.Take().ok());
}

}  // namespace
}  // namespace waymark::sql
