// The gRPC edge of questions about a customer and of what people say of it: MilestoneService, CustomerService.
#ifndef WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_
#define WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_

#include <memory>

#include "common/base/clock.h"
#include "common/rpc/authorizer.h"
#include "services/milestone/committer.h"
#include "services/milestone/explainer.h"
#include "services/milestone/open_streams.h"
#include "services/milestone/reader.h"
#include "services/milestone/stage_reader.h"
#include "services/milestone/tracker.h"

namespace grpc {
class Service;
}

namespace waymark::milestone {

// What is given must outlive the services.
std::shared_ptr<grpc::Service> MakeMilestoneService(const rpc::Authorizer& authorizer, Reader& reader,
                                                    Explainer& explainer, StageReader& stages, Committer& committer,
                                                    journal::Journal& journal, OpenStreams& watches,
                                                    const Clock& clock);
std::shared_ptr<grpc::Service> MakeCustomerService(const rpc::Authorizer& authorizer, Reader& reader,
                                                   Committer& committer, Tracker& tracker, const Clock& clock);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MILESTONE_SERVICE_H_
