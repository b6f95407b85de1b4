#include "common/sql/sql.h"

#include "common/base/status.h"
#include "common/sql/postgres.h"
#include "common/sql/sqlite.h"
#include "common/sql/url.h"

namespace waymark::sql {

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(options.url));
  switch (url.engine) {
    case Engine::kSqlite:
      return OpenSqlite(url, options);
    case Engine::kPostgres:
      return OpenPostgres(url, options);
  }
  return absl::InternalError("no such engine");
}

}  // namespace waymark::sql
