#include "services/health/scorecard_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::health {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "scorecards and their versions", R"sql(
CREATE TABLE scorecard (
  workspace TEXT NOT NULL,
  scorecard_id TEXT NOT NULL,
  title TEXT NOT NULL,
  last_number BIGINT NOT NULL,
  latest_published_number BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, scorecard_id)
) /* clustered */;
CREATE TABLE scorecard_version (
  workspace TEXT NOT NULL,
  scorecard_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state BIGINT NOT NULL,
  definition BYTEA NOT NULL,
  content_hash TEXT NOT NULL,
  change_note TEXT NOT NULL,
  revision BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  publish_time BIGINT,
  PRIMARY KEY (workspace, scorecard_id, number)
) /* clustered */
)sql"},
    {2, "what customers did, by day, and the stages they passed", R"sql(
CREATE TABLE activity (
  workspace TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  event_day BIGINT NOT NULL,
  recorded_day BIGINT NOT NULL,
  events BIGINT NOT NULL,
  last_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, customer_id, event_type, event_day, recorded_day)
) /* clustered */;
CREATE TABLE passage (
  workspace TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  stage_key TEXT NOT NULL,
  time BIGINT NOT NULL,
  recorded_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, customer_id, journey_id, position)
) /* clustered */
)sql"},
    {3, "customers with news, sweeps and scores", R"sql(
CREATE TABLE customer (
  workspace TEXT NOT NULL,
  lane BIGINT NOT NULL,
  customer_id TEXT NOT NULL,
  known_since BIGINT NOT NULL,
  news BIGINT NOT NULL,
  depth BIGINT NOT NULL,
  PRIMARY KEY (workspace, lane, customer_id)
) /* clustered */;
CREATE INDEX customer_with_news ON customer (lane, workspace, customer_id) WHERE news > 0;
CREATE TABLE sweep (
  workspace TEXT NOT NULL,
  lane BIGINT NOT NULL,
  day BIGINT NOT NULL,
  after_customer TEXT,
  PRIMARY KEY (workspace, lane)
) /* clustered */;
CREATE TABLE score (
  workspace TEXT NOT NULL,
  scorecard_id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  as_of BIGINT NOT NULL,
  health_milli BIGINT,
  coverage_ppm BIGINT NOT NULL,
  shown_band BIGINT NOT NULL,
  band BIGINT,
  band_since BIGINT,
  candidate BIGINT,
  candidate_since BIGINT,
  candidate_past BIGINT NOT NULL,
  band_changes BIGINT NOT NULL,
  contributions BYTEA NOT NULL,
  PRIMARY KEY (workspace, scorecard_id, customer_id)
) /* clustered */;
CREATE INDEX score_by_band ON score (workspace, scorecard_id, shown_band, customer_id)
)sql"},
    {4, "whether a band is of the past", "ALTER TABLE score ADD COLUMN band_past BIGINT NOT NULL DEFAULT 0"},
};

constexpr char kAddScorecard[] =
    "INSERT INTO scorecard (workspace, scorecard_id, title, last_number, latest_published_number, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
constexpr char kLoadScorecard[] =
    "SELECT scorecard_id, title, last_number, latest_published_number, create_time FROM scorecard "
    "WHERE workspace = $1 AND scorecard_id = $2";
constexpr char kListScorecards[] =
    "SELECT scorecard_id, title, last_number, latest_published_number, create_time FROM scorecard "
    "WHERE workspace = $1 AND scorecard_id > $2 ORDER BY scorecard_id LIMIT $3";
constexpr char kSetLastNumber[] = "UPDATE scorecard SET last_number = $3 WHERE workspace = $1 AND scorecard_id = $2";
constexpr char kSetPublishedNumber[] =
    "UPDATE scorecard SET latest_published_number = $3 WHERE workspace = $1 AND scorecard_id = $2";
constexpr char kIsScored[] = "SELECT 1 FROM scorecard WHERE workspace = $1 AND latest_published_number > 0 LIMIT 1";

constexpr char kAddVersion[] =
    "INSERT INTO scorecard_version (workspace, scorecard_id, number, state, definition, content_hash, change_note, "
    "revision, create_time, publish_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr char kSavePublication[] =
    "UPDATE scorecard_version SET state = $4, revision = $5, publish_time = $6 "
    "WHERE workspace = $1 AND scorecard_id = $2 AND number = $3";
constexpr char kLoadVersion[] =
    "SELECT scorecard_id, number, state, definition, content_hash, change_note, revision, create_time, publish_time "
    "FROM scorecard_version WHERE workspace = $1 AND scorecard_id = $2 AND number = $3";
constexpr char kListPublished[] =
    "SELECT version.scorecard_id, number, state, definition, content_hash, change_note, revision, "
    "version.create_time, publish_time FROM scorecard JOIN scorecard_version AS version "
    "ON version.workspace = scorecard.workspace AND version.scorecard_id = scorecard.scorecard_id "
    "AND version.number = scorecard.latest_published_number WHERE scorecard.workspace = $1 "
    "ORDER BY version.scorecard_id";

Scorecard ToScorecard(const sql::Row& row) {
  return {.scorecard_id = row.Text(0),
          .title = row.Text(1),
          .last_number = static_cast<uint32_t>(row.Int(2)),
          .latest_published_number = static_cast<uint32_t>(row.Int(3)),
          .create_time = row.Time(4)};
}

Version ToVersion(const sql::Row& row) {
  return {.scorecard_id = row.Text(0),
          .number = static_cast<uint32_t>(row.Int(1)),
          .state = static_cast<VersionState>(row.Int(2)),
          .definition = row.Blob(3),
          .content_hash = row.Text(4),
          .change_note = row.Text(5),
          .revision = row.Int(6),
          .create_time = row.Time(7),
          .publish_time = row.IsNull(8) ? std::nullopt : std::optional(row.Time(8))};
}

}  // namespace

sql::Schema schema() { return {.name = "health", .migrations = kMigrations}; }

absl::Status AddScorecard(sql::Transaction& tx, absl::string_view workspace, const Scorecard& scorecard) {
  ASSIGN_OR_RETURN(const int64_t added,
                   tx.Execute(kAddScorecard, {workspace, scorecard.scorecard_id, scorecard.title, scorecard.last_number,
                                              scorecard.latest_published_number, scorecard.create_time}));
  return added == 1 ? absl::OkStatus() : AlreadyExists(absl::StrCat("scorecard \"", scorecard.scorecard_id, "\""));
}

absl::StatusOr<Scorecard> LoadScorecard(sql::Transaction& tx, absl::string_view workspace,
                                        absl::string_view scorecard_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadScorecard, {workspace, scorecard_id}));
  if (rows.empty()) return NotFound(absl::StrCat("scorecard \"", scorecard_id, "\""));
  return ToScorecard(rows[0]);
}

absl::StatusOr<std::vector<Scorecard>> ListScorecards(sql::Transaction& tx, absl::string_view workspace,
                                                      absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListScorecards, {workspace, after, limit}));
  std::vector<Scorecard> scorecards;
  for (const sql::Row& row : rows) scorecards.push_back(ToScorecard(row));
  return scorecards;
}

absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  RETURN_IF_ERROR(
      tx.Execute(kAddVersion, {workspace, version.scorecard_id, version.number, static_cast<int>(version.state),
                               sql::Bytes{version.definition}, version.content_hash, version.change_note,
                               version.revision, version.create_time, version.publish_time})
          .status());
  return tx.Execute(kSetLastNumber, {workspace, version.scorecard_id, version.number}).status();
}

absl::Status SavePublication(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  RETURN_IF_ERROR(
      tx.Execute(kSavePublication, {workspace, version.scorecard_id, version.number, static_cast<int>(version.state),
                                    version.revision, version.publish_time})
          .status());
  return tx.Execute(kSetPublishedNumber, {workspace, version.scorecard_id, version.number}).status();
}

absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view scorecard_id,
                                    uint32_t number) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadVersion, {workspace, scorecard_id, number}));
  if (!rows.empty()) return ToVersion(rows[0]);
  RETURN_IF_ERROR(LoadScorecard(tx, workspace, scorecard_id).status());
  return NotFound(absl::StrCat("version ", number, " of scorecard \"", scorecard_id, "\""));
}

absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view scorecard_id) {
  ASSIGN_OR_RETURN(const Scorecard scorecard, LoadScorecard(tx, workspace, scorecard_id));
  if (scorecard.latest_published_number == 0) {
    return NotFound(absl::StrCat("published version of scorecard \"", scorecard_id, "\""));
  }
  return LoadVersion(tx, workspace, scorecard_id, scorecard.latest_published_number);
}

absl::StatusOr<std::vector<Version>> ListPublished(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListPublished, {workspace}));
  std::vector<Version> versions;
  for (const sql::Row& row : rows) versions.push_back(ToVersion(row));
  return versions;
}

absl::StatusOr<std::set<std::string>> FilterScored(sql::Transaction& tx, const std::set<std::string>& workspaces) {
  std::vector<sql::Params> sets;
  for (const std::string& workspace : workspaces) sets.push_back({workspace});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kIsScored, sets));
  std::set<std::string> scored;
  auto answer = answers.begin();
  for (const std::string& workspace : workspaces) {
    if (!(answer++)->empty()) scored.insert(workspace);
  }
  return scored;
}

}  // namespace waymark::health
