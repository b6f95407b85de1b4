// Turns the one SQL text into each engine's. Pure.
#ifndef WAYMARK_COMMON_SQL_TRANSLATION_H_
#define WAYMARK_COMMON_SQL_TRANSLATION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark::sql {

// The statements of a migration, without the `;` between them and the space around them; none is empty. A `;` in a
// comment or in quotes separates nothing.
std::vector<std::string> SplitStatements(absl::string_view sql);

// A statement for SQLite: without ` FOR UPDATE` or ` FOR SHARE` at its end.
absl::string_view ToSqliteStatement(absl::string_view statement);

// One statement of a migration for SQLite: BIGINT becomes INTEGER, BYTEA becomes BLOB, DOUBLE PRECISION becomes REAL
// (as whole words of any case, outside quotes and comments), and CREATE TABLE ends in STRICT, with WITHOUT ROWID where
// it ended in `/* clustered */`.
std::string ToSqliteMigration(absl::string_view statement);

// One statement of a migration for PostgreSQL: TEXT becomes TEXT COLLATE "C" where it is a column's type (in CREATE
// TABLE and ALTER TABLE, as a whole word of any case, outside quotes and comments).
std::string ToPostgresMigration(absl::string_view statement);

// An INSERT with `VALUES ($1, …, $n)` made one of `rows` rows, whose parameters are $1 to $n, $n+1 to $2n, and so on;
// empty where it is no such statement.
std::string ToManyRows(absl::string_view insert, size_t parameters, size_t rows);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_TRANSLATION_H_
