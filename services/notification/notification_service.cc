#include "services/notification/notification_service.h"

#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "services/notification/convert.h"
#include "waymark/notification/v1/notification.grpc.pb.h"

namespace waymark::notification {
namespace {

using rpc::Permission;

class NotificationServiceImpl final : public v1::NotificationService::Service {
 public:
  NotificationServiceImpl(const rpc::Authorizer& authorizer, Catalog& catalog)
      : authorizer_(authorizer), catalog_(catalog) {}

  grpc::Status GetDelivery(grpc::ServerContext* context, const v1::GetDeliveryRequest* request,
                           v1::GetDeliveryResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string delivery_id, ToDeliveryId(request->delivery_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetDelivery(caller.workspace, delivery_id));
    return grpc::Status::OK;
  }

  grpc::Status ListDeliveries(grpc::ServerContext* context, const v1::ListDeliveriesRequest* request,
                              v1::ListDeliveriesResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const DeliveryPage wanted, ToDeliveryPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListDeliveries(wanted, rpc::DeadlineOf(*context)));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeNotificationService(const rpc::Authorizer& authorizer, Catalog& catalog) {
  return std::make_shared<NotificationServiceImpl>(authorizer, catalog);
}

}  // namespace waymark::notification
