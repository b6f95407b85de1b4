#include "common/sql/url.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseUrlTest, SqliteNamesAFile) {
  const auto url = ParseUrl("sqlite:/var/lib/waymark/journey.db");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->engine, Engine::kSqlite);
  EXPECT_EQ(url->path, "/var/lib/waymark/journey.db");
}

TEST(ParseUrlTest, PostgresKeepsWhatIsLibpqs) {
  const auto url = ParseUrl("postgresql://milo@db:5432/waymark?sslmode=require&schema=journey&prepared=off&user=x");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->engine, Engine::kPostgres);
  EXPECT_EQ(url->connection, "postgresql://milo@db:5432/waymark?sslmode=require&user=x");
  EXPECT_EQ(url->schema, "journey");
  EXPECT_FALSE(url->prepared);
}

TEST(ParseUrlTest, PostgresNeedsNoParameters) {
  const auto url = ParseUrl("postgres://db/waymark");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->connection, "postgres://db/waymark");
  EXPECT_EQ(url->schema, "");
  EXPECT_TRUE(url->prepared);
}

TEST(ParseUrlTest, RefusesEverythingElse) {
  for (const char* wrong :
       {"", "journey.db", "mysql://db/waymark", "sqlite:", "sqlite::memory:", "postgresql://db/waymark?schema=",
        "postgresql://db/waymark?schema=Journey", "postgresql://db/waymark?schema=7days",
        "postgresql://db/waymark?schema=a;drop", "postgresql://db/waymark?prepared=maybe"}) {
    EXPECT_EQ(ParseUrl(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(ParseUrlTest, ErrorsNeverRepeatThePassword) {
  for (const char* wrong : {"postgresql://milo:hunter2@db/waymark?schema=X", "pg://milo:hunter2@db/waymark"}) {
    EXPECT_THAT(ParseUrl(wrong).status().ToString(), Not(HasSubstr("hunter2"))) << wrong;
  }
}

}  // namespace
}  // namespace waymark::sql
