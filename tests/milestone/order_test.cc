// The principle of the service: whatever the order, the batches, the repetitions and the replicas by which a history
// comes in, it comes to the same state. Random journeys and histories, through the API and the database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/milestone/random_lives.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

constexpr int kJourneys = 20;
constexpr int kCustomersEach = 25;  // 500 pairs in all.

// Sends items, as they stand, to whichever of `worlds` the dice choose, events in batches of up to `most`.
void Send(const std::vector<World*>& worlds, const std::vector<Sent>& items, const std::string& workspace, int most,
          std::mt19937& random) {
  std::vector<v1::Event> batch;
  const auto world = [&]() -> World& { return *worlds[random() % worlds.size()]; };
  const auto flush = [&] {
    if (batch.empty()) return;
    const auto answer = world().Ingest(batch, false, workspace);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const v1::EventResult& result : answer->results()) {
      ASSERT_TRUE(result.outcome() == v1::EVENT_OUTCOME_ACCEPTED || result.outcome() == v1::EVENT_OUTCOME_DUPLICATE)
          << result.DebugString();
    }
    batch.clear();
  };
  size_t wanted = 1;
  for (const Sent& item : items) {
    if (const auto* event = std::get_if<v1::Event>(&item)) {
      batch.push_back(*event);
      if (batch.size() < wanted) continue;
      flush();
      wanted = 1 + random() % most;
      continue;
    }
    World& chosen = world();
    const absl::Status sent = SendRecord(chosen.customers(), chosen.milestones(), item, workspace);
    ASSERT_TRUE(sent.ok()) << sent;
  }
  flush();
}

// The hash of each customer's state, by `workspace/customer`; customers without any are left out.
std::map<std::string, std::string> Hashes(World& world) {
  std::map<std::string, std::string> hashes;
  for (int journey = 0; journey < kJourneys; ++journey) {
    const std::string workspace = absl::StrCat("w", journey);
    for (int i = 0; i < kCustomersEach; ++i) {
      const std::string customer = absl::StrCat("customer-", i);
      const auto progress = world.GetProgress(customer, workspace);
      if (!progress.ok()) continue;
      hashes[absl::StrCat(workspace, "/", customer)] = progress->state_hash();
    }
  }
  return hashes;
}

class OrderTest : public ::testing::TestWithParam<sql::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, OrderTest, support::BothEngines(), support::EngineName);

TEST_P(OrderTest, OfArrivalRepetitionsBatchesAndReplicasChangeNothing) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto tidy_db = support::OpenFresh(GetParam());
  const auto wild_db = support::OpenFresh(GetParam());
  VirtualClock clock(Noon());
  World tidy(*tidy_db, clock);
  World one(*wild_db, clock);
  World other(*wild_db, clock);
  RandomJourneys journeys(random, /*late=*/true);
  for (int journey = 0; journey < kJourneys; ++journey) {
    const std::string workspace = absl::StrCat("w", journey);
    const journey::v1::JourneyDefinition definition = journeys.Next();
    tidy.PublishOnly("j", 1, definition, workspace);
    one.PublishOnly("j", 1, definition, workspace);
    tidy.Settle();
    one.Settle();
    std::vector<Sent> all;
    for (int i = 0; i < kCustomersEach; ++i) {
      const std::vector<Sent> history = RandomHistory(random, absl::StrCat("customer-", i), Noon());
      all.insert(all.end(), history.begin(), history.end());
    }
    Send({&tidy}, all, workspace, 1'000, random);
    const size_t once = all.size();
    for (size_t i = 0; i < once; ++i) {
      if (random() % 3 == 0) all.push_back(all[i]);
    }
    std::shuffle(all.begin(), all.end(), random);
    Send({&one, &other}, all, workspace, 40, random);
    if (HasFatalFailure()) return;
    if (journey % 5 == 0) {
      clock.Advance(absl::Minutes(1));
      other.Settle();
    }
  }
  // As much time passes for both.
  clock.Advance(absl::Hours(24 * 30));
  tidy.Settle();
  one.Settle();
  const auto expected = Hashes(tidy);
  const auto found = Hashes(other);
  // Of a few there is nothing but calls that their journey does not take.
  EXPECT_GT(expected.size(), size_t{kJourneys} * kCustomersEach * 9 / 10);
  ASSERT_EQ(found.size(), expected.size());
  std::set<std::string> different;
  for (const auto& [customer, hash] : expected) {
    EXPECT_EQ(found.at(customer), hash) << customer;
    EXPECT_EQ(hash.size(), 16u);
    different.insert(hash);
  }
  EXPECT_GT(different.size(), expected.size() / 2) << "they were worth it";
}

// I4: a late event undoes the second achievement of a milestone and moves the first, which was told long ago: it is
// revised, not told again.
TEST_P(OrderTest, AnAchievementThatIsCountedAgainIsRevisedAndNotToldAgain) {
  const auto db = support::OpenFresh(GetParam());
  VirtualClock clock(Noon());
  World world(*db, clock);
  // A report each day, counted from the first event; the other milestone keeps the stage from being completed.
  journey::v1::JourneyDefinition definition = Steps({{"daily", "report"}});
  journey::v1::Milestone* report = definition.mutable_stages(0)->mutable_milestones(0);
  report->set_latching(journey::v1::LATCHING_RECURRING);
  report->mutable_period()->set_seconds(86'400);
  journey::v1::Milestone* other = definition.mutable_stages(0)->add_milestones();
  *other = *Steps({{"other", "never"}}).mutable_stages(0)->mutable_milestones(0);
  world.Publish("j", 1, definition);
  constexpr int kHour = 60;
  for (const auto& [hour, type] : {std::pair(0, "login"), {20, "report"}, {25, "report"}}) {
    clock.Set(Noon() + absl::Hours(hour));
    ASSERT_TRUE(world.Ingest({At(hour * kHour, "acme", type, absl::StrCat("e", hour))}).ok());
  }
  // It had begun earlier, and the reports are of one day; nor was the first the first.
  ASSERT_TRUE(
      world.Ingest({At(-10 * kHour, "acme", "login", "late1"), At(19 * kHour, "acme", "report", "late2")}).ok());
  std::vector<std::string> told;
  for (const std::string& fact : world.Facts()) {
    if (fact[0] == 'M' || fact[1] == 'o') told.push_back(fact.substr(0, fact.find(':')));
  }
  EXPECT_THAT(told, ::testing::ElementsAre("MilestoneAchieved", "MilestoneAchieved", "ConclusionRetracted",
                                           "MilestoneRevised"));
}

TEST_P(OrderTest, AnotherHistoryHasAnotherHash) {
  const auto db = support::OpenFresh(GetParam());
  VirtualClock clock(Noon());
  World world(*db, clock);
  world.Publish("j", 1, Steps({{"setup", "connect"}, {"adoption", "report", 3}}));
  ASSERT_TRUE(
      world
          .Ingest({At(-9, "acme", "connect", "e1"), At(-5, "acme", "report", "e2"), At(-9, "beta", "connect", "e1"),
                   At(-5, "beta", "report", "e2"), At(-9, "core", "connect", "e1"), At(-5, "core", "report", "e2"),
                   At(-4, "core", "report", "e3")})
          .ok());
  const auto hash = [&](const std::string& customer) { return world.GetProgress(customer)->state_hash(); };
  EXPECT_EQ(hash("acme"), hash("beta"));
  EXPECT_NE(hash("acme"), hash("core"));
  v1::GetCurrentStageRequest request;
  request.set_customer_id("acme");
  EXPECT_EQ(world.GetStage(request)->stages().state_hash(), hash("acme")) << "also from the cache";
}

}  // namespace
}  // namespace waymark::milestone
