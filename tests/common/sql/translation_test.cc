#include "common/sql/translation.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitStatementsTest, CutsAtSemicolonsAndTrims) {
  EXPECT_THAT(SplitStatements("CREATE TABLE a (x BIGINT);\n\nCREATE TABLE b (y TEXT) ;\n"),
              ElementsAre("CREATE TABLE a (x BIGINT)", "CREATE TABLE b (y TEXT)"));
}

TEST(SplitStatementsTest, NothingGivesNoStatement) {
  EXPECT_THAT(SplitStatements(""), IsEmpty());
  EXPECT_THAT(SplitStatements(" ;\n; "), IsEmpty());
  EXPECT_THAT(SplitStatements("-- Nothing yet; later.\n"), IsEmpty());
}

TEST(SplitStatementsTest, SemicolonsInQuotesAndCommentsCutNothing) {
  EXPECT_THAT(SplitStatements("INSERT INTO a VALUES ('x;y', \"b;c\") /* d;e */; -- f;g\nDELETE FROM a"),
              ElementsAre("INSERT INTO a VALUES ('x;y', \"b;c\") /* d;e */", "DELETE FROM a"));
}

TEST(ToSqliteStatementTest, DropsLocksAtTheEndAlone) {
  EXPECT_EQ(ToSqliteStatement("SELECT head FROM lanes WHERE lane = $1 FOR UPDATE"),
            "SELECT head FROM lanes WHERE lane = $1");
  EXPECT_EQ(ToSqliteStatement("SELECT head FROM lanes FOR SHARE\n"), "SELECT head FROM lanes");
  EXPECT_EQ(ToSqliteStatement("SELECT ' FOR UPDATE' AS x"), "SELECT ' FOR UPDATE' AS x");
}

TEST(ToSqliteMigrationTest, TranslatesTypesAndMakesTablesStrict) {
  EXPECT_EQ(
      ToSqliteMigration("CREATE TABLE scores (customer TEXT NOT NULL, score DOUBLE PRECISION, at BIGINT, raw BYTEA)"),
      "CREATE TABLE scores (customer TEXT NOT NULL, score REAL, at INTEGER, raw BLOB) STRICT");
}

TEST(ToSqliteMigrationTest, ClusteredTablesHaveNoRowid) {
  EXPECT_EQ(ToSqliteMigration("CREATE TABLE ids (id TEXT PRIMARY KEY, n BIGINT) /* clustered */"),
            "CREATE TABLE ids (id TEXT PRIMARY KEY, n INTEGER) STRICT, WITHOUT ROWID");
}

TEST(ToSqliteMigrationTest, LeavesNamesQuotesAndOtherStatementsAlone) {
  EXPECT_EQ(ToSqliteMigration("CREATE INDEX by_bigint_id ON bytea_rows (a)"),
            "CREATE INDEX by_bigint_id ON bytea_rows (a)");
  EXPECT_EQ(ToSqliteMigration("INSERT INTO a VALUES ('BIGINT', 'it''s BYTEA')"),
            "INSERT INTO a VALUES ('BIGINT', 'it''s BYTEA')");
  EXPECT_EQ(ToSqliteMigration("ALTER TABLE a ADD COLUMN b bigint NOT NULL DEFAULT 0"),
            "ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT 0");
}

TEST(ToManyRowsTest, NumbersTheParametersOn) {
  EXPECT_EQ(ToManyRows("INSERT INTO a (x, y) VALUES ($1, $2) ON CONFLICT DO NOTHING", 2, 3),
            "INSERT INTO a (x, y) VALUES ($1, $2), ($3, $4), ($5, $6) ON CONFLICT DO NOTHING");
}

TEST(ToManyRowsTest, WhatIsNoSuchStatementIsLeftAlone) {
  EXPECT_EQ(ToManyRows("INSERT INTO a (x, y) VALUES ($2, $1)", 2, 3), "");
  EXPECT_EQ(ToManyRows("INSERT INTO a (x, y) VALUES ($1, 1 + $2)", 2, 3), "");
  EXPECT_EQ(ToManyRows("UPDATE a SET x = $1 WHERE y = $2", 2, 3), "");
}

TEST(ToPostgresMigrationTest, ColumnsOfTextAreOrderedBytewise) {
  EXPECT_EQ(ToPostgresMigration("CREATE TABLE a (id TEXT PRIMARY KEY, text_of TEXT, b BYTEA) /* a TEXT */"),
            "CREATE TABLE a (id TEXT COLLATE \"C\" PRIMARY KEY, text_of TEXT COLLATE \"C\", b BYTEA) /* a TEXT */");
  EXPECT_EQ(ToPostgresMigration("ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT 'TEXT'"),
            "ALTER TABLE a ADD COLUMN b text COLLATE \"C\" NOT NULL DEFAULT 'TEXT'");
  EXPECT_EQ(ToPostgresMigration("UPDATE a SET b = CAST(c AS TEXT)"), "UPDATE a SET b = CAST(c AS TEXT)");
}

}  // namespace
}  // namespace waymark::sql
