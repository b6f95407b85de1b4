// The edge: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_NOTIFICATION_NOTIFICATION_SERVICE_H_
#define WAYMARK_SERVICES_NOTIFICATION_NOTIFICATION_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/notification/catalog.h"

namespace grpc {
class Service;
}

namespace waymark::notification {

// waymark.notification.v1.NotificationService. What is given must outlive it. (A shared_ptr only so that callers can
// destroy it without gRPC's headers, which are slow to compile.)
std::shared_ptr<grpc::Service> MakeNotificationService(const rpc::Authorizer& authorizer, Catalog& catalog);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_NOTIFICATION_SERVICE_H_
