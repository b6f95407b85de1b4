// The gRPC edge of ingest.
#ifndef WAYMARK_SERVICES_MILESTONE_EVENT_SERVICE_H_
#define WAYMARK_SERVICES_MILESTONE_EVENT_SERVICE_H_

#include <memory>

#include "common/base/clock.h"
#include "common/rpc/authorizer.h"
#include "services/milestone/analyst.h"
#include "services/milestone/committer.h"
#include "services/milestone/open_streams.h"
#include "services/milestone/stage_reader.h"

namespace grpc {
class Service;
}

namespace waymark::milestone {

// What is given must outlive the service.
std::shared_ptr<grpc::Service> MakeEventService(const rpc::Authorizer& authorizer, Committer& committer,
                                                StageReader& stages, Analyst& analyst, OpenStreams& streams,
                                                const Clock& clock);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_EVENT_SERVICE_H_
