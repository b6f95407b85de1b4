// What is PostgreSQL's alone.
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/sql/sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"
#include "tests/support/ports.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"

namespace waymark::sql {
namespace {

using ::testing::ElementsAre;

constexpr Migration kMigrations[] = {
    {1, "visits", "CREATE TABLE visits (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)"}};
constexpr Schema kSchema = {"shop", kMigrations};

class PostgresTest : public ::testing::Test {
 protected:
  static absl::StatusOr<Rows> QueryOn(Database& db, absl::string_view sql, const Params& params = {}) {
    Rows rows;
    RETURN_IF_ERROR(db.Transact([&](Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(rows, tx.Query(sql, params));
      return absl::OkStatus();
    }));
    return rows;
  }
  absl::StatusOr<Rows> Query(absl::string_view sql, const Params& params = {}) { return QueryOn(*db_, sql, params); }

  // Cuts the connection of the backend `pid` from outside.
  void Terminate(int64_t pid) {
    const auto rows = QueryOn(*other_, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 10000)", {pid});
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_TRUE((*rows)[0].Bool(0));
  }

  // Runs a statement that PostgreSQL answers with `sqlstate`.
  absl::Status Raise(absl::string_view sqlstate) {
    return Query(absl::StrCat("DO $$ BEGIN RAISE EXCEPTION 'so' USING ERRCODE = '", sqlstate, "'; END $$")).status();
  }

  const std::string url_ = support::FreshUrl(Engine::kPostgres);
  const std::unique_ptr<Database> db_ = support::OpenAt(url_, {kSchema});
  const std::unique_ptr<Database> other_ = support::OpenAt(url_);
};

TEST_F(PostgresTest, SqlstatesAreClassified) {
  EXPECT_EQ(Raise("23505").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Raise("53100").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(Raise("53100")), "STORE_UNAVAILABLE");
  EXPECT_EQ(Raise("57014").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Raise("58030").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Raise("08006").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Raise("57P01").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Raise("XX000").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Raise("23514").code(), absl::StatusCode::kInternal);
}

TEST_F(PostgresTest, LostRacesRunAgain) {
  for (const char* sqlstate : {"40001", "40P01", "55P03"}) {
    int runs = 0;
    const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
      if (++runs == 3) return absl::OkStatus();
      return tx.Execute(absl::StrCat("DO $$ BEGIN RAISE EXCEPTION 'so' USING ERRCODE = '", sqlstate, "'; END $$"))
          .status();
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(runs, 3) << sqlstate;
  }
}

// Both hold what the other wants; PostgreSQL ends one of them, which runs again.
TEST_F(PostgresTest, ADeadlockEndsWithBothCommitted) {
  ASSERT_TRUE(Query("INSERT INTO visits (id, n) VALUES ('a', 0), ('b', 0)").ok());
  auto* const both_hold = new absl::Barrier(2);
  std::atomic<int> runs = 0;
  const auto add = [&](const char* first, const char* second) {
    bool met = false;
    const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
      ++runs;
      RETURN_IF_ERROR(tx.Execute("UPDATE visits SET n = n + 1 WHERE id = $1", {first}).status());
      if (!std::exchange(met, true) && both_hold->Block()) delete both_hold;
      return tx.Execute("UPDATE visits SET n = n + 1 WHERE id = $1", {second}).status();
    });
    EXPECT_TRUE(status.ok()) << status;
  };
  std::thread other(add, "b", "a");
  add("a", "b");
  other.join();
  EXPECT_GE(runs, 3);
  const auto rows = Query("SELECT n FROM visits");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].Int(0), 2);
  EXPECT_EQ((*rows)[1].Int(0), 2);
}

TEST_F(PostgresTest, AConnectionCutWhileIdleIsReplaced) {
  const auto pid = Query("SELECT pg_backend_pid()");
  ASSERT_TRUE(pid.ok()) << pid.status();
  Terminate((*pid)[0].Int(0));
  const auto again = Query("SELECT pg_backend_pid()");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE((*again)[0].Int(0), (*pid)[0].Int(0));
}

TEST_F(PostgresTest, AConnectionCutBeforeTheCommitRunsTheBodyAgain) {
  int runs = 0;
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows pid, tx.Query("SELECT pg_backend_pid()"));
    if (++runs == 1) Terminate(pid[0].Int(0));
    return tx.Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ((*Query("SELECT COUNT(*) FROM visits"))[0].Int(0), 1);
}

// A deferred trigger runs within COMMIT, and cuts the connection there: nobody can tell what became of it.
TEST_F(PostgresTest, AConnectionCutDuringTheCommitIsUnavailableAndRunsOnce) {
  ASSERT_TRUE(Query("CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$")
                  .ok());
  ASSERT_TRUE(Query("CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON visits DEFERRABLE INITIALLY DEFERRED "
                    "FOR EACH ROW EXECUTE FUNCTION cut()")
                  .ok());
  int runs = 0;
  const absl::Status status = db_->Transact([&](Transaction& tx) {
    ++runs;
    return tx.Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").status();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), "STORE_UNAVAILABLE");
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(Query("SELECT 1").ok());
}

TEST_F(PostgresTest, AViolationFoundByTheCommitIsToldAsOne) {
  ASSERT_TRUE(Query("ALTER TABLE visits ADD UNIQUE (n) DEFERRABLE INITIALLY DEFERRED").ok());
  EXPECT_EQ(Query("INSERT INTO visits (id, n) VALUES ('a', 1), ('b', 1)").status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Query("INSERT INTO visits (id, n) VALUES ('a', 1), ('b', 2)").ok());
}

TEST_F(PostgresTest, WithoutPreparedStatementsEverythingWorksAlike) {
  const auto db = support::OpenAt(absl::StrCat(url_, "&prepared=off"), {kSchema});
  std::vector<Params> sets;
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.push_back(absl::StrCat("customer-", i));
  for (int i = 0; i < 1'000; ++i) sets.push_back({ids[i], i});
  const absl::Status status = db->Transact(
      [&](Transaction& tx) { return tx.ExecuteMany("INSERT INTO visits (id, n) VALUES ($1, $2)", sets).status(); });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ((*QueryOn(*db, "SELECT SUM(n) FROM visits"))[0].Int(0), 499'500);
  EXPECT_EQ((*QueryOn(*db, "SELECT COUNT(*) FROM pg_prepared_statements"))[0].Int(0), 0);
  // It is the same schema.
  EXPECT_EQ((*Query("SELECT COUNT(*) FROM visits"))[0].Int(0), 1'000);
}

TEST_F(PostgresTest, AServerThatForgotItsPreparedStatementsIsAskedAnew) {
  const auto db = Database::Open({.url = url_, .connections = 1});
  ASSERT_TRUE(db.ok()) << db.status();
  ASSERT_TRUE(QueryOn(**db, "SELECT n FROM visits").ok());
  int runs = 0;
  const absl::Status status = (*db)->Transact([&](Transaction& tx) -> absl::Status {
    if (++runs == 1) RETURN_IF_ERROR(tx.Execute("DEALLOCATE ALL").status());
    return tx.Query("SELECT n FROM visits").status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
}

TEST_F(PostgresTest, NumericsAreReadAsIntegersOrDoubles) {
  const auto rows = Query(
      "SELECT CAST('-0.0005' AS NUMERIC), CAST('123456789.00012' AS NUMERIC), CAST('10000' AS NUMERIC), "
      "CAST('-9223372036854775808' AS NUMERIC), CAST('0' AS NUMERIC), CAST('0.00' AS NUMERIC), "
      "CAST('12340000.5' AS NUMERIC), CAST(NULL AS NUMERIC)");
  ASSERT_TRUE(rows.ok()) << rows.status();
  const Row& row = (*rows)[0];
  EXPECT_EQ(row.Double(0), -0.0005);
  EXPECT_EQ(row.Double(1), 123456789.00012);
  EXPECT_EQ(row.Int(2), 10'000);
  EXPECT_EQ(row.Int(3), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(row.Int(4), 0);
  EXPECT_EQ(row.Double(5), 0);
  EXPECT_EQ(row.Double(6), 12340000.5);
  EXPECT_TRUE(row.IsNull(7));
  EXPECT_FALSE(Query("SELECT CAST('9223372036854775808' AS NUMERIC)").ok());
  EXPECT_FALSE(Query("SELECT CAST('NaN' AS NUMERIC)").ok());
  EXPECT_FALSE(Query("SELECT CAST('1 day' AS INTERVAL)").ok()) << "a type that is none of ours";
}

TEST_F(PostgresTest, SmallerTypesAreReadToo) {
  const auto rows = Query(
      "SELECT CAST(-7 AS SMALLINT), CAST(-70000 AS INTEGER), CAST(0.5 AS REAL), TRUE, current_schema(), "
      "CAST('x' AS VARCHAR(5))");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].Int(0), -7);
  EXPECT_EQ((*rows)[0].Int(1), -70'000);
  EXPECT_EQ((*rows)[0].Double(2), 0.5);
  EXPECT_TRUE((*rows)[0].Bool(3));
  EXPECT_EQ((*rows)[0].Text(5), "x");
}

TEST_F(PostgresTest, EverySchemaIsApartFromTheOthers) {
  ASSERT_TRUE(Query("INSERT INTO visits (id, n) VALUES ('a', 1)").ok());
  const auto another = support::OpenFresh(Engine::kPostgres, {kSchema});
  EXPECT_EQ((*QueryOn(*another, "SELECT COUNT(*) FROM visits"))[0].Int(0), 0);
}

TEST_F(PostgresTest, CommitsAreDurable) {
  const auto rows = Query("SELECT setting FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync')");
  ASSERT_TRUE(rows.ok()) << rows.status();
  for (const Row& row : *rows) EXPECT_EQ(row.Text(0), "on");
}

TEST_F(PostgresTest, LargeValuesAreCompressedQuickly) {
  const auto rows = Query("SELECT current_setting('default_toast_compression')");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].Text(0), "lz4");
}

TEST(PostgresServerTest, NobodyThereIsUnavailable) {
  const auto opened = Database::Open({.url = absl::StrCat("postgresql://127.0.0.1:", support::FreePort(), "/x")});
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(opened.status()), "STORE_UNAVAILABLE");
}

TEST(PostgresServerTest, ADatabaseHealsOnceItsServerIsBack) {
  support::PostgresServer server;
  const auto db = support::OpenAt(absl::StrCat(server.url(), "?schema=shop"), {kSchema});
  const auto insert = [&](absl::string_view id) {
    return db->Transact(
        [&](Transaction& tx) { return tx.Execute("INSERT INTO visits (id, n) VALUES ($1, 1)", {id}).status(); });
  };
  ASSERT_TRUE(insert("before").ok());
  server.Crash();
  EXPECT_EQ(insert("meanwhile").code(), absl::StatusCode::kUnavailable);
  server.Start();
  const absl::Status after = insert("after");
  EXPECT_TRUE(after.ok()) << after;
  std::vector<std::string> ids;
  const absl::Status read = db->Read([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT id FROM visits ORDER BY id"));
    for (const Row& row : rows) ids.push_back(row.Text(0));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_THAT(ids, ElementsAre("after", "before"));
}

TEST(PostgresServerTest, TextIsOrderedBytewiseWhateverTheDatabasesCollation) {
  support::PostgresServer server;
  const auto made = support::RunToEnd(
      {.argv = {"psql", server.url(), "--no-psqlrc", "--command",
                "CREATE DATABASE wordy TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"}},
      absl::Minutes(1));
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->exit_code, 0) << made->err;
  const std::string url = absl::StrCat("postgresql://postgres@127.0.0.1:", server.port(), "/wordy?schema=shop");
  const auto db = support::OpenAt(url, {kSchema});
  std::vector<std::string> by_id, by_database, after;
  const absl::Status status = db->Transact([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.ExecuteMany("INSERT INTO visits (id, n) VALUES ($1, 1)", {{"a"}, {"B"}, {"_"}}).status());
    const auto read = [&](absl::string_view sql, const Params& params, std::vector<std::string>& ids) -> absl::Status {
      ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, params));
      for (const Row& row : rows) ids.push_back(row.Text(0));
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(read("SELECT id FROM visits ORDER BY id", {}, by_id));
    RETURN_IF_ERROR(read("SELECT id FROM visits ORDER BY id COLLATE \"default\"", {}, by_database));
    return read("SELECT id FROM visits WHERE id > $1 ORDER BY id", {"B"}, after);
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(by_id, ElementsAre("B", "_", "a"));
  EXPECT_THAT(by_database, ElementsAre("_", "a", "B"));  // Another order: the test could fail.
  EXPECT_THAT(after, ElementsAre("_", "a"));
}

}  // namespace
}  // namespace waymark::sql
