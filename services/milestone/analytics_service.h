// The gRPC edge of AnalyticsService.
#ifndef WAYMARK_SERVICES_MILESTONE_ANALYTICS_SERVICE_H_
#define WAYMARK_SERVICES_MILESTONE_ANALYTICS_SERVICE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/authorizer.h"
#include "services/milestone/analyst.h"
#include "services/milestone/stage_reader.h"

namespace grpc {
class Service;
class ServerContextBase;
}  // namespace grpc

namespace waymark::milestone {

// What is given must outlive the service.
std::shared_ptr<grpc::Service> MakeAnalyticsService(const rpc::Authorizer& authorizer, Analyst& analyst,
                                                    StageReader& stages);

// Until when a call that looks at every customer may take: the client's deadline, at most 30 s, as where there is none.
absl::Time LookDeadlineOf(const grpc::ServerContextBase& context);
// Errors: DEADLINE_EXCEEDED  the deadline has passed. CANCELLED  the client waits no more.
absl::Status MayKeepLooking(const grpc::ServerContextBase& context, absl::Time deadline);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_ANALYTICS_SERVICE_H_
