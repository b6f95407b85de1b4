#include "services/journey/journey_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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
  labels TEXT NOT NULL,
  required_approvals BIGINT NOT NULL,
  last_number BIGINT NOT NULL,
  last_published_number BIGINT NOT NULL,
  latest_published_number BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  archived BIGINT NOT NULL,
  archive_time BIGINT,
  PRIMARY KEY (workspace, journey_id)
) /* clustered */;
CREATE INDEX journey_archived ON journey (workspace, archived, journey_id);
CREATE TABLE journey_label (
  workspace TEXT NOT NULL,
  label TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  PRIMARY KEY (workspace, label, journey_id)
) /* clustered */;
CREATE INDEX journey_label_journey ON journey_label (workspace, journey_id);
CREATE TABLE journey_version (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state BIGINT NOT NULL,
  content_hash TEXT NOT NULL,
  change_note TEXT NOT NULL,
  revision BIGINT NOT NULL,
  parent_number BIGINT NOT NULL,
  parent_content_hash TEXT NOT NULL,
  authors TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  publish_time BIGINT,
  retire_time BIGINT,
  definition BYTEA NOT NULL,
  PRIMARY KEY (workspace, journey_id, number)
) /* clustered */
)sql"},
};

#define JOURNEY_COLUMNS                                                                             \
  "j.journey_id, j.title, j.labels, j.required_approvals, j.last_number, j.last_published_number, " \
  "j.latest_published_number, j.revision, j.create_time, j.archive_time "

constexpr char kAddJourney[] =
    "INSERT INTO journey (workspace, journey_id, title, labels, required_approvals, last_number, "
    "last_published_number, latest_published_number, revision, create_time, archived, archive_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
constexpr char kLoadJourney[] = "SELECT " JOURNEY_COLUMNS "FROM journey j WHERE j.workspace = $1 AND j.journey_id = $2";
constexpr char kSaveJourney[] =
    "UPDATE journey SET title = $3, labels = $4, required_approvals = $5, revision = $6, archived = $7, "
    "archive_time = $8 WHERE workspace = $1 AND journey_id = $2";
constexpr char kListJourneys[] =
    "SELECT " JOURNEY_COLUMNS
    "FROM journey j WHERE j.workspace = $1 AND j.archived = $2 AND j.journey_id > $3 ORDER BY j.journey_id LIMIT $4";
// Not joined with the journeys: before it has statistics PostgreSQL would read all of them for one page.
constexpr char kListLabelled[] =
    "SELECT journey_id FROM journey_label WHERE workspace = $1 AND label = $2 AND journey_id > $3 "
    "ORDER BY journey_id LIMIT $4";
constexpr char kAddLabel[] = "INSERT INTO journey_label (workspace, label, journey_id) VALUES ($1, $2, $3)";
constexpr char kDropLabels[] = "DELETE FROM journey_label WHERE workspace = $1 AND journey_id = $2";
constexpr char kSetLastNumber[] = "UPDATE journey SET last_number = $3 WHERE workspace = $1 AND journey_id = $2";
// 2 is published, 3 retired.
constexpr char kSetPublishedNumbers[] =
    "UPDATE journey SET "
    "last_published_number = (SELECT COALESCE(MAX(v.number), 0) FROM journey_version v "
    "WHERE v.workspace = $1 AND v.journey_id = $2 AND v.state IN (2, 3)), "
    "latest_published_number = (SELECT COALESCE(MAX(v.number), 0) FROM journey_version v "
    "WHERE v.workspace = $1 AND v.journey_id = $2 AND v.state = 2) "
    "WHERE workspace = $1 AND journey_id = $2";

#define VERSION_COLUMNS                                                                                  \
  "journey_id, number, state, content_hash, change_note, revision, parent_number, parent_content_hash, " \
  "authors, create_time, publish_time, retire_time"

constexpr char kAddVersion[] = "INSERT INTO journey_version (workspace, " VERSION_COLUMNS
                               ", definition) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
constexpr char kSaveVersion[] =
    "UPDATE journey_version SET state = $4, content_hash = $5, change_note = $6, revision = $7, authors = $8, "
    "publish_time = $9, retire_time = $10, definition = $11 WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kLoadVersion[] =
    "SELECT " VERSION_COLUMNS
    ", definition FROM journey_version WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kListVersions[] =
    "SELECT " VERSION_COLUMNS
    " FROM journey_version WHERE workspace = $1 AND journey_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4";

// A label as it is kept and looked for: keys hold no `=`.
std::string LabelText(const std::pair<const std::string, std::string>& label) {
  return absl::StrCat(label.first, "=", label.second);
}

// Values hold no control characters, so each is a line.
std::string Encode(const Labels& labels) {
  std::string lines;
  for (const auto& label : labels) absl::StrAppend(&lines, LabelText(label), "\n");
  return lines;
}

Labels DecodeLabels(absl::string_view lines) {
  Labels labels;
  for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> label = absl::StrSplit(line, absl::MaxSplits('=', 1));
    labels.insert(label);
  }
  return labels;
}

std::optional<absl::Time> TimeOrNone(const sql::Row& row, size_t column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Time(column));
}

Journey ToJourney(const sql::Row& row) {
  return {.journey_id = row.Text(0),
          .title = row.Text(1),
          .labels = DecodeLabels(row.Text(2)),
          .required_approvals = static_cast<uint32_t>(row.Int(3)),
          .last_number = static_cast<uint32_t>(row.Int(4)),
          .last_published_number = static_cast<uint32_t>(row.Int(5)),
          .latest_published_number = static_cast<uint32_t>(row.Int(6)),
          .revision = row.Int(7),
          .create_time = row.Time(8),
          .archive_time = TimeOrNone(row, 9)};
}

std::vector<Journey> ToJourneys(const sql::Rows& rows) {
  std::vector<Journey> journeys;
  for (const sql::Row& row : rows) journeys.push_back(ToJourney(row));
  return journeys;
}

// `definition` is the last column, and absent in lists.
Version ToVersion(const sql::Row& row) {
  return {.journey_id = row.Text(0),
          .number = static_cast<uint32_t>(row.Int(1)),
          .state = static_cast<VersionState>(row.Int(2)),
          .definition = row.size() > 12 ? row.Blob(12) : "",
          .content_hash = row.Text(3),
          .change_note = row.Text(4),
          .revision = row.Int(5),
          .parent_number = static_cast<uint32_t>(row.Int(6)),
          .parent_content_hash = row.Text(7),
          .authors = absl::StrSplit(row.Text(8), '\n', absl::SkipEmpty()),
          .create_time = row.Time(9),
          .publish_time = TimeOrNone(row, 10),
          .retire_time = TimeOrNone(row, 11)};
}

absl::Status AddLabels(sql::Transaction& tx, absl::string_view workspace, const Journey& journey) {
  std::vector<std::string> texts;
  for (const auto& label : journey.labels) texts.push_back(LabelText(label));
  std::vector<sql::Params> rows;
  for (const std::string& text : texts) rows.push_back({workspace, text, journey.journey_id});
  return tx.ExecuteMany(kAddLabel, rows).status();
}

}  // namespace

sql::Schema schema() { return {.name = "journey", .migrations = kMigrations}; }

absl::Status AddJourney(sql::Transaction& tx, absl::string_view workspace, const Journey& journey) {
  const std::string labels = Encode(journey.labels);
  ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute(kAddJourney,
                 {workspace, journey.journey_id, journey.title, labels, journey.required_approvals, journey.last_number,
                  journey.last_published_number, journey.latest_published_number, journey.revision, journey.create_time,
                  journey.archive_time.has_value(), journey.archive_time}));
  if (added == 0) return AlreadyExists(NameOf(journey));
  return AddLabels(tx, workspace, journey);
}

absl::StatusOr<Journey> LoadJourney(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadJourney, {workspace, journey_id}));
  if (rows.empty()) return NotFound(absl::StrCat("journey \"", journey_id, "\""));
  return ToJourney(rows[0]);
}

absl::Status SaveJourney(sql::Transaction& tx, absl::string_view workspace, const Journey& journey) {
  const std::string labels = Encode(journey.labels);
  RETURN_IF_ERROR(
      tx.Execute(kSaveJourney, {workspace, journey.journey_id, journey.title, labels, journey.required_approvals,
                                journey.revision, journey.archive_time.has_value(), journey.archive_time})
          .status());
  RETURN_IF_ERROR(tx.Execute(kDropLabels, {workspace, journey.journey_id}).status());
  return AddLabels(tx, workspace, journey);
}

absl::StatusOr<std::vector<Journey>> ListJourneys(sql::Transaction& tx, absl::string_view workspace,
                                                  const JourneyFilter& filter, absl::string_view after, int limit) {
  if (!filter.label.has_value()) {
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListJourneys, {workspace, filter.archived, after, limit}));
    return ToJourneys(rows);
  }
  const std::string label = LabelText(*filter.label);
  std::vector<Journey> journeys;
  for (std::string from(after);;) {
    ASSIGN_OR_RETURN(const sql::Rows labelled, tx.Query(kListLabelled, {workspace, label, from, limit}));
    std::vector<sql::Params> wanted;
    for (const sql::Row& row : labelled) wanted.push_back({workspace, row.Text(0)});
    ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadJourney, wanted));
    for (const sql::Rows& rows : answers) {
      if (rows.empty()) continue;
      Journey journey = ToJourney(rows[0]);
      if (journey.archive_time.has_value() == filter.archived) journeys.push_back(std::move(journey));
      if (static_cast<int>(journeys.size()) == limit) return journeys;
    }
    if (static_cast<int>(labelled.size()) < limit) return journeys;
    from = labelled.back().Text(0);
  }
}

absl::StatusOr<std::vector<std::string>> FindJourneys(sql::Transaction& tx, absl::string_view workspace,
                                                      const std::vector<std::string>& journey_ids) {
  std::vector<sql::Params> wanted;
  for (const std::string& journey_id : journey_ids) wanted.push_back({workspace, journey_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadJourney, wanted));
  std::vector<std::string> found;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].empty()) found.push_back(journey_ids[i]);
  }
  return found;
}

absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  const std::string authors = absl::StrJoin(version.authors, "\n");
  RETURN_IF_ERROR(
      tx.Execute(kAddVersion,
                 {workspace, version.journey_id, version.number, static_cast<int>(version.state), version.content_hash,
                  version.change_note, version.revision, version.parent_number, version.parent_content_hash, authors,
                  version.create_time, version.publish_time, version.retire_time, sql::Bytes{version.definition}})
          .status());
  return tx.Execute(kSetLastNumber, {workspace, version.journey_id, version.number}).status();
}

absl::Status SaveVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  const std::string authors = absl::StrJoin(version.authors, "\n");
  RETURN_IF_ERROR(
      tx.Execute(kSaveVersion, {workspace, version.journey_id, version.number, static_cast<int>(version.state),
                                version.content_hash, version.change_note, version.revision, authors,
                                version.publish_time, version.retire_time, sql::Bytes{version.definition}})
          .status());
  if (version.state == VersionState::kDraft) return absl::OkStatus();
  return tx.Execute(kSetPublishedNumbers, {workspace, version.journey_id}).status();
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
