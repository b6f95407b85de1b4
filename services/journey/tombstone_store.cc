#include "services/journey/tombstone_store.h"

#include "common/base/status.h"

namespace waymark::journey {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "removed keys", R"sql(
CREATE TABLE tombstone (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  kind BIGINT NOT NULL,
  removed_key TEXT NOT NULL,
  removed_by BIGINT NOT NULL,
  PRIMARY KEY (workspace, journey_id, kind, removed_key)
) /* clustered */
)sql"},
};

constexpr char kAdd[] =
    "INSERT INTO tombstone (workspace, journey_id, kind, removed_key, removed_by) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT DO NOTHING";
constexpr char kList[] =
    "SELECT kind, removed_key, removed_by FROM tombstone WHERE workspace = $1 AND journey_id = $2 "
    "ORDER BY kind, removed_key";

}  // namespace

sql::Schema tombstone_schema() { return {.name = "tombstone", .migrations = kMigrations}; }

absl::Status AddTombstones(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                           const std::vector<Tombstone>& tombstones) {
  std::vector<sql::Params> rows;
  for (const Tombstone& tombstone : tombstones) {
    rows.push_back({workspace, journey_id, static_cast<int>(tombstone.kind), tombstone.key, tombstone.removed_by});
  }
  return tx.ExecuteMany(kAdd, rows).status();
}

absl::StatusOr<std::vector<Tombstone>> ListTombstones(sql::Transaction& tx, absl::string_view workspace,
                                                      absl::string_view journey_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {workspace, journey_id}));
  std::vector<Tombstone> tombstones;
  for (const sql::Row& row : rows) {
    tombstones.push_back({.kind = static_cast<KeyKind>(row.Int(0)),
                          .key = row.Text(1),
                          .removed_by = static_cast<uint32_t>(row.Int(2))});
  }
  return tombstones;
}

}  // namespace waymark::journey
