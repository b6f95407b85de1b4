// The edges of personas and segments: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITION_SERVICE_H_
#define WAYMARK_SERVICES_JOURNEY_EDITION_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/journey/editions.h"

namespace grpc {
class Service;
}

namespace waymark::journey {

// waymark.journey.v1.PersonaService and SegmentService. What is given must outlive them. (A shared_ptr only so that
// callers can destroy it without gRPC's headers, which are slow to compile.)
std::shared_ptr<grpc::Service> MakePersonaService(const rpc::Authorizer& authorizer, Editions<PersonaKind>& personas);
std::shared_ptr<grpc::Service> MakeSegmentService(const rpc::Authorizer& authorizer, Editions<SegmentKind>& segments);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITION_SERVICE_H_
