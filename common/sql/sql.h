// One small interface over SQLite and PostgreSQL.
//
// One SQL text serves both engines: parameters are $1, $2, …; types in migrations are BIGINT, DOUBLE PRECISION, TEXT
// and BYTEA; `ON CONFLICT` and `RETURNING` work on both. What differs is translated here alone:
//   - migrations on SQLite: BIGINT becomes INTEGER, BYTEA becomes BLOB, DOUBLE PRECISION becomes REAL, every table
//     becomes STRICT, and a CREATE TABLE ending in `) /* clustered */` becomes WITHOUT ROWID (PostgreSQL has no such
//     thing and ignores it);
//   - migrations on PostgreSQL: TEXT becomes TEXT COLLATE "C", so that text is ordered bytewise whatever the database's
//     collation is, as on SQLite;
//   - row locks: ` FOR UPDATE` and ` FOR SHARE` at the end of a statement are dropped on SQLite, where a write
//   transaction is alone.
//
// Times are stored as BIGINT microseconds since 1970.
#ifndef WAYMARK_COMMON_SQL_SQL_H_
#define WAYMARK_COMMON_SQL_SQL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace waymark::sql {

// A BYTEA/BLOB parameter. The bytes must outlive the call that takes it.
struct Bytes {
  absl::string_view bytes;
};

// A parameter: NULL, a number (not NaN), text (UTF-8 without NUL) or bytes. Text and bytes are views and must outlive
// the call. NaN and NUL are refused with INVALID_ARGUMENT; so is, by PostgreSQL alone, what is not UTF-8.
class Param {
 public:
  Param(std::nullopt_t) {}                                             // NOLINT: implicit on purpose, so that a list of
  Param(int64_t value) : value_(value) {}                              // parameters reads as the values themselves.
  Param(int value) : value_(int64_t{value}) {}                         // NOLINT
  Param(uint32_t value) : value_(int64_t{value}) {}                    // NOLINT
  Param(bool value) : value_(int64_t{value}) {}                        // NOLINT: stored as BIGINT 0 or 1.
  Param(double value) : value_(value) {}                               // NOLINT
  Param(absl::string_view text) : value_(text) {}                      // NOLINT
  Param(const std::string& text) : value_(absl::string_view(text)) {}  // NOLINT
  Param(const char* text) : value_(absl::string_view(text)) {}         // NOLINT
  Param(Bytes bytes) : value_(bytes) {}                                // NOLINT
  Param(absl::Time time) : value_(absl::ToUnixMicros(time)) {}         // NOLINT
  // Where it is absent, a NULL of T's type, by which many rows at once know what it would be.
  template <typename T>
  Param(const std::optional<T>& value) {  // NOLINT
    if (value.has_value()) {
      *this = Param(*value);
    } else {
      type_ = Param(T()).value_.index();
    }
  }

  using Value = std::variant<std::monostate, int64_t, double, absl::string_view, Bytes>;
  const Value& value() const { return value_; }
  // The index of the type in Value, also of a NULL; 0: not known.
  size_t type() const { return type_ != 0 ? type_ : value_.index(); }

 private:
  Value value_;
  size_t type_ = 0;
};

using Params = std::vector<Param>;

// One row of an answer. Columns count from 0; asking for a column as another type than it has is a programming error
// and aborts.
class Row {
 public:
  using Value = std::variant<std::monostate, int64_t, double, std::string>;
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  bool IsNull(size_t column) const { return std::holds_alternative<std::monostate>(values_[column]); }
  int64_t Int(size_t column) const { return std::get<int64_t>(values_[column]); }
  bool Bool(size_t column) const { return Int(column) != 0; }
  double Double(size_t column) const { return std::get<double>(values_[column]); }
  const std::string& Text(size_t column) const { return std::get<std::string>(values_[column]); }
  const std::string& Blob(size_t column) const { return std::get<std::string>(values_[column]); }
  absl::Time Time(size_t column) const { return absl::FromUnixMicros(Int(column)); }
  size_t size() const { return values_.size(); }

 private:
  std::vector<Value> values_;
};

using Rows = std::vector<Row>;

// A transaction under way. Not thread-safe. After an error, return it at once: the transaction is dead, every further
// call returns the same error, and nothing is committed even where the body returns OK.
//
// Errors of every call: ABORTED  a lost race; Transact() runs the body again. UNAVAILABLE  the database cannot be
// reached. RESOURCE_EXHAUSTED  it is full. ALREADY_EXISTS  a unique constraint was violated (prefer ON CONFLICT).
// INTERNAL  anything else; the driver's text is logged, not returned.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs a statement and returns its rows. `sql` should be one constant text: it is prepared once per connection.
  virtual absl::StatusOr<Rows> Query(absl::string_view sql, const Params& params = {}) = 0;
  // Runs a statement and returns how many rows it changed.
  virtual absl::StatusOr<int64_t> Execute(absl::string_view sql, const Params& params = {}) = 0;

  // Runs one statement for each set of parameters, in order, in few round trips. The i-th answer belongs to the i-th
  // set.
  virtual absl::StatusOr<std::vector<Rows>> QueryMany(absl::string_view sql, absl::Span<const Params> sets) = 0;
  // The same for statements without rows; returns how many rows each changed.
  virtual absl::StatusOr<std::vector<int64_t>> ExecuteMany(absl::string_view sql, absl::Span<const Params> sets) = 0;
  // The same for an INSERT with `VALUES ($1, $2, …)`, each parameter once and in this order, where no two sets are for
  // the same row: PostgreSQL takes many rows with one statement, which costs it a third of the time.
  virtual absl::Status InsertMany(absl::string_view sql, absl::Span<const Params> sets) = 0;
};

// A step of a schema, numbered from 1 without gaps. Forward only; once landed it never changes.
struct Migration {
  int number;
  const char* title;  // What it adds, in a few words.
  const char* sql;    // Statements separated by `;`. No `;` inside a statement.
};

// A named list of migrations. A service's database holds several: its own and those of the parts it uses (the journal).
struct Schema {
  const char* name;
  absl::Span<const Migration> migrations;
};

// Where a schema stands.
struct SchemaState {
  std::string name;
  int applied = 0;    // The last migration applied.
  int available = 0;  // The last one this binary knows.
};

enum class Engine { kSqlite, kPostgres };

struct Options {
  // `sqlite:PATH` (created where missing; WAL, synchronous=FULL) or a `postgresql://…` URL. A PostgreSQL URL may name
  // its schema with `?schema=NAME`, which is created where missing and set as search_path on every connection, and
  // needs `prepared=off` behind a pooler without prepared statements (pgbouncer in transaction mode).
  std::string url;
  // How many connections at most: PostgreSQL's for everything, SQLite's for reading beside its single writer.
  int connections = 8;
  // How long a transaction may wait for a free connection or SQLite's writer before it fails UNAVAILABLE.
  absl::Duration wait = absl::Seconds(5);
};

// A database. Thread-safe.
class Database {
 public:
  virtual ~Database() = default;

  // Errors: INVALID_ARGUMENT  the URL is malformed. UNAVAILABLE  the database cannot be reached. FAILED_PRECONDITION
  // the SQLite file is damaged, or in use by another process or another Database of this one.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options);

  // Runs `body` in a write transaction and commits it where it returns OK, else rolls it back and returns its status.
  // PostgreSQL: READ COMMITTED. SQLite: BEGIN IMMEDIATE. Where a race is lost (ABORTED: serialisation failure,
  // deadlock, busy; also ABORTED without a reason from the body itself, and a connection that broke before COMMIT), the
  // body runs again, with random pauses, at most 10 times, then the answer is UNAVAILABLE: it must set everything it
  // reports from scratch and touch nothing but `tx`. A failed COMMIT answers UNAVAILABLE: whether it was stored is
  // unknown, so callers must be able to send again. An I/O error on SQLite's commit is the same and ends every later
  // transaction with UNAVAILABLE, until the process starts anew.
  virtual absl::Status Transact(absl::FunctionRef<absl::Status(Transaction&)> body) = 0;

  // Runs `body` in a read-only transaction that sees one state of the database (PostgreSQL: REPEATABLE READ). Never
  // waits for a writer.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> body) = 0;

  // Applies every migration not yet applied, one transaction each; safe when several processes do it at once.
  // Errors: FAILED_PRECONDITION  the database has a migration that this binary does not know.
  virtual absl::Status Migrate(absl::Span<const Schema> schemas) = 0;
  // Tells where each schema stands without changing anything.
  virtual absl::StatusOr<std::vector<SchemaState>> GetSchemaStates(absl::Span<const Schema> schemas) = 0;

  virtual Engine engine() const = 0;
};

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_SQL_H_
