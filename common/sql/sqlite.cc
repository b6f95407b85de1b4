#include "common/sql/sqlite.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/sql/migrations.h"
#include "common/sql/pool.h"
#include "common/sql/rerun.h"
#include "common/sql/sqlite_connection.h"
#include "common/sql/uniform_transaction.h"

namespace waymark::sql {
namespace {

using Connections = Pool<SqliteConnection>;

// Keeps every other Database off the file for as long as it lives. The lock stands on a file beside it, because closing
// any descriptor of the file itself would drop SQLite's own locks on it.
class FileLock {
 public:
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path) {
    const std::string lock_path = path + ".lock";
    const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      return StoreUnavailable(absl::StrCat("cannot create ", lock_path, ": ", std::strerror(errno)));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      close(fd);
      return WrongState(absl::StrCat("the database file ", path,
                                     " is in use by another process: stop that one, or name another file"));
    }
    return std::unique_ptr<FileLock>(new FileLock(fd));
  }
  ~FileLock() { close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

class SqliteTransaction final : public UniformTransaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(connection) {}

 protected:
  absl::Status RunSets(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set) override {
    return connection_.Run(sql, sets, on_row, on_set);
  }

 private:
  SqliteConnection& connection_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const std::string& path, const Options& options, std::unique_ptr<FileLock> file_lock)
      : file_lock_(std::move(file_lock)),
        writer_(
            1, options.wait, [path] { return SqliteConnection::Open(path, SqliteConnection::Use::kWriting); }, kAny),
        readers_(
            options.connections, options.wait,
            [path] { return SqliteConnection::Open(path, SqliteConnection::Use::kReading); }, kAny) {}

  // Opens the writer, so that a file that cannot be used is refused at once.
  absl::Status Start() { return writer_.Take().status(); }

  absl::Status Transact(absl::FunctionRef<absl::Status(Transaction&)> body) override {
    return RunAttempts([&] { return Attempt{.status = TransactOnce(body)}; });
  }

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> body) override {
    return RunAttempts([&] { return Attempt{.status = ReadOnce(body)}; });
  }

  absl::Status Migrate(absl::Span<const Schema> schemas) override { return ApplyMigrations(*this, schemas); }
  absl::StatusOr<std::vector<SchemaState>> GetSchemaStates(absl::Span<const Schema> schemas) override {
    return ReadSchemaStates(*this, schemas);
  }
  Engine engine() const override { return Engine::kSqlite; }

 private:
  static bool kAny(SqliteConnection&) { return true; }

  absl::Status TransactOnce(absl::FunctionRef<absl::Status(Transaction&)> body) {
    ASSIGN_OR_RETURN(const Connections::Lease connection, writer_.Take());
    if (poisoned_) return Poisoned();
    RETURN_IF_ERROR(connection->Run("BEGIN IMMEDIATE"));
    const absl::Status status = RunBody(*connection, body);
    if (!status.ok()) {
      RollBack(*connection);
      return status;
    }
    const absl::Status committed = connection->Run("COMMIT");
    if (!committed.ok()) {
      RollBack(*connection);
      // After a failed write or sync nobody knows what the disk has kept, and what SQLite reads back may differ from
      // it.
      return absl::IsUnavailable(committed) ? Poison() : committed;
    }
    if (const absl::Status moved = connection->CheckpointIfDue(); absl::IsUnavailable(moved)) {
      Poison().IgnoreError();  // This transaction is safe in the log; the next ones must not trust the file.
    }
    return absl::OkStatus();
  }

  absl::Status ReadOnce(absl::FunctionRef<absl::Status(Transaction&)> body) {
    if (poisoned_) return Poisoned();
    ASSIGN_OR_RETURN(const Connections::Lease connection, readers_.Take());
    RETURN_IF_ERROR(connection->Run("BEGIN"));
    const absl::Status status = RunBody(*connection, body);
    RollBack(*connection);
    return status;
  }

  // The body's status, or the error that it has swallowed.
  static absl::Status RunBody(SqliteConnection& connection, absl::FunctionRef<absl::Status(Transaction&)> body) {
    SqliteTransaction tx(connection);
    absl::Status status = body(tx);
    status.Update(tx.failure());
    return status;
  }

  // SQLite has rolled back by itself after some errors.
  static void RollBack(SqliteConnection& connection) {
    if (!connection.InTransaction()) return;
    if (const absl::Status status = connection.Run("ROLLBACK"); !status.ok()) {
      log::Error("rollback failed", {{"error", status.message()}});
    }
  }

  absl::Status Poison() {
    poisoned_ = true;
    log::Error("writing the database failed: no transaction is taken until this process starts anew");
    return Poisoned();
  }
  static absl::Status Poisoned() {
    return StoreUnavailable("the database could not be written, and what was being stored may be there or not");
  }

  // In the order in which they must go: connections close before the lock is given up.
  const std::unique_ptr<FileLock> file_lock_;
  std::atomic<bool> poisoned_ = false;
  Connections writer_;
  Connections readers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const Url& url, const Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<FileLock> file_lock, FileLock::Take(url.path));
  auto database = std::make_unique<SqliteDatabase>(url.path, options, std::move(file_lock));
  RETURN_IF_ERROR(database->Start());
  return database;
}

}  // namespace waymark::sql
