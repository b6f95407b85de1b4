#include "services/health/scorecard_service.h"

#include <string>

#include "common/rpc/status.h"
#include "services/health/convert.h"
#include "waymark/health/v1/scorecard.grpc.pb.h"

namespace waymark::health {
namespace {

using rpc::Permission;

class ScorecardServiceImpl final : public v1::ScorecardService::Service {
 public:
  ScorecardServiceImpl(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog)
      : authorizer_(authorizer), editor_(editor), catalog_(catalog) {}

  grpc::Status CreateScorecard(grpc::ServerContext* context, const v1::CreateScorecardRequest* request,
                               v1::CreateScorecardResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const NewScorecard wanted, ToNewScorecard(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreateScorecard(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetScorecard(grpc::ServerContext* context, const v1::GetScorecardRequest* request,
                            v1::GetScorecardResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string scorecard_id, ToScorecardId(request->scorecard_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetScorecard(caller.workspace, scorecard_id));
    return grpc::Status::OK;
  }

  grpc::Status ListScorecards(grpc::ServerContext* context, const v1::ListScorecardsRequest* request,
                              v1::ListScorecardsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const ScorecardPage page, ToScorecardPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListScorecards(page));
    return grpc::Status::OK;
  }

  grpc::Status CreateDraft(grpc::ServerContext* context, const v1::CreateDraftRequest* request,
                           v1::CreateDraftResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewDraft wanted, ToNewDraft(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreateDraft(wanted));
    return grpc::Status::OK;
  }

  grpc::Status PublishVersion(grpc::ServerContext* context, const v1::PublishVersionRequest* request,
                              v1::PublishVersionResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const PublishOrder order, ToPublishOrder(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.PublishVersion(order));
    return grpc::Status::OK;
  }

  grpc::Status GetVersion(grpc::ServerContext* context, const v1::GetVersionRequest* request,
                          v1::GetVersionResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string scorecard_id, ToScorecardId(request->scorecard_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetVersion(caller.workspace, scorecard_id, request->number()));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editor& editor_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeScorecardService(const rpc::Authorizer& authorizer, Editor& editor,
                                                    Catalog& catalog) {
  return std::make_shared<ScorecardServiceImpl>(authorizer, editor, catalog);
}

}  // namespace waymark::health
