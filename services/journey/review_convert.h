// Requests about reviews -> what the use cases take, checked; and reviews -> messages.
#ifndef WAYMARK_SERVICES_JOURNEY_REVIEW_CONVERT_H_
#define WAYMARK_SERVICES_JOURNEY_REVIEW_CONVERT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/journey/fields.h"
#include "services/journey/lifecycle.h"
#include "services/journey/review.h"
#include "waymark/journey/v1/review.pb.h"

namespace waymark::journey {

struct NewComment {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string path;
  std::string text;
  std::string author;
  std::string reply_to;
};

struct CommentResolution {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string comment_id;
  std::string author;
};

struct CommentPage {
  std::string workspace;
  std::string journey_id;
  uint32_t number = 0;
  bool open_only = false;
  std::string after;  // The last comment_id seen.
  int limit = 0;
};

struct ApprovalAsked {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string author;
  std::vector<std::string> reviewers;
  std::string note;
};

struct ApprovalGiven {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string approver;
  std::string etag;  // Of what was looked at; empty where the approval is taken back.
};

// Errors of all: INVALID_ARGUMENT  as the proto says. NOT_FOUND  the journey_id is none that a journey can have.
absl::StatusOr<NewComment> ToNewComment(absl::string_view workspace, const v1::AddCommentRequest& request);
absl::StatusOr<CommentResolution> ToResolution(absl::string_view workspace, const v1::ResolveCommentRequest& request);
absl::StatusOr<CommentPage> ToCommentPage(absl::string_view workspace, const v1::ListCommentsRequest& request);
absl::StatusOr<ApprovalAsked> ToApprovalAsked(absl::string_view workspace, const v1::RequestApprovalRequest& request);
absl::StatusOr<ApprovalGiven> ToApproval(absl::string_view workspace, const v1::ApproveRequest& request);
absl::StatusOr<ApprovalGiven> ToWithdrawal(absl::string_view workspace, const v1::WithdrawApprovalRequest& request);

// Whether `path` leads to something in the version's definition. Errors: INVALID_ARGUMENT  it does not (`path`).
// INTERNAL  the stored definition is unreadable.
absl::Status CheckPath(const Version& version, absl::string_view path);

v1::Comment ToProto(const Comment& comment);
// `comments` may hold one more than the page: then there is a next page.
v1::ListCommentsResponse ToProto(const CommentPage& page, const std::vector<Comment>& comments);
v1::Review ToProto(const Review& review, const Journey& journey, const Version& version);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_REVIEW_CONVERT_H_
