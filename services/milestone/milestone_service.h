// The gRPC edge of questions about a customer: MilestoneService, CustomerService.
#ifndef WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_
#define WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_

#include <memory>

#include "common/rpc/authorizer.h"
#include "services/milestone/reader.h"
#include "services/milestone/stage_reader.h"

namespace grpc {
class Service;
}

namespace waymark::milestone {

// What is given must outlive the services.
std::shared_ptr<grpc::Service> MakeMilestoneService(const rpc::Authorizer& authorizer, Reader& reader,
                                                    StageReader& stages);
std::shared_ptr<grpc::Service> MakeCustomerService(const rpc::Authorizer& authorizer, Reader& reader);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_
