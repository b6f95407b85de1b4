// What tests of replays share: a world with a client of ReplayService.
#ifndef WAYMARK_TESTS_MILESTONE_REPLAYS_H_
#define WAYMARK_TESTS_MILESTONE_REPLAYS_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"
#include "waymark/milestone/v1/replay.grpc.pb.h"

namespace waymark::milestone {

inline unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

// The report at the end of a stream, whose other messages say how far it is.
template <typename Report, typename Response, typename Request>
absl::StatusOr<Report> Last(v1::ReplayService::Stub& stub,
                            std::unique_ptr<grpc::ClientReader<Response>> (v1::ReplayService::Stub::*method)(
                                grpc::ClientContext*, const Request&),
                            const Request& request, const std::string& workspace) {
  grpc::ClientContext context;
  rpc::AddCredential(context, "", workspace);
  const auto reader = (stub.*method)(&context, request);
  Response response;
  std::optional<Report> report;
  int progress = 0;
  while (reader->Read(&response)) {
    EXPECT_FALSE(report.has_value()) << "the report is the last message";
    if (response.has_report()) report = response.report();
    progress += response.has_progress();
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  EXPECT_GT(progress, 0);
  if (!report.has_value()) return absl::InternalError("there is no report");
  return *report;
}

class Replays : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::StatusOr<v1::PreviewReport> Preview(const v1::PreviewVersionRequest& request,
                                            const std::string& workspace = "default") {
    return Last<v1::PreviewReport>(*replays_, &v1::ReplayService::Stub::PreviewVersion, request, workspace);
  }
  absl::StatusOr<v1::PreviewReport> Preview(const journey::v1::JourneyDefinition& candidate) {
    return Preview(Of(candidate));
  }
  absl::StatusOr<v1::WhatIfReport> WhatIf(const journey::v1::JourneyDefinition& candidate) {
    v1::WhatIfRequest request;
    *request.mutable_replay() = Of(candidate).replay();
    return Last<v1::WhatIfReport>(*replays_, &v1::ReplayService::Stub::WhatIf, request, "default");
  }
  absl::StatusOr<v1::RecomputeReport> Recompute(bool repair, const std::vector<std::string>& customers = {}) {
    v1::RecomputeRequest request;
    request.set_repair(repair);
    for (const std::string& customer : customers) request.add_customer_ids(customer);
    return Last<v1::RecomputeReport>(*replays_, &v1::ReplayService::Stub::Recompute, request, "default");
  }

  static v1::PreviewVersionRequest Of(const journey::v1::JourneyDefinition& candidate) {
    v1::PreviewVersionRequest request;
    request.mutable_replay()->set_journey_id("j");
    *request.mutable_replay()->mutable_definition() = candidate;
    return request;
  }
  static v1::PreviewVersionRequest OfVersion(uint32_t number) {
    v1::PreviewVersionRequest request;
    request.mutable_replay()->set_journey_id("j");
    request.mutable_replay()->set_number(number);
    return request;
  }

  // acme has come to renewal, beta to adoption with two reports, core to setup.
  void Begin() {
    world_.Publish("j", 1, Onboarding());
    ASSERT_TRUE(
        world_
            .Ingest({At(0, "acme", "connect", "a1"), At(1, "acme", "report", "a2"), At(2, "acme", "report", "a3"),
                     At(3, "acme", "report", "a4"), At(0, "beta", "connect", "b1"), At(1, "beta", "report", "b2"),
                     At(2, "beta", "report", "b3"), At(0, "core", "login", "c1")})
            .ok());
    clock_.Advance(absl::Minutes(10));
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
  std::unique_ptr<v1::ReplayService::Stub> replays_ = v1::ReplayService::NewStub(world_.channel());
};

}  // namespace waymark::milestone

#endif  // WAYMARK_TESTS_MILESTONE_REPLAYS_H_
