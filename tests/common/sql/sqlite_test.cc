// What is SQLite's alone.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/sql/sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"
#include "tests/support/temp_dir.h"

namespace waymark::sql {
namespace {

using ::testing::ExitedWithCode;
using ::testing::HasSubstr;

constexpr Migration kMigrations[] = {
    {1, "notes", "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, text TEXT, raw BYTEA)"}};
constexpr Schema kSchema = {"notes", kMigrations};
constexpr char kInsert[] = "INSERT INTO notes (id, text, raw) VALUES ($1, $2, $3)";

class SqliteTest : public ::testing::Test {
 protected:
  absl::Status Insert(int id, absl::string_view raw) {
    return db_->Transact([&](Transaction& tx) { return tx.Execute(kInsert, {id, "note", Bytes{raw}}).status(); });
  }
  absl::StatusOr<int64_t> Count() {
    int64_t count = 0;
    RETURN_IF_ERROR(db_->Read([&](Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT COUNT(*) FROM notes"));
      count = rows[0].Int(0);
      return absl::OkStatus();
    }));
    return count;
  }

  const support::TempDir dir_;
  const std::string path_ = dir_.File("notes.db");
  const std::string url_ = "sqlite:" + path_;
  std::unique_ptr<Database> db_ = support::OpenAt(url_, {kSchema});
};

// Soft limit on the length of files that this process writes: writing beyond fails, as a broken disk does.
class ScopedFileLimit {
 public:
  explicit ScopedFileLimit(rlim_t bytes) {
    former_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit = {bytes, former_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~ScopedFileLimit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }

 private:
  rlimit former_;
  void (*former_handler_)(int);
};

TEST_F(SqliteTest, ASecondProcessIsRefused) {
  EXPECT_EXIT(
      {
        const auto second = Database::Open({.url = url_});
        std::fprintf(stderr, "%s\n", second.status().ToString().c_str());
        _exit(second.ok() ? 0 : static_cast<int>(second.status().code()));
      },
      ExitedWithCode(static_cast<int>(absl::StatusCode::kFailedPrecondition)), "in use by another process");
  EXPECT_TRUE(Insert(1, "x").ok());
}

TEST_F(SqliteTest, ASecondDatabaseOfThisProcessIsRefusedUntilTheFirstIsClosed) {
  EXPECT_EQ(Database::Open({.url = url_}).status().code(), absl::StatusCode::kFailedPrecondition);
  db_.reset();
  EXPECT_TRUE(Database::Open({.url = url_}).ok());
}

TEST_F(SqliteTest, AFailedCommitEndsWriting) {
  ASSERT_TRUE(Insert(1, "x").ok());
  {
    const ScopedFileLimit limit(std::filesystem::file_size(path_ + "-wal"));
    const absl::Status status = Insert(2, std::string(100'000, 'y'));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  }
  // The disk is well again, but what it holds is unknown until the file is opened anew.
  EXPECT_EQ(Insert(3, "z").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Count().status().code(), absl::StatusCode::kUnavailable);
  db_.reset();
  db_ = support::OpenAt(url_, {kSchema});
  EXPECT_TRUE(Insert(3, "z").ok());
  EXPECT_GE(*Count(), 2);
}

TEST_F(SqliteTest, ADamagedFileIsRefused) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Insert(i, std::string(1'000, 'x')).ok());
  db_.reset();
  std::string bytes = support::ReadFile(path_);
  ASSERT_GT(bytes.size(), 10 * 8192);
  for (size_t page = 2; page < bytes.size() / 8192; ++page) bytes.replace(page * 8192, 64, 64, '\x55');
  support::WriteFile(path_, bytes);
  const auto opened = Database::Open({.url = url_});
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(opened.status().message(), HasSubstr("damaged"));
}

TEST_F(SqliteTest, WhatIsNoDatabaseIsRefused) {
  db_.reset();
  support::WriteFile(path_, std::string(10'000, 'x'));
  EXPECT_EQ(Database::Open({.url = url_}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteTest, AMissingFolderIsNamed) {
  const auto opened = Database::Open({.url = "sqlite:" + dir_.File("none/notes.db")});
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("none/notes.db"));
}

// Its length is bounded by what is written between two checkpoints, 256 MiB, not by what is written at all.
TEST_F(SqliteTest, TheLogStaysShort) {
  const std::string raw(8'000'000, 'x');
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(Insert(i, raw).ok());
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 300'000'000);
}

// While somebody reads an old state the log cannot begin anew; afterwards it does.
TEST_F(SqliteTest, TheLogIsUsedAgainAfterALongRead) {
  const std::string raw(8'000'000, 'x');
  const absl::Status read = db_->Read([&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Query("SELECT COUNT(*) FROM notes").status());
    for (int i = 0; i < 36; ++i) RETURN_IF_ERROR(Insert(i, raw));
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_GT(std::filesystem::file_size(path_ + "-wal"), 270'000'000);
  for (int i = 36; i < 80; ++i) ASSERT_TRUE(Insert(i, raw).ok());
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 420'000'000);
}

TEST_F(SqliteTest, ClosingLeavesOneFileAndItsLock) {
  ASSERT_TRUE(Insert(1, "x").ok());
  db_.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

}  // namespace
}  // namespace waymark::sql
