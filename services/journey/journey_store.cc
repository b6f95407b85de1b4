#include "services/journey/journey_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "journeys and their versions", R"sql(
CREATE TABLE journey (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  title TEXT NOT NULL,
  last_number BIGINT NOT NULL,
  latest_published_number BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, journey_id)
) /* clustered */;
CREATE TABLE journey_version (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state BIGINT NOT NULL,
  definition BYTEA NOT NULL,
  content_hash TEXT NOT NULL,
  change_note TEXT NOT NULL,
  revision BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  publish_time BIGINT,
  PRIMARY KEY (workspace, journey_id, number)
) /* clustered */
)sql"},
};

constexpr char kAddJourney[] =
    "INSERT INTO journey (workspace, journey_id, title, last_number, latest_published_number, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
constexpr char kLoadJourney[] =
    "SELECT journey_id, title, last_number, latest_published_number, create_time FROM journey "
    "WHERE workspace = $1 AND journey_id = $2";
constexpr char kListJourneys[] =
    "SELECT journey_id, title, last_number, latest_published_number, create_time FROM journey "
    "WHERE workspace = $1 AND journey_id > $2 ORDER BY journey_id LIMIT $3";
constexpr char kSetLastNumber[] = "UPDATE journey SET last_number = $3 WHERE workspace = $1 AND journey_id = $2";
constexpr char kSetPublishedNumber[] =
    "UPDATE journey SET latest_published_number = $3 WHERE workspace = $1 AND journey_id = $2";

constexpr char kAddVersion[] =
    "INSERT INTO journey_version (workspace, journey_id, number, state, definition, content_hash, change_note, "
    "revision, create_time, publish_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr char kSaveVersion[] =
    "UPDATE journey_version SET state = $4, definition = $5, content_hash = $6, change_note = $7, revision = $8, "
    "publish_time = $9 WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kLoadVersion[] =
    "SELECT journey_id, number, state, content_hash, change_note, revision, create_time, publish_time, definition "
    "FROM journey_version WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kListVersions[] =
    "SELECT journey_id, number, state, content_hash, change_note, revision, create_time, publish_time "
    "FROM journey_version WHERE workspace = $1 AND journey_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4";

Journey ToJourney(const sql::Row& row) {
  return {.journey_id = row.Text(0),
          .title = row.Text(1),
          .last_number = static_cast<uint32_t>(row.Int(2)),
          .latest_published_number = static_cast<uint32_t>(row.Int(3)),
          .create_time = row.Time(4)};
}

// `definition` is the last column, and absent in lists.
Version ToVersion(const sql::Row& row) {
  return {.journey_id = row.Text(0),
          .number = static_cast<uint32_t>(row.Int(1)),
          .state = static_cast<VersionState>(row.Int(2)),
          .definition = row.size() > 8 ? row.Blob(8) : "",
          .content_hash = row.Text(3),
          .change_note = row.Text(4),
          .revision = row.Int(5),
          .create_time = row.Time(6),
          .publish_time = row.IsNull(7) ? std::nullopt : std::optional(row.Time(7))};
}

}  // namespace

sql::Schema schema() { return {.name = "journey", .migrations = kMigrations}; }

absl::Status AddJourney(sql::Transaction& tx, absl::string_view workspace, const Journey& journey) {
  ASSIGN_OR_RETURN(const int64_t added,
                   tx.Execute(kAddJourney, {workspace, journey.journey_id, journey.title, journey.last_number,
                                            journey.latest_published_number, journey.create_time}));
  return added == 1 ? absl::OkStatus() : AlreadyExists(absl::StrCat("journey \"", journey.journey_id, "\""));
}

absl::StatusOr<Journey> LoadJourney(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadJourney, {workspace, journey_id}));
  if (rows.empty()) return NotFound(absl::StrCat("journey \"", journey_id, "\""));
  return ToJourney(rows[0]);
}

absl::StatusOr<std::vector<Journey>> ListJourneys(sql::Transaction& tx, absl::string_view workspace,
                                                  absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListJourneys, {workspace, after, limit}));
  std::vector<Journey> journeys;
  for (const sql::Row& row : rows) journeys.push_back(ToJourney(row));
  return journeys;
}

absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  RETURN_IF_ERROR(
      tx.Execute(kAddVersion, {workspace, version.journey_id, version.number, static_cast<int>(version.state),
                               sql::Bytes{version.definition}, version.content_hash, version.change_note,
                               version.revision, version.create_time, version.publish_time})
          .status());
  return tx.Execute(kSetLastNumber, {workspace, version.journey_id, version.number}).status();
}

absl::Status SaveVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  RETURN_IF_ERROR(
      tx.Execute(kSaveVersion, {workspace, version.journey_id, version.number, static_cast<int>(version.state),
                                sql::Bytes{version.definition}, version.content_hash, version.change_note,
                                version.revision, version.publish_time})
          .status());
  if (version.state != VersionState::kPublished) return absl::OkStatus();
  return tx.Execute(kSetPublishedNumber, {workspace, version.journey_id, version.number}).status();
}

absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                                    uint32_t number) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadVersion, {workspace, journey_id, number}));
  if (!rows.empty()) return ToVersion(rows[0]);
  RETURN_IF_ERROR(LoadJourney(tx, workspace, journey_id).status());
  return NotFound(absl::StrCat("version ", number, " of journey \"", journey_id, "\""));
}

absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id) {
  ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, workspace, journey_id));
  if (journey.latest_published_number == 0) {
    return NotFound(absl::StrCat("published version of journey \"", journey_id, "\""));
  }
  return LoadVersion(tx, workspace, journey_id, journey.latest_published_number);
}

absl::StatusOr<std::vector<Version>> ListVersions(sql::Transaction& tx, absl::string_view workspace,
                                                  absl::string_view journey_id, uint32_t below, int limit) {
  RETURN_IF_ERROR(LoadJourney(tx, workspace, journey_id).status());
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListVersions, {workspace, journey_id, below, limit}));
  std::vector<Version> versions;
  for (const sql::Row& row : rows) versions.push_back(ToVersion(row));
  return versions;
}

}  // namespace waymark::journey
