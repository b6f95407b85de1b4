// Brings a database's schemas up to date: the same steps on both engines.
#ifndef WAYMARK_COMMON_SQL_MIGRATIONS_H_
#define WAYMARK_COMMON_SQL_MIGRATIONS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"

namespace waymark::sql {

// Database::Migrate and Database::GetSchemaStates, by means of the other methods of `db`. What has been applied stands
// in the table waymark_migrations.
absl::Status ApplyMigrations(Database& db, absl::Span<const Schema> schemas);
absl::StatusOr<std::vector<SchemaState>> ReadSchemaStates(Database& db, absl::Span<const Schema> schemas);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_MIGRATIONS_H_
