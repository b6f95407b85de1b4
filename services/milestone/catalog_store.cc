#include "services/milestone/catalog_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace waymark::milestone {
namespace {

constexpr char kEnsureCatalog[] = "INSERT INTO catalog (workspace, revision) VALUES ($1, 0) ON CONFLICT DO NOTHING";
constexpr char kHoldRevision[] = "SELECT revision FROM catalog WHERE workspace = $1 FOR SHARE";
constexpr char kGetRevision[] = "SELECT revision FROM catalog WHERE workspace = $1";
constexpr char kRaiseRevision[] = "UPDATE catalog SET revision = revision + 1 WHERE workspace = $1 RETURNING revision";
constexpr char kAddVersion[] =
    "INSERT INTO journey_version (workspace, journey_id, number, content_hash, definition, segments, closed) "
    "VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT DO NOTHING";
constexpr char kCloseVersion[] =
    "UPDATE journey_version SET closed = 1 WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kCloseJourney[] = "UPDATE journey_version SET closed = 1 WHERE workspace = $1 AND journey_id = $2";
constexpr char kListLatest[] =
    "SELECT journey_id, number, content_hash, definition, segments, closed FROM journey_version AS version WHERE "
    "workspace = $1 "
    "AND number = COALESCE("
    "(SELECT max(number) FROM journey_version WHERE workspace = version.workspace AND journey_id = version.journey_id "
    "AND closed = 0), "
    "(SELECT max(number) FROM journey_version WHERE workspace = version.workspace AND journey_id = version.journey_id))"
    " ORDER BY journey_id";
constexpr char kFindVersion[] =
    "SELECT journey_id, number, content_hash, definition, segments, closed FROM journey_version "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kStartSweep[] =
    "INSERT INTO sweep (workspace, revision, after_customer) VALUES ($1, $2, '') "
    "ON CONFLICT (workspace) DO UPDATE SET revision = excluded.revision, after_customer = ''";
constexpr char kTakeSweep[] =
    "SELECT workspace, revision, after_customer FROM sweep ORDER BY workspace LIMIT 1 FOR UPDATE";
constexpr char kFindSweep[] = "SELECT workspace, revision, after_customer FROM sweep WHERE workspace = $1";
constexpr char kMoveSweep[] = "UPDATE sweep SET after_customer = $2 WHERE workspace = $1";
constexpr char kEndSweep[] = "DELETE FROM sweep WHERE workspace = $1";

PublishedVersion ToVersion(const sql::Row& row) {
  return {.journey_id = row.Text(0),
          .number = static_cast<uint32_t>(row.Int(1)),
          .content_hash = row.Text(2),
          .definition = row.Blob(3),
          .segments = row.IsNull(4) ? std::string() : row.Blob(4),
          .closed = row.Bool(5)};
}

std::optional<Sweep> ToSweep(const sql::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return Sweep{.workspace = rows[0].Text(0), .revision = rows[0].Int(1), .after = rows[0].Text(2)};
}

absl::Status RaiseRevision(sql::Transaction& tx, absl::string_view workspace) {
  RETURN_IF_ERROR(tx.Execute(kEnsureCatalog, {workspace}).status());
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kRaiseRevision, {workspace}));
  return tx.Execute(kStartSweep, {workspace, rows[0].Int(0)}).status();
}

}  // namespace

absl::StatusOr<int64_t> HoldRevision(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(sql::Rows rows, tx.Query(kHoldRevision, {workspace}));
  if (rows.empty()) {
    // There must be a row to hold: else a first version published meanwhile would pass by.
    RETURN_IF_ERROR(tx.Execute(kEnsureCatalog, {workspace}).status());
    ASSIGN_OR_RETURN(rows, tx.Query(kHoldRevision, {workspace}));
  }
  return rows[0].Int(0);
}

absl::StatusOr<int64_t> GetRevision(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kGetRevision, {workspace}));
  return rows.empty() ? 0 : rows[0].Int(0);
}

absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const PublishedVersion& version) {
  ASSIGN_OR_RETURN(const int64_t added,
                   tx.Execute(kAddVersion, {workspace, version.journey_id, version.number, version.content_hash,
                                            sql::Bytes{version.definition}, sql::Bytes{version.segments}}));
  if (added > 0) return RaiseRevision(tx, workspace);
  ASSIGN_OR_RETURN(const std::optional<PublishedVersion> known,
                   FindVersion(tx, workspace, version.journey_id, version.number));
  if (known.has_value() && known->content_hash == version.content_hash) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("version ", version.number, " of journey ", version.journey_id,
                   " is known with another content: was `journey` restored? Publish it there under a further number"));
}

absl::Status CloseVersions(sql::Transaction& tx, absl::string_view workspace, const ClosedVersions& closed) {
  ASSIGN_OR_RETURN(const int64_t changed,
                   closed.number.has_value() ? tx.Execute(kCloseVersion, {workspace, closed.journey_id, *closed.number})
                                             : tx.Execute(kCloseJourney, {workspace, closed.journey_id}));
  return changed == 0 ? absl::OkStatus() : RaiseRevision(tx, workspace);
}

absl::StatusOr<std::vector<PublishedVersion>> ListLatestVersions(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListLatest, {workspace}));
  std::vector<PublishedVersion> versions;
  for (const sql::Row& row : rows) versions.push_back(ToVersion(row));
  return versions;
}

absl::StatusOr<std::optional<PublishedVersion>> FindVersion(sql::Transaction& tx, absl::string_view workspace,
                                                            absl::string_view journey_id, uint32_t number) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindVersion, {workspace, journey_id, number}));
  if (rows.empty()) return std::nullopt;
  return ToVersion(rows[0]);
}

absl::StatusOr<std::optional<Sweep>> TakeSweep(sql::Transaction& tx) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kTakeSweep));
  return ToSweep(rows);
}

absl::StatusOr<std::optional<Sweep>> FindSweep(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindSweep, {workspace}));
  return ToSweep(rows);
}

absl::Status MoveSweep(sql::Transaction& tx, const Sweep& sweep) {
  return tx.Execute(kMoveSweep, {sweep.workspace, sweep.after}).status();
}

absl::Status EndSweep(sql::Transaction& tx, absl::string_view workspace) {
  return tx.Execute(kEndSweep, {workspace}).status();
}

}  // namespace waymark::milestone
