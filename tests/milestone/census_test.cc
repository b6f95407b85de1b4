#include "services/milestone/census.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/milestone/conformance.h"
#include "services/milestone/paths.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;

class CensusTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
  Shelf shelf_;
  Census census_{world_.parts().journal(), shelf_};
};

TEST_P(CensusTest, EverybodyIsSeenOnceByIdAcrossPagesAndAskedForBetween) {
  world_.Publish("onboarding", 1, Onboarding());
  // More than a page of histories, one of them longer than what is read at once.
  std::vector<v1::Event> events;
  for (int i = 0; i < 600; ++i) events.push_back(At(-1, absl::StrCat("c", 1000 + i), "login", "e"));
  ASSERT_TRUE(world_.Ingest(events).ok());
  for (int batch = 0; batch < 21; ++batch) {
    events.clear();
    for (int i = 0; i < 1000; ++i) events.push_back(At(-2, "c1300", "login", absl::StrCat("long-", batch, "-", i)));
    ASSERT_TRUE(world_.Ingest(events).ok());
  }
  for (const bool histories : {false, true}) {
    std::vector<std::string> seen;
    size_t items = 0;
    int asked = 0;
    const absl::Status status = census_.Take(
        "default", {.journey_id = "onboarding"}, {.histories = histories}, Noon(),
        [&] {
          ++asked;
          return absl::OkStatus();
        },
        [&](const Traveller& traveller) {
          seen.emplace_back(traveller.customer_id);
          items += traveller.history.size();
          EXPECT_TRUE(std::is_sorted(traveller.history.begin(), traveller.history.end(), rules::Before));
        });
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(seen.size(), 600u);
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end(), std::greater_equal<>()), seen.end());
    EXPECT_EQ(items, histories ? 21'600u : 0u);
    EXPECT_GE(asked, histories ? 4 : 1);
  }
  size_t items = 0;
  ASSERT_TRUE(census_
                  .ReadHistories(
                      "default", [] { return absl::OkStatus(); },
                      [&](absl::Span<const rules::Item> history) { items += history.size(); })
                  .ok());
  EXPECT_EQ(items, 21'600u);
}

TEST_P(CensusTest, ADeadlineEndsTheLookBetweenPages) {
  world_.Publish("onboarding", 1, Onboarding());
  std::vector<v1::Event> events;
  for (int i = 0; i < 600; ++i) events.push_back(At(-1, absl::StrCat("c", i), "login", "e"));
  ASSERT_TRUE(world_.Ingest(events).ok());
  int asked = 0, seen = 0;
  const absl::Status status = census_.Take(
      "default", {.journey_id = "onboarding"}, {.histories = true}, Noon(),
      [&] { return ++asked == 2 ? absl::DeadlineExceededError("late") : absl::OkStatus(); },
      [&](const Traveller&) { ++seen; });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(seen, 250);
  EXPECT_EQ(census_
                .ReadHistories(
                    "default", [] { return absl::DeadlineExceededError("late"); },
                    [](absl::Span<const rules::Item>) { FAIL(); })
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_P(CensusTest, OnlyTheWorkspaceIsSeen) {
  world_.Publish("onboarding", 1, Onboarding());
  world_.Publish("onboarding", 1, Onboarding(), "other");
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e")}).ok());
  ASSERT_TRUE(world_.Ingest({At(0, "birch", "login", "e")}, false, "other").ok());
  std::vector<std::string> seen;
  ASSERT_TRUE(census_
                  .Take(
                      "other", {.journey_id = "onboarding"}, {}, Noon(), [] { return absl::OkStatus(); },
                      [&](const Traveller& traveller) { seen.emplace_back(traveller.customer_id); })
                  .ok());
  EXPECT_THAT(seen, ElementsAre("birch"));
  EXPECT_EQ(census_.Find("other", {.journey_id = "onboarding", .customer_id = "acme"}).status().code(),
            absl::StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Engines, CensusTest, support::BothEngines(), support::EngineName);

// A customer whose events all have types of their own.
TEST(LimitsTest, TooManyDifferentWaysAndDeviationsAreRefused) {
  rules::JourneyVersion version{.journey_id = "j", .number = 1};
  const auto stage = [](const std::string& key, std::vector<std::string> types) {
    return rules::Stage{.key = key,
                        .milestones = {{.key = key, .criterion = {rules::EventCount{.events = {std::move(types)}}}}}};
  };
  version.definition.entry.triggers = {rules::AnyEvent{}};
  std::vector<std::string> types;
  for (size_t i = 0; i <= Paths::kMostLinks; ++i) types.push_back(absl::StrCat("type-", i));
  version.definition.stages = {stage("first", {"never"}), stage("second", types)};
  const rules::Journey journey(version);
  const rules::Run run{.entered = {{.time = Noon(), .item = 1}}};
  std::vector<rules::Item> history;
  Paths paths(journey, /*between_events=*/true);
  Conformance conformance;
  for (size_t i = 0; i + 1 < types.size(); ++i) {
    history.push_back({.time = Noon(), .number = static_cast<int64_t>(i) + 1, .type = types[i]});
  }
  // What opens the journey fits, and one link ends it.
  Traveller traveller{.customer_id = "acme", .journey = journey, .now = Noon(), .runs = {&run}, .history = history};
  conformance.Add(traveller);
  EXPECT_TRUE(conformance.state().ok());
  paths.Add(traveller);
  EXPECT_EQ(paths.state().code(), absl::StatusCode::kFailedPrecondition);
  for (int i = 0; i < 2; ++i) {
    history.push_back({.time = Noon(),
                       .number = static_cast<int64_t>(history.size()) + 1,
                       .type = i == 0 ? types.back() : absl::string_view("type-0")});
  }
  traveller.history = history;
  conformance.Add(traveller);
  EXPECT_EQ(conformance.state().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::milestone
