// ReplayService: gRPC in, streams out.
#ifndef WAYMARK_SERVICES_MILESTONE_REPLAY_SERVICE_H_
#define WAYMARK_SERVICES_MILESTONE_REPLAY_SERVICE_H_

#include <memory>

#include "common/base/clock.h"
#include "common/rpc/authorizer.h"
#include "services/milestone/reader.h"
#include "services/milestone/replayer.h"
#include "services/milestone/stage_reader.h"

namespace grpc {
class Service;
}

namespace waymark::milestone {

// What is given must outlive the service.
std::shared_ptr<grpc::Service> MakeReplayService(const rpc::Authorizer& authorizer, Replayer& replayer, Reader& reader,
                                                 StageReader& stages, const Clock& clock);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REPLAY_SERVICE_H_
