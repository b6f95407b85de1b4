#include "services/journey/reviewer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/journey/journey_store.h"
#include "services/journey/review_store.h"

namespace waymark::journey {
namespace {

// Where `wanted`, which names a version, is kept.
template <typename Wanted>
VersionName NameFor(const std::string& workspace, const Wanted& wanted) {
  return {.workspace = workspace, .journey_id = wanted.journey_id, .number = wanted.number};
}

// The version that is named, which must be a draft.
absl::StatusOr<Version> LoadDraft(sql::Transaction& tx, const VersionName& name) {
  ASSIGN_OR_RETURN(Version version, LoadVersion(tx, name.workspace, name.journey_id, name.number));
  RETURN_IF_ERROR(CheckDraft(version));
  return version;
}

absl::StatusOr<v1::Review> ReadReview(sql::Transaction& tx, const VersionName& name, const Version& version) {
  ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, name.workspace, name.journey_id));
  ASSIGN_OR_RETURN(const Review review, LoadReview(tx, name));
  return ToProto(review, journey, version);
}

}  // namespace

absl::StatusOr<v1::AddCommentResponse> Reviewer::AddComment(const NewComment& wanted) {
  return changes_.Run<v1::AddCommentResponse>(
      wanted.call, "AddComment", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::AddCommentResponse> {
        const VersionName name = NameFor(change.workspace, wanted);
        ASSIGN_OR_RETURN(const Version draft, LoadDraft(change.tx, name));
        RETURN_IF_ERROR(CheckPath(draft, wanted.path));
        if (!wanted.reply_to.empty()) RETURN_IF_ERROR(LoadComment(change.tx, name, wanted.reply_to).status());
        ASSIGN_OR_RETURN(const uint32_t count, CountComments(change.tx, name));
        if (count >= kMostComments) {
          return WrongState(absl::StrCat(NameOf(draft), " has ", count, " comments, which is as many as may be"));
        }
        // Comments are never taken away, so their count numbers them, in the order in which they are made.
        const Comment comment = {.comment_id = absl::StrFormat("%04d", count + 1),
                                 .path = wanted.path,
                                 .text = wanted.text,
                                 .author = wanted.author,
                                 .reply_to = wanted.reply_to,
                                 .content_hash = draft.content_hash,
                                 .create_time = change.now,
                                 .resolve_time = std::nullopt,
                                 .resolved_by = ""};
        RETURN_IF_ERROR(journey::AddComment(change.tx, name, comment));
        v1::AddCommentResponse response;
        *response.mutable_comment() = ToProto(comment);
        return response;
      });
}

absl::StatusOr<v1::ListCommentsResponse> Reviewer::ListComments(const CommentPage& page) {
  std::vector<Comment> comments;
  RETURN_IF_ERROR(changes_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    const VersionName name = NameFor(page.workspace, page);
    RETURN_IF_ERROR(LoadVersion(tx, name.workspace, name.journey_id, name.number).status());
    ASSIGN_OR_RETURN(comments, journey::ListComments(tx, name, page.open_only, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, comments);
}

absl::StatusOr<v1::ResolveCommentResponse> Reviewer::ResolveComment(const CommentResolution& wanted) {
  return changes_.Run<v1::ResolveCommentResponse>(
      wanted.call, "ResolveComment", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::ResolveCommentResponse> {
        const VersionName name = NameFor(change.workspace, wanted);
        RETURN_IF_ERROR(LoadVersion(change.tx, name.workspace, name.journey_id, name.number).status());
        ASSIGN_OR_RETURN(Comment comment, LoadComment(change.tx, name, wanted.comment_id));
        if (!comment.resolve_time.has_value()) {
          comment.resolve_time = change.now;
          comment.resolved_by = wanted.author;
          RETURN_IF_ERROR(SaveResolution(change.tx, name, comment));
        }
        v1::ResolveCommentResponse response;
        *response.mutable_comment() = ToProto(comment);
        return response;
      });
}

absl::StatusOr<v1::RequestApprovalResponse> Reviewer::RequestApproval(const ApprovalAsked& wanted) {
  return changes_.Run<v1::RequestApprovalResponse>(
      wanted.call, "RequestApproval", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::RequestApprovalResponse> {
        const VersionName name = NameFor(change.workspace, wanted);
        ASSIGN_OR_RETURN(const Version draft, LoadDraft(change.tx, name));
        RETURN_IF_ERROR(SaveApprovalRequest(change.tx, name,
                                            {.author = wanted.author,
                                             .reviewers = wanted.reviewers,
                                             .note = wanted.note,
                                             .content_hash = draft.content_hash,
                                             .request_time = change.now}));
        v1::RequestApprovalResponse response;
        ASSIGN_OR_RETURN(*response.mutable_review(), ReadReview(change.tx, name, draft));
        return response;
      });
}

absl::StatusOr<v1::ApproveResponse> Reviewer::Approve(const ApprovalGiven& wanted) {
  return changes_.Run<v1::ApproveResponse>(
      wanted.call, "Approve", {wanted.journey_id}, [&](const Change& change) -> absl::StatusOr<v1::ApproveResponse> {
        const VersionName name = NameFor(change.workspace, wanted);
        ASSIGN_OR_RETURN(const Version draft, LoadVersion(change.tx, name.workspace, name.journey_id, name.number));
        RETURN_IF_ERROR(CheckChange(draft, wanted.etag));
        ASSIGN_OR_RETURN(const std::vector<Approval> present, ListApprovals(change.tx, name));
        const bool again = std::any_of(present.begin(), present.end(),
                                       [&](const Approval& approval) { return approval.approver == wanted.approver; });
        if (!again && present.size() >= kMostApprovals) {
          return WrongState(absl::StrCat(present.size(), " people have approved ", NameOf(draft), " already"));
        }
        RETURN_IF_ERROR(SaveApproval(
            change.tx, name,
            {.approver = wanted.approver, .content_hash = draft.content_hash, .approve_time = change.now}));
        v1::ApproveResponse response;
        ASSIGN_OR_RETURN(*response.mutable_review(), ReadReview(change.tx, name, draft));
        return response;
      });
}

absl::StatusOr<v1::WithdrawApprovalResponse> Reviewer::WithdrawApproval(const ApprovalGiven& wanted) {
  return changes_.Run<v1::WithdrawApprovalResponse>(
      wanted.call, "WithdrawApproval", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::WithdrawApprovalResponse> {
        const VersionName name = NameFor(change.workspace, wanted);
        ASSIGN_OR_RETURN(const Version draft, LoadDraft(change.tx, name));
        RETURN_IF_ERROR(DropApproval(change.tx, name, wanted.approver));
        v1::WithdrawApprovalResponse response;
        ASSIGN_OR_RETURN(*response.mutable_review(), ReadReview(change.tx, name, draft));
        return response;
      });
}

absl::StatusOr<v1::GetReviewResponse> Reviewer::GetReview(absl::string_view workspace, absl::string_view journey_id,
                                                          uint32_t number) {
  v1::GetReviewResponse response;
  RETURN_IF_ERROR(changes_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    const VersionName name = {.workspace = workspace, .journey_id = journey_id, .number = number};
    ASSIGN_OR_RETURN(const Version version, LoadVersion(tx, workspace, journey_id, number));
    ASSIGN_OR_RETURN(*response.mutable_review(), ReadReview(tx, name, version));
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace waymark::journey
