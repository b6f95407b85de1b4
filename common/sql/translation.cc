#include "common/sql/translation.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace waymark::sql {
namespace {

constexpr char kClustered[] = "/* clustered */";

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// The next piece of `sql`, which must not be empty: a word, a quoted text, a comment, or one other character.
absl::string_view NextPiece(absl::string_view sql) {
  const auto through = [&](absl::string_view end, size_t from) {
    const size_t at = sql.find(end, from);
    return sql.substr(0, at == absl::string_view::npos ? sql.size() : at + end.size());
  };
  if (sql[0] == '\'' || sql[0] == '"') return through(sql.substr(0, 1), 1);
  if (absl::StartsWith(sql, "--")) return through("\n", 2);
  if (absl::StartsWith(sql, "/*")) return through("*/", 2);
  const auto end = std::find_if_not(sql.begin(), sql.end(), IsWordCharacter);
  return sql.substr(0, std::max<size_t>(end - sql.begin(), 1));
}

}  // namespace

std::vector<std::string> SplitStatements(absl::string_view sql) {
  std::vector<std::string> statements;
  std::string statement;
  const auto finish = [&] {
    const absl::string_view trimmed = absl::StripAsciiWhitespace(statement);
    if (!trimmed.empty()) statements.emplace_back(trimmed);
    statement.clear();
  };
  while (!sql.empty()) {
    const absl::string_view piece = NextPiece(sql);
    sql.remove_prefix(piece.size());
    if (piece == ";") {
      finish();
    } else if (!absl::StartsWith(piece, "--")) {  // A comment alone is no statement.
      absl::StrAppend(&statement, piece);
    }
  }
  finish();
  return statements;
}

absl::string_view ToSqliteStatement(absl::string_view statement) {
  statement = absl::StripTrailingAsciiWhitespace(statement);
  if (!absl::ConsumeSuffix(&statement, " FOR UPDATE")) absl::ConsumeSuffix(&statement, " FOR SHARE");
  return statement;
}

std::string ToSqliteMigration(absl::string_view statement) {
  statement = absl::StripAsciiWhitespace(statement);
  const bool creates_table = absl::StartsWithIgnoreCase(statement, "CREATE TABLE");
  const bool clustered = absl::ConsumeSuffix(&statement, kClustered);
  statement = absl::StripTrailingAsciiWhitespace(statement);
  std::string translated;
  while (!statement.empty()) {
    absl::string_view piece = NextPiece(statement);
    statement.remove_prefix(piece.size());
    if (absl::EqualsIgnoreCase(piece, "BIGINT")) piece = "INTEGER";
    if (absl::EqualsIgnoreCase(piece, "BYTEA")) piece = "BLOB";
    if (absl::EqualsIgnoreCase(piece, "DOUBLE") && absl::StartsWithIgnoreCase(statement, " PRECISION")) {
      statement.remove_prefix(sizeof(" PRECISION") - 1);
      piece = "REAL";
    }
    absl::StrAppend(&translated, piece);
  }
  if (creates_table) absl::StrAppend(&translated, clustered ? " STRICT, WITHOUT ROWID" : " STRICT");
  return translated;
}

std::string ToPostgresMigration(absl::string_view statement) {
  statement = absl::StripAsciiWhitespace(statement);
  if (!absl::StartsWithIgnoreCase(statement, "CREATE TABLE") && !absl::StartsWithIgnoreCase(statement, "ALTER TABLE")) {
    return std::string(statement);
  }
  std::string translated;
  while (!statement.empty()) {
    const absl::string_view piece = NextPiece(statement);
    statement.remove_prefix(piece.size());
    absl::StrAppend(&translated, piece, absl::EqualsIgnoreCase(piece, "TEXT") ? " COLLATE \"C\"" : "");
  }
  return translated;
}

std::string ToManyRows(absl::string_view insert, size_t parameters, size_t rows) {
  size_t number = 0;
  const auto row = [&] {
    std::string text = "(";
    for (size_t i = 0; i < parameters; ++i) absl::StrAppend(&text, i == 0 ? "$" : ", $", ++number);
    return text + ")";
  };
  const std::string first = absl::StrCat("VALUES ", row());
  const size_t at = insert.find(first);
  if (at == absl::string_view::npos) return "";
  std::string text = absl::StrCat(insert.substr(0, at), first);
  for (size_t i = 1; i < rows; ++i) absl::StrAppend(&text, ", ", row());
  absl::StrAppend(&text, insert.substr(at + first.size()));
  return text;
}

}  // namespace waymark::sql
