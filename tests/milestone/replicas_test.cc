// Two replicas on one database, fed the same customers at once, come to what one replica comes to: the lane lock holds.
// Without it they do not, which shows that the test can fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

constexpr int kCustomers = 20;

// The mutant: a database whose rows are never locked.
class UnlockedTransaction final : public sql::Transaction {
 public:
  explicit UnlockedTransaction(sql::Transaction& tx) : tx_(tx) {}
  absl::StatusOr<sql::Rows> Query(absl::string_view sql, const sql::Params& params) override {
    return tx_.Query(absl::StripSuffix(sql, " FOR UPDATE"), params);
  }
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const sql::Params& params) override {
    return tx_.Execute(sql, params);
  }
  absl::StatusOr<std::vector<sql::Rows>> QueryMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    return tx_.QueryMany(absl::StripSuffix(sql, " FOR UPDATE"), sets);
  }
  absl::StatusOr<std::vector<int64_t>> ExecuteMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    return tx_.ExecuteMany(sql, sets);
  }
  absl::Status InsertMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    return tx_.InsertMany(sql, sets);
  }

 private:
  sql::Transaction& tx_;
};

class UnlockedDatabase final : public sql::Database {
 public:
  explicit UnlockedDatabase(sql::Database& db) : db_(db) {}
  absl::Status Transact(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override {
    return db_.Transact([&](sql::Transaction& tx) {
      UnlockedTransaction unlocked(tx);
      return body(unlocked);
    });
  }
  absl::Status Read(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override { return db_.Read(body); }
  absl::Status Migrate(absl::Span<const sql::Schema> schemas) override { return db_.Migrate(schemas); }
  absl::StatusOr<std::vector<sql::SchemaState>> GetSchemaStates(absl::Span<const sql::Schema> schemas) override {
    return db_.GetSchemaStates(schemas);
  }
  sql::Engine engine() const override { return db_.engine(); }

 private:
  sql::Database& db_;
};

std::vector<v1::Event> RandomEvents(std::mt19937& random) {
  const char* types[] = {"connect", "report", "renew", "login"};
  std::vector<v1::Event> events;
  for (int i = 0; i < 3000; ++i) {
    events.push_back(At(-static_cast<int>(random() % 1000) - 1, absl::StrCat("customer-", random() % kCustomers),
                        types[random() % 4], absl::StrCat("e", i)));
  }
  return events;
}

// What went wrong on the way; empty where nothing did.
std::string Feed(World& world, std::vector<v1::Event> events, unsigned seed) {
  std::shuffle(events.begin(), events.end(), std::mt19937(seed));
  std::string wrong;
  for (size_t begin = 0; begin < events.size(); begin += 50) {
    const auto response = world.Ingest(std::vector<v1::Event>(events.begin() + begin, events.begin() + begin + 50));
    if (!response.ok()) wrong = response.status().ToString();
  }
  return wrong;
}

// Everything there is to say about the customers, for comparing.
std::string Summary(World& world) {
  std::string summary;
  for (int i = 0; i < kCustomers; ++i) {
    const auto progress = world.GetProgress(absl::StrCat("customer-", i));
    if (!progress.ok()) return progress.status().ToString();
    absl::StrAppend(&summary, progress->event_count(), " events\n");
    for (const auto& enrollment : progress->enrollments()) summary += enrollment.DebugString();
  }
  return summary;
}

// Feeds two replicas on `db` all of `events` at once; what they come to, errors included.
std::string ShareOne(sql::Database& db, const std::vector<v1::Event>& events, unsigned seed) {
  VirtualClock clock(Noon());
  World one(db, clock);
  World other(db, clock);
  one.Publish("onboarding", 1, Onboarding());
  std::string wrong_there;
  std::thread second([&] { wrong_there = Feed(other, events, seed + 1); });
  const std::string wrong_here = Feed(one, events, seed + 2);
  second.join();
  return absl::StrCat(wrong_here, wrong_there, Summary(other));
}

std::string Alone(const std::vector<v1::Event>& events) {
  const std::unique_ptr<sql::Database> db = support::OpenFresh(sql::Engine::kSqlite);
  VirtualClock clock(Noon());
  World world(*db, clock);
  world.Publish("onboarding", 1, Onboarding());
  const std::string wrong = Feed(world, events, 1);
  return absl::StrCat(wrong, Summary(world));
}

class ReplicasTest : public ::testing::TestWithParam<sql::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, ReplicasTest, support::BothEngines(), support::EngineName);

TEST_P(ReplicasTest, TwoFedTheSameCustomersAtOnceComeToWhatOneDoes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const std::vector<v1::Event> events = RandomEvents(random);
  const std::unique_ptr<sql::Database> db = support::OpenFresh(GetParam());
  EXPECT_EQ(ShareOne(*db, events, seed), Alone(events));
}

TEST(ReplicasMutantTest, WithoutTheLaneLockTheyDoNot) {
  std::mt19937 random(7);
  const std::vector<v1::Event> events = RandomEvents(random);
  const std::unique_ptr<sql::Database> db = support::OpenFresh(sql::Engine::kPostgres);
  UnlockedDatabase unlocked(*db);
  EXPECT_NE(ShareOne(unlocked, events, 7), Alone(events));
}

}  // namespace
}  // namespace waymark::milestone
