// The edge of customers' health: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_HEALTH_HEALTH_SERVICE_H_
#define WAYMARK_SERVICES_HEALTH_HEALTH_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/health/reader.h"

namespace grpc {
class Service;
}

namespace waymark::health {

// waymark.health.v1.HealthService. What is given must outlive it. (A shared_ptr only so that callers can destroy it
// without gRPC's headers, which are slow to compile.)
std::shared_ptr<grpc::Service> MakeHealthService(const rpc::Authorizer& authorizer, Reader& reader);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_HEALTH_SERVICE_H_
