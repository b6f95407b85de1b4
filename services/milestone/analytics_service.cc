#include "services/milestone/analytics_service.h"

#include <grpcpp/server_context.h>

#include <utility>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "waymark/milestone/v1/analytics.grpc.pb.h"

namespace waymark::milestone {
namespace {

class AnalyticsServiceImpl final : public v1::AnalyticsService::Service {
 public:
  AnalyticsServiceImpl(const rpc::Authorizer& authorizer, Analyst& analyst, StageReader& stages)
      : authorizer_(authorizer), analyst_(analyst), stages_(stages) {}

  grpc::Status GetFunnel(grpc::ServerContext* context, const v1::GetFunnelRequest* request,
                         v1::GetFunnelResponse* response) override {
    return Answer(*context, &Analyst::GetFunnel, *request, *response);
  }
  grpc::Status GetDwell(grpc::ServerContext* context, const v1::GetDwellRequest* request,
                        v1::GetDwellResponse* response) override {
    return Answer(*context, &Analyst::GetDwell, *request, *response);
  }
  grpc::Status GetFriction(grpc::ServerContext* context, const v1::GetFrictionRequest* request,
                           v1::GetFrictionResponse* response) override {
    return Answer(*context, &Analyst::GetFriction, *request, *response);
  }
  grpc::Status GetPaths(grpc::ServerContext* context, const v1::GetPathsRequest* request,
                        v1::GetPathsResponse* response) override {
    return Answer(*context, &Analyst::GetPaths, *request, *response);
  }
  grpc::Status GetConformance(grpc::ServerContext* context, const v1::GetConformanceRequest* request,
                              v1::GetConformanceResponse* response) override {
    return Answer(*context, &Analyst::GetConformance, *request, *response);
  }

  grpc::Status GetRevenue(grpc::ServerContext* context, const v1::GetRevenueRequest* request,
                          v1::GetRevenueResponse* response) override {
    return Answer(*context, &Analyst::GetRevenue, *request, *response);
  }

 private:
  template <typename Request, typename Response>
  grpc::Status Answer(const grpc::ServerContext& context,
                      absl::StatusOr<Response> (Analyst::*ask)(absl::string_view, const Request&, KeepLooking),
                      const Request& request, Response& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, rpc::Permission::kRead));
    const absl::Time deadline = LookDeadlineOf(context);
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request.consistency(), deadline));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(
        response, (analyst_.*ask)(caller.workspace, request, [&] { return MayKeepLooking(context, deadline); }));
    return grpc::Status::OK;
  }

  const rpc::Authorizer& authorizer_;
  Analyst& analyst_;
  StageReader& stages_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeAnalyticsService(const rpc::Authorizer& authorizer, Analyst& analyst,
                                                    StageReader& stages) {
  return std::make_shared<AnalyticsServiceImpl>(authorizer, analyst, stages);
}

absl::Time LookDeadlineOf(const grpc::ServerContextBase& context) {
  return rpc::DeadlineOf(context, /*fallback=*/absl::Seconds(30));
}

absl::Status MayKeepLooking(const grpc::ServerContextBase& context, absl::Time deadline) {
  if (absl::Now() >= deadline) {
    return NotYetReached("not all customers were looked at in time; narrow the cohort, or give the call more time");
  }
  if (context.IsCancelled()) return absl::CancelledError("the client waits no more");
  return absl::OkStatus();
}

}  // namespace waymark::milestone
