// What is kept of reviews, under (workspace, journey_id, number). Whoever writes has locked the journey's lane first
// and knows that the version exists.
#ifndef WAYMARK_SERVICES_JOURNEY_REVIEW_STORE_H_
#define WAYMARK_SERVICES_JOURNEY_REVIEW_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/review.h"

namespace waymark::journey {

// The tables below: a part of the service's schema.
sql::Schema review_schema();

// Which version is meant.
struct VersionName {
  absl::string_view workspace;
  absl::string_view journey_id;
  uint32_t number = 0;
};

absl::Status AddComment(sql::Transaction& tx, const VersionName& version, const Comment& comment);
// Errors: NOT_FOUND  the version has no such comment.
absl::StatusOr<Comment> LoadComment(sql::Transaction& tx, const VersionName& version, absl::string_view comment_id);
// Replaces resolve_time and resolved_by.
absl::Status SaveResolution(sql::Transaction& tx, const VersionName& version, const Comment& comment);
// Those with ids after `after`, oldest first, at most `limit`; with `open_only` without those that are settled.
absl::StatusOr<std::vector<Comment>> ListComments(sql::Transaction& tx, const VersionName& version, bool open_only,
                                                  absl::string_view after, int limit);
absl::StatusOr<uint32_t> CountComments(sql::Transaction& tx, const VersionName& version);

// Takes the place of an approval by the same person.
absl::Status SaveApproval(sql::Transaction& tx, const VersionName& version, const Approval& approval);
absl::Status DropApproval(sql::Transaction& tx, const VersionName& version, absl::string_view approver);
// By approver.
absl::StatusOr<std::vector<Approval>> ListApprovals(sql::Transaction& tx, const VersionName& version);

// Takes the place of an earlier one.
absl::Status SaveApprovalRequest(sql::Transaction& tx, const VersionName& version, const ApprovalRequest& request);

absl::StatusOr<Review> LoadReview(sql::Transaction& tx, const VersionName& version);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_REVIEW_STORE_H_
