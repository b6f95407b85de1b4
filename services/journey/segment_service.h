// The edge of segments: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_JOURNEY_SEGMENT_SERVICE_H_
#define WAYMARK_SERVICES_JOURNEY_SEGMENT_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/journey/editions.h"

namespace grpc {
class Service;
}

namespace waymark::journey {

// waymark.journey.v1.SegmentService. What is given must outlive it. (A shared_ptr only so that callers can destroy it
// without gRPC's headers, which are slow to compile.)
std::shared_ptr<grpc::Service> MakeSegmentService(const rpc::Authorizer& authorizer, Editions<SegmentKind>& segments);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_SEGMENT_SERVICE_H_
