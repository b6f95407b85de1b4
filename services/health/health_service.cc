#include "services/health/health_service.h"

#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "services/health/convert.h"
#include "waymark/health/v1/health.grpc.pb.h"

namespace waymark::health {
namespace {

using rpc::Permission;

class HealthServiceImpl final : public v1::HealthService::Service {
 public:
  HealthServiceImpl(const rpc::Authorizer& authorizer, Reader& reader) : authorizer_(authorizer), reader_(reader) {}

  grpc::Status GetHealth(grpc::ServerContext* context, const v1::GetHealthRequest* request,
                         v1::GetHealthResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const HealthQuery query, ToHealthQuery(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reader_.GetHealth(query, rpc::DeadlineOf(*context)));
    return grpc::Status::OK;
  }

  grpc::Status ListHealth(grpc::ServerContext* context, const v1::ListHealthRequest* request,
                          v1::ListHealthResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const HealthPage page, ToHealthPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, reader_.ListHealth(page));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Reader& reader_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeHealthService(const rpc::Authorizer& authorizer, Reader& reader) {
  return std::make_shared<HealthServiceImpl>(authorizer, reader);
}

}  // namespace waymark::health
