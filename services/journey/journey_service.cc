#include "services/journey/journey_service.h"

#include "common/rpc/status.h"
#include "services/journey/convert.h"
#include "waymark/journey/v1/journey.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class JourneyServiceImpl final : public v1::JourneyService::Service {
 public:
  JourneyServiceImpl(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog)
      : authorizer_(authorizer), editor_(editor), catalog_(catalog) {}

  grpc::Status CreateJourney(grpc::ServerContext* context, const v1::CreateJourneyRequest* request,
                             v1::CreateJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const NewJourney wanted, ToNewJourney(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreateJourney(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetJourney(grpc::ServerContext* context, const v1::GetJourneyRequest* request,
                          v1::GetJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string journey_id, ToJourneyId(request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetJourney(caller.workspace, journey_id));
    return grpc::Status::OK;
  }

  grpc::Status ListJourneys(grpc::ServerContext* context, const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const JourneyPage page, ToJourneyPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListJourneys(page));
    return grpc::Status::OK;
  }

  grpc::Status CreateDraft(grpc::ServerContext* context, const v1::CreateDraftRequest* request,
                           v1::CreateDraftResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewDraft wanted, ToNewDraft(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreateDraft(wanted));
    return grpc::Status::OK;
  }

  grpc::Status UpdateDraft(grpc::ServerContext* context, const v1::UpdateDraftRequest* request,
                           v1::UpdateDraftResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const DraftChange change, ToDraftChange(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.UpdateDraft(change));
    return grpc::Status::OK;
  }

  grpc::Status ValidateVersion(grpc::ServerContext* context, const v1::ValidateVersionRequest* request,
                               v1::ValidateVersionResponse* response) override {
    RETURN_IF_ERROR_GRPC(authorizer_.Admit(*context, Permission::kRead).status());
    *response = ToValidateVersionResponse(*request);
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
    ASSIGN_OR_RETURN_GRPC(const std::string journey_id, ToJourneyId(request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetVersion(caller.workspace, journey_id, request->number()));
    return grpc::Status::OK;
  }

  grpc::Status ListVersions(grpc::ServerContext* context, const v1::ListVersionsRequest* request,
                            v1::ListVersionsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const VersionPage page, ToVersionPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListVersions(page));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editor& editor_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeJourneyService(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog) {
  return std::make_shared<JourneyServiceImpl>(authorizer, editor, catalog);
}

}  // namespace waymark::journey
