// A journey's lateness: what comes too late is kept, said and counted, and changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/milestone/replays.h"
#include "tests/support/metric.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kDay = 24 * 60;  // In minutes.

double LateEvents() { return support::ValueOf("waymark_ingest_late_events_total"); }

journey::v1::JourneyDefinition Within(int days, journey::v1::JourneyDefinition definition = Onboarding()) {
  definition.mutable_lateness()->set_seconds(days * 86'400);
  return definition;
}

class LatenessTest : public Replays {
 protected:
  // The journeys for which the only event came too late; it is accepted.
  std::vector<std::string> LateFor(const v1::Event& event, bool backfill = false) {
    const auto answer = world_.Ingest({event}, backfill);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return {};
    EXPECT_EQ(answer->results(0).outcome(), v1::EVENT_OUTCOME_ACCEPTED);
    return {answer->results(0).late_for().begin(), answer->results(0).late_for().end()};
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, LatenessTest, support::BothEngines(), support::EngineName);

TEST_P(LatenessTest, AnEventCountsUpToTheVeryInstant) {
  world_.Publish("strict", 1, Within(1));
  world_.Publish("week", 1, Within(7));
  world_.Publish("lenient", 1, Onboarding());
  EXPECT_THAT(LateFor(At(-kDay, "acme", "connect", "1")), IsEmpty());
  EXPECT_EQ(world_.StageOf("acme"), "lenient:adoption strict:adoption week:adoption");
  EXPECT_THAT(LateFor(At(-kDay - 1, "beta", "connect", "1")), ElementsAre("strict"));
  EXPECT_EQ(world_.StageOf("beta"), "lenient:adoption week:adoption");
  EXPECT_THAT(LateFor(At(-7 * kDay - 1, "gamma", "connect", "1")), ElementsAre("strict", "week"));
  EXPECT_EQ(world_.StageOf("gamma"), "lenient:adoption");
}

TEST_P(LatenessTest, WhatWasSentAsHistoryIsNeverTooLate) {
  world_.Publish("strict", 1, Within(1));
  EXPECT_THAT(LateFor(At(-30 * kDay, "acme", "connect", "1"), true), IsEmpty());
  EXPECT_EQ(world_.StageOf("acme"), "strict:adoption");
}

TEST_P(LatenessTest, ItIsKeptAndARepetitionIsNoNews) {
  world_.Publish("strict", 1, Within(1));
  EXPECT_THAT(LateFor(At(-2 * kDay, "acme", "connect", "1")), ElementsAre("strict"));
  // Also where it is sent again as history: it was received when it came first.
  for (const bool backfill : {false, true}) {
    const auto again = world_.Ingest({At(-2 * kDay, "acme", "connect", "1")}, backfill);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->results(0).outcome(), v1::EVENT_OUTCOME_DUPLICATE);
    EXPECT_THAT(again->results(0).late_for(), IsEmpty());
  }
  EXPECT_EQ(world_.StageOf("acme"), "");
  v1::ListTimelineRequest request;
  request.set_customer_id("acme");
  const auto timeline =
      Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  EXPECT_EQ(timeline->items_size(), 1);
}

// It stays so however the history is folded later: received when it was received.
TEST_P(LatenessTest, LaterFoldsOfTheWholeHistoryLeaveItOut) {
  world_.Publish("j", 1, Within(1));
  ASSERT_THAT(LateFor(At(0, "acme", "connect", "1")), IsEmpty());
  clock_.Advance(absl::Hours(48));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(LateFor(At(60 + i, "acme", "report", absl::StrCat("late-", i))), ElementsAre("j"));
  }
  EXPECT_EQ(world_.StageOf("acme"), "j:adoption");
  // In time, but before what was applied last: folded anew. It counts, those too late do not.
  EXPECT_THAT(LateFor(At(2 * kDay, "acme", "report", "2")), IsEmpty());
  EXPECT_THAT(LateFor(At(2 * kDay - 60, "acme", "report", "3")), IsEmpty());
  EXPECT_EQ(world_.StageOf("acme"), "j:adoption");
  const auto report = Recompute(false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers_differing(), 0);
  EXPECT_THAT(LateFor(At(2 * kDay - 30, "acme", "report", "4")), IsEmpty());
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
}

TEST_P(LatenessTest, AnotherVersionsLatenessIsTriedOnTheSameHistory) {
  world_.Publish("j", 1, Within(1));
  ASSERT_THAT(LateFor(At(-2 * kDay, "acme", "connect", "1")), ElementsAre("j"));
  const auto same = Preview(Within(1));
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->customers_changed(), 0);
  const auto other = Preview(Within(2));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->customers_changed(), 1) << other->DebugString();
}

TEST_P(LatenessTest, ItIsCounted) {
  const double before = LateEvents();
  world_.Publish("a", 1, Within(1));
  world_.Publish("b", 1, Within(1));
  LateFor(At(-2 * kDay, "acme", "connect", "1"));
  LateFor(At(-2 * kDay, "acme", "connect", "2"), true);
  LateFor(At(0, "acme", "connect", "3"));
  EXPECT_EQ(LateEvents() - before, 2);
}

}  // namespace
}  // namespace waymark::milestone
