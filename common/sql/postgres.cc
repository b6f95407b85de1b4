#include "common/sql/postgres.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/sql/migrations.h"
#include "common/sql/pool.h"
#include "common/sql/postgres_connection.h"
#include "common/sql/rerun.h"
#include "common/sql/translation.h"
#include "common/sql/uniform_transaction.h"

namespace waymark::sql {
namespace {

using Connections = Pool<PostgresConnection>;

constexpr char kBeginWriting[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr char kBeginReading[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// How many rows a statement has changed, by its command tag. A SELECT's tag counts too, but what it has read.
int64_t Changed(const PGresult* result) {
  auto* const tagged = const_cast<PGresult*>(result);
  const absl::string_view tag = PQcmdStatus(tagged);
  int64_t count = 0;
  const bool changes = absl::StartsWith(tag, "INSERT") || absl::StartsWith(tag, "UPDATE") ||
                       absl::StartsWith(tag, "DELETE") || absl::StartsWith(tag, "MERGE");
  return changes && absl::SimpleAtoi(PQcmdTuples(tagged), &count) ? count : 0;
}

// What InsertMany gives to a statement: of 7 columns some 450 parameters, of the 65,535 that there may be.
constexpr size_t kRowsAtOnce = 64;

// Begins with its first statement, in the same round trip.
class PostgresTransaction final : public UniformTransaction {
 public:
  PostgresTransaction(PostgresConnection& connection, absl::Span<const std::string> begin)
      : connection_(connection), begin_(begin) {}

 protected:
  absl::Status RunSets(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set) override {
    const absl::Span<const std::string> before = std::exchange(begin_, {});
    return connection_.Run(before, sql, sets, [&](size_t set, const PGresult* result) -> absl::Status {
      const int columns = PQnfields(result);
      for (int row = 0; row < PQntuples(result); ++row) {
        std::vector<Row::Value> values(columns);
        for (int column = 0; column < columns; ++column) {
          ASSIGN_OR_RETURN(values[column], ReadValue(result, row, column));
        }
        on_row(set, Row(std::move(values)));
      }
      on_set(set, Changed(result));
      return absl::OkStatus();
    });
  }

  // A statement takes kRowsAtOnce rows, so that there is one more text to prepare, and the rest goes row by row.
  absl::Status RunInserts(absl::string_view sql, absl::Span<const Params> sets) override {
    const size_t whole = sets.size() / kRowsAtOnce * kRowsAtOnce;
    const size_t parameters = sets[0].size();
    const std::string many = ToManyRows(sql, parameters, kRowsAtOnce);
    if (whole == 0 || many.empty() || !std::all_of(sets.begin(), sets.end(), IsTyped)) {
      return UniformTransaction::RunInserts(sql, sets);
    }
    std::vector<Params> joined(whole / kRowsAtOnce);
    for (size_t i = 0; i < whole; ++i) {
      Params& params = joined[i / kRowsAtOnce];
      params.reserve(kRowsAtOnce * parameters);
      params.insert(params.end(), sets[i].begin(), sets[i].end());
    }
    RETURN_IF_ERROR(UniformTransaction::RunInserts(many, joined));
    return whole == sets.size() ? absl::OkStatus() : UniformTransaction::RunInserts(sql, sets.subspan(whole));
  }

 private:
  // Whether no parameter is a NULL without a type; among rows PostgreSQL would take it for text.
  static bool IsTyped(const Params& params) {
    return std::all_of(params.begin(), params.end(), [](const Param& param) { return param.type() != 0; });
  }

  PostgresConnection& connection_;
  absl::Span<const std::string> begin_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const Url& url, const Options& options)
      : schema_(url.schema),
        begin_writing_(Begin(kBeginWriting, url)),
        begin_reading_(Begin(kBeginReading, url)),
        connections_(
            options.connections, options.wait, [url] { return PostgresConnection::Connect(url); },
            [](PostgresConnection& connection) { return connection.Alive(); }) {}

  // Reaches the server and creates the schema where it is missing.
  absl::Status Start() {
    RETURN_IF_ERROR(CreateSchema());
    return Read([](Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const Rows settings,
                       tx.Query("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', "
                                "'synchronous_commit') AND setting = 'off'"));
      for (const Row& setting : settings) {
        log::Warning("PostgreSQL may lose what it has acknowledged: a setting is off", {{"setting", setting.Text(0)}});
      }
      return absl::OkStatus();
    });
  }

  absl::Status Transact(absl::FunctionRef<absl::Status(Transaction&)> body) override {
    return RunAttempts([&]() -> Attempt {
      const absl::StatusOr<Connections::Lease> connection = connections_.Take();
      if (!connection.ok()) return {.status = connection.status()};
      const absl::Status status = RunBody(**connection, begin_writing_, body);
      if (!status.ok()) return {.status = status, .connection_lost = (*connection)->lost()};
      return {.status = Commit(**connection)};
    });
  }

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> body) override {
    return RunAttempts([&]() -> Attempt {
      const absl::StatusOr<Connections::Lease> connection = connections_.Take();
      if (!connection.ok()) return {.status = connection.status()};
      const absl::Status status = RunBody(**connection, begin_reading_, body);
      if (status.ok()) RollBack(**connection);
      return {.status = status, .connection_lost = !status.ok() && (*connection)->lost()};
    });
  }

  absl::Status Migrate(absl::Span<const Schema> schemas) override { return ApplyMigrations(*this, schemas); }
  absl::StatusOr<std::vector<SchemaState>> GetSchemaStates(absl::Span<const Schema> schemas) override {
    return ReadSchemaStates(*this, schemas);
  }
  Engine engine() const override { return Engine::kPostgres; }

 private:
  // What begins a transaction. Behind a pooler that gives each transaction another connection, each sets the schema.
  static std::vector<std::string> Begin(const char* statement, const Url& url) {
    std::vector<std::string> statements = {statement};
    if (!url.schema.empty() && !url.prepared) {
      statements.push_back(absl::StrCat("SET LOCAL search_path TO ", url.schema));
    }
    return statements;
  }

  // Asks first: a role that may not create schemas can use one that is there.
  absl::Status CreateSchema() {
    if (schema_.empty()) return absl::OkStatus();
    const auto exists = [this](bool& found) {
      return Read([&](Transaction& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema_}));
        found = !rows.empty();
        return absl::OkStatus();
      });
    };
    bool found = false;
    RETURN_IF_ERROR(exists(found));
    if (found) return absl::OkStatus();
    const absl::Status created = Transact(
        [&](Transaction& tx) { return tx.Execute(absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", schema_)).status(); });
    if (created.ok()) return created;
    RETURN_IF_ERROR(exists(found));  // Two who create it at once meet an error in one, and a schema in both.
    return found ? absl::OkStatus() : created;
  }

  // The body's status, or the error that it has swallowed; after one, nothing is left open.
  static absl::Status RunBody(PostgresConnection& connection, absl::Span<const std::string> begin,
                              absl::FunctionRef<absl::Status(Transaction&)> body) {
    PostgresTransaction tx(connection, begin);
    absl::Status status = body(tx);
    status.Update(tx.failure());
    if (!status.ok()) RollBack(connection);
    return status;
  }

  static void RollBack(PostgresConnection& connection) {
    if (connection.lost() || !connection.InTransaction()) return;
    if (const auto rolled_back = connection.Run("ROLLBACK"); !rolled_back.ok()) {
      log::Warning("rollback failed", {{"error", rolled_back.status().message()}});
    }
  }

  static absl::Status Commit(PostgresConnection& connection) {
    if (!connection.InTransaction()) return absl::OkStatus();  // The body ran no statement.
    const absl::StatusOr<std::string> done = connection.Run("COMMIT");
    if (done.ok() && *done == "COMMIT") return absl::OkStatus();
    RollBack(connection);
    // These say that nothing was stored.
    if (absl::IsAborted(done.status()) || absl::IsAlreadyExists(done.status()) ||
        absl::IsResourceExhausted(done.status())) {
      return done.status();
    }
    return StoreUnavailable("the database did not confirm: what was being stored may be there or not");
  }

  const std::string schema_;
  const std::vector<std::string> begin_writing_;
  const std::vector<std::string> begin_reading_;
  Connections connections_;
};

bool IsPort(absl::string_view text) {
  int port = 0;
  return absl::SimpleAtoi(text, &port) && port > 0 && port < 65536;
}

// Finds what libpq would refuse for ever. Its own message may repeat a password, and says so only when it connects.
absl::Status CheckConnection(const std::string& connection) {
  PQconninfoOption* const parsed = PQconninfoParse(connection.c_str(), nullptr);
  bool sound = parsed != nullptr;
  for (const PQconninfoOption* option = parsed; sound && option->keyword != nullptr; ++option) {
    if (option->keyword != absl::string_view("port") || option->val == nullptr) continue;
    for (const absl::string_view port : absl::StrSplit(option->val, ','))
      sound = sound && (port.empty() || IsPort(port));
  }
  PQconninfoFree(parsed);
  if (sound) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the database URL is malformed: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME, with %XX for "
      "special characters, and only parameters that libpq knows besides");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const Url& url, const Options& options) {
  RETURN_IF_ERROR(CheckConnection(url.connection));
  auto database = std::make_unique<PostgresDatabase>(url, options);
  RETURN_IF_ERROR(database->Start());
  return database;
}

}  // namespace waymark::sql
