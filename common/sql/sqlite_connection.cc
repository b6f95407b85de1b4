#include "common/sql/sqlite_connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/sql/translation.h"

namespace waymark::sql {
namespace {

// How long SQLite itself waits for a lock. Transactions of this process never wait here (one writer, and readers wait
// for nobody); what is waited for is a checkpoint, or a tool that looks into the file.
constexpr int kBusyMilliseconds = 2000;
// The writer's cache holds the pages that a heavy ingest touches again and again; readers begin anew after each commit.
constexpr int kWriterCacheKib = 64 << 10;
constexpr int kReaderCacheKib = 8 << 10;
// Of new files. Twice SQLite's own: ingest touches nearly every page of the customers in a transaction, and the log
// takes two calls for each.
constexpr int kPageBytes = 8192;
// A checkpoint writes each page once, however often the log has it, and syncs twice, so rare ones are cheap. Where each
// transaction touches most pages of a table, 64 MiB cost ingest a fifth of its rate, 128 MiB a twentieth; a log of
// 512 MiB is recovered in 0.1 s.
constexpr int kCheckpointPages = (256 << 20) / kPageBytes;
// Where readers keep the log from beginning anew, trying after every commit would only cost syncs.
constexpr int kPagesBetweenTries = kCheckpointPages / 4;
// From 512 MiB on the writer waits for the readers in the log, since the disk has an end; they do not wait for it.
constexpr int kResetPages = 2 * kCheckpointPages;
// What is left of the log's file after it has been longer.
constexpr int64_t kLogBytesKept = int64_t{kPageBytes} * kResetPages;
// Texts should be constants, so there are few; where they are not, memory still has a bound.
constexpr size_t kMostStatements = 1000;
// A damaged file up to this size is found at the start; reading more would hold the start up for seconds.
constexpr int64_t kLargestChecked = int64_t{256} << 20;

bool HasNul(absl::string_view text) { return absl::StrContains(text, '\0'); }

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Use use) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection());
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (use == Use::kWriting ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, nullptr);
  if (code != SQLITE_OK) {
    log::Error("cannot open the database", {{"path", path}, {"error", sqlite3_errstr(code)}});
    return StoreUnavailable(
        absl::StrCat("cannot open the database file ", path, ": look whether its folder exists and may be written"));
  }
  const absl::Status status = connection->Configure(use);
  const int last = sqlite3_errcode(connection->db_) & 0xff;
  if (absl::IsDataLoss(status) || (!status.ok() && (last == SQLITE_CORRUPT || last == SQLITE_NOTADB))) {
    return WrongState(absl::StrCat("the database file ", path,
                                   " is damaged or not a database: restore it from a backup, or name another file"));
  }
  RETURN_IF_ERROR(status);
  return connection;
}

absl::Status SqliteConnection::Configure(Use use) {
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  const int cache = use == Use::kWriting ? kWriterCacheKib : kReaderCacheKib;
  RETURN_IF_ERROR(Run(absl::StrCat("PRAGMA page_size = ", kPageBytes)));
  RETURN_IF_ERROR(Run("PRAGMA journal_mode = WAL"));
  RETURN_IF_ERROR(Run("PRAGMA synchronous = FULL"));
  RETURN_IF_ERROR(Run("PRAGMA foreign_keys = ON"));
  RETURN_IF_ERROR(Run("PRAGMA temp_store = MEMORY"));
  RETURN_IF_ERROR(Run("PRAGMA trusted_schema = OFF"));
  RETURN_IF_ERROR(Run(absl::StrCat("PRAGMA cache_size = -", cache)));
  RETURN_IF_ERROR(Run(absl::StrCat("PRAGMA journal_size_limit = ", kLogBytesKept)));
  RETURN_IF_ERROR(use == Use::kWriting ? Check() : Run("PRAGMA query_only = ON"));
  ForgetStatements();  // None of these is needed again.
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return absl::OkStatus();
}

absl::Status SqliteConnection::Check() {
  int64_t bytes = 0;
  bool sound = true;
  const Params none;
  RETURN_IF_ERROR(Run(
      "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", {&none, 1},
      [&](size_t, const Row& row) { bytes = row.Int(0); }, [](size_t, int64_t) {}));
  if (bytes > kLargestChecked) return absl::OkStatus();
  RETURN_IF_ERROR(Run(
      "PRAGMA quick_check(1)", {&none, 1}, [&](size_t, const Row& row) { sound = sound && row.Text(0) == "ok"; },
      [](size_t, int64_t) {}));
  return sound ? absl::OkStatus() : absl::DataLossError("the structure of the file is damaged");
}

SqliteConnection::~SqliteConnection() {
  ForgetStatements();
  sqlite3_close_v2(db_);
}

void SqliteConnection::ForgetStatements() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement.handle);
  statements_.clear();
}

absl::StatusOr<const SqliteConnection::Statement*> SqliteConnection::Prepare(absl::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return &found->second;
  if (statements_.size() >= kMostStatements) ForgetStatements();
  const absl::string_view translated = ToSqliteStatement(sql);
  Statement statement;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(db_, translated.data(), static_cast<int>(translated.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement.handle, &rest);
  if (code != SQLITE_OK) return Failure(code, sql);
  if (statement.handle == nullptr) {
    log::Error("not a statement", {{"sql", sql}});
    return absl::InternalError("the database refused a statement");
  }
  const int count = sqlite3_bind_parameter_count(statement.handle);
  for (int i = 1; i <= count; ++i) {
    statement.positions.push_back(sqlite3_bind_parameter_index(statement.handle, absl::StrCat("$", i).c_str()));
  }
  return &statements_.emplace(std::string(sql), std::move(statement)).first->second;
}

absl::Status SqliteConnection::Bind(const Statement& statement, absl::string_view sql, const Params& params) {
  if (params.size() != statement.positions.size()) {
    log::Error("wrong number of parameters",
               {{"sql", sql}, {"given", params.size()}, {"wanted", statement.positions.size()}});
    return absl::InternalError("the database refused a statement");
  }
  sqlite3_stmt* const handle = statement.handle;
  for (size_t i = 0; i < params.size(); ++i) {
    const int at = statement.positions[i];
    const Param::Value& value = params[i].value();
    int code = SQLITE_OK;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(handle, at, *integer);
    } else if (const auto* text = std::get_if<absl::string_view>(&value)) {
      if (HasNul(*text)) return InvalidField("text", "must not contain a NUL character");
      // A null pointer would bind NULL.
      code =
          sqlite3_bind_text64(handle, at, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      const absl::string_view blob = bytes->bytes;
      code = sqlite3_bind_blob64(handle, at, blob.empty() ? "" : blob.data(), blob.size(), SQLITE_STATIC);
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (std::isnan(*real)) return InvalidField("number", "must be a number");  // SQLite would store NULL.
      code = sqlite3_bind_double(handle, at, *real);
    } else {
      code = sqlite3_bind_null(handle, at);
    }
    if (code != SQLITE_OK) return Failure(code, sql);
  }
  return absl::OkStatus();
}

Row SqliteConnection::ReadRow(sqlite3_stmt* handle) const {
  const int columns = sqlite3_column_count(handle);
  std::vector<Row::Value> values(columns);
  for (int i = 0; i < columns; ++i) {
    switch (sqlite3_column_type(handle, i)) {
      case SQLITE_INTEGER:
        values[i] = int64_t{sqlite3_column_int64(handle, i)};
        break;
      case SQLITE_FLOAT:
        values[i] = sqlite3_column_double(handle, i);
        break;
      case SQLITE_TEXT:
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle, i));
        values[i].emplace<std::string>(bytes == nullptr ? "" : bytes, sqlite3_column_bytes(handle, i));
        break;
      }
      default:
        break;  // NULL.
    }
  }
  return Row(std::move(values));
}

absl::Status SqliteConnection::Run(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set) {
  ASSIGN_OR_RETURN(const Statement* const statement, Prepare(sql));
  for (size_t i = 0; i < sets.size(); ++i) {
    const int64_t before = sqlite3_total_changes64(db_);
    absl::Status bound = Bind(*statement, sql, sets[i]);
    if (!bound.ok()) {
      sqlite3_reset(statement->handle);
      return bound;
    }
    int code;
    while ((code = sqlite3_step(statement->handle)) == SQLITE_ROW) on_row(i, ReadRow(statement->handle));
    if (code != SQLITE_DONE) {
      absl::Status failure = Failure(code, sql);
      sqlite3_reset(statement->handle);
      return failure;
    }
    sqlite3_reset(statement->handle);
    // SQLite goes on telling the last count after statements that change no rows.
    on_set(i, sqlite3_total_changes64(db_) == before ? 0 : sqlite3_changes64(db_));
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::Run(absl::string_view sql) {
  const Params none;
  return Run(
      sql, {&none, 1}, [](size_t, const Row&) {}, [](size_t, int64_t) {});
}

bool SqliteConnection::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

absl::Status SqliteConnection::CheckpointIfDue() {
  if (log_pages_ <= seen_pages_) due_pages_ = kCheckpointPages;  // The log has begun anew.
  seen_pages_ = log_pages_;
  if (log_pages_ < due_pages_) return absl::OkStatus();
  due_pages_ = log_pages_ + kPagesBetweenTries;
  const int mode = log_pages_ < kResetPages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return absl::OkStatus();
  return Failure(code, "checkpoint");
}

absl::Status SqliteConnection::Failure(int code, absl::string_view sql) const {
  const char* message = sqlite3_errmsg(db_);
  const auto tell = [&](log::Level level) {
    log::Write(level, "SQLite refused a statement", {{"error", message}, {"code", code}, {"sql", sql}});
  };
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::AbortedError("the database is busy");
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      tell(log::Level::kWarning);
      return Error(absl::StatusCode::kResourceExhausted, "STORE_UNAVAILABLE",
                   "the database is full: nothing was stored; make room and send the call again");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      tell(log::Level::kError);
      return StoreUnavailable("the database cannot be read or written");
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID) {
        tell(log::Level::kDebug);
        return AlreadyExists("what was to be stored");
      }
      tell(log::Level::kError);
      return absl::InternalError("the database refused a statement");
    default:
      tell(log::Level::kError);
      return absl::InternalError("the database refused a statement");
  }
}

}  // namespace waymark::sql
