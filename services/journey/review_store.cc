#include "services/journey/review_store.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "comments and approvals", R"sql(
CREATE TABLE review_comment (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  comment_id TEXT NOT NULL,
  path TEXT NOT NULL,
  comment_text TEXT NOT NULL,
  author TEXT NOT NULL,
  reply_to TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  resolve_time BIGINT,
  resolved_by TEXT NOT NULL,
  PRIMARY KEY (workspace, journey_id, number, comment_id)
) /* clustered */;
CREATE TABLE review_approval (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  approver TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  approve_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, journey_id, number, approver)
) /* clustered */;
CREATE TABLE review_request (
  workspace TEXT NOT NULL,
  journey_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  author TEXT NOT NULL,
  reviewers TEXT NOT NULL,
  note TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  request_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, journey_id, number)
) /* clustered */
)sql"},
};

constexpr char kAddComment[] =
    "INSERT INTO review_comment (workspace, journey_id, number, comment_id, path, comment_text, author, reply_to, "
    "content_hash, create_time, resolve_time, resolved_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
#define COMMENT_COLUMNS                                                                                            \
  "SELECT comment_id, path, comment_text, author, reply_to, content_hash, create_time, resolve_time, resolved_by " \
  "FROM review_comment WHERE workspace = $1 AND journey_id = $2 AND number = $3 "
constexpr char kLoadComment[] = COMMENT_COLUMNS "AND comment_id = $4";
constexpr char kSaveResolution[] =
    "UPDATE review_comment SET resolve_time = $5, resolved_by = $6 "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3 AND comment_id = $4";
constexpr char kListComments[] = COMMENT_COLUMNS "AND comment_id > $4 ORDER BY comment_id LIMIT $5";
constexpr char kListOpenComments[] =
    COMMENT_COLUMNS "AND comment_id > $4 AND resolve_time IS NULL ORDER BY comment_id LIMIT $5";
constexpr char kCountComments[] =
    "SELECT COUNT(*), COUNT(resolve_time) FROM review_comment "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3";
constexpr char kSaveApproval[] =
    "INSERT INTO review_approval (workspace, journey_id, number, approver, content_hash, approve_time) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace, journey_id, number, approver) "
    "DO UPDATE SET content_hash = excluded.content_hash, approve_time = excluded.approve_time";
constexpr char kDropApproval[] =
    "DELETE FROM review_approval WHERE workspace = $1 AND journey_id = $2 AND number = $3 AND approver = $4";
constexpr char kListApprovals[] =
    "SELECT approver, content_hash, approve_time FROM review_approval "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3 ORDER BY approver";
constexpr char kSaveRequest[] =
    "INSERT INTO review_request (workspace, journey_id, number, author, reviewers, note, content_hash, request_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace, journey_id, number) DO UPDATE SET "
    "author = excluded.author, reviewers = excluded.reviewers, note = excluded.note, "
    "content_hash = excluded.content_hash, request_time = excluded.request_time";
constexpr char kLoadRequest[] =
    "SELECT author, reviewers, note, content_hash, request_time FROM review_request "
    "WHERE workspace = $1 AND journey_id = $2 AND number = $3";

sql::Params KeyOf(const VersionName& version) { return {version.workspace, version.journey_id, version.number}; }

Comment ToComment(const sql::Row& row) {
  return {.comment_id = row.Text(0),
          .path = row.Text(1),
          .text = row.Text(2),
          .author = row.Text(3),
          .reply_to = row.Text(4),
          .content_hash = row.Text(5),
          .create_time = row.Time(6),
          .resolve_time = row.IsNull(7) ? std::nullopt : std::optional(row.Time(7)),
          .resolved_by = row.Text(8)};
}

}  // namespace

sql::Schema review_schema() { return {.name = "review", .migrations = kMigrations}; }

absl::Status AddComment(sql::Transaction& tx, const VersionName& version, const Comment& comment) {
  return tx
      .Execute(kAddComment, {version.workspace, version.journey_id, version.number, comment.comment_id, comment.path,
                             comment.text, comment.author, comment.reply_to, comment.content_hash, comment.create_time,
                             comment.resolve_time, comment.resolved_by})
      .status();
}

absl::StatusOr<Comment> LoadComment(sql::Transaction& tx, const VersionName& version, absl::string_view comment_id) {
  sql::Params params = KeyOf(version);
  params.push_back(comment_id);
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadComment, params));
  if (rows.empty()) return NotFound(absl::StrCat("comment \"", comment_id, "\""));
  return ToComment(rows[0]);
}

absl::Status SaveResolution(sql::Transaction& tx, const VersionName& version, const Comment& comment) {
  return tx
      .Execute(kSaveResolution, {version.workspace, version.journey_id, version.number, comment.comment_id,
                                 comment.resolve_time, comment.resolved_by})
      .status();
}

absl::StatusOr<std::vector<Comment>> ListComments(sql::Transaction& tx, const VersionName& version, bool open_only,
                                                  absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows,
                   tx.Query(open_only ? kListOpenComments : kListComments,
                            {version.workspace, version.journey_id, version.number, after, limit}));
  std::vector<Comment> comments;
  for (const sql::Row& row : rows) comments.push_back(ToComment(row));
  return comments;
}

absl::StatusOr<uint32_t> CountComments(sql::Transaction& tx, const VersionName& version) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kCountComments, KeyOf(version)));
  return static_cast<uint32_t>(rows[0].Int(0));
}

absl::Status SaveApproval(sql::Transaction& tx, const VersionName& version, const Approval& approval) {
  return tx
      .Execute(kSaveApproval, {version.workspace, version.journey_id, version.number, approval.approver,
                               approval.content_hash, approval.approve_time})
      .status();
}

absl::Status DropApproval(sql::Transaction& tx, const VersionName& version, absl::string_view approver) {
  sql::Params params = KeyOf(version);
  params.push_back(approver);
  return tx.Execute(kDropApproval, params).status();
}

absl::StatusOr<std::vector<Approval>> ListApprovals(sql::Transaction& tx, const VersionName& version) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListApprovals, KeyOf(version)));
  std::vector<Approval> approvals;
  for (const sql::Row& row : rows) {
    approvals.push_back({.approver = row.Text(0), .content_hash = row.Text(1), .approve_time = row.Time(2)});
  }
  return approvals;
}

absl::Status SaveApprovalRequest(sql::Transaction& tx, const VersionName& version, const ApprovalRequest& request) {
  // Names hold no control characters, so each is a line.
  const std::string reviewers = absl::StrJoin(request.reviewers, "\n");
  return tx
      .Execute(kSaveRequest, {version.workspace, version.journey_id, version.number, request.author, reviewers,
                              request.note, request.content_hash, request.request_time})
      .status();
}

absl::StatusOr<Review> LoadReview(sql::Transaction& tx, const VersionName& version) {
  Review review;
  ASSIGN_OR_RETURN(review.approvals, ListApprovals(tx, version));
  ASSIGN_OR_RETURN(const sql::Rows counts, tx.Query(kCountComments, KeyOf(version)));
  review.open_comments = static_cast<uint32_t>(counts[0].Int(0) - counts[0].Int(1));
  ASSIGN_OR_RETURN(const sql::Rows requests, tx.Query(kLoadRequest, KeyOf(version)));
  if (requests.empty()) return review;
  review.request = ApprovalRequest{.author = requests[0].Text(0),
                                   .reviewers = absl::StrSplit(requests[0].Text(1), '\n', absl::SkipEmpty()),
                                   .note = requests[0].Text(2),
                                   .content_hash = requests[0].Text(3),
                                   .request_time = requests[0].Time(4)};
  return review;
}

}  // namespace waymark::journey
