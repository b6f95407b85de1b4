// Deduplication is exact, durable and without a time window, on both engines: also where fingerprints collide, where
// what was sent before is sealed, and where the process that stored it is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "services/milestone/history_index.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class RepeatsTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // A process that has stored nothing itself.
  void Restart() {
    world_.reset();
    world_ = std::make_unique<World>(*db_, clock_);
  }

  VirtualClock clock_{Noon()};
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  std::unique_ptr<World> world_ = std::make_unique<World>(*db_, clock_);
};

INSTANTIATE_TEST_SUITE_P(Engines, RepeatsTest, support::BothEngines(), support::EngineName);

// Two ids of one fingerprint: of 2^16 or so ids, two have one.
std::pair<std::string, std::string> CollidingIds() {
  absl::flat_hash_map<uint32_t, std::string> seen;
  for (int i = 0;; ++i) {
    std::string id = absl::StrCat("event-", i);
    const auto [first, is_new] = seen.try_emplace(FingerprintOf(id), id);
    if (!is_new) return {first->second, id};
  }
}

std::vector<v1::Event> Filling(const std::string& customer, int from, int count) {
  std::vector<v1::Event> events;
  for (int i = from; i < from + count; ++i)
    events.push_back(At(-i - 10, customer, "login", absl::StrCat("filling-", i)));
  return events;
}

TEST_P(RepeatsTest, IdsOfOneFingerprintAreTwoEvents) {
  const auto [one, other] = CollidingIds();
  ASSERT_NE(one, other);
  ASSERT_EQ(FingerprintOf(one), FingerprintOf(other));
  const v1::Event first = At(-3, "acme", "report", one), second = At(-2, "acme", "report", other);
  EXPECT_THAT(world_->Outcomes({first}), ElementsAre("ACCEPTED"));
  EXPECT_THAT(world_->Outcomes({At(-1, "acme", "report", one), second}), ElementsAre("CONFLICT", "ACCEPTED"));
  // In the customer's row, sealed, sealed and no longer in memory, and in one call.
  const std::vector<v1::Event> again = {first, second, At(-1, "acme", "report", one), At(-1, "acme", "report", other)};
  const auto all_known = ElementsAre("DUPLICATE", "DUPLICATE", "CONFLICT", "CONFLICT");
  EXPECT_THAT(world_->Outcomes(again), all_known);
  ASSERT_THAT(world_->Outcomes(Filling("acme", 0, 100)), Each("ACCEPTED"));
  EXPECT_THAT(world_->Outcomes(again), all_known);
  Restart();
  EXPECT_THAT(world_->Outcomes(again), all_known);
  EXPECT_THAT(world_->Outcomes(
                  {At(-2, "bolt", "report", other), At(-2, "bolt", "report", one), At(-2, "bolt", "report", other)}),
              ElementsAre("ACCEPTED", "ACCEPTED", "DUPLICATE"));
  EXPECT_EQ(world_->GetProgress("acme")->event_count(), 102);
  EXPECT_EQ(world_->GetProgress("bolt")->event_count(), 2);
}

TEST_P(RepeatsTest, OneOfACollidingPairAloneDoesNotMakeTheOtherKnownOnceSealed) {
  const auto [one, other] = CollidingIds();
  ASSERT_THAT(world_->Outcomes({At(-3, "acme", "report", one)}), ElementsAre("ACCEPTED"));
  ASSERT_THAT(world_->Outcomes(Filling("acme", 0, 100)), Each("ACCEPTED"));
  Restart();
  EXPECT_THAT(world_->Outcomes({At(-3, "acme", "report", other)}), ElementsAre("ACCEPTED"));
}

// A hot customer: what is answered is what a set of everything ever sent would answer.
TEST_P(RepeatsTest, EveryRepeatIsToldHoweverLongTheHistory) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  world_->Publish("onboarding", 1, Onboarding());
  std::map<std::string, int> known;  // By id, the minute.
  for (int round = 0; round < 60; ++round) {
    if (round % 20 == 19) Restart();
    std::vector<v1::Event> events;
    std::vector<std::string> expected;
    for (unsigned count = 1 + random() % 100; events.size() < count;) {
      const bool repeated = !known.empty() && random() % 4 == 0;
      auto some = known.lower_bound(absl::StrCat("e", random() % 10'000));
      if (some == known.end()) some = known.begin();
      const std::string id = repeated ? some->first : absl::StrCat("e", random() % 10'000);
      const int minute = repeated && random() % 2 == 0 ? some->second : -static_cast<int>(random() % 1000) - 1;
      events.push_back(At(minute, "acme", "report", id));
      const auto [before, is_new] = known.try_emplace(id, minute);
      expected.push_back(is_new ? "ACCEPTED" : before->second == minute ? "DUPLICATE" : "CONFLICT");
    }
    ASSERT_EQ(world_->Outcomes(events), expected) << "round " << round;
  }
  EXPECT_EQ(world_->GetProgress("acme")->event_count(), static_cast<int64_t>(known.size()));

  // And the timeline has each of them once, in the order in which they came.
  v1::ListTimelineRequest request;
  request.set_customer_id("acme");
  request.set_page_size(70);
  std::map<std::string, int> listed;
  int conclusions = 0;
  do {
    grpc::ClientContext context;
    v1::ListTimelineResponse page;
    const grpc::Status status = world_->milestones().ListTimeline(&context, request, &page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::TimelineItem& item : page.items()) {
      if (item.has_event()) {
        EXPECT_TRUE(listed.try_emplace(item.item_id(), 0).second) << item.item_id();
      } else {
        ++conclusions;
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(listed, SizeIs(known.size()));
  EXPECT_EQ(conclusions, static_cast<int>(world_->Facts().size()));
}

}  // namespace
}  // namespace waymark::milestone
