#include "services/journey/edition_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "personas and segments", R"sql(
CREATE TABLE named_thing (
  workspace TEXT NOT NULL,
  kind BIGINT NOT NULL,
  id TEXT NOT NULL,
  newest BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  archived BIGINT NOT NULL,
  archive_time BIGINT,
  PRIMARY KEY (workspace, kind, id)
) /* clustered */;
CREATE INDEX named_thing_archived ON named_thing (workspace, kind, archived, id);
CREATE TABLE edition (
  workspace TEXT NOT NULL,
  kind BIGINT NOT NULL,
  id TEXT NOT NULL,
  number BIGINT NOT NULL,
  content_hash TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  definition BYTEA NOT NULL,
  PRIMARY KEY (workspace, kind, id, number)
) /* clustered */
)sql"},
};

constexpr char kAddThing[] =
    "INSERT INTO named_thing (workspace, kind, id, newest, revision, archived, archive_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
constexpr char kSaveThing[] =
    "UPDATE named_thing SET newest = $4, revision = $5, archived = $6, archive_time = $7 "
    "WHERE workspace = $1 AND kind = $2 AND id = $3";
constexpr char kAddEdition[] =
    "INSERT INTO edition (workspace, kind, id, number, content_hash, create_time, definition) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";
#define EDITION_COLUMNS                                                                                \
  "SELECT t.kind, t.id, e.number, e.definition, e.content_hash, e.create_time, t.newest, t.revision, " \
  "t.archive_time FROM named_thing t JOIN edition e ON e.workspace = t.workspace AND e.kind = t.kind " \
  "AND e.id = t.id "
constexpr char kLoad[] = EDITION_COLUMNS "WHERE t.workspace = $1 AND t.kind = $2 AND t.id = $3 AND e.number = $4";
constexpr char kLoadNewest[] =
    EDITION_COLUMNS "WHERE t.workspace = $1 AND t.kind = $2 AND t.id = $3 AND e.number = t.newest";
constexpr char kList[] = EDITION_COLUMNS
    "WHERE t.workspace = $1 AND t.kind = $2 AND t.archived = $3 AND t.id > $4 AND e.number = t.newest "
    "ORDER BY t.id LIMIT $5";

Edition ToEdition(const sql::Row& row) {
  return {.kind = static_cast<EditionKind>(row.Int(0)),
          .id = row.Text(1),
          .number = static_cast<uint32_t>(row.Int(2)),
          .definition = row.Blob(3),
          .content_hash = row.Text(4),
          .create_time = row.Time(5),
          .newest = static_cast<uint32_t>(row.Int(6)),
          .revision = row.Int(7),
          .archive_time = row.IsNull(8) ? std::nullopt : std::optional(row.Time(8))};
}

absl::Status AddEdition(sql::Transaction& tx, absl::string_view workspace, const Edition& edition) {
  return tx
      .Execute(kAddEdition, {workspace, static_cast<int>(edition.kind), edition.id, edition.number,
                             edition.content_hash, edition.create_time, sql::Bytes{edition.definition}})
      .status();
}

absl::Status SaveThing(sql::Transaction& tx, absl::string_view workspace, const Edition& edition) {
  return tx
      .Execute(kSaveThing, {workspace, static_cast<int>(edition.kind), edition.id, edition.newest, edition.revision,
                            edition.archive_time.has_value(), edition.archive_time})
      .status();
}

}  // namespace

sql::Schema edition_schema() { return {.name = "edition", .migrations = kMigrations}; }

absl::Status AddFirstEdition(sql::Transaction& tx, absl::string_view workspace, const Edition& edition) {
  ASSIGN_OR_RETURN(const int64_t added,
                   tx.Execute(kAddThing, {workspace, static_cast<int>(edition.kind), edition.id, edition.newest,
                                          edition.revision, edition.archive_time.has_value(), edition.archive_time}));
  if (added == 0) return AlreadyExists(NameOf(edition));
  return AddEdition(tx, workspace, edition);
}

absl::Status AddNextEdition(sql::Transaction& tx, absl::string_view workspace, const Edition& edition) {
  RETURN_IF_ERROR(AddEdition(tx, workspace, edition));
  return SaveThing(tx, workspace, edition);
}

absl::Status SaveArchival(sql::Transaction& tx, absl::string_view workspace, const Edition& edition) {
  return SaveThing(tx, workspace, edition);
}

absl::StatusOr<Edition> LoadEdition(sql::Transaction& tx, absl::string_view workspace, EditionKind kind,
                                    absl::string_view id, uint32_t number) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<Edition>> found,
                   FindEditions(tx, workspace, kind, {{.id = std::string(id), .number = number}}));
  if (found[0].has_value()) return *found[0];
  const std::string name = absl::StrCat(WordFor(kind), " \"", id, "\"");
  if (number == 0) return NotFound(name);
  RETURN_IF_ERROR(LoadEdition(tx, workspace, kind, id, 0).status());
  return NotFound(absl::StrCat("edition ", number, " of ", name));
}

absl::StatusOr<std::vector<std::optional<Edition>>> FindEditions(sql::Transaction& tx, absl::string_view workspace,
                                                                 EditionKind kind,
                                                                 const std::vector<EditionName>& names) {
  std::vector<std::optional<Edition>> found;
  for (const EditionName& name : names) {
    const bool newest = name.number == 0;
    sql::Params params = {workspace, static_cast<int>(kind), name.id};
    if (!newest) params.push_back(name.number);
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(newest ? kLoadNewest : kLoad, params));
    found.push_back(rows.empty() ? std::nullopt : std::optional(ToEdition(rows[0])));
  }
  return found;
}

absl::StatusOr<std::vector<Edition>> ListEditions(sql::Transaction& tx, absl::string_view workspace, EditionKind kind,
                                                  bool archived, absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {workspace, static_cast<int>(kind), archived, after, limit}));
  std::vector<Edition> editions;
  for (const sql::Row& row : rows) editions.push_back(ToEdition(row));
  return editions;
}

}  // namespace waymark::journey
