#include "services/journey/review_convert.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/journey/convert.h"

namespace waymark::journey {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMostTextCharacters = 4'000;
constexpr size_t kMostNoteCharacters = 2'000;
constexpr int kMostReviewers = 20;
constexpr size_t kMostPathCharacters = 500;

std::string BoundTo(const CommentPage& page) {
  return absl::StrCat(page.workspace, "/ListComments/", page.open_only, "/", page.number, "/", page.journey_id);
}

// Splits `stages[2]` into the field's name and the index, -1 where there is none. False where it is malformed.
bool ReadStep(absl::string_view step, std::string& name, int& index) {
  const size_t bracket = step.find('[');
  name = std::string(step.substr(0, bracket));
  index = -1;
  if (bracket == absl::string_view::npos) return true;
  absl::string_view rest = step.substr(bracket + 1);
  return absl::ConsumeSuffix(&rest, "]") && absl::SimpleAtoi(rest, &index) && index >= 0;
}

// Whether there is something at `path` in `message`: a field, set or not, or an element of a list.
bool Leads(const Message& start, absl::string_view path) {
  const Message* message = &start;
  for (const absl::string_view step : absl::StrSplit(path, '.')) {
    std::string name;
    int index = -1;
    if (message == nullptr || !ReadStep(step, name, index)) return false;
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || (index >= 0 && !field->is_repeated())) return false;
    const google::protobuf::Reflection& reflection = *message->GetReflection();
    if (index >= 0 && index >= reflection.FieldSize(*message, field)) return false;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!is_message || (field->is_repeated() && index < 0)) {
      message = nullptr;  // A leaf, or a whole list: nothing lies below it.
    } else if (index >= 0) {
      message = &reflection.GetRepeatedMessage(*message, field, index);
    } else {
      message = &reflection.GetMessage(*message, field);
    }
  }
  return true;
}

v1::ApprovalState ToProto(Standing standing) {
  switch (standing) {
    case Standing::kCounts:
      return v1::APPROVAL_STATE_COUNTS;
    case Standing::kOutdated:
      return v1::APPROVAL_STATE_OUTDATED;
    case Standing::kByAuthor:
      return v1::APPROVAL_STATE_BY_AUTHOR;
  }
  return v1::APPROVAL_STATE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<NewComment> ToNewComment(absl::string_view workspace, const v1::AddCommentRequest& request) {
  RETURN_IF_ERROR(CheckCharacters("path", request.path(), kMostPathCharacters));
  RETURN_IF_ERROR(CheckGivenCharacters("text", request.text(), kMostTextCharacters));
  RETURN_IF_ERROR(CheckGivenPerson("author", request.author()));
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return NewComment{.call = ToCall(workspace, request),
                    .journey_id = std::move(journey_id),
                    .number = request.number(),
                    .path = request.path(),
                    .text = request.text(),
                    .author = request.author(),
                    .reply_to = request.reply_to()};
}

absl::StatusOr<CommentResolution> ToResolution(absl::string_view workspace, const v1::ResolveCommentRequest& request) {
  RETURN_IF_ERROR(CheckGivenPerson("author", request.author()));
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return CommentResolution{.call = ToCall(workspace, request),
                           .journey_id = std::move(journey_id),
                           .number = request.number(),
                           .comment_id = request.comment_id(),
                           .author = request.author()};
}

absl::StatusOr<CommentPage> ToCommentPage(absl::string_view workspace, const v1::ListCommentsRequest& request) {
  CommentPage page = {.workspace = std::string(workspace),
                      .journey_id = request.journey_id(),
                      .number = request.number(),
                      .open_only = request.open_only(),
                      .after = ""};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(page), request.page_token()));
  ASSIGN_OR_RETURN(page.journey_id, ToJourneyId(request.journey_id()));
  return page;
}

absl::StatusOr<ApprovalAsked> ToApprovalAsked(absl::string_view workspace, const v1::RequestApprovalRequest& request) {
  RETURN_IF_ERROR(CheckGivenPerson("author", request.author()));
  RETURN_IF_ERROR(CheckCharacters("note", request.note(), kMostNoteCharacters));
  if (request.reviewers_size() > kMostReviewers) {
    return InvalidField("reviewers", absl::StrCat("must be at most ", kMostReviewers));
  }
  for (int i = 0; i < request.reviewers_size(); ++i) {
    RETURN_IF_ERROR(CheckGivenPerson(absl::StrCat("reviewers[", i, "]"), request.reviewers(i)));
  }
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return ApprovalAsked{.call = ToCall(workspace, request),
                       .journey_id = std::move(journey_id),
                       .number = request.number(),
                       .author = request.author(),
                       .reviewers = {request.reviewers().begin(), request.reviewers().end()},
                       .note = request.note()};
}

absl::StatusOr<ApprovalGiven> ToApproval(absl::string_view workspace, const v1::ApproveRequest& request) {
  RETURN_IF_ERROR(CheckGivenPerson("approver", request.approver()));
  if (request.etag().empty()) return InvalidField("etag", "must be given: pass the one of the draft that was read");
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return ApprovalGiven{.call = ToCall(workspace, request),
                       .journey_id = std::move(journey_id),
                       .number = request.number(),
                       .approver = request.approver(),
                       .etag = request.etag()};
}

absl::StatusOr<ApprovalGiven> ToWithdrawal(absl::string_view workspace, const v1::WithdrawApprovalRequest& request) {
  RETURN_IF_ERROR(CheckGivenPerson("approver", request.approver()));
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return ApprovalGiven{.call = ToCall(workspace, request),
                       .journey_id = std::move(journey_id),
                       .number = request.number(),
                       .approver = request.approver(),
                       .etag = ""};
}

absl::Status CheckPath(const Version& version, absl::string_view path) {
  if (path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::JourneyDefinition definition, ReadDefinition(version));
  if (Leads(definition, path)) return absl::OkStatus();
  return InvalidField("path",
                      "leads nowhere in the draft's definition: write it such as stages[2].milestones[0].title");
}

v1::Comment ToProto(const Comment& comment) {
  v1::Comment message;
  message.set_comment_id(comment.comment_id);
  message.set_path(comment.path);
  message.set_text(comment.text);
  message.set_author(comment.author);
  message.set_reply_to(comment.reply_to);
  message.set_content_hash(comment.content_hash);
  *message.mutable_create_time() = ToTimestamp(comment.create_time);
  if (comment.resolve_time.has_value()) *message.mutable_resolve_time() = ToTimestamp(*comment.resolve_time);
  message.set_resolved_by(comment.resolved_by);
  return message;
}

v1::ListCommentsResponse ToProto(const CommentPage& page, const std::vector<Comment>& comments) {
  v1::ListCommentsResponse response;
  const size_t shown = std::min<size_t>(page.limit, comments.size());
  for (size_t i = 0; i < shown; ++i) *response.add_comments() = ToProto(comments[i]);
  if (shown < comments.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(page), comments[shown - 1].comment_id));
  }
  return response;
}

v1::Review ToProto(const Review& review, const Journey& journey, const Version& version) {
  v1::Review message;
  if (review.request.has_value()) {
    v1::ApprovalRequest& request = *message.mutable_request();
    request.set_author(review.request->author);
    for (const std::string& reviewer : review.request->reviewers) request.add_reviewers(reviewer);
    request.set_note(review.request->note);
    request.set_content_hash(review.request->content_hash);
    *request.mutable_request_time() = ToTimestamp(review.request->request_time);
  }
  for (const Approval& approval : review.approvals) {
    v1::Approval& shown = *message.add_approvals();
    shown.set_approver(approval.approver);
    shown.set_content_hash(approval.content_hash);
    *shown.mutable_approve_time() = ToTimestamp(approval.approve_time);
    shown.set_state(ToProto(StandingOf(approval, version)));
  }
  message.set_counting_approvals(CountApprovals(review.approvals, version));
  message.set_required_approvals(journey.required_approvals);
  message.set_open_comments(review.open_comments);
  message.set_content_hash(version.content_hash);
  message.set_etag(EtagOf(version));
  return message;
}

}  // namespace waymark::journey
