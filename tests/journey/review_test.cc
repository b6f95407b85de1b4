// Reviews: comments on drafts, and approvals before publishing.
#include "services/journey/review.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReviewTest : public ServiceTest {
 protected:
  template <typename Request>
  static Request About(std::string journey_id, uint32_t number) {
    Request request;
    request.set_journey_id(journey_id);
    request.set_number(number);
    return request;
  }
  static v1::AddCommentRequest Saying(std::string text, std::string path = "", std::string author = "Ann") {
    auto request = About<v1::AddCommentRequest>("onboarding", 1);
    request.set_text(text);
    request.set_path(path);
    request.set_author(author);
    return request;
  }
  auto AddComment(const v1::AddCommentRequest& request) { return Ask<v1::AddCommentResponse>(request); }
  auto ListComments(bool open_only = false, int page_size = 0, std::string page_token = "") {
    auto request = About<v1::ListCommentsRequest>("onboarding", 1);
    request.set_open_only(open_only);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Ask<v1::ListCommentsResponse>(request);
  }
  static v1::ResolveCommentRequest Resolving(std::string comment_id) {
    auto request = About<v1::ResolveCommentRequest>("onboarding", 1);
    request.set_comment_id(comment_id);
    request.set_author("Bob");
    return request;
  }
  auto Resolve(const v1::ResolveCommentRequest& request) { return Ask<v1::ResolveCommentResponse>(request); }
  static v1::ApproveRequest Approving(std::string approver, std::string etag) {
    auto request = About<v1::ApproveRequest>("onboarding", 1);
    request.set_approver(approver);
    request.set_etag(etag);
    return request;
  }
  auto Approve(const v1::ApproveRequest& request) { return Ask<v1::ApproveResponse>(request); }
  static v1::WithdrawApprovalRequest Withdrawing(std::string approver) {
    auto request = About<v1::WithdrawApprovalRequest>("onboarding", 1);
    request.set_approver(approver);
    return request;
  }
  auto Withdraw(const v1::WithdrawApprovalRequest& request) { return Ask<v1::WithdrawApprovalResponse>(request); }
  static v1::RequestApprovalRequest Asking() {
    auto request = About<v1::RequestApprovalRequest>("onboarding", 1);
    request.set_author("Ann");
    request.add_reviewers("Bob");
    request.add_reviewers("Cy");
    request.set_note("Mind the new stage.");
    return request;
  }
  auto RequestApproval(const v1::RequestApprovalRequest& request) { return Ask<v1::RequestApprovalResponse>(request); }
  v1::Review GetReview() { return Ask<v1::GetReviewResponse>(About<v1::GetReviewRequest>("onboarding", 1))->review(); }
  std::string Etag() { return GetVersion("onboarding", 1)->version().etag(); }

  // A journey that needs `approvals`, with a draft by Ann.
  v1::JourneyVersion Drafted(uint32_t approvals) {
    v1::CreateJourneyRequest create;
    create.mutable_journey()->set_journey_id("onboarding");
    create.mutable_journey()->set_title("Onboarding");
    create.mutable_journey()->set_required_approvals(approvals);
    Ask<v1::CreateJourneyResponse>(create).value();
    v1::CreateDraftRequest draft;
    draft.set_journey_id("onboarding");
    *draft.mutable_definition() = ReachedBy("report_run");
    draft.set_author("Ann");
    return Ask<v1::CreateDraftResponse>(draft)->version();
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ReviewTest, support::BothEngines(), support::EngineName);

TEST_P(ReviewTest, ACommentIsKeptWithWhatItIsAbout) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::Comment comment =
      AddComment(Saying("Too easy? 🤔", "stages[0].milestones[0].criterion", "Ånn"))->comment();
  EXPECT_EQ(comment.path(), "stages[0].milestones[0].criterion");
  EXPECT_EQ(comment.text(), "Too easy? 🤔");
  EXPECT_EQ(comment.author(), "Ånn");
  EXPECT_EQ(comment.content_hash(), draft.content_hash());
  EXPECT_EQ(comment.create_time().seconds(), 1'777'885'200);
  EXPECT_FALSE(comment.has_resolve_time());
  v1::AddCommentRequest answer = Saying("No.", "", "Bob");
  answer.set_reply_to(comment.comment_id());
  EXPECT_EQ(AddComment(answer)->comment().reply_to(), comment.comment_id());
  ASSERT_THAT(ListComments()->comments(), SizeIs(2));
  EXPECT_EQ(ListComments()->comments(0).SerializeAsString(), comment.SerializeAsString());
  EXPECT_EQ(ListComments()->comments(1).text(), "No.");
}

TEST_P(ReviewTest, ACommentIsAboutAPlaceThatIsThere) {
  Onboarding();
  for (const std::string path : {"", "description", "stages", "stages[0]", "stages[0].milestones[0].title",
                                 "entry.triggers[0].any_event", "calendar.time_zone"}) {
    EXPECT_EQ(AddComment(Saying("Here", path)).status(), absl::OkStatus()) << path;
  }
  for (const std::string path :
       {"nowhere", "stages[1]", "stages[-1]", "stages[0", "stages[0]x", "stages.key", "description.x", "stages[0][0]",
        ".", "stages[0].", "description[0]", "stages[99999999999999999999]"}) {
    EXPECT_THAT(FieldsOf(AddComment(Saying("Here", path)).status()), ElementsAre("path")) << path;
  }
}

TEST_P(ReviewTest, AMalformedCommentIsRefused) {
  Onboarding();
  EXPECT_THAT(FieldsOf(AddComment(Saying("")).status()), ElementsAre("text"));
  EXPECT_THAT(FieldsOf(AddComment(Saying(std::string(4001, 'x'))).status()), ElementsAre("text"));
  EXPECT_THAT(FieldsOf(AddComment(Saying("Hm", "", "")).status()), ElementsAre("author"));
  EXPECT_THAT(FieldsOf(AddComment(Saying("Hm", "", "two\nlines")).status()), ElementsAre("author"));
  EXPECT_THAT(FieldsOf(AddComment(Saying("Hm", std::string(501, 'x'))).status()), ElementsAre("path"));
  v1::AddCommentRequest request = Saying("Hm");
  request.set_request_id(std::string(101, 'r'));
  EXPECT_THAT(FieldsOf(AddComment(request).status()), ElementsAre("request_id"));
  request = Saying("Hm");
  request.set_reply_to("0007");
  EXPECT_EQ(ReasonOf(AddComment(request).status()), "NOT_FOUND");
  request = Saying("Hm");
  request.set_number(2);
  EXPECT_EQ(ReasonOf(AddComment(request).status()), "NOT_FOUND");
  EXPECT_THAT(ListComments()->comments(), IsEmpty());
}

TEST_P(ReviewTest, OnlyDraftsAreCommentedOnAndApproved) {
  const v1::JourneyVersion draft = Onboarding();
  Publish("onboarding", 1).value();
  EXPECT_EQ(ReasonOf(AddComment(Saying("Late")).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Approve(Approving("Bob", draft.etag())).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Withdraw(Withdrawing("Bob")).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(RequestApproval(Asking()).status()), "WRONG_STATE");
}

TEST_P(ReviewTest, ARepeatedCommentIsOneComment) {
  Onboarding();
  v1::AddCommentRequest request = Saying("Hm");
  request.set_request_id("r-1");
  const auto first = AddComment(request).value();
  EXPECT_EQ(AddComment(request)->SerializeAsString(), first.SerializeAsString());
  request.set_text("Hm!");
  EXPECT_EQ(ReasonOf(AddComment(request).status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(ListComments()->comments(), SizeIs(1));
}

TEST_P(ReviewTest, CommentsAreListedInOrderInPages) {
  Onboarding();
  for (int i = 0; i < 3; ++i) AddComment(Saying(absl::StrCat("comment ", i))).value();
  const auto first = ListComments(false, 2).value();
  ASSERT_THAT(first.comments(), SizeIs(2));
  EXPECT_EQ(first.comments(1).text(), "comment 1");
  const auto second = ListComments(false, 2, first.next_page_token()).value();
  ASSERT_THAT(second.comments(), SizeIs(1));
  EXPECT_EQ(second.comments(0).text(), "comment 2");
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_THAT(FieldsOf(ListComments(false, -1).status()), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(ListComments(true, 2, first.next_page_token()).status()), ElementsAre("page_token"));
  EXPECT_EQ(ReasonOf(Ask<v1::ListCommentsResponse>(About<v1::ListCommentsRequest>("onboarding", 2)).status()),
            "NOT_FOUND");
}

TEST_P(ReviewTest, AVersionHasAtMost1000Comments) {
  Onboarding();
  for (uint32_t i = 0; i < kMostComments; ++i) AddComment(Saying("again")).value();
  EXPECT_EQ(ReasonOf(AddComment(Saying("once more")).status()), "WRONG_STATE");
  EXPECT_THAT(ListComments(false, 1000)->comments(), SizeIs(1000));
}

TEST_P(ReviewTest, ACommentIsResolvedOnce) {
  Onboarding();
  const v1::Comment comment = AddComment(Saying("Hm"))->comment();
  AddComment(Saying("Oh")).value();
  clock_.Advance(absl::Hours(1));
  const v1::Comment resolved = Resolve(Resolving(comment.comment_id()))->comment();
  EXPECT_EQ(resolved.resolve_time().seconds(), 1'777'888'800);
  EXPECT_EQ(resolved.resolved_by(), "Bob");
  clock_.Advance(absl::Hours(1));
  v1::ResolveCommentRequest again = Resolving(comment.comment_id());
  again.set_author("Cy");
  EXPECT_EQ(Resolve(again)->comment().SerializeAsString(), resolved.SerializeAsString());
  ASSERT_THAT(ListComments(true)->comments(), SizeIs(1));
  EXPECT_EQ(ListComments(true)->comments(0).text(), "Oh");
  EXPECT_EQ(GetReview().open_comments(), 1u);
}

TEST_P(ReviewTest, OnlyAnExistingCommentIsResolvedAndBySomebody) {
  Onboarding();
  EXPECT_EQ(ReasonOf(Resolve(Resolving("0001")).status()), "NOT_FOUND");
  v1::ResolveCommentRequest request = Resolving(AddComment(Saying("Hm"))->comment().comment_id());
  request.clear_author();
  EXPECT_THAT(FieldsOf(Resolve(request).status()), ElementsAre("author"));
  request.set_author("Bob");
  request.set_request_id("r-1");
  Resolve(request).value();
  request.set_author("Cy");
  EXPECT_EQ(ReasonOf(Resolve(request).status()), "REQUEST_ID_REUSED");
}

TEST_P(ReviewTest, ApprovalsAreAskedFor) {
  const v1::JourneyVersion draft = Drafted(2);
  v1::RequestApprovalRequest request = Asking();
  request.set_request_id("r-1");
  const v1::Review review = RequestApproval(request)->review();
  EXPECT_EQ(review.request().author(), "Ann");
  EXPECT_THAT(review.request().reviewers(), ElementsAre("Bob", "Cy"));
  EXPECT_EQ(review.request().note(), "Mind the new stage.");
  EXPECT_EQ(review.request().content_hash(), draft.content_hash());
  EXPECT_EQ(review.request().request_time().seconds(), 1'777'885'200);
  EXPECT_EQ(review.required_approvals(), 2u);
  EXPECT_EQ(review.etag(), draft.etag());
  EXPECT_EQ(GetReview().SerializeAsString(), review.SerializeAsString());
  request.set_note("Never mind.");
  EXPECT_EQ(ReasonOf(RequestApproval(request).status()), "REQUEST_ID_REUSED");
  request.set_request_id("");
  EXPECT_EQ(RequestApproval(request)->review().request().note(), "Never mind.") << "the later takes its place";
}

TEST_P(ReviewTest, AMalformedRequestForApprovalsIsRefused) {
  Drafted(2);
  v1::RequestApprovalRequest request = Asking();
  request.set_author("");
  EXPECT_THAT(FieldsOf(RequestApproval(request).status()), ElementsAre("author"));
  request = Asking();
  request.set_note(std::string(2001, 'x'));
  EXPECT_THAT(FieldsOf(RequestApproval(request).status()), ElementsAre("note"));
  request = Asking();
  request.add_reviewers("");
  EXPECT_THAT(FieldsOf(RequestApproval(request).status()), ElementsAre("reviewers[2]"));
  request = Asking();
  for (int i = 0; i < 19; ++i) request.add_reviewers("Dee");
  EXPECT_THAT(FieldsOf(RequestApproval(request).status()), ElementsAre("reviewers"));
  request = Asking();
  request.set_number(2);
  EXPECT_EQ(ReasonOf(RequestApproval(request).status()), "NOT_FOUND");
  EXPECT_FALSE(GetReview().has_request());
}

TEST_P(ReviewTest, ADraftIsPublishedOnceEnoughPeopleApproved) {
  const v1::JourneyVersion draft = Drafted(2);
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
  Approve(Approving("Bob", draft.etag())).value();
  Approve(Approving("Bob", draft.etag())).value();
  EXPECT_THAT(std::string(Publish("onboarding", 1).status().message()), HasSubstr("1 of 2 approvals"))
      << "who approves twice counts once";
  EXPECT_THAT(Journal(), IsEmpty());
  const v1::Review review = Approve(Approving("Cy", draft.etag()))->review();
  EXPECT_EQ(review.counting_approvals(), 2u);
  ASSERT_THAT(review.approvals(), SizeIs(2));
  EXPECT_EQ(review.approvals(0).approver(), "Bob");
  EXPECT_EQ(review.approvals(0).state(), v1::APPROVAL_STATE_COUNTS);
  EXPECT_EQ(Publish("onboarding", 1)->version().state(), v1::VERSION_STATE_PUBLISHED);
}

TEST_P(ReviewTest, AnAuthorsOwnApprovalDoesNotCount) {
  const v1::JourneyVersion draft = Drafted(1);
  const v1::Review review = Approve(Approving("Ann", draft.etag()))->review();
  EXPECT_EQ(review.counting_approvals(), 0u);
  EXPECT_EQ(review.approvals(0).state(), v1::APPROVAL_STATE_BY_AUTHOR);
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
}

TEST_P(ReviewTest, WhoChangesADraftIsItsAuthorToo) {
  const v1::JourneyVersion draft = Drafted(1);
  v1::UpdateDraftRequest update = UpdateOf(draft, ReachedBy("report_shared"));
  update.set_author("Bob");
  const v1::JourneyVersion changed = UpdateDraft(update)->version();
  EXPECT_THAT(changed.authors(), ElementsAre("Ann", "Bob"));
  EXPECT_EQ(Approve(Approving("Bob", changed.etag()))->review().counting_approvals(), 0u);
}

TEST_P(ReviewTest, AChangeOfTheDraftVoidsApprovals) {
  const v1::JourneyVersion draft = Drafted(1);
  Approve(Approving("Bob", draft.etag())).value();
  v1::UpdateDraftRequest note = UpdateOf(draft, v1::JourneyDefinition());
  note.mutable_version()->clear_definition();
  note.mutable_version()->set_change_note("Only the note.");
  const v1::JourneyVersion noted = UpdateDraft(note)->version();
  EXPECT_EQ(GetReview().counting_approvals(), 1u) << "a note is no content";
  UpdateDraft(UpdateOf(noted, ReachedBy("report_shared"))).value();
  EXPECT_EQ(GetReview().counting_approvals(), 0u);
  EXPECT_EQ(GetReview().approvals(0).state(), v1::APPROVAL_STATE_OUTDATED);
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Approve(Approving("Cy", draft.etag())).status()), "ETAG_MISMATCH") << "Cy has seen the old one";
}

TEST_P(ReviewTest, AnApprovalIsWithdrawn) {
  const v1::JourneyVersion draft = Drafted(1);
  Approve(Approving("Bob", draft.etag())).value();
  v1::WithdrawApprovalRequest request = Withdrawing("Bob");
  request.set_request_id("r-1");
  EXPECT_THAT(Withdraw(request)->review().approvals(), IsEmpty());
  EXPECT_EQ(Withdraw(request).status(), absl::OkStatus());
  EXPECT_EQ(Withdraw(Withdrawing("Cy")).status(), absl::OkStatus()) << "there was none";
  request.set_approver("Cy");
  EXPECT_EQ(ReasonOf(Withdraw(request).status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(FieldsOf(Withdraw(Withdrawing("")).status()), ElementsAre("approver"));
  request = Withdrawing("Bob");
  request.set_number(2);
  EXPECT_EQ(ReasonOf(Withdraw(request).status()), "NOT_FOUND");
}

TEST_P(ReviewTest, AMalformedApprovalIsRefused) {
  const v1::JourneyVersion draft = Drafted(1);
  EXPECT_THAT(FieldsOf(Approve(Approving("", draft.etag())).status()), ElementsAre("approver"));
  EXPECT_THAT(FieldsOf(Approve(Approving(std::string(201, 'x'), draft.etag())).status()), ElementsAre("approver"));
  EXPECT_THAT(FieldsOf(Approve(Approving("Bob", "")).status()), ElementsAre("etag"));
  v1::ApproveRequest request = Approving("Bob", draft.etag());
  request.set_number(2);
  EXPECT_EQ(ReasonOf(Approve(request).status()), "NOT_FOUND");
  request = Approving("Bob", draft.etag());
  request.set_request_id("r-1");
  Approve(request).value();
  request.set_approver("Cy");
  EXPECT_EQ(ReasonOf(Approve(request).status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(GetReview().approvals(), SizeIs(1));
}

TEST_P(ReviewTest, AtMost100PeopleApprove) {
  const v1::JourneyVersion draft = Drafted(5);
  for (size_t i = 0; i < kMostApprovals; ++i) Approve(Approving(absl::StrCat("p", i), draft.etag())).value();
  EXPECT_EQ(ReasonOf(Approve(Approving("one more", draft.etag())).status()), "WRONG_STATE");
  EXPECT_EQ(Approve(Approving("p0", draft.etag())).status(), absl::OkStatus());
}

TEST_P(ReviewTest, APublicationKeepsTheApprovalsOfWhatItWroteDown) {
  CreatePersona("ada").value();
  CreateSegment("big").value();
  const v1::JourneyVersion draft = Drafted(1);
  const v1::JourneyVersion open = UpdateDraft(UpdateOf(draft, ReachedByBig("report_run")))->version();
  Approve(Approving("Bob", open.etag())).value();
  const v1::JourneyVersion published = Publish("onboarding", 1)->version();
  EXPECT_NE(published.content_hash(), open.content_hash());
  EXPECT_EQ(GetReview().counting_approvals(), 1u);
  EXPECT_EQ(GetReview().approvals(0).content_hash(), published.content_hash());
}

TEST_P(ReviewTest, AReviewIsOfAnExistingVersion) {
  EXPECT_EQ(ReasonOf(Ask<v1::GetReviewResponse>(About<v1::GetReviewRequest>("onboarding", 1)).status()), "NOT_FOUND");
}

}  // namespace
}  // namespace waymark::journey
