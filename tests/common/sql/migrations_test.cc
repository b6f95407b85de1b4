// Migrations, on both engines.
#include <thread>

#include "common/base/status.h"
#include "common/sql/sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"

namespace waymark::sql {
namespace {

using ::testing::HasSubstr;

constexpr Migration kPlans[] = {
    {1, "plans", "CREATE TABLE plans (id TEXT NOT NULL PRIMARY KEY, seats BIGINT NOT NULL);"},
    {2, "prices of plans", "ALTER TABLE plans ADD COLUMN price BIGINT NOT NULL DEFAULT 0; UPDATE plans SET price = 9"},
    {3, "the free plan", "INSERT INTO plans (id, seats) VALUES ('free; for ever', 1)"},
};
constexpr Migration kNotes[] = {{1, "notes", "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY)"}};

const absl::Span<const Migration> kAllPlans = kPlans;

class MigrationsTest : public ::testing::TestWithParam<Engine> {
 protected:
  absl::Status Migrate(const std::vector<Schema>& schemas) { return db_->Migrate(schemas); }

  SchemaState State(const Schema& schema) {
    const auto states = db_->GetSchemaStates({schema});
    return states.ok() && states->size() == 1 ? (*states)[0] : SchemaState{.name = states.status().ToString()};
  }

  int64_t Count(absl::string_view table) {
    int64_t count = -1;
    db_->Read([&](Transaction& tx) -> absl::Status {
         ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT COUNT(*) FROM " + std::string(table)));
         count = rows[0].Int(0);
         return absl::OkStatus();
       })
        .IgnoreError();
    return count;
  }

  const std::string url_ = support::FreshUrl(GetParam());
  const std::unique_ptr<Database> db_ = support::OpenAt(url_);
};

INSTANTIATE_TEST_SUITE_P(Engines, MigrationsTest, support::BothEngines(), support::EngineName);

TEST_P(MigrationsTest, ApplyInOrderAndOnce) {
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(Migrate({{"plans", kPlans}, {"notes", kNotes}}).ok());
    EXPECT_EQ(Count("plans"), 1);
    EXPECT_EQ(Count("notes"), 0);
    EXPECT_EQ(State({"plans", kPlans}).applied, 3);
  }
}

TEST_P(MigrationsTest, LaterOnesAreAdded) {
  ASSERT_TRUE(Migrate({{"plans", kAllPlans.first(1)}}).ok());
  const SchemaState state = State({"plans", kPlans});
  EXPECT_EQ(state.name, "plans");
  EXPECT_EQ(state.applied, 1);
  EXPECT_EQ(state.available, 3);
  ASSERT_TRUE(Migrate({{"plans", kPlans}}).ok());
  EXPECT_EQ(State({"plans", kPlans}).applied, 3);
}

TEST_P(MigrationsTest, AskingForTheStateChangesNothing) {
  EXPECT_EQ(State({"plans", kPlans}).applied, 0);
  EXPECT_EQ(Count("waymark_migrations"), -1);
}

TEST_P(MigrationsTest, AnUnknownOneIsRefused) {
  ASSERT_TRUE(Migrate({{"plans", kPlans}}).ok());
  const absl::Status status = Migrate({{"plans", kAllPlans.first(2)}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("has migration 3 of the schema plans"));
}

TEST_P(MigrationsTest, AFailingOneIsNamedAndLeavesNothing) {
  const Migration broken[] = {kPlans[0],
                              {2, "a typo", "INSERT INTO plans VALUES ('pro', 5); CREATE TALBE x (y BIGINT)"}};
  const absl::Status status = Migrate({{"plans", broken}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("migration 2 (a typo) of the schema plans failed"));
  EXPECT_EQ(State({"plans", broken}).applied, 1);
  EXPECT_EQ(Count("plans"), 0);
  EXPECT_TRUE(Migrate({{"plans", kPlans}}).ok());
}

TEST_P(MigrationsTest, WrongNumbersAreRefused) {
  const Migration gap[] = {{1, "plans", "CREATE TABLE plans (id TEXT)"}, {3, "notes", "CREATE TABLE notes (id TEXT)"}};
  EXPECT_THAT(Migrate({{"plans", gap}}).message(), HasSubstr("not numbered"));
  EXPECT_EQ(Count("plans"), -1);
}

TEST_P(MigrationsTest, SeveralAtOnceApplyEachOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      // A SQLite file takes one Database alone; PostgreSQL's stand for processes.
      const auto own = GetParam() == Engine::kPostgres ? support::OpenAt(url_) : nullptr;
      Database& db = own == nullptr ? *db_ : *own;
      const Schema schemas[] = {{"plans", kPlans}, {"notes", kNotes}};
      const absl::Status status = db.Migrate(schemas);
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count("plans"), 1);
  EXPECT_EQ(State({"notes", kNotes}).applied, 1);
}

TEST_P(MigrationsTest, StatementsPreparedBeforeSeeTheNewColumns) {
  ASSERT_TRUE(Migrate({{"plans", kAllPlans.first(1)}}).ok());
  const auto insert = [this](absl::string_view id) {
    return db_->Transact([&](Transaction& tx) {
      return tx.Execute("INSERT INTO plans (id, seats) VALUES ($1, $2)", {id, 3}).status();
    });
  };
  ASSERT_TRUE(insert("pro").ok());
  ASSERT_TRUE(Migrate({{"plans", kPlans}}).ok());
  EXPECT_TRUE(insert("max").ok());
  EXPECT_EQ(Count("plans WHERE price = 9"), 1);
}

}  // namespace
}  // namespace waymark::sql
