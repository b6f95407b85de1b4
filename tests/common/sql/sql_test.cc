// What common/sql/sql.h promises, on both engines.
#include "common/sql/sql.h"

#include <limits>
#include <thread>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"

namespace waymark::sql {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Migration kMigrations[] = {
    {1, "customers",
     "CREATE TABLE customers (id TEXT NOT NULL PRIMARY KEY, seats BIGINT, score DOUBLE PRECISION, note TEXT, raw "
     "BYTEA);"
     "CREATE INDEX customers_by_seats ON customers (seats);"
     "CREATE TABLE visits (id TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (id, n)) /* clustered */"}};
constexpr Schema kSchema = {"shop", kMigrations};

constexpr char kInsert[] = "INSERT INTO customers (id, seats, score, note, raw) VALUES ($1, $2, $3, $4, $5)";
constexpr char kSelect[] = "SELECT id, seats, score, note, raw FROM customers WHERE id = $1";

class SqlTest : public ::testing::TestWithParam<Engine> {
 protected:
  bool sqlite() const { return GetParam() == Engine::kSqlite; }

  // One statement in a transaction of its own.
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const Params& params = {}) {
    int64_t changed = 0;
    RETURN_IF_ERROR(db_->Transact([&](Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(changed, tx.Execute(sql, params));
      return absl::OkStatus();
    }));
    return changed;
  }
  absl::StatusOr<Rows> Query(absl::string_view sql, const Params& params = {}) {
    Rows rows;
    RETURN_IF_ERROR(db_->Read([&](Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(rows, tx.Query(sql, params));
      return absl::OkStatus();
    }));
    return rows;
  }
  int64_t Count() {
    const auto rows = Query("SELECT COUNT(*) FROM customers");
    return rows.ok() ? (*rows)[0].Int(0) : -1;
  }

  const std::string url_ = support::FreshUrl(GetParam());
  std::unique_ptr<Database> db_ = support::OpenAt(url_, {kSchema});
};

INSTANTIATE_TEST_SUITE_P(Engines, SqlTest, support::BothEngines(), support::EngineName);

TEST_P(SqlTest, EveryTypeComesBackAsItWentIn) {
  const std::string raw("\0\x01\xff'\"\\", 6);
  ASSERT_TRUE(Execute(kInsert, {"acme", int64_t{1} << 62, 0.1, "Zoë 'O\"Neil' \\ ✓\n", Bytes{raw}}).ok());
  const auto rows = Query(kSelect, {"acme"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(*rows, SizeIs(1));
  const Row& row = (*rows)[0];
  EXPECT_EQ(row.size(), 5);
  EXPECT_EQ(row.Text(0), "acme");
  EXPECT_EQ(row.Int(1), int64_t{1} << 62);
  EXPECT_EQ(row.Double(2), 0.1);
  EXPECT_EQ(row.Text(3), "Zoë 'O\"Neil' \\ ✓\n");
  EXPECT_EQ(row.Blob(4), raw);
}

TEST_P(SqlTest, NumbersKeepTheirLimits) {
  const std::vector<int64_t> integers = {0, -1, std::numeric_limits<int64_t>::min(),
                                         std::numeric_limits<int64_t>::max()};
  const std::vector<double> reals = {
      0.0, -1.5, 5e-324, 1.7976931348623157e308, 1.0 / 3, -std::numeric_limits<double>::infinity()};
  for (const int64_t integer : integers) {
    for (const double real : reals) {
      ASSERT_TRUE(Execute("DELETE FROM customers").ok());
      ASSERT_TRUE(Execute(kInsert, {"acme", integer, real, std::nullopt, std::nullopt}).ok());
      const auto rows = Query(kSelect, {"acme"});
      ASSERT_TRUE(rows.ok()) << rows.status();
      EXPECT_EQ((*rows)[0].Int(1), integer);
      EXPECT_EQ((*rows)[0].Double(2), real);
    }
  }
}

TEST_P(SqlTest, NullsEmptyTextsAndEmptyBytesDiffer) {
  ASSERT_TRUE(Execute(kInsert, {"null", std::nullopt, std::nullopt, std::nullopt, std::nullopt}).ok());
  ASSERT_TRUE(Execute(kInsert, {"empty", 0, 0.0, "", Bytes{""}}).ok());
  ASSERT_TRUE(Execute(kInsert, {"views", 0, 0.0, absl::string_view(), Bytes{absl::string_view()}}).ok());
  const auto nulls = Query(kSelect, {"null"});
  ASSERT_TRUE(nulls.ok()) << nulls.status();
  for (size_t column = 1; column < 5; ++column) EXPECT_TRUE((*nulls)[0].IsNull(column)) << column;
  for (const char* id : {"empty", "views"}) {
    const auto rows = Query(kSelect, {id});
    ASSERT_TRUE(rows.ok()) << rows.status();
    for (size_t column = 1; column < 5; ++column) EXPECT_FALSE((*rows)[0].IsNull(column)) << column;
    EXPECT_EQ((*rows)[0].Text(3), "");
    EXPECT_EQ((*rows)[0].Blob(4), "");
  }
}

TEST_P(SqlTest, ParametersConvertAsTheirTypesSay) {
  const absl::Time noon = absl::FromUnixMicros(1'777'896'000'123'456);
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ($1, $2)", {"time", noon}).ok());
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ($1, $2)", {std::string("bool"), true}).ok());
  ASSERT_TRUE(
      Execute("INSERT INTO visits (id, n) VALUES ($1, $2)", {std::optional<std::string>("opt"), uint32_t{4294967295}})
          .ok());
  const auto rows = Query("SELECT n FROM visits ORDER BY id");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE((*rows)[0].Bool(0));
  EXPECT_EQ((*rows)[1].Int(0), 4294967295);
  EXPECT_EQ((*rows)[2].Time(0), noon);
}

TEST_P(SqlTest, ParametersMayStandInAnyOrderAndTwice) {
  const auto rows = Query("SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT) + $1", {20, "twenty"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].Text(0), "twenty");
  EXPECT_EQ((*rows)[0].Int(1), 40);
}

TEST_P(SqlTest, SumsAndCountsAreIntegersAveragesAreNot) {
  ASSERT_TRUE(Execute(kInsert, {"acme", int64_t{1} << 60, 1.0, std::nullopt, std::nullopt}).ok());
  ASSERT_TRUE(Execute(kInsert, {"bolt", -7, 2.0, std::nullopt, std::nullopt}).ok());
  const auto rows = Query("SELECT COUNT(*), SUM(seats), SUM(score), MIN(seats) FROM customers");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].Int(0), 2);
  EXPECT_EQ((*rows)[0].Int(1), (int64_t{1} << 60) - 7);
  EXPECT_EQ((*rows)[0].Double(2), 3.0);
  EXPECT_EQ((*rows)[0].Int(3), -7);
  ASSERT_TRUE(Execute("UPDATE customers SET seats = CASE WHEN id = 'acme' THEN 2 ELSE -7 END").ok());
  const auto average = Query("SELECT AVG(seats), seats > 0 FROM customers GROUP BY seats > 0 ORDER BY 1");
  ASSERT_TRUE(average.ok()) << average.status();
  EXPECT_EQ((*average)[0].Double(0), -7.0);
  EXPECT_FALSE((*average)[0].Bool(1));
  EXPECT_TRUE((*average)[1].Bool(1));
}

TEST_P(SqlTest, LargeBlobsAndTextsComeBackWhole) {
  std::string blob;
  for (int i = 0; i < 200'000; ++i) blob.push_back(static_cast<char>(i * 7 + i / 256));
  const std::string text(200'000, 'x');
  ASSERT_TRUE(Execute(kInsert, {"acme", 1, 1.0, text, Bytes{blob}}).ok());
  const auto rows = Query(kSelect, {"acme"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE((*rows)[0].Text(3) == text);
  EXPECT_TRUE((*rows)[0].Blob(4) == blob);
}

TEST_P(SqlTest, TextWithNulIsRefused) {
  const std::string nul("a\0b", 3);
  EXPECT_EQ(Execute(kInsert, {"acme", 1, 1.0, nul, std::nullopt}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Query(kSelect, {nul}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlTest, TextThatIsNotUtf8IsRefusedByPostgres) {
  const auto inserted = Execute(kInsert, {"acme", 1, 1.0, "\xff\xfe", std::nullopt});
  EXPECT_EQ(inserted.status().code(), sqlite() ? absl::StatusCode::kOk : absl::StatusCode::kInvalidArgument);
}

TEST_P(SqlTest, WhatIsNotANumberIsRefused) {
  EXPECT_EQ(Execute(kInsert, {"acme", 1, std::numeric_limits<double>::quiet_NaN(), std::nullopt, std::nullopt})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(SqlTest, AColumnRefusesAnotherType) {
  const auto inserted = Execute("INSERT INTO visits (id, n) VALUES ($1, $2)", {"acme", "many"});
  EXPECT_EQ(inserted.status().code(), absl::StatusCode::kInternal);
}

TEST_P(SqlTest, ExecuteTellsHowManyRowsChanged) {
  EXPECT_EQ(*Execute("INSERT INTO visits (id, n) VALUES ('a', 1), ('a', 2), ('b', 1)"), 3);
  EXPECT_EQ(*Execute("UPDATE visits SET n = n + 10 WHERE id = $1", {"a"}), 2);
  EXPECT_EQ(*Execute("UPDATE visits SET n = n + 10 WHERE id = $1", {"z"}), 0);
  EXPECT_EQ(*Execute("INSERT INTO visits (id, n) VALUES ('b', 1) ON CONFLICT DO NOTHING"), 0);
  EXPECT_EQ(*Execute("INSERT INTO visits (id, n) VALUES ('b', 1) ON CONFLICT (id, n) DO UPDATE SET n = 5"), 1);
  EXPECT_EQ(*Execute("CREATE TABLE more (x BIGINT)"), 0);
  EXPECT_EQ(*Execute("SELECT COUNT(*) FROM visits"), 0);
  EXPECT_EQ(*Execute("DELETE FROM visits"), 3);
}

TEST_P(SqlTest, ReturningGivesRows) {
  Rows rows;
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(rows, tx.Query("INSERT INTO visits (id, n) VALUES ('a', 1), ('a', 2) RETURNING n"));
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(rows, SizeIs(2));
}

TEST_P(SqlTest, AnErrorOfTheBodyRollsBackAndIsReturned) {
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Execute(kInsert, {"acme", 1, 1.0, std::nullopt, std::nullopt}).status());
    return NotFound("plan");
  });
  EXPECT_EQ(status, NotFound("plan"));
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlTest, ASwallowedErrorIsNotCommitted) {
  absl::Status later;
  const absl::Status status = db_->Transact([&](Transaction& tx) {
    EXPECT_TRUE(tx.Execute(kInsert, {"acme", 1, 1.0, std::nullopt, std::nullopt}).ok());
    EXPECT_FALSE(tx.Execute("INSERT INTO nowhere VALUES (1)").ok());
    later = tx.Execute(kInsert, {"bolt", 1, 1.0, std::nullopt, std::nullopt}).status();
    return absl::OkStatus();
  });
  EXPECT_EQ(later.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlTest, InternalErrorsCarryNoDriverText) {
  EXPECT_EQ(Query("SELECT secret_column FROM customers").status().message(), "the database refused a statement");
  EXPECT_EQ(Query("SELECT 1 WHERE 1 = $1").status().code(), absl::StatusCode::kInternal) << "too few parameters";
  EXPECT_EQ(Query("").status().code(), absl::StatusCode::kInternal) << "no statement";
}

TEST_P(SqlTest, ASecondRowOfOneKeyExistsAlready) {
  ASSERT_TRUE(Execute(kInsert, {"acme", 1, 1.0, std::nullopt, std::nullopt}).ok());
  const auto again = Execute(kInsert, {"acme", 2, 1.0, std::nullopt, std::nullopt});
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(again.status()), "ALREADY_EXISTS");
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").ok());
  EXPECT_EQ(Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_P(SqlTest, ExecuteManyAnswersEachSetInOrder) {
  constexpr int kSets = 10'000;
  std::vector<std::string> ids;
  for (int i = 0; i < kSets; ++i) ids.push_back(absl::StrCat("customer-", i % 5'000));
  std::vector<Params> sets;
  for (int i = 0; i < kSets; ++i) sets.push_back({ids[i], i});
  std::vector<int64_t> changed;
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(changed,
                     tx.ExecuteMany("INSERT INTO customers (id, seats) VALUES ($1, $2) ON CONFLICT DO NOTHING", sets));
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_THAT(changed, SizeIs(kSets));
  for (int i = 0; i < kSets; ++i) ASSERT_EQ(changed[i], i < 5'000 ? 1 : 0) << i;
  EXPECT_EQ(Count(), 5'000);
}

TEST_P(SqlTest, InsertManyStoresEveryRowHoweverManyThereAre) {
  constexpr char kUpsert[] =
      "INSERT INTO customers (id, seats, note) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET seats = "
      "excluded.seats";
  int64_t round = 0;
  for (const int rows : {0, 1, 63, 64, 65, 1000}) {
    ++round;
    std::vector<std::string> ids;
    for (int i = 0; i < rows; ++i) ids.push_back(absl::StrCat("customer-", i));
    std::vector<Params> sets;
    for (int i = 0; i < rows; ++i) sets.push_back({ids[i], round * 10'000 + i, "x"});
    // Where one is NULL, it goes another way.
    if (round % 2 == 0 && rows > 0) sets.back()[2] = std::nullopt;
    const absl::Status status = db_->Transact([&](Transaction& tx) { return tx.InsertMany(kUpsert, sets); });
    ASSERT_TRUE(status.ok()) << status;
    const auto stored =
        Query("SELECT COUNT(*), COUNT(DISTINCT seats) FROM customers WHERE seats >= $1", {round * 10'000});
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ((*stored)[0].Int(0), rows);
    EXPECT_EQ((*stored)[0].Int(1), rows);
  }
  EXPECT_EQ(Count(), 1000);
}

TEST_P(SqlTest, InsertManyTakesWhatIsAbsentInAnyRow) {
  std::vector<std::string> ids;
  for (int i = 0; i < 130; ++i) ids.push_back(absl::StrCat("customer-", i));
  std::vector<Params> sets;
  for (int i = 0; i < 130; ++i) {
    // Absent in the first rows of a statement, in the last, and in all.
    const std::optional<int64_t> seats = i % 64 < 2 || i >= 64 ? std::optional<int64_t>() : i;
    sets.push_back({ids[i], seats, i % 2 == 0 ? std::optional<absl::string_view>() : "x"});
  }
  const absl::Status status = db_->Transact([&](Transaction& tx) {
    return tx.InsertMany("INSERT INTO customers (id, seats, note) VALUES ($1, $2, $3)", sets);
  });
  ASSERT_TRUE(status.ok()) << status;
  const auto stored = Query("SELECT COUNT(*), COUNT(seats), SUM(seats), COUNT(note) FROM customers");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ((*stored)[0].Int(0), 130);
  EXPECT_EQ((*stored)[0].Int(1), 62);
  EXPECT_EQ((*stored)[0].Int(2), 63 * 64 / 2 - 1);
  EXPECT_EQ((*stored)[0].Int(3), 65);
}

TEST_P(SqlTest, InsertManyThatFailsEndsTheTransaction) {
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(absl::StrCat("customer-", i % 150));
  std::vector<Params> sets;
  for (const std::string& id : ids) sets.push_back({id, 1});
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    tx.InsertMany("INSERT INTO customers (id, seats) VALUES ($1, $2)", sets).IgnoreError();
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlTest, QueryManyAnswersEachSetInOrder) {
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('odd', 1), ('odd', 3), ('even', 2)").ok());
  constexpr int kSets = 10'000;
  std::vector<Params> sets;
  for (int i = 0; i < kSets; ++i) sets.push_back({i % 3 == 0 ? "odd" : i % 3 == 1 ? "even" : "none"});
  std::vector<Rows> answers;
  const absl::Status status = db_->Read([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(answers, tx.QueryMany("SELECT n FROM visits WHERE id = $1 ORDER BY n", sets));
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_THAT(answers, SizeIs(kSets));
  for (int i = 0; i < kSets; ++i) {
    ASSERT_EQ(answers[i].size(), i % 3 == 0 ? 2 : i % 3 == 1 ? 1 : 0) << i;
    if (i % 3 != 2) {
      ASSERT_EQ(answers[i].back().Int(0), i % 3 == 0 ? 3 : 2) << i;
    }
  }
}

// 40 MB go each way at once: who only writes until everything is written would wait for ever.
TEST_P(SqlTest, LargeSetsAndLargeAnswersDoNotWaitForEachOther) {
  const std::string large(200'000, 'x');
  const std::vector<Params> sets(200, {large});
  std::vector<Rows> answers;
  const absl::Status status = db_->Read([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(answers, tx.QueryMany("SELECT CAST($1 AS TEXT)", sets));
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_THAT(answers, SizeIs(200));
  for (const Rows& rows : answers) ASSERT_TRUE(rows[0].Text(0) == large);
}

TEST_P(SqlTest, SetsMayMixNullsAndTypes) {
  const std::string raw("\0\1", 2);
  const std::vector<Params> sets = {
      {"a", std::nullopt, std::nullopt, std::nullopt, std::nullopt},
      {"b", 1, 1.5, "note", Bytes{raw}},
      {"c", std::nullopt, 2, "note", std::nullopt},  // An integer where others have a real number.
      {"d", 3, std::nullopt, std::nullopt, Bytes{raw}},
  };
  const absl::Status status = db_->Transact([&](Transaction& tx) { return tx.ExecuteMany(kInsert, sets).status(); });
  ASSERT_TRUE(status.ok()) << status;
  const auto rows = Query("SELECT id, seats, score, note, raw FROM customers ORDER BY id");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE((*rows)[0].IsNull(4));
  EXPECT_EQ((*rows)[1].Int(1), 1);
  EXPECT_EQ((*rows)[1].Double(2), 1.5);
  EXPECT_EQ((*rows)[1].Blob(4), raw);
  EXPECT_TRUE((*rows)[2].IsNull(1));
  EXPECT_EQ((*rows)[2].Double(2), 2.0);
  EXPECT_EQ((*rows)[3].Int(1), 3);
}

TEST_P(SqlTest, NoSetsRunNothing) {
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<int64_t> changed, tx.ExecuteMany(kInsert, {}));
    EXPECT_THAT(changed, IsEmpty());
    ASSIGN_OR_RETURN(const std::vector<Rows> answers, tx.QueryMany(kSelect, {}));
    EXPECT_THAT(answers, IsEmpty());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(SqlTest, OneBadSetFailsAll) {
  const std::string nul("\0", 1);
  for (const std::vector<Params>& sets :
       {std::vector<Params>{{"a", 1}, {"b", 2}, {"a", 1}}, std::vector<Params>{{"a", 1}, {nul, 2}, {"b", 1}}}) {
    const absl::Status status = db_->Transact(
        [&](Transaction& tx) { return tx.ExecuteMany("INSERT INTO visits (id, n) VALUES ($1, $2)", sets).status(); });
    EXPECT_FALSE(status.ok());
    EXPECT_EQ((*Query("SELECT COUNT(*) FROM visits"))[0].Int(0), 0);
  }
  // The same statement goes on working.
  EXPECT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ($1, $2)", {"a", 1}).ok());
}

TEST_P(SqlTest, ALostRaceRunsTheBodyAgainFromScratch) {
  int runs = 0;
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Execute(kInsert, {absl::StrCat("run-", ++runs), 1, 1.0, std::nullopt, std::nullopt}).status());
    return runs < 3 ? absl::AbortedError("the cursor has moved") : absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 3);
  const auto rows = Query("SELECT id FROM customers");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(*rows, SizeIs(1));
  EXPECT_EQ((*rows)[0].Text(0), "run-3");
}

// Without the row lock, or without running again, one would overwrite what the other has counted.
TEST_P(SqlTest, TwoWritersOfOneRowTakeTurns) {
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('head', 0)").ok());
  const auto write = [this] {
    for (int i = 0; i < 200; ++i) {
      const absl::Status status = db_->Transact([](Transaction& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT n FROM visits WHERE id = $1 FOR UPDATE", {"head"}));
        return tx.Execute("UPDATE visits SET n = $2 WHERE id = $1", {"head", rows[0].Int(0) + 1}).status();
      });
      ASSERT_TRUE(status.ok()) << status;
    }
  };
  std::thread other(write);
  write();
  other.join();
  EXPECT_EQ((*Query("SELECT n FROM visits"))[0].Int(0), 400);
}

TEST_P(SqlTest, WritersLockInTheOrderTheyAsk) {
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('head', 0)").ok());
  constexpr char kLock[] = "SELECT n FROM visits WHERE id = 'head' FOR UPDATE";
  absl::Notification locked;
  std::vector<std::string> order;
  std::thread second([&] {
    locked.WaitForNotification();
    const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
      RETURN_IF_ERROR(tx.Query(kLock).status());
      order.push_back("second");  // Alone here: the lock guards it.
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  });
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Query(kLock).status());
    if (!locked.HasBeenNotified()) locked.Notify();
    for (int i = 0; i < 50; ++i) RETURN_IF_ERROR(tx.Execute("UPDATE visits SET n = n + 1").status());
    order.push_back("first");
    return absl::OkStatus();
  });
  second.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(order, ElementsAre("first", "second"));
}

TEST_P(SqlTest, AReaderSeesOneStateAndWaitsForNoWriter) {
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('head', 1)").ok());
  absl::Notification has_read;
  absl::Notification has_committed;
  std::vector<int64_t> seen;
  std::thread reader([&] {
    const absl::Status status = db_->Read([&](Transaction& tx) -> absl::Status {
      for (int i = 0; i < 2; ++i) {
        ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT n FROM visits"));
        seen.push_back(rows[0].Int(0));
        if (i == 0) has_read.Notify();
        has_committed.WaitForNotification();
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  });
  has_read.WaitForNotification();
  const absl::Status status = db_->Transact([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Execute("UPDATE visits SET n = 2").status());
    // The row is locked and changed, and a reader reads what was there before.
    EXPECT_EQ((*Query("SELECT n FROM visits"))[0].Int(0), 1);
    return absl::OkStatus();
  });
  has_committed.Notify();
  reader.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, ElementsAre(1, 1));
  EXPECT_EQ((*Query("SELECT n FROM visits"))[0].Int(0), 2);
}

TEST_P(SqlTest, AReaderMayNotWrite) {
  const absl::Status status =
      db_->Read([](Transaction& tx) { return tx.Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").status(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('a', 1)").ok());
}

TEST_P(SqlTest, ATransactionWithoutStatementsIsFine) {
  EXPECT_TRUE(db_->Transact([](Transaction&) { return absl::OkStatus(); }).ok());
  EXPECT_TRUE(db_->Read([](Transaction&) { return absl::OkStatus(); }).ok());
}

TEST_P(SqlTest, ManyReadersAndWritersAtOnce) {
  ASSERT_TRUE(Execute("INSERT INTO visits (id, n) VALUES ('head', 0)").ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([this, t] {
      int64_t before = 0;
      for (int i = 0; i < 50; ++i) {
        if (t % 3 == 0) {
          ASSERT_TRUE(Execute("UPDATE visits SET n = n + 1").ok());
        } else {
          const auto rows = Query("SELECT n FROM visits");
          ASSERT_TRUE(rows.ok()) << rows.status();
          ASSERT_GE((*rows)[0].Int(0), before);
          before = (*rows)[0].Int(0);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*Query("SELECT n FROM visits"))[0].Int(0), 200);
}

TEST_P(SqlTest, WhoFindsNoConnectionInTimeIsToldSo) {
  db_.reset();
  auto db = Database::Open({.url = url_, .connections = 1, .wait = absl::Milliseconds(1)});
  ASSERT_TRUE(db.ok()) << db.status();
  absl::Status inner;
  const absl::Status outer = (*db)->Read([&](Transaction&) {
    inner = (*db)->Read([](Transaction&) { return absl::OkStatus(); });
    return absl::OkStatus();
  });
  EXPECT_TRUE(outer.ok()) << outer;
  EXPECT_EQ(inner.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(inner), "STORE_UNAVAILABLE");
}

TEST_P(SqlTest, WhatWasCommittedIsThereAfterReopening) {
  ASSERT_TRUE(Execute(kInsert, {"acme", 1, 1.0, std::nullopt, std::nullopt}).ok());
  db_.reset();
  db_ = support::OpenAt(url_, {kSchema});
  EXPECT_EQ(Count(), 1);
}

TEST_P(SqlTest, MoreTextsThanAreKeptPreparedStillRun) {
  for (int i = 0; i < 1'200; ++i) {
    const auto rows = Query(absl::StrCat("SELECT ", i, " + CAST($1 AS BIGINT)"), {1});
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ((*rows)[0].Int(0), i + 1);
  }
}

TEST_P(SqlTest, TheEngineIsTold) { EXPECT_EQ(db_->engine(), GetParam()); }

TEST(OpenTest, AMalformedUrlIsRefused) {
  for (const char* url : {"journey.db", "postgresql://localhost:notaport/x", "postgresql://localhost/x?colour=blue"}) {
    EXPECT_EQ(Database::Open({.url = url}).status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace waymark::sql
