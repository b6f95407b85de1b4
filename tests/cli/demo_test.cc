// What services/cli/demo.h promises: the same for ever, and a story in it.
#include "services/cli/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "services/cli/manifests.h"
#include "tests/support/temp_dir.h"

namespace waymark::cli {
namespace {

constexpr absl::CivilDay kEnd(2026, 5, 4);

TEST(DemoTest, TheSameDayGivesTheSameBytes) {
  const support::TempDir one;
  const support::TempDir two;
  ASSERT_TRUE(WriteDemo(one.path(), kEnd).ok());
  ASSERT_TRUE(WriteDemo(two.path(), kEnd).ok());
  for (const char* file : {"journey.yaml", "scorecard.yaml", "playbook.yaml", "events.csv.gz"}) {
    EXPECT_EQ(support::ReadFile(one.File(file)), support::ReadFile(two.File(file))) << file;
  }
}

TEST(DemoTest, ItsManifestsAreSound) {
  const support::TempDir dir;
  ASSERT_TRUE(WriteDemo(dir.path(), kEnd).ok());
  const auto reading = ReadManifests({dir.path()});
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->problems, testing::IsEmpty());
  EXPECT_EQ(reading->manifests.size(), 5);
}

TEST(DemoTest, ThreeHundredCustomersLiveAYearByTime) {
  const auto events = MakeDemoEvents(kEnd);
  std::set<std::string> customers;
  std::set<std::string> ids;
  for (const DemoEvent& event : events) {
    customers.insert(event.customer);
    ids.insert(event.event_id);
  }
  EXPECT_EQ(customers.size(), 300);
  EXPECT_EQ(ids.size(), events.size());
  EXPECT_GT(events.size(), 20'000);
  EXPECT_TRUE(
      std::is_sorted(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.time < b.time; }));
  EXPECT_GE(events.front().time, absl::FromCivil(kEnd - 365, absl::UTCTimeZone()));
  EXPECT_LT(events.back().time, absl::FromCivil(kEnd, absl::UTCTimeZone()));
}

TEST(DemoTest, SetupBecameFasterHalfWayThrough) {
  std::map<std::string, absl::Time> joined;
  std::map<bool, std::vector<absl::Duration>> taken;  // By whether the customer came after setup was rebuilt.
  const absl::Time half = absl::FromCivil(kEnd - 185, absl::UTCTimeZone());
  for (const DemoEvent& event : MakeDemoEvents(kEnd)) {
    if (event.type == "signed_up") joined[event.customer] = event.time;
    if (event.type == "data_connected")
      taken[joined[event.customer] >= half].push_back(event.time - joined[event.customer]);
  }
  const auto median = [](std::vector<absl::Duration> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  EXPECT_LT(median(taken[true]), median(taken[false]) * 0.7);
}

}  // namespace
}  // namespace waymark::cli
