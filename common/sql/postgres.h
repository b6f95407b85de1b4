// The PostgreSQL engine.
#ifndef WAYMARK_COMMON_SQL_POSTGRES_H_
#define WAYMARK_COMMON_SQL_POSTGRES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/sql/sql.h"
#include "common/sql/url.h"

namespace waymark::sql {

// Errors: those of Database::Open.
absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const Url& url, const Options& options);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_POSTGRES_H_
