#include "services/journey/template_gallery_service.h"

#include "common/rpc/status.h"
#include "services/journey/manifests.h"
#include "waymark/journey/v1/template_gallery.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class TemplateGalleryServiceImpl final : public v1::TemplateGalleryService::Service {
 public:
  TemplateGalleryServiceImpl(const rpc::Authorizer& authorizer, Importer& importer)
      : authorizer_(authorizer), importer_(importer) {}

  grpc::Status ListTemplates(grpc::ServerContext* context, const v1::ListTemplatesRequest* request,
                             v1::ListTemplatesResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const TemplatePage page, ToTemplatePage(caller.workspace, *request));
    *response = journey::ListTemplates(page);
    return grpc::Status::OK;
  }

  grpc::Status CreateJourneyFromTemplate(grpc::ServerContext* context,
                                         const v1::CreateJourneyFromTemplateRequest* request,
                                         v1::CreateJourneyFromTemplateResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const Plan plan, ToPlan(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, importer_.CreateJourneyFromTemplate(plan));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Importer& importer_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeTemplateGalleryService(const rpc::Authorizer& authorizer, Importer& importer) {
  return std::make_shared<TemplateGalleryServiceImpl>(authorizer, importer);
}

}  // namespace waymark::journey
