// The edge: gRPC in, use case called, answer out.
#ifndef WAYMARK_SERVICES_JOURNEY_JOURNEY_SERVICE_H_
#define WAYMARK_SERVICES_JOURNEY_JOURNEY_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/journey/catalog.h"
#include "services/journey/editor.h"
#include "services/journey/importer.h"
#include "services/journey/publisher.h"

namespace grpc {
class Service;
}

namespace waymark::journey {

// What the service calls. All of it must outlive the service.
struct UseCases {
  Editor& editor;
  Publisher& publisher;
  Importer& importer;
  Catalog& catalog;
};

// waymark.journey.v1.JourneyService. (A shared_ptr only so that callers can destroy it without gRPC's headers, which
// are slow to compile.)
std::shared_ptr<grpc::Service> MakeJourneyService(const rpc::Authorizer& authorizer, const UseCases& use_cases);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_JOURNEY_SERVICE_H_
