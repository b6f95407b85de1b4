#include "services/milestone/migration_store.h"

#include <algorithm>

#include "common/base/packed.h"
#include "common/base/status.h"

namespace waymark::milestone {
namespace {

#define MIGRATION_COLUMNS                                                              \
  "workspace, journey_id, number, plan, state, after_customer, moved, changed_since, " \
  "changed_customers, found_hash, stayed"

constexpr char kAdd[] = "INSERT INTO migration (" MIGRATION_COLUMNS
                        ") VALUES ($1, $2, $3, $4, 1, '', 0, 0, $5, '', 0) ON CONFLICT DO NOTHING";
constexpr char kFindOpen[] =
    "SELECT " MIGRATION_COLUMNS " FROM migration WHERE state < 3 ORDER BY workspace, journey_id, number LIMIT 1";
constexpr char kFind[] =
    "SELECT " MIGRATION_COLUMNS " FROM migration WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kTake[] =
    "SELECT " MIGRATION_COLUMNS " FROM migration WHERE workspace = $1 AND journey_id = $2 AND number = $3 FOR UPDATE";
constexpr char kFindOpenOf[] = "SELECT " MIGRATION_COLUMNS
                               " FROM migration WHERE workspace = $1 AND journey_id = $2 AND state < 3 "
                               "ORDER BY number LIMIT 1";
constexpr char kSave[] =
    "UPDATE migration SET state = $4, after_customer = $5, moved = $6, changed_since = $7, changed_customers = $8, "
    "found_hash = $9, stayed = $10 "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3";

constexpr char kListOf[] =
    "SELECT " MIGRATION_COLUMNS " FROM migration WHERE workspace = $1 ORDER BY journey_id, number";

std::string Pack(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const std::string& text : texts) PutText(text, bytes);
  return bytes;
}

std::vector<std::string> Unpack(absl::string_view bytes) {
  std::vector<std::string> texts;
  for (Unpacker in(bytes); !in.AtEnd();) texts.emplace_back(in.Text());
  return texts;
}

Migration ToMigration(const sql::Row& row) {
  return Migration{.workspace = row.Text(0),
                   .journey_id = row.Text(1),
                   .number = static_cast<uint32_t>(row.Int(2)),
                   .plan = row.Blob(3),
                   .state = static_cast<MigrationState>(row.Int(4)),
                   .after = row.Text(5),
                   .moved = row.Int(6),
                   .stayed = row.Int(10),
                   .changed_since = row.Int(7),
                   .changed_customers = Unpack(row.Blob(8)),
                   .found_hash = row.Text(9)};
}

std::optional<Migration> ToMigration(const sql::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return ToMigration(rows[0]);
}

}  // namespace

absl::Status AddMigration(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                          uint32_t number, absl::string_view plan) {
  return tx.Execute(kAdd, {workspace, journey_id, number, sql::Bytes{plan}, sql::Bytes{}}).status();
}

absl::StatusOr<std::optional<Migration>> FindOpenMigration(sql::Transaction& tx) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindOpen));
  return ToMigration(rows);
}

absl::StatusOr<std::optional<Migration>> FindMigration(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view journey_id, uint32_t number) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFind, {workspace, journey_id, number}));
  return ToMigration(rows);
}

absl::StatusOr<std::optional<Migration>> TakeMigration(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view journey_id, uint32_t number) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kTake, {workspace, journey_id, number}));
  return ToMigration(rows);
}

absl::StatusOr<std::optional<Migration>> FindOpenMigrationOf(sql::Transaction& tx, absl::string_view workspace,
                                                             absl::string_view journey_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindOpenOf, {workspace, journey_id}));
  return ToMigration(rows);
}

absl::Status SaveMigration(sql::Transaction& tx, const Migration& migration) {
  const std::string changed = Pack(migration.changed_customers);
  return tx
      .Execute(kSave, {migration.workspace, migration.journey_id, migration.number,
                       static_cast<int64_t>(migration.state), migration.after, migration.moved, migration.changed_since,
                       sql::Bytes{changed}, migration.found_hash, migration.stayed})
      .status();
}

absl::Status ForgetCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListOf, {workspace}));
  for (const sql::Row& row : rows) {
    Migration migration = ToMigration(row);
    std::vector<std::string>& changed = migration.changed_customers;
    const auto kept = std::remove(changed.begin(), changed.end(), customer_id);
    const bool ended_there = migration.state == MigrationState::kDone && migration.after == customer_id;
    if (kept == changed.end() && !ended_there) continue;
    changed.erase(kept, changed.end());
    if (ended_there) migration.after.clear();
    RETURN_IF_ERROR(SaveMigration(tx, migration));
  }
  return absl::OkStatus();
}

}  // namespace waymark::milestone
