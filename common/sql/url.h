// Reads database URLs. Pure.
#ifndef WAYMARK_COMMON_SQL_URL_H_
#define WAYMARK_COMMON_SQL_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"

namespace waymark::sql {

// What a URL says.
struct Url {
  Engine engine = Engine::kSqlite;
  std::string path;        // SQLite: the file.
  std::string connection;  // PostgreSQL: the URL for libpq, without the parameters that are ours.
  std::string schema;      // PostgreSQL: the schema; empty for the role's own.
  bool prepared = true;    // PostgreSQL: whether statements may be prepared by name.
};

// Reads `sqlite:PATH` or `postgresql://…`, where PostgreSQL takes, besides libpq's parameters, `schema=NAME`
// (`[a-z_][a-z0-9_]{0,62}`) and `prepared=on|off` (off for pgbouncer in transaction mode, which has no prepared
// statements). Errors: INVALID_ARGUMENT  neither of these, or one of these parameters is malformed. No error repeats
// the URL: it may hold a password.
absl::StatusOr<Url> ParseUrl(absl::string_view url);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_URL_H_
