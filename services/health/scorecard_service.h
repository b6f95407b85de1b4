// The edge of scorecards: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_HEALTH_SCORECARD_SERVICE_H_
#define WAYMARK_SERVICES_HEALTH_SCORECARD_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/health/catalog.h"
#include "services/health/editor.h"

namespace grpc {
class Service;
}

namespace waymark::health {

// waymark.health.v1.ScorecardService. What is given must outlive it. (A shared_ptr only so that callers can destroy it
// without gRPC's headers, which are slow to compile.)
std::shared_ptr<grpc::Service> MakeScorecardService(const rpc::Authorizer& authorizer, Editor& editor,
                                                    Catalog& catalog);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_SCORECARD_SERVICE_H_
