// Journeys that are entered by completing another.
#include "services/milestone/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Entered by whoever completes `other`, as often as that happens.
journey::v1::JourneyDefinition After(const std::string& other, const std::vector<Step>& steps) {
  journey::v1::JourneyDefinition definition = Steps(steps);
  definition.mutable_entry()->clear_triggers();
  definition.mutable_entry()->add_triggers()->mutable_journey_completed()->set_journey_id(other);
  definition.mutable_entry()->set_re_entry(journey::v1::RE_ENTRY_ALWAYS);
  return definition;
}

JourneyPtr Waiting(const std::string& journey_id, const std::vector<std::string>& others) {
  rules::JourneyVersion version{.journey_id = journey_id, .number = 1};
  for (const std::string& other : others) {
    version.definition.entry.triggers.push_back(rules::JourneyCompletion{other});
  }
  version.definition.stages.push_back({.key = "s"});
  return std::make_shared<const rules::Journey>(std::move(version));
}

TEST(InOrderOfWaitingTest, EachComesAfterThoseItWaitsFor) {
  EXPECT_THAT(InOrderOfWaiting({Waiting("a", {"c"}), Waiting("b", {}), Waiting("c", {"b", "d", "unknown"})}),
              ElementsAre(1, 2, 0));
  EXPECT_THAT(InOrderOfWaiting({Waiting("a", {}), Waiting("b", {})}), ElementsAre(0, 1));
  EXPECT_THAT(InOrderOfWaiting({Waiting("a", {"b"}), Waiting("b", {"a"}), Waiting("c", {"c"})}), ElementsAre(1, 0, 2));
}

class CompletionsTest : public Replays {
 protected:
  // `onboarding` ends with the first report; whoever ends it expands: two more, and then grows with a renewal. The
  // names make that the other way round than their order.
  void Publish(World& world) {
    world.PublishOnly("onboarding", 1, Steps({{"setup", "connect"}, {"adoption", "report"}}));
    world.PublishOnly("expansion", 1, After("onboarding", {{"first", "report", 2}}));
    world.PublishOnly("growth", 1, After("expansion", {{"only", "renew"}}));
    world.Settle();
  }
  void ExpectRight() {
    const auto report = Recompute(false);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers_differing(), 0) << report->DebugString().substr(0, 2'000);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, CompletionsTest, support::BothEngines(), support::EngineName);

TEST_P(CompletionsTest, CompletingOneJourneyOpensTheNextAtThatMoment) {
  Publish(world_);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "a1"), At(1, "acme", "report", "a2")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "expansion:first onboarding:adoption");
  const auto progress = world_.GetProgress("acme");
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->enrollments(0).enroll_time().seconds(), absl::ToUnixSeconds(Noon() + absl::Minutes(1)));
  EXPECT_EQ(progress->enrollments(0).enroll_witness_event_id(), "a2");
  // The report that ended the one does not count for the other, which began with its end.
  EXPECT_EQ(progress->enrollments(0).stages(0).milestones(0).counted(), 0u);
  ASSERT_TRUE(world_.Ingest({At(2, "acme", "report", "a3"), At(3, "acme", "report", "a4")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "expansion:first growth:only onboarding:adoption");
  ExpectRight();

  v1::ExplainRequest explain;
  explain.set_customer_id("acme");
  explain.set_journey_id("expansion");
  const auto why = Call<v1::ExplainResponse>(world_.milestones(), &v1::MilestoneService::Stub::Explain, explain);
  ASSERT_TRUE(why.ok()) << why.status();
  ASSERT_EQ(why->reasons(0).kind(), v1::REASON_KIND_ENROLLED);
  ASSERT_EQ(why->reasons(0).witnesses_size(), 1);
  EXPECT_EQ(why->reasons(0).witnesses(0).item_id(), "onboarding");
}

TEST_P(CompletionsTest, WhatComesLateTakesACompletionBackAndWithItWhatItOpened) {
  journey::v1::JourneyDefinition definition = Steps({{"setup", "connect"}, {"adoption", "report"}});
  journey::v1::Exit* exit = definition.add_exits();
  exit->set_key("gone");
  exit->set_outcome(journey::v1::OUTCOME_CHURNED);
  exit->mutable_criterion()->mutable_event_count()->add_event_types("cancel");
  world_.Publish("onboarding", 1, definition);
  world_.Publish("expansion", 1, After("onboarding", {{"first", "report", 2}}));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "a1"), At(5, "acme", "report", "a2")}).ok());
  ASSERT_EQ(world_.StageOf("acme"), "expansion:first onboarding:adoption");
  ASSERT_TRUE(world_.Ingest({At(3, "acme", "cancel", "late")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_THAT(world_.Facts(), Contains("ConclusionRetracted:acme"));
  ExpectRight();
}

TEST_P(CompletionsTest, WhatElseHappensAtThatInstantComesBeforeTheCompletion) {
  Publish(world_);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "a1"), At(1, "acme", "report", "a2")}).ok());
  // It is of the same instant and is told later.
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "report", "a3")}).ok());
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).stages(0).milestones(0).counted(), 0u);
  ExpectRight();
}

TEST_P(CompletionsTest, WhoHadCompletedItBeforeIsEnrolledWhenTheNextIsPublished) {
  world_.Publish("onboarding", 1, Steps({{"setup", "connect"}, {"adoption", "report"}}));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "a1"), At(1, "acme", "report", "a2")}).ok());
  world_.Publish("expansion", 1, After("onboarding", {{"first", "report", 2}}));
  EXPECT_EQ(world_.StageOf("acme"), "expansion:first onboarding:adoption");
  EXPECT_THAT(world_.Facts(), Contains("CustomerEnrolled:acme!")) << "it is historical";
  // A preview of the version in force changes nothing.
  v1::PreviewVersionRequest preview;
  preview.mutable_replay()->set_journey_id("expansion");
  const auto report = Preview(preview);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers_changed(), 0) << report->DebugString();
  EXPECT_EQ(report->outcome_hash(), report->base_outcome_hash());
}

TEST_P(CompletionsTest, OrderOfArrivalChangesNothingAlongAChainOfJourneys) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto tidy_db = support::OpenFresh(GetParam());
  World tidy(*tidy_db, clock_);
  World other(*db_, clock_);
  Publish(world_);
  Publish(tidy);
  constexpr int kCustomers = 40;
  const char* types[] = {"connect", "report", "report", "renew", "login"};
  std::vector<v1::Event> events;
  for (int i = 0; i < 1'200; ++i) {
    // Few instants, so that several things happen at one.
    events.push_back(At(static_cast<int>(random() % 40) - 50, absl::StrCat("customer-", random() % kCustomers),
                        types[random() % 5], absl::StrCat("e", i)));
  }
  ASSERT_TRUE(tidy.Ingest({events.begin(), events.begin() + 1'000}).ok());
  ASSERT_TRUE(tidy.Ingest({events.begin() + 1'000, events.end()}).ok());
  std::shuffle(events.begin(), events.end(), random);
  for (size_t begin = 0; begin < events.size();) {
    const size_t end = std::min(events.size(), begin + 1 + random() % 30);
    ASSERT_TRUE((random() % 2 == 0 ? world_ : other).Ingest({events.begin() + begin, events.begin() + end}).ok());
    begin = end;
  }
  int grown = 0;
  for (int i = 0; i < kCustomers; ++i) {
    const std::string customer = absl::StrCat("customer-", i);
    EXPECT_EQ(world_.GetProgress(customer)->state_hash(), tidy.GetProgress(customer)->state_hash()) << customer;
    grown += world_.StageOf(customer).find("growth") != std::string::npos;
  }
  EXPECT_GT(grown, 3) << "they were worth it";
  ExpectRight();
}

TEST_P(CompletionsTest, LongHistoriesFoldedFromAKeptStateSeeThemToo) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  journey::v1::JourneyDefinition rounds = Steps({{"setup", "connect", 20}, {"adoption", "report", 10}});
  rounds.mutable_entry()->set_re_entry(journey::v1::RE_ENTRY_ALWAYS);
  world_.Publish("onboarding", 1, rounds);
  world_.Publish("expansion", 1, After("onboarding", {{"first", "report", 2}}));
  const char* types[] = {"connect", "report", "renew"};
  std::vector<std::pair<int, v1::Event>> events;
  for (int i = 0; i < 3'000; ++i) {
    events.emplace_back(i + (random() % 10 == 0 ? static_cast<int>(random() % 1'200) : 0),
                        At(i / 3 - 1'100, "acme", types[random() % 3], absl::StrCat("e", i)));
  }
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t begin = 0; begin < events.size();) {
    const size_t end = std::min(events.size(), begin + 1 + random() % 300);
    std::vector<v1::Event> batch;
    for (; begin < end; ++begin) batch.push_back(events[begin].second);
    ASSERT_TRUE(world_.Ingest(batch).ok());
    if (random() % 3 == 0) ExpectRight();
    if (HasNonfatalFailure()) return;
  }
  ExpectRight();
  EXPECT_GT(world_.GetProgress("acme")->enrollments_size(), 10) << "round after round";
}

}  // namespace
}  // namespace waymark::milestone
