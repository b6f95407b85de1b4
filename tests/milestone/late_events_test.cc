// Late events of long histories: folded from a state that is kept, they come to what the whole history does.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/milestone/checkpoint_store.h"
#include "services/milestone/history_store.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;

TEST(CutsOfTest, TheyAreTwiceAsFarFromTheEndAgainAndAgain) {
  EXPECT_THAT(CutsOf(1'023), IsEmpty());
  EXPECT_THAT(CutsOf(1'024), ElementsAre(512));
  EXPECT_THAT(CutsOf(10'000), ElementsAre(5'904, 7'952, 8'976, 9'488));
}

class CheckpointStoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::Status Save(const std::string& customer, const Checkpoint& checkpoint) {
    return db_->Transact([&](sql::Transaction& tx) {
      return SaveCheckpoints(tx, {{{"default", customer}, &checkpoint}});
    });
  }
  std::optional<Checkpoint> Load(const std::string& customer, int64_t revision, absl::Time before) {
    std::optional<Checkpoint> found;
    EXPECT_TRUE(db_->Read([&](sql::Transaction& tx) -> absl::Status {
                     ASSIGN_OR_RETURN(auto all, LoadCheckpoints(tx, {{{"default", customer}, revision, before}}));
                     found = std::move(all[0]);
                     return absl::OkStatus();
                   })
                    .ok());
    return found;
  }
  // Of `events` events, which ends so many minutes after noon.
  static Checkpoint Of(int64_t events, int minutes) {
    Checkpoint checkpoint{.revision = 3, .through = 900, .pending = {17, 800, 801}};
    checkpoint.dossier.event_count = events;
    checkpoint.dossier.last = {.time = absl::ToUnixMicros(Noon() + absl::Minutes(minutes)), .id = "e"};
    return checkpoint;
  }

  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {schema()});
};

INSTANTIATE_TEST_SUITE_P(Engines, CheckpointStoreTest, support::BothEngines(), support::EngineName);

TEST_P(CheckpointStoreTest, TheNewestThatEndsBeforeIsFoundAsItWas) {
  ASSERT_TRUE(Save("acme", Of(512, 1)).ok());
  ASSERT_TRUE(Save("acme", Of(1'024, 5)).ok());
  ASSERT_TRUE(Save("acme-2", Of(700, 2)).ok());
  EXPECT_FALSE(Load("acme", 3, Noon() + absl::Minutes(1)).has_value()) << "it ends then";
  EXPECT_FALSE(Load("acme", 4, Noon() + absl::Minutes(9)).has_value()) << "of another catalog revision";
  const auto first = Load("acme", 3, Noon() + absl::Minutes(5));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->dossier, Of(512, 1).dossier);
  EXPECT_THAT(first->pending, ElementsAre(17, 800, 801));
  EXPECT_EQ(first->through, 900);
  EXPECT_EQ(Load("acme", 3, Noon() + absl::Minutes(6))->dossier.event_count, 1'024);
  ASSERT_TRUE(Save("acme", Of(1'024, 3)).ok());
  EXPECT_EQ(Load("acme", 3, Noon() + absl::Minutes(4))->dossier.event_count, 1'024) << "it was replaced";
}

TEST_P(CheckpointStoreTest, ThoseOfMoreEventsAreDropped) {
  for (const int events : {512, 1'024, 1'536}) ASSERT_TRUE(Save("acme", Of(events, events)).ok());
  ASSERT_TRUE(Save("acme-2", Of(1'024, 5)).ok());
  const auto drop = [&](int64_t events) {
    EXPECT_TRUE(db_->Transact([&](sql::Transaction& tx) {
                     return DropCheckpoints(tx, {{{"default", "acme"}, events}});
                   })
                    .ok());
  };
  drop(1'024);
  EXPECT_EQ(Load("acme", 3, absl::InfiniteFuture())->dossier.event_count, 1'024);
  drop(-1);
  EXPECT_FALSE(Load("acme", 3, absl::InfiniteFuture()).has_value());
  EXPECT_TRUE(Load("acme-2", 3, absl::InfiniteFuture()).has_value());
}

TEST(CheckpointTest, ItLacksWhatCameLaterAndWhatIsPending) {
  const Checkpoint checkpoint{.through = 900, .pending = {17, 800}};
  EXPECT_TRUE(checkpoint.Lacks(17));
  EXPECT_TRUE(checkpoint.Lacks(901));
  EXPECT_FALSE(checkpoint.Lacks(900));
  EXPECT_FALSE(checkpoint.Lacks(18));
}

class LateEventsTest : public Replays {
 protected:
  // How many states are kept.
  int64_t CountKept() {
    int64_t count = 0;
    EXPECT_TRUE(db_->Read([&](sql::Transaction& tx) -> absl::Status {
                     ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query("SELECT count(*) FROM history_checkpoint"));
                     count = rows[0].Int(0);
                     return absl::OkStatus();
                   })
                    .ok());
    return count;
  }

  // What is kept is what the whole history comes to.
  void ExpectRight() {
    const auto report = Recompute(false);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers_differing(), 0) << report->DebugString().substr(0, 2'000);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, LateEventsTest, support::BothEngines(), support::EngineName);

// Counts over all of history, windows, silences, revocations and re-entry, none of which a state may forget.
journey::v1::JourneyDefinition Habits() {
  journey::v1::JourneyDefinition definition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        entry {
          triggers { any_event {} }
          re_entry: RE_ENTRY_ALWAYS
        }
        stages {
          key: 'busy'
          milestones {
            key: 'often'
            scope: SCOPE_FROM_STAGE
            criterion { event_count { event_types: 'report' at_least: 40 } }
          }
          milestones {
            key: 'lately'
            scope: SCOPE_FROM_ENTRY
            latching: LATCHING_REVOCABLE
            criterion {
              event_count {
                event_types: 'connect'
                at_least: 3
                within { seconds: 1800 }
              }
            }
          }
        }
        stages {
          key: 'quiet'
          milestones {
            key: 'silence'
            scope: SCOPE_FROM_STAGE
            criterion {
              absence {
                event_types: 'login'
                lasting { seconds: 1200 }
              }
            }
          }
        }
        exits {
          key: 'gone'
          outcome: OUTCOME_CHURNED
          criterion { event_count { event_types: 'cancel' } }
        }
      )pb",
      &definition));
  return definition;
}

TEST_P(LateEventsTest, WhateverIsLateThereIsNoDifferenceToTheWholeHistory) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  world_.Publish("habits", 1, Habits());
  world_.Publish("long", 1, Steps({{"first", "report", 700, journey::v1::SCOPE_ALL_HISTORY}, {"next", "renew", 30}}));
  const char* types[] = {"connect", "report", "report", "login", "renew", "cancel"};
  // 6,000 events a minute apart; batches are late by up to 2,500, most by less.
  std::vector<v1::Event> events;
  for (int i = 0; i < 6'000; ++i) {
    events.push_back(At(i - 6'100, "acme", types[below(i % 97 == 0 ? 6 : 5)], absl::StrCat("e", i)));
  }
  std::vector<std::pair<int, size_t>> order;
  for (size_t i = 0; i < events.size(); ++i) {
    const int late = below(20) == 0 ? below(2'500) : below(4) == 0 ? below(30) : 0;
    order.emplace_back(static_cast<int>(i) + late, i);
  }
  std::sort(order.begin(), order.end());
  int64_t most_kept = 0;
  for (size_t begin = 0; begin < order.size();) {
    const size_t end = std::min(order.size(), begin + 1 + below(400));
    std::vector<v1::Event> batch;
    for (; begin < end; ++begin) batch.push_back(events[order[begin].second]);
    std::shuffle(batch.begin(), batch.end(), random);
    ASSERT_TRUE(world_.Ingest(batch).ok());
    most_kept = std::max(most_kept, CountKept());
    if (below(8) == 0) ExpectRight();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  ExpectRight();
  EXPECT_THAT(most_kept, Ge(3));
  EXPECT_LE(most_kept, 6'000 / kCheckpointEvery + 8);
  // One before all others, and the same again under a new version, which nothing kept is of.
  ASSERT_TRUE(world_.Ingest({At(-10'000, "acme", "report", "first")}).ok());
  ExpectRight();
  world_.Publish("long", 2, Steps({{"first", "report", 900, journey::v1::SCOPE_ALL_HISTORY}, {"next", "renew", 30}}));
  ExpectRight();
  ASSERT_TRUE(world_.Ingest({At(-300, "acme", "connect", "late")}).ok());
  ExpectRight();
  EXPECT_GE(CountKept(), 3);
}

TEST_P(LateEventsTest, ShortHistoriesKeepNone) {
  world_.Publish("habits", 1, Habits());
  std::vector<v1::Event> events;
  for (int i = 0; i < kCheckpointEvery - 1; ++i) events.push_back(At(-1 - i, "acme", "report", absl::StrCat("e", i)));
  ASSERT_TRUE(world_.Ingest(events).ok());
  EXPECT_EQ(CountKept(), 0);
  ASSERT_TRUE(world_.Ingest({At(-600, "acme", "report", "one more")}).ok());
  EXPECT_EQ(CountKept(), 1);
}

// A hundred thousand events of one customer: every question is answered, and what is too long to explain whole says so.
TEST_P(LateEventsTest, ACustomerWithAHundredThousandEventsIsAnsweredLikeAnyOther) {
  world_.Publish("long", 1, Steps({{"setup", "connect"}, {"adoption", "report", 90'000}, {"renewal", "renew"}}));
  std::vector<v1::Event> events;
  for (int i = 0; i < 100'000; ++i) {
    events.push_back(At(i / 100 - 2'000, "long-corp", i == 0 ? "connect" : "report", absl::StrCat("e", i)));
    events.back().set_source_sequence(i);
    if (events.size() < 1'000) continue;
    ASSERT_TRUE(world_.Ingest(events).ok());
    events.clear();
  }
  EXPECT_EQ(world_.StageOf("long-corp"), "long:renewal");
  const auto progress = world_.GetProgress("long-corp");
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->event_count(), 100'000);
  v1::ExplainRequest explain;
  explain.set_customer_id("long-corp");
  explain.set_journey_id("long");
  const auto explained = Call<v1::ExplainResponse>(world_.milestones(), &v1::MilestoneService::Stub::Explain, explain);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->current().stage_key(), "renewal");
  v1::ListTimelineRequest timeline;
  timeline.set_customer_id("long-corp");
  timeline.set_page_size(1'000);
  const auto page =
      Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, timeline);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items_size(), 1'000);
  EXPECT_THAT(world_.Outcomes({At(-2'000, "long-corp", "login", "e0"), At(-3'000, "long-corp", "login", "first")}),
              ElementsAre("CONFLICT", "ACCEPTED"));
  EXPECT_EQ(world_.StageOf("long-corp"), "long:renewal");
}

}  // namespace
}  // namespace waymark::milestone
