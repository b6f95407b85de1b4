// The SQLite engine: one writer, several readers, one process.
#ifndef WAYMARK_COMMON_SQL_SQLITE_H_
#define WAYMARK_COMMON_SQL_SQLITE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/sql/sql.h"
#include "common/sql/url.h"

namespace waymark::sql {

// Errors: those of Database::Open.
absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const Url& url, const Options& options);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_SQLITE_H_
