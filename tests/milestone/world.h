// A milestone service on a virtual clock, as its clients see it: a real server in this process, a real database, no
// port.
#ifndef WAYMARK_TESTS_MILESTONE_WORLD_H_
#define WAYMARK_TESTS_MILESTONE_WORLD_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/redis/redis.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/sql/sql.h"
#include "services/milestone/parts.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/milestone/v1/analytics.grpc.pb.h"
#include "waymark/milestone/v1/customer.grpc.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"

namespace waymark::milestone {

// Calls an RPC in a workspace.
template <typename Response, typename Stub, typename Request>
absl::StatusOr<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, const std::string& workspace = "default") {
  grpc::ClientContext context;
  rpc::AddCredential(context, "", workspace);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

// One o'clock in the afternoon of a working day; every test starts then.
inline absl::Time Noon() { return absl::FromUnixSeconds(1'747'310'400); }

// Reached by `at_least` events of a type.
struct Step {
  std::string stage;
  std::string event_type;
  uint32_t at_least = 1;
  journey::v1::Scope scope = journey::v1::SCOPE_FROM_STAGE;
};

// A journey of one milestone a stage, open to any event.
journey::v1::JourneyDefinition Steps(const std::vector<Step>& steps);
// connect; then three reports; then a renewal.
journey::v1::JourneyDefinition Onboarding();

// An event `minutes` from noon.
v1::Event At(int minutes, std::string customer, std::string type, std::string event_id);

// One replica of the service. With an address, such as 127.0.0.1:0, its stubs go through a real port: in process, a
// stream's writes wait for the server's reads.
class World {
 public:
  World(sql::Database& db, VirtualClock& clock, redis::Client* redis = nullptr,
        std::unique_ptr<rpc::Authorizer> authorizer = rpc::Authorizer::Off(), const std::string& address = "");

  // Makes a version known, as following `journey` would, and evaluates everybody under it.
  void Publish(const std::string& journey_id, uint32_t number, const journey::v1::JourneyDefinition& definition,
               const std::string& workspace = "default", const std::vector<journey::v1::PinnedSegment>& segments = {});
  // The same without evaluating anybody.
  void PublishOnly(const std::string& journey_id, uint32_t number, const journey::v1::JourneyDefinition& definition,
                   const std::string& workspace = "default",
                   const std::vector<journey::v1::PinnedSegment>& segments = {},
                   const journey::v1::MigrationPlan* plan = nullptr);
  // Runs every loop until none has anything to do.
  void Settle();

  absl::StatusOr<v1::IngestEventsResponse> Ingest(const v1::IngestEventsRequest& request,
                                                  const std::string& workspace = "default");
  absl::StatusOr<v1::IngestEventsResponse> Ingest(const std::vector<v1::Event>& events, bool backfill = false,
                                                  const std::string& workspace = "default");
  // The outcomes of the events, as the enum's names without their prefix.
  std::vector<std::string> Outcomes(const std::vector<v1::Event>& events, const std::string& workspace = "default");

  absl::StatusOr<v1::GetCurrentStageResponse> GetStage(const v1::GetCurrentStageRequest& request,
                                                       const std::string& workspace = "default");
  // `journey:stage` for each enrollment, from the database.
  std::string StageOf(const std::string& customer, const std::string& workspace = "default");
  absl::StatusOr<v1::GetProgressResponse> GetProgress(const std::string& customer,
                                                      const std::string& workspace = "default");
  absl::StatusOr<v1::GetFunnelResponse> GetFunnel(const std::string& journey_id,
                                                  const std::string& workspace = "default");
  // Completed counts, stage by stage.
  std::vector<int64_t> Completed(const std::string& journey_id, const std::string& workspace = "default");

  // The names of the facts in the journal, in the order of their positions, lane by lane; events and records are
  // left out.
  // `name:key`, with `!` behind it where historical.
  std::vector<std::string> Facts();

  Parts& parts() { return *parts_; }
  v1::EventService::Stub& events() { return *events_; }
  v1::MilestoneService::Stub& milestones() { return *milestones_; }
  v1::CustomerService::Stub& customers() { return *customers_; }
  v1::AnalyticsService::Stub& analytics() { return *analytics_; }
  std::shared_ptr<grpc::Channel> channel();

 private:
  std::unique_ptr<rpc::Authorizer> authorizer_;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::MilestoneService::Stub> milestones_;
  std::unique_ptr<v1::CustomerService::Stub> customers_;
  std::unique_ptr<v1::AnalyticsService::Stub> analytics_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_TESTS_MILESTONE_WORLD_H_
