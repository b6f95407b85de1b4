#include "services/journey/journey_service.h"

#include "common/rpc/status.h"
#include "services/journey/convert.h"
#include "waymark/journey/v1/journey.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class JourneyServiceImpl final : public v1::JourneyService::Service {
 public:
  JourneyServiceImpl(const rpc::Authorizer& authorizer, const UseCases& use_cases)
      : authorizer_(authorizer),
        editor_(use_cases.editor),
        publisher_(use_cases.publisher),
        importer_(use_cases.importer),
        catalog_(use_cases.catalog) {}

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
    ASSIGN_OR_RETURN_GRPC(const JourneyPage wanted, ToJourneyPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListJourneys(wanted));
    return grpc::Status::OK;
  }

  grpc::Status UpdateJourney(grpc::ServerContext* context, const v1::UpdateJourneyRequest* request,
                             v1::UpdateJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const JourneyChange wanted, ToJourneyChange(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.UpdateJourney(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ArchiveJourney(grpc::ServerContext* context, const v1::ArchiveJourneyRequest* request,
                              v1::ArchiveJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const JourneyArchival wanted, ToJourneyArchival(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.ArchiveJourney(wanted));
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
    ASSIGN_OR_RETURN_GRPC(const DraftChange wanted, ToDraftChange(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.UpdateDraft(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ValidateVersion(grpc::ServerContext* context, const v1::ValidateVersionRequest* request,
                               v1::ValidateVersionResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Subject wanted, ToSubject(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ValidateVersion(wanted));
    return grpc::Status::OK;
  }

  grpc::Status RunScenarios(grpc::ServerContext* context, const v1::RunScenariosRequest* request,
                            v1::RunScenariosResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Subject wanted, ToSubject(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.RunScenarios(wanted));
    return grpc::Status::OK;
  }

  grpc::Status PublishVersion(grpc::ServerContext* context, const v1::PublishVersionRequest* request,
                              v1::PublishVersionResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const VersionOrder wanted, ToVersionOrder(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, publisher_.PublishVersion(wanted));
    return grpc::Status::OK;
  }

  grpc::Status RetireVersion(grpc::ServerContext* context, const v1::RetireVersionRequest* request,
                             v1::RetireVersionResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const VersionOrder wanted, ToVersionOrder(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, publisher_.RetireVersion(wanted));
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
    ASSIGN_OR_RETURN_GRPC(const VersionPage wanted, ToVersionPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListVersions(wanted));
    return grpc::Status::OK;
  }

  grpc::Status DiffVersions(grpc::ServerContext* context, const v1::DiffVersionsRequest* request,
                            v1::DiffVersionsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Comparison wanted, ToComparison(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.DiffVersions(wanted));
    return grpc::Status::OK;
  }

  grpc::Status RenderJourneyMap(grpc::ServerContext* context, const v1::RenderJourneyMapRequest* request,
                                v1::RenderJourneyMapResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Picture wanted, ToPicture(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.RenderJourneyMap(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ExportJourney(grpc::ServerContext* context, const v1::ExportJourneyRequest* request,
                             v1::ExportJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Export wanted, ToExport(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ExportJourney(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ImportJourney(grpc::ServerContext* context, const v1::ImportJourneyRequest* request,
                             v1::ImportJourneyResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const Plan wanted, ToPlan(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, importer_.ImportJourney(wanted));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editor& editor_;
  Publisher& publisher_;
  Importer& importer_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeJourneyService(const rpc::Authorizer& authorizer, const UseCases& use_cases) {
  return std::make_shared<JourneyServiceImpl>(authorizer, use_cases);
}

}  // namespace waymark::journey
