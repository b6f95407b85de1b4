// One connection to a SQLite file, with its prepared statements.
#ifndef WAYMARK_COMMON_SQL_SQLITE_CONNECTION_H_
#define WAYMARK_COMMON_SQL_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "common/sql/uniform_transaction.h"

struct sqlite3;
struct sqlite3_stmt;

namespace waymark::sql {

// Not thread-safe.
class SqliteConnection {
 public:
  enum class Use { kWriting, kReading };

  // Opens the file; for writing it is created where missing, and checked. Errors: UNAVAILABLE  it cannot be opened.
  // FAILED_PRECONDITION  it is damaged or no database.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Use use);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Runs `sql` once for each set of parameters, until one fails. Errors: those of Transaction.
  absl::Status Run(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set);
  // Runs a statement without parameters and rows.
  absl::Status Run(absl::string_view sql);

  // Whether a transaction is open.
  bool InTransaction() const;

  // After a commit: moves what was committed from the log into the file, once there is enough of it. Errors:
  // UNAVAILABLE  reading or writing failed.
  absl::Status CheckpointIfDue();

 private:
  // A prepared statement: `positions[i]` is SQLite's number of the parameter $i+1.
  struct Statement {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> positions;
  };

  SqliteConnection() = default;
  absl::Status Configure(Use use);
  absl::Status Check();
  absl::StatusOr<const Statement*> Prepare(absl::string_view sql);
  absl::Status Bind(const Statement& statement, absl::string_view sql, const Params& params);
  Row ReadRow(sqlite3_stmt* handle) const;
  absl::Status Failure(int code, absl::string_view sql) const;
  void ForgetStatements();

  sqlite3* db_ = nullptr;
  absl::flat_hash_map<std::string, Statement> statements_;
  int log_pages_ = 0;   // The write-ahead log's length after the last commit,
  int seen_pages_ = 0;  // and after the one before.
  int due_pages_ = 0;   // The length from which on the next checkpoint is due.
};

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_SQLITE_CONNECTION_H_
