#include "services/notification/playbook_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::notification {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "playbooks and their versions", R"sql(
CREATE TABLE playbook (
  workspace TEXT NOT NULL,
  playbook_id TEXT NOT NULL,
  title TEXT NOT NULL,
  last_number BIGINT NOT NULL,
  latest_published_number BIGINT NOT NULL,
  trigger_kind BIGINT,
  trigger_subject TEXT,
  trigger_value TEXT,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, playbook_id)
) /* clustered */;
CREATE INDEX playbook_by_trigger ON playbook (workspace, trigger_kind, trigger_subject, trigger_value)
  WHERE trigger_kind IS NOT NULL;
CREATE TABLE playbook_version (
  workspace TEXT NOT NULL,
  playbook_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state BIGINT NOT NULL,
  definition BYTEA NOT NULL,
  content_hash TEXT NOT NULL,
  change_note TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  publish_time BIGINT,
  PRIMARY KEY (workspace, playbook_id, number)
) /* clustered */
)sql"},
};

constexpr char kAddPlaybook[] =
    "INSERT INTO playbook (workspace, playbook_id, title, last_number, latest_published_number, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
constexpr char kLoadPlaybook[] =
    "SELECT playbook_id, title, last_number, latest_published_number, create_time FROM playbook "
    "WHERE workspace = $1 AND playbook_id = $2";
constexpr char kListPlaybooks[] =
    "SELECT playbook_id, title, last_number, latest_published_number, create_time FROM playbook "
    "WHERE workspace = $1 AND playbook_id > $2 ORDER BY playbook_id LIMIT $3";
constexpr char kSetLastNumber[] = "UPDATE playbook SET last_number = $3 WHERE workspace = $1 AND playbook_id = $2";
constexpr char kSetPublished[] =
    "UPDATE playbook SET latest_published_number = $3, trigger_kind = $4, trigger_subject = $5, trigger_value = $6 "
    "WHERE workspace = $1 AND playbook_id = $2";

constexpr char kAddVersion[] =
    "INSERT INTO playbook_version (workspace, playbook_id, number, state, definition, content_hash, change_note, "
    "create_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr char kPublish[] =
    "UPDATE playbook_version SET state = $4, publish_time = $5 "
    "WHERE workspace = $1 AND playbook_id = $2 AND number = $3";
constexpr char kLoadVersion[] =
    "SELECT playbook_id, number, state, definition, content_hash, change_note, create_time, publish_time "
    "FROM playbook_version WHERE workspace = $1 AND playbook_id = $2 AND number = $3";
constexpr char kLoadWaiting[] =
    "SELECT v.playbook_id, v.number, v.state, v.definition, v.content_hash, v.change_note, v.create_time, "
    "v.publish_time FROM playbook p JOIN playbook_version v "
    "ON v.workspace = p.workspace AND v.playbook_id = p.playbook_id AND v.number = p.latest_published_number "
    "WHERE p.workspace = $1 AND p.trigger_kind = $2 AND p.trigger_subject = $3 AND p.trigger_value = $4 "
    "ORDER BY v.playbook_id";

Playbook ToPlaybook(const sql::Row& row) {
  return {.playbook_id = row.Text(0),
          .title = row.Text(1),
          .last_number = static_cast<uint32_t>(row.Int(2)),
          .latest_published_number = static_cast<uint32_t>(row.Int(3)),
          .create_time = row.Time(4)};
}

Version ToVersion(const sql::Row& row) {
  return {.playbook_id = row.Text(0),
          .number = static_cast<uint32_t>(row.Int(1)),
          .state = static_cast<VersionState>(row.Int(2)),
          .definition = row.Blob(3),
          .content_hash = row.Text(4),
          .change_note = row.Text(5),
          .create_time = row.Time(6),
          .publish_time = row.IsNull(7) ? std::nullopt : std::optional(row.Time(7))};
}

std::string Called(absl::string_view playbook_id) { return absl::StrCat("playbook \"", playbook_id, "\""); }

}  // namespace

sql::Schema PlaybookSchema() { return {"notification_playbook", kMigrations}; }

absl::Status AddPlaybook(sql::Transaction& tx, absl::string_view workspace, const Playbook& playbook) {
  ASSIGN_OR_RETURN(const int64_t added,
                   tx.Execute(kAddPlaybook, {workspace, playbook.playbook_id, playbook.title, playbook.last_number,
                                             playbook.latest_published_number, playbook.create_time}));
  return added == 1 ? absl::OkStatus() : AlreadyExists(Called(playbook.playbook_id));
}

absl::StatusOr<Playbook> LoadPlaybook(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view playbook_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadPlaybook, {workspace, playbook_id}));
  if (rows.empty()) return NotFound(Called(playbook_id));
  return ToPlaybook(rows[0]);
}

absl::StatusOr<std::vector<Playbook>> ListPlaybooks(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListPlaybooks, {workspace, after, limit}));
  std::vector<Playbook> playbooks;
  for (const sql::Row& row : rows) playbooks.push_back(ToPlaybook(row));
  return playbooks;
}

absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version) {
  RETURN_IF_ERROR(tx.Execute(kAddVersion, {workspace, version.playbook_id, version.number,
                                           static_cast<int>(version.state), sql::Bytes{version.definition},
                                           version.content_hash, version.change_note, version.create_time})
                      .status());
  return tx.Execute(kSetLastNumber, {workspace, version.playbook_id, version.number}).status();
}

absl::Status SavePublication(sql::Transaction& tx, absl::string_view workspace, const Version& version,
                             const Trigger& trigger) {
  RETURN_IF_ERROR(tx.Execute(kPublish, {workspace, version.playbook_id, version.number,
                                        static_cast<int>(VersionState::kPublished), version.publish_time})
                      .status());
  return tx
      .Execute(kSetPublished, {workspace, version.playbook_id, version.number, static_cast<int>(trigger.kind),
                               trigger.subject, trigger.value})
      .status();
}

absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view playbook_id,
                                    uint32_t number) {
  RETURN_IF_ERROR(LoadPlaybook(tx, workspace, playbook_id).status());
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadVersion, {workspace, playbook_id, number}));
  if (rows.empty()) return NotFound(absl::StrCat("version ", number, " of ", Called(playbook_id)));
  return ToVersion(rows[0]);
}

absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view playbook_id) {
  ASSIGN_OR_RETURN(const Playbook playbook, LoadPlaybook(tx, workspace, playbook_id));
  if (playbook.latest_published_number == 0) {
    return NotFound(absl::StrCat("published version of ", Called(playbook_id)));
  }
  return LoadVersion(tx, workspace, playbook_id, playbook.latest_published_number);
}

absl::StatusOr<std::vector<std::vector<Version>>> LoadWaiting(sql::Transaction& tx,
                                                              absl::Span<const Occasion> occasions) {
  std::vector<sql::Params> sets;
  for (const auto& [workspace, trigger] : occasions) {
    sets.push_back({workspace, static_cast<int>(trigger.kind), trigger.subject, trigger.value});
  }
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadWaiting, sets));
  std::vector<std::vector<Version>> waiting(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    for (const sql::Row& row : answers[i]) waiting[i].push_back(ToVersion(row));
  }
  return waiting;
}

}  // namespace waymark::notification
