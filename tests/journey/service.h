// The journey service as a client sees it: a real server in this process, a real database, no port. On both engines.
#ifndef WAYMARK_TESTS_JOURNEY_SERVICE_H_
#define WAYMARK_TESTS_JOURNEY_SERVICE_H_

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/server.h"
#include "common/sql/sql.h"
#include "gtest/gtest.h"
#include "services/journey/parts.h"
#include "tests/support/databases.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/review.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::journey {

// A journey of one stage with one milestone, reached by an event of the given type.
v1::JourneyDefinition ReachedBy(const std::string& event_type);
// The same, which names the newest editions of the persona `ada` and the segment `big`.
v1::JourneyDefinition ReachedByBig(const std::string& event_type);
// Well-formed, but nobody could travel it.
v1::JourneyDefinition Meaningless();

// The fields that an error names.
std::vector<std::string> FieldsOf(const absl::Status& status);

class ServiceTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void SetUp() override { Serve(rpc::Authorizer::Off()); }
  // Serves with `authorizer` from now on.
  void Serve(std::unique_ptr<rpc::Authorizer> authorizer);

  // Makes the call whose request this is, in `workspace`.
  template <typename Response>
  absl::StatusOr<Response> Ask(const google::protobuf::Message& request, std::string workspace = "acme",
                               std::string key = "") {
    Response response;
    const absl::Status status = Call(request, response, workspace, key);
    if (!status.ok()) return status;
    return response;
  }
  absl::Status Call(const google::protobuf::Message& request, google::protobuf::Message& response,
                    const std::string& workspace, const std::string& key);

  absl::StatusOr<v1::CreateJourneyResponse> CreateJourney(std::string id, std::string title = "A journey",
                                                          std::string request_id = "", std::string workspace = "acme");
  absl::StatusOr<v1::GetJourneyResponse> GetJourney(std::string id, std::string workspace = "acme");
  absl::StatusOr<v1::ListJourneysResponse> ListJourneys(int page_size, std::string page_token = "",
                                                        std::string workspace = "acme");
  absl::StatusOr<v1::ArchiveJourneyResponse> ArchiveJourney(std::string id, std::string etag = "");
  absl::StatusOr<v1::CreateDraftResponse> CreateDraft(std::string id, v1::JourneyDefinition definition,
                                                      std::string request_id = "", std::string workspace = "acme");
  static v1::UpdateDraftRequest UpdateOf(const v1::JourneyVersion& draft, v1::JourneyDefinition definition);
  absl::StatusOr<v1::UpdateDraftResponse> UpdateDraft(const v1::UpdateDraftRequest& request,
                                                      std::string workspace = "acme");
  absl::StatusOr<v1::ValidateVersionResponse> Validate(v1::JourneyDefinition definition, std::string journey_id = "");
  absl::StatusOr<v1::PublishVersionResponse> Publish(std::string id, uint32_t number, std::string etag = "",
                                                     std::string request_id = "", std::string workspace = "acme");
  absl::StatusOr<v1::RetireVersionResponse> Retire(std::string id, uint32_t number, std::string etag = "",
                                                   std::string request_id = "");
  absl::StatusOr<v1::GetVersionResponse> GetVersion(std::string id, uint32_t number, std::string workspace = "acme");
  absl::StatusOr<v1::ListVersionsResponse> ListVersions(std::string id, int page_size = 0, std::string page_token = "",
                                                        std::string workspace = "acme");
  absl::StatusOr<v1::CreatePersonaResponse> CreatePersona(std::string id, std::string title = "Ada");
  absl::StatusOr<v1::CreateSegmentResponse> CreateSegment(std::string id, std::string title = "Big",
                                                          std::string attribute = "seats");

  // A journey `onboarding` with one draft.
  v1::JourneyVersion Onboarding();

  // Everything that the service has told.
  std::vector<journal::Entry> Journal();

  VirtualClock clock_{absl::FromUnixSeconds(1'777'885'200)};
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  std::unique_ptr<rpc::Authorizer> authorizer_;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_TESTS_JOURNEY_SERVICE_H_
