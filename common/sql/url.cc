#include "common/sql/url.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"

namespace waymark::sql {
namespace {

constexpr size_t kLongestName = 63;  // PostgreSQL cuts longer names short.

bool IsSchemaName(absl::string_view name) {
  if (name.empty() || name.size() > kLongestName || absl::ascii_isdigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
}

absl::StatusOr<Url> ParsePostgres(absl::string_view text) {
  Url url = {.engine = Engine::kPostgres};
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('?', 1));
  std::vector<absl::string_view> others;
  for (const absl::string_view parameter : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    if (pair.first == "schema") {
      if (!IsSchemaName(pair.second)) {
        return absl::InvalidArgumentError(
            "the database URL's schema must be 1 to 63 of a-z, 0-9 and _, and not begin with a digit");
      }
      url.schema = std::string(pair.second);
    } else if (pair.first == "prepared") {
      if (pair.second != "on" && pair.second != "off") {
        return absl::InvalidArgumentError("the database URL's prepared must be on or off");
      }
      url.prepared = pair.second == "on";
    } else {
      others.push_back(parameter);
    }
  }
  url.connection = absl::StrCat(parts.first, others.empty() ? "" : "?", absl::StrJoin(others, "&"));
  return url;
}

}  // namespace

absl::StatusOr<Url> ParseUrl(absl::string_view url) {
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "sqlite:")) {
    if (rest.empty()) return absl::InvalidArgumentError("the database URL names no file: write sqlite:PATH");
    if (rest == ":memory:") return absl::InvalidArgumentError("the database URL must name a file: write sqlite:PATH");
    return Url{.engine = Engine::kSqlite, .path = std::string(rest)};
  }
  if (absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://")) return ParsePostgres(url);
  return absl::InvalidArgumentError(
      "a database URL is sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME");
}

}  // namespace waymark::sql
