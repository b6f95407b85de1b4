// Keeps what people say about drafts: each method is one transaction.
#ifndef WAYMARK_SERVICES_JOURNEY_REVIEWER_H_
#define WAYMARK_SERVICES_JOURNEY_REVIEWER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/journey/changes.h"
#include "services/journey/review_convert.h"

namespace waymark::journey {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Reviewer {
 public:
  explicit Reviewer(Changes& changes) : changes_(changes) {}

  absl::StatusOr<v1::AddCommentResponse> AddComment(const NewComment& wanted);
  absl::StatusOr<v1::ListCommentsResponse> ListComments(const CommentPage& page);
  absl::StatusOr<v1::ResolveCommentResponse> ResolveComment(const CommentResolution& wanted);
  absl::StatusOr<v1::RequestApprovalResponse> RequestApproval(const ApprovalAsked& wanted);
  absl::StatusOr<v1::ApproveResponse> Approve(const ApprovalGiven& wanted);
  absl::StatusOr<v1::WithdrawApprovalResponse> WithdrawApproval(const ApprovalGiven& wanted);
  absl::StatusOr<v1::GetReviewResponse> GetReview(absl::string_view workspace, absl::string_view journey_id,
                                                  uint32_t number);

 private:
  Changes& changes_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_REVIEWER_H_
