#include "services/notification/playbook_service.h"

#include "common/rpc/status.h"
#include "services/notification/convert.h"
#include "waymark/notification/v1/playbook.grpc.pb.h"

namespace waymark::notification {
namespace {

using rpc::Permission;

class PlaybookServiceImpl final : public v1::PlaybookService::Service {
 public:
  PlaybookServiceImpl(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog)
      : authorizer_(authorizer), editor_(editor), catalog_(catalog) {}

  grpc::Status CreatePlaybook(grpc::ServerContext* context, const v1::CreatePlaybookRequest* request,
                              v1::CreatePlaybookResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const NewPlaybook wanted, ToNewPlaybook(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreatePlaybook(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetPlaybook(grpc::ServerContext* context, const v1::GetPlaybookRequest* request,
                           v1::GetPlaybookResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string playbook_id, ToPlaybookId(request->playbook_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetPlaybook(caller.workspace, playbook_id));
    return grpc::Status::OK;
  }

  grpc::Status ListPlaybooks(grpc::ServerContext* context, const v1::ListPlaybooksRequest* request,
                             v1::ListPlaybooksResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Page page, ToPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListPlaybooks(page));
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
    ASSIGN_OR_RETURN_GRPC(const std::string playbook_id, ToPlaybookId(request->playbook_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetVersion(caller.workspace, playbook_id, request->number()));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editor& editor_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakePlaybookService(const rpc::Authorizer& authorizer, Editor& editor,
                                                   Catalog& catalog) {
  return std::make_shared<PlaybookServiceImpl>(authorizer, editor, catalog);
}

}  // namespace waymark::notification
