#include "common/journal/follower.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/journal/journal_service.h"
#include "common/metrics/metrics.h"
#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"
#include "tests/common/journal/serving.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace waymark::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const int kLane = LaneOf("acme", "customer-7");
const int kOtherLane = LaneOf("acme", "customer-8");

// How often each customer entered a stage: the follower's effects.
constexpr sql::Migration kEffects[] = {
    {.number = 1,
     .title = "effects",
     .sql = "CREATE TABLE effect (key TEXT NOT NULL PRIMARY KEY, count BIGINT NOT NULL, last TEXT NOT NULL)"}};

// Counts, refuses a stage "poison" as a type that it does not know, and tells others.
absl::Status Count(sql::Transaction& tx, Lanes& lanes, absl::Span<const Entry> entries) {
  std::vector<NewEntry> facts;
  for (const Entry& entry : entries) {
    if (entry.payload == "poison") return absl::UnimplementedError("type poison is not known");
    RETURN_IF_ERROR(tx.Execute("INSERT INTO effect (key, count, last) VALUES ($1, 1, $2) "
                               "ON CONFLICT (key) DO UPDATE SET count = effect.count + 1, last = $2",
                               {entry.key, entry.payload})
                        .status());
    facts.push_back({entry.workspace, entry.key, "waymark.health.v1.BandChanged", entry.payload, entry.depth + 1});
  }
  lanes.Append(std::move(facts));
  return absl::OkStatus();
}

// A database whose next commits go wrong: rolled back, or done but not confirmed.
class FaultyDatabase final : public sql::Database {
 public:
  explicit FaultyDatabase(sql::Database& db) : db_(db) {}

  absl::Status Transact(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override {
    if (lose_commits > 0) {
      --lose_commits;
      return db_.Transact([&](sql::Transaction& tx) -> absl::Status {
        RETURN_IF_ERROR(body(tx));
        return StoreUnavailable("killed before the commit");
      });
    }
    RETURN_IF_ERROR(db_.Transact(body));
    if (lose_answers == 0) return absl::OkStatus();
    --lose_answers;
    return StoreUnavailable("the commit's answer was lost");
  }
  absl::Status Read(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override { return db_.Read(body); }
  absl::Status Migrate(absl::Span<const sql::Schema> schemas) override { return db_.Migrate(schemas); }
  absl::StatusOr<std::vector<sql::SchemaState>> GetSchemaStates(absl::Span<const sql::Schema> schemas) override {
    return db_.GetSchemaStates(schemas);
  }
  sql::Engine engine() const override { return db_.engine(); }

  int lose_commits = 0;
  int lose_answers = 0;

 private:
  sql::Database& db_;
};

class FollowerTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  std::unique_ptr<Follower> Follow(Journal& own, Apply apply = Count, Follower::Options options = {}) {
    options.source = "milestone";
    return std::make_unique<Follower>(options, server_->Channel(), own, std::move(apply));
  }

  std::map<std::string, int> Counts() {
    std::map<std::string, int> counts;
    EXPECT_TRUE(own_db_
                    ->Read([&](sql::Transaction& tx) -> absl::Status {
                      ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query("SELECT key, count FROM effect"));
                      for (const sql::Row& row : rows) counts[row.Text(0)] = row.Int(1);
                      return absl::OkStatus();
                    })
                    .ok());
    return counts;
  }

  Cursor CursorOf(int lane) {
    Cursor cursor;
    EXPECT_TRUE(own_db_
                    ->Read([&](sql::Transaction& tx) -> absl::Status {
                      ASSIGN_OR_RETURN(const Cursors cursors, LoadCursors(tx, "milestone"));
                      cursor = cursors[lane];
                      return absl::OkStatus();
                    })
                    .ok());
    return cursor;
  }

  // Serves `source_` anew, as after a restart of its process.
  void RestartSource() {
    server_.reset();
    source_ = Value(Journal::Open("milestone", *source_db_, clock_));
    service_ = std::make_unique<JournalServiceImpl>(*authorizer_, std::vector<Journal*>{source_.get()});
    server_ = std::make_unique<Serving>(*service_);
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> source_db_ = FreshDatabase(GetParam());
  std::unique_ptr<Journal> source_ = Value(Journal::Open("milestone", *source_db_, clock_));
  std::unique_ptr<rpc::Authorizer> authorizer_ = rpc::Authorizer::Off();
  std::unique_ptr<JournalServiceImpl> service_ =
      std::make_unique<JournalServiceImpl>(*authorizer_, std::vector<Journal*>{source_.get()});
  std::unique_ptr<Serving> server_ = std::make_unique<Serving>(*service_);
  std::unique_ptr<sql::Database> own_db_ =
      support::OpenFresh(GetParam(), {Journal::schema(), {.name = "effects", .migrations = kEffects}});
  std::unique_ptr<Journal> own_ = Value(Journal::Open("health", *own_db_, clock_));
};
INSTANTIATE_TEST_SUITE_P(Engines, FollowerTest, support::BothEngines(), support::EngineName);

TEST_P(FollowerTest, AppliesWhatComesOnceAndTellsOthers) {
  Tell(*source_, Many("acme", "customer-7", 3));
  Tell(*source_, Many("acme", "customer-8", 2));
  const auto follower = Follow(*own_);
  EXPECT_TRUE(Value(follower->RunOnce()));
  EXPECT_FALSE(Value(follower->RunOnce()));
  EXPECT_EQ(Counts(), (std::map<std::string, int>{{"customer-7", 3}, {"customer-8", 2}}));
  EXPECT_EQ(CursorOf(kLane), (Cursor{source_->epoch(), 3}));
  EXPECT_EQ(CursorOf(kOtherLane), (Cursor{source_->epoch(), 2}));
  EXPECT_THAT(follower->stops(), IsEmpty());

  const std::vector<Entry> told = Value(Read(*own_, kLane, 0)).entries;
  EXPECT_THAT(Payloads(told), ElementsAre("1", "2", "3"));
  EXPECT_EQ(told[0].depth, 2);
  EXPECT_EQ(told[0].type, "waymark.health.v1.BandChanged");

  Tell(*source_, Many("acme", "customer-7", 1));
  EXPECT_TRUE(Value(follower->RunOnce()));
  EXPECT_EQ(Counts().at("customer-7"), 4);
}

TEST_P(FollowerTest, GivesApplyWhatTheSourceTold) {
  Tell(*source_, {Entered("acme", "customer-7", "setup")});
  std::vector<Entry> given;
  const auto follower = Follow(*own_, [&](sql::Transaction&, Lanes& lanes, absl::Span<const Entry> entries) {
    EXPECT_TRUE(lanes.Has(kLane));
    EXPECT_FALSE(lanes.Has(kOtherLane));
    given.assign(entries.begin(), entries.end());
    return absl::OkStatus();
  });
  EXPECT_TRUE(Value(follower->RunOnce()));
  ASSERT_THAT(given, SizeIs(1));
  EXPECT_EQ(given[0].lane, kLane);
  EXPECT_EQ(given[0].position, 1);
  EXPECT_EQ(given[0].workspace, "acme");
  EXPECT_EQ(given[0].key, "customer-7");
  EXPECT_EQ(given[0].type, kStageEntered);
  EXPECT_EQ(given[0].payload, "setup");
  EXPECT_EQ(given[0].depth, 1);
  EXPECT_EQ(given[0].record_time, Noon());
}

TEST_P(FollowerTest, ABatchIsNoLargerThanAllowed) {
  Tell(*source_, Many("acme", "customer-7", 25));
  std::vector<size_t> batches;
  const auto follower = Follow(*own_,
                               [&](sql::Transaction&, Lanes&, absl::Span<const Entry> entries) {
                                 batches.push_back(entries.size());
                                 return absl::OkStatus();
                               },
                               {.batch = 10});
  EXPECT_TRUE(Value(follower->RunOnce()));
  EXPECT_THAT(batches, ElementsAre(10, 10, 5));
  EXPECT_EQ(CursorOf(kLane).position, 25);
}

TEST_P(FollowerTest, TwoReplicasAtOnceApplyOnce) {
  std::map<std::string, int> expected;
  for (int round = 0; round < 5; ++round) {
    for (int customer = 0; customer < 20; ++customer) {
      Tell(*source_, Many("acme", absl::StrCat("customer-", customer), 3));
      expected[absl::StrCat("customer-", customer)] += 3;
    }
  }
  const auto replica = Value(Journal::Open("health", *own_db_, clock_));
  std::vector<std::thread> threads;
  for (Journal* const own : {own_.get(), replica.get()}) {
    threads.emplace_back([&, own] {
      const auto follower = Follow(*own, Count, {.batch = 2});
      const auto done = [&] {
        int applied = 0;
        for (int lane = 0; lane < kLanes; ++lane) applied += CursorOf(lane).position;
        return applied == 300;
      };
      while (!done()) EXPECT_TRUE(follower->RunOnce().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Counts(), expected);
  int64_t told = 0;
  for (int lane = 0; lane < kLanes; ++lane) told += Value(Read(*own_, lane, 0)).entries.size();
  EXPECT_EQ(told, 300);
}

TEST_P(FollowerTest, KilledBeforeTheCommitCursorAndEffectsStayTogether) {
  Tell(*source_, Many("acme", "customer-7", 3));
  FaultyDatabase faulty(*own_db_);
  const auto own = Value(Journal::Open("health", faulty, clock_));
  const auto follower = Follow(*own);
  faulty.lose_commits = 1;
  EXPECT_TRUE(absl::IsUnavailable(follower->RunOnce().status()));
  EXPECT_THAT(Counts(), IsEmpty());
  EXPECT_EQ(CursorOf(kLane), Cursor{});
  EXPECT_THAT(follower->stops(), IsEmpty());
  EXPECT_TRUE(Value(follower->RunOnce()));
  EXPECT_EQ(Counts().at("customer-7"), 3);
}

TEST_P(FollowerTest, ACommitWhoseAnswerWasLostIsNotAppliedAgain) {
  Tell(*source_, Many("acme", "customer-7", 3));
  FaultyDatabase faulty(*own_db_);
  const auto own = Value(Journal::Open("health", faulty, clock_));
  const auto follower = Follow(*own);
  faulty.lose_answers = 1;
  EXPECT_TRUE(absl::IsUnavailable(follower->RunOnce().status()));
  EXPECT_FALSE(Value(follower->RunOnce()));
  EXPECT_EQ(Counts().at("customer-7"), 3);
  EXPECT_EQ(CursorOf(kLane).position, 3);
}

TEST_P(FollowerTest, AnUnknownTypeStopsItsLaneLoudlyWhileOthersGoOn) {
  Tell(*source_, Many("acme", "customer-7", 2));
  const auto follower = Follow(*own_);
  EXPECT_TRUE(Value(follower->RunOnce()));
  Tell(*source_, {Entered("acme", "customer-7", "poison")});
  Tell(*source_, Many("acme", "customer-8", 2));

  const absl::Status stopped = follower->RunOnce().status();
  EXPECT_EQ(stopped.code(), absl::StatusCode::kUnimplemented);
  ASSERT_THAT(follower->stops(), SizeIs(1));
  EXPECT_EQ(follower->stops()[0].lane, kLane);
  EXPECT_EQ(follower->stops()[0].after, 2);
  EXPECT_THAT(std::string(follower->stops()[0].error.message()), HasSubstr("poison"));
  EXPECT_THAT(metrics::Render(),
              HasSubstr(absl::StrCat("waymark_follower_stopped{lane=\"", kLane, "\",source=\"milestone\"} 1")));
  EXPECT_EQ(Counts(), (std::map<std::string, int>{{"customer-7", 2}, {"customer-8", 2}}));

  Tell(*source_, Many("acme", "customer-8", 1));
  while (Counts().at("customer-8") < 3) follower->RunOnce().IgnoreError();
  EXPECT_EQ(CursorOf(kLane).position, 2);
}

TEST_P(FollowerTest, AStoppedLaneIsTriedAgainAndGoesOnOnceItCan) {
  Tell(*source_, {Entered("acme", "customer-7", "poison")});
  std::atomic<int> tries = 0;
  const auto follower = Follow(*own_, [&](sql::Transaction&, Lanes&, absl::Span<const Entry>) {
    return ++tries < 3 ? absl::UnimplementedError("not yet known") : absl::OkStatus();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(follower->RunOnce().ok());
  while (!follower->stops().empty()) follower->RunOnce().IgnoreError();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));  // 100 ms, then 200 ms.
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(CursorOf(kLane).position, 1);
  EXPECT_THAT(metrics::Render(),
              HasSubstr(absl::StrCat("waymark_follower_stopped{lane=\"", kLane, "\",source=\"milestone\"} 0")));
}

TEST_P(FollowerTest, AnotherEpochIsDataLossAndStops) {
  Tell(*source_, Many("acme", "customer-7", 2));
  EXPECT_TRUE(Value(Follow(*own_)->RunOnce()));
  Alter(*source_db_, "UPDATE journal_epoch SET epoch = epoch + 1");
  RestartSource();
  Tell(*source_, Many("acme", "customer-7", 1));
  const auto follower = Follow(*own_);
  EXPECT_TRUE(absl::IsDataLoss(follower->RunOnce().status()));
  EXPECT_THAT(follower->stops(), SizeIs(kLanes));
  EXPECT_EQ(Counts().at("customer-7"), 2);
}

TEST_P(FollowerTest, ACursorBeyondTheEndIsDataLossAndStops) {
  Tell(*source_, Many("acme", "customer-7", 2));
  EXPECT_TRUE(Value(Follow(*own_)->RunOnce()));
  Alter(*source_db_, "UPDATE journal_lane SET head = 0");  // As when restored from before.
  const auto follower = Follow(*own_);
  EXPECT_TRUE(absl::IsDataLoss(follower->RunOnce().status()));
  EXPECT_THAT(follower->stops(), SizeIs(kLanes));
}

TEST_P(FollowerTest, ASourceThatSkipsAPositionIsNotTrusted) {
  // Answers position 2 of lane 3 without position 1.
  class SkippingService final : public v1::JournalService::Service {
    grpc::Status ReadJournal(grpc::ServerContext*, const v1::ReadJournalRequest*,
                             grpc::ServerWriter<v1::ReadJournalResponse>* writer) override {
      v1::ReadJournalResponse response;
      response.set_epoch(7);
      v1::JournalEntry& entry = *response.add_entries();
      entry.set_lane(3);
      entry.set_position(2);
      v1::LanePosition& reached = *response.add_reached();
      reached.set_lane(3);
      reached.set_position(2);
      writer->Write(response);
      return grpc::Status::OK;
    }
  } skipping;
  Serving server(skipping);
  Follower follower({.source = "milestone"}, server.Channel(), *own_, Count);
  EXPECT_TRUE(absl::IsDataLoss(follower.RunOnce().status()));
  ASSERT_THAT(follower.stops(), SizeIs(1));
  EXPECT_EQ(follower.stops()[0].lane, 3);
  EXPECT_THAT(Counts(), IsEmpty());
}

TEST_P(FollowerTest, ASourceThatIsGoneIsUnavailableAndNoStop) {
  const std::string nobody = absl::StrCat("127.0.0.1:", support::FreePort());
  Follower follower({.source = "milestone"}, grpc::CreateChannel(nobody, grpc::InsecureChannelCredentials()), *own_,
                    Count);
  EXPECT_TRUE(absl::IsUnavailable(follower.RunOnce().status()));
  EXPECT_THAT(follower.stops(), IsEmpty());
}

TEST_P(FollowerTest, ShowsItsKey) {
  support::TempDir folder;
  std::ofstream(folder.File("credentials")) << Sha256Hex("of-health") << " * service\n";
  const auto authorizer = Value(rpc::Authorizer::FromFile(folder.File("credentials")));
  JournalServiceImpl service(*authorizer, {source_.get()});
  Serving server(service);
  Tell(*source_, Many("acme", "customer-7", 1));
  Follower stranger({.source = "milestone"}, server.Channel(), *own_, Count);
  EXPECT_TRUE(absl::IsUnauthenticated(stranger.RunOnce().status()));
  Follower follower({.source = "milestone", .service_key = "of-health"}, server.Channel(), *own_, Count);
  EXPECT_TRUE(Value(follower.RunOnce()));
}

TEST_P(FollowerTest, WaitsForNews) {
  const auto follower = Follow(*own_, Count, {.max_wait = absl::Seconds(50)});
  std::thread teller([&] { Tell(*source_, Many("acme", "customer-7", 1)); });
  EXPECT_TRUE(Value(follower->RunOnce()));
  teller.join();
}

TEST_P(FollowerTest, CancellingEndsTheWaitAndAllLaterRuns) {
  const auto follower = Follow(*own_, Count, {.max_wait = absl::Seconds(50)});
  std::thread canceller([&] { follower->Cancel(); });
  EXPECT_FALSE(Value(follower->RunOnce()));
  canceller.join();
  Tell(*source_, Many("acme", "customer-7", 1));
  EXPECT_FALSE(Value(follower->RunOnce()));
}

}  // namespace
}  // namespace waymark::journal
