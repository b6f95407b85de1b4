#include "common/sql/migrations.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/sql/translation.h"

namespace waymark::sql {
namespace {

constexpr char kCreateTable[] =
    "CREATE TABLE IF NOT EXISTS waymark_migrations ("
    "schema_name TEXT NOT NULL, number BIGINT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (schema_name, number))";
constexpr char kSqliteHasTable[] = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'waymark_migrations'";
constexpr char kPostgresHasTable[] =
    "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = "
    "'waymark_migrations'";
constexpr char kLastApplied[] = "SELECT COALESCE(MAX(number), 0) FROM waymark_migrations WHERE schema_name = $1";
constexpr char kInsertApplied[] = "INSERT INTO waymark_migrations (schema_name, number, title) VALUES ($1, $2, $3)";
// Lets one process migrate at a time; the number is of no other meaning. Each schema of a PostgreSQL database could be
// migrated by itself, but none takes long enough to tell them apart.
constexpr char kPostgresLock[] = "SELECT pg_advisory_xact_lock(7203771952)";
// A statement that waits for a table's lock makes everybody else wait for that table: better to give way and try again.
constexpr char kPostgresLockTimeout[] = "SET LOCAL lock_timeout = '1s'";

absl::StatusOr<bool> HasTable(Transaction& tx, Engine engine) {
  ASSIGN_OR_RETURN(const Rows rows, tx.Query(engine == Engine::kSqlite ? kSqliteHasTable : kPostgresHasTable));
  return rows[0].Int(0) > 0;
}

absl::StatusOr<int> LastApplied(Transaction& tx, const Schema& schema) {
  ASSIGN_OR_RETURN(const Rows rows, tx.Query(kLastApplied, {schema.name}));
  return static_cast<int>(rows[0].Int(0));
}

absl::Status CheckNumbers(const Schema& schema) {
  for (size_t i = 0; i < schema.migrations.size(); ++i) {
    if (schema.migrations[i].number != static_cast<int>(i) + 1) {
      return absl::InternalError(absl::StrCat("the migrations of ", schema.name, " are not numbered 1, 2, 3 …"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKnown(const Schema& schema, int applied) {
  const int known = static_cast<int>(schema.migrations.size());
  if (applied <= known) return absl::OkStatus();
  return WrongState(absl::StrCat("the database has migration ", applied, " of the schema ", schema.name,
                                 ", and this program knows only ", known, ": start a newer one"));
}

// The step's own error, named; a lost race stays one.
absl::Status Named(const Schema& schema, const Migration& migration, const absl::Status& status) {
  if (status.ok() || absl::IsAborted(status) || absl::IsUnavailable(status)) return status;
  return absl::Status(status.code(), absl::StrCat("migration ", migration.number, " (", migration.title,
                                                  ") of the schema ", schema.name, " failed: ", status.message()));
}

// Applies the first migration that is missing; false where none is.
absl::StatusOr<bool> ApplyNext(Transaction& tx, Engine engine, const Schema& schema) {
  const bool sqlite = engine == Engine::kSqlite;
  if (!sqlite) {
    RETURN_IF_ERROR(tx.Query(kPostgresLock).status());
    RETURN_IF_ERROR(tx.Execute(kPostgresLockTimeout).status());
  }
  const auto translate = sqlite ? ToSqliteMigration : ToPostgresMigration;
  RETURN_IF_ERROR(tx.Execute(translate(kCreateTable)).status());
  ASSIGN_OR_RETURN(const int applied, LastApplied(tx, schema));
  RETURN_IF_ERROR(CheckKnown(schema, applied));
  if (applied == static_cast<int>(schema.migrations.size())) return false;
  const Migration& migration = schema.migrations[applied];
  for (const std::string& statement : SplitStatements(migration.sql)) {
    RETURN_IF_ERROR(Named(schema, migration, tx.Execute(translate(statement)).status()));
  }
  RETURN_IF_ERROR(tx.Execute(kInsertApplied, {schema.name, migration.number, migration.title}).status());
  return true;
}

}  // namespace

absl::StatusOr<std::vector<SchemaState>> ReadSchemaStates(Database& db, absl::Span<const Schema> schemas) {
  std::vector<SchemaState> states;
  RETURN_IF_ERROR(db.Read([&](Transaction& tx) -> absl::Status {
    states.clear();
    ASSIGN_OR_RETURN(const bool has_table, HasTable(tx, db.engine()));
    for (const Schema& schema : schemas) {
      int applied = 0;
      if (has_table) {
        ASSIGN_OR_RETURN(applied, LastApplied(tx, schema));
      }
      states.push_back(
          {.name = schema.name, .applied = applied, .available = static_cast<int>(schema.migrations.size())});
    }
    return absl::OkStatus();
  }));
  return states;
}

absl::Status ApplyMigrations(Database& db, absl::Span<const Schema> schemas) {
  for (const Schema& schema : schemas) RETURN_IF_ERROR(CheckNumbers(schema));
  // Looking first spares a database that is up to date every lock, and a role that may not create tables is enough.
  ASSIGN_OR_RETURN(const std::vector<SchemaState> states, ReadSchemaStates(db, schemas));
  for (size_t i = 0; i < schemas.size(); ++i) {
    RETURN_IF_ERROR(CheckKnown(schemas[i], states[i].applied));
    bool more = states[i].applied < states[i].available;
    while (more) {
      RETURN_IF_ERROR(db.Transact([&](Transaction& tx) -> absl::Status {
        ASSIGN_OR_RETURN(more, ApplyNext(tx, db.engine(), schemas[i]));
        return absl::OkStatus();
      }));
      if (more) log::Info("schema migrated", {{"schema", schemas[i].name}});
    }
  }
  return absl::OkStatus();
}

}  // namespace waymark::sql
