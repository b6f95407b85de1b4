#include "services/journey/review_service.h"

#include "common/rpc/status.h"
#include "services/journey/convert.h"
#include "waymark/journey/v1/review.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class ReviewServiceImpl final : public v1::ReviewService::Service {
 public:
  ReviewServiceImpl(const rpc::Authorizer& authorizer, Reviewer& reviewer)
      : authorizer_(authorizer), reviewer_(reviewer) {}

  grpc::Status AddComment(grpc::ServerContext* context, const v1::AddCommentRequest* request,
                          v1::AddCommentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewComment wanted, ToNewComment(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.AddComment(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ListComments(grpc::ServerContext* context, const v1::ListCommentsRequest* request,
                            v1::ListCommentsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const CommentPage wanted, ToCommentPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.ListComments(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ResolveComment(grpc::ServerContext* context, const v1::ResolveCommentRequest* request,
                              v1::ResolveCommentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const CommentResolution wanted, ToResolution(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.ResolveComment(wanted));
    return grpc::Status::OK;
  }

  grpc::Status RequestApproval(grpc::ServerContext* context, const v1::RequestApprovalRequest* request,
                               v1::RequestApprovalResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const ApprovalAsked wanted, ToApprovalAsked(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.RequestApproval(wanted));
    return grpc::Status::OK;
  }

  grpc::Status Approve(grpc::ServerContext* context, const v1::ApproveRequest* request,
                       v1::ApproveResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const ApprovalGiven wanted, ToApproval(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.Approve(wanted));
    return grpc::Status::OK;
  }

  grpc::Status WithdrawApproval(grpc::ServerContext* context, const v1::WithdrawApprovalRequest* request,
                                v1::WithdrawApprovalResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const ApprovalGiven wanted, ToWithdrawal(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.WithdrawApproval(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetReview(grpc::ServerContext* context, const v1::GetReviewRequest* request,
                         v1::GetReviewResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string journey_id, ToJourneyId(request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(*response, reviewer_.GetReview(caller.workspace, journey_id, request->number()));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Reviewer& reviewer_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeReviewService(const rpc::Authorizer& authorizer, Reviewer& reviewer) {
  return std::make_shared<ReviewServiceImpl>(authorizer, reviewer);
}

}  // namespace waymark::journey
