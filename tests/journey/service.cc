#include "tests/journey/service.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "tests/journey/documented_errors.h"

namespace waymark::journey {
namespace {

using google::protobuf::Message;

const google::protobuf::MethodDescriptor& MethodFor(const Message& request) {
  const google::protobuf::FileDescriptor& file = *request.GetDescriptor()->file();
  for (int i = 0; i < file.service_count(); ++i) {
    for (int k = 0; k < file.service(i)->method_count(); ++k) {
      if (file.service(i)->method(k)->input_type() == request.GetDescriptor()) return *file.service(i)->method(k);
    }
  }
  std::abort();
}

const int kCheckErrors = [] {
  CheckDocumentedErrorsAtTheEnd();
  return 0;
}();

}  // namespace

v1::JourneyDefinition ReachedBy(const std::string& event_type) {
  v1::JourneyDefinition definition;
  definition.mutable_entry()->add_triggers()->mutable_any_event();
  v1::Stage& stage = *definition.add_stages();
  stage.set_key("setup");
  stage.set_title("Set-up");
  v1::Milestone& milestone = *stage.add_milestones();
  milestone.set_key("done");
  milestone.set_title("Done");
  milestone.set_scope(v1::SCOPE_FROM_STAGE);
  v1::EventCount& count = *milestone.mutable_criterion()->mutable_event_count();
  count.add_event_types(event_type);
  count.set_at_least(1);
  return definition;
}

v1::JourneyDefinition ReachedByBig(const std::string& event_type) {
  v1::JourneyDefinition definition = ReachedBy(event_type);
  definition.add_personas()->set_persona_id("ada");
  definition.add_segments()->set_segment_id("big");
  v1::Variant& variant = *definition.mutable_stages(0)->mutable_milestones(0)->add_variants();
  variant.set_segment_id("big");
  v1::EventCount& count = *variant.mutable_criterion()->mutable_event_count();
  count.add_event_types(event_type);
  count.set_at_least(3);
  return definition;
}

v1::JourneyDefinition Meaningless() {
  v1::JourneyDefinition definition;
  definition.mutable_entry()->add_triggers()->mutable_any_event();
  return definition;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

void ServiceTest::Serve(std::unique_ptr<rpc::Authorizer> authorizer) {
  static_cast<void>(kCheckErrors);
  channel_.reset();
  server_.reset();
  parts_.reset();
  authorizer_ = std::move(authorizer);
  parts_ = Parts::Start(*db_, clock_, *authorizer_).value();
  server_ = rpc::Server::Start({}, parts_->services()).value();
  channel_ = server_->InProcessChannel();
}

absl::Status ServiceTest::Call(const Message& request, Message& response, const std::string& workspace,
                               const std::string& key) {
  grpc::ClientContext context;
  rpc::AddCredential(context, key, workspace);
  const google::protobuf::MethodDescriptor& method = MethodFor(request);
  const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  const absl::Status status = rpc::FromGrpc(grpc::internal::BlockingUnaryCall<Message, Message>(
      channel_.get(), grpc::internal::RpcMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context, request,
      &response));
  NoteAnswer(absl::StrCat(method.service()->name(), ".", method.name()), status.code());
  return status;
}

absl::StatusOr<v1::CreateJourneyResponse> ServiceTest::CreateJourney(std::string id, std::string title,
                                                                     std::string request_id, std::string workspace) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_journey_id(id);
  request.mutable_journey()->set_title(title);
  request.set_request_id(request_id);
  return Ask<v1::CreateJourneyResponse>(request, workspace);
}

absl::StatusOr<v1::GetJourneyResponse> ServiceTest::GetJourney(std::string id, std::string workspace) {
  v1::GetJourneyRequest request;
  request.set_journey_id(id);
  return Ask<v1::GetJourneyResponse>(request, workspace);
}

absl::StatusOr<v1::ListJourneysResponse> ServiceTest::ListJourneys(int page_size, std::string page_token,
                                                                   std::string workspace) {
  v1::ListJourneysRequest request;
  request.set_page_size(page_size);
  request.set_page_token(page_token);
  return Ask<v1::ListJourneysResponse>(request, workspace);
}

absl::StatusOr<v1::ArchiveJourneyResponse> ServiceTest::ArchiveJourney(std::string id, std::string etag) {
  v1::ArchiveJourneyRequest request;
  request.set_journey_id(id);
  request.set_etag(etag);
  return Ask<v1::ArchiveJourneyResponse>(request);
}

absl::StatusOr<v1::CreateDraftResponse> ServiceTest::CreateDraft(std::string id, v1::JourneyDefinition definition,
                                                                 std::string request_id, std::string workspace) {
  v1::CreateDraftRequest request;
  request.set_journey_id(id);
  *request.mutable_definition() = definition;
  request.set_change_note("First go.");
  request.set_request_id(request_id);
  return Ask<v1::CreateDraftResponse>(request, workspace);
}

v1::UpdateDraftRequest ServiceTest::UpdateOf(const v1::JourneyVersion& draft, v1::JourneyDefinition definition) {
  v1::UpdateDraftRequest request;
  request.set_journey_id(draft.journey_id());
  request.set_number(draft.number());
  request.set_etag(draft.etag());
  *request.mutable_version()->mutable_definition() = definition;
  return request;
}

absl::StatusOr<v1::UpdateDraftResponse> ServiceTest::UpdateDraft(const v1::UpdateDraftRequest& request,
                                                                 std::string workspace) {
  return Ask<v1::UpdateDraftResponse>(request, workspace);
}

absl::StatusOr<v1::ValidateVersionResponse> ServiceTest::Validate(v1::JourneyDefinition definition,
                                                                  std::string journey_id) {
  v1::ValidateVersionRequest request;
  *request.mutable_definition() = definition;
  request.set_journey_id(journey_id);
  return Ask<v1::ValidateVersionResponse>(request);
}

absl::StatusOr<v1::PublishVersionResponse> ServiceTest::Publish(std::string id, uint32_t number, std::string etag,
                                                                std::string request_id, std::string workspace) {
  v1::PublishVersionRequest request;
  request.set_journey_id(id);
  request.set_number(number);
  request.set_etag(etag);
  request.set_request_id(request_id);
  return Ask<v1::PublishVersionResponse>(request, workspace);
}

absl::StatusOr<v1::RetireVersionResponse> ServiceTest::Retire(std::string id, uint32_t number, std::string etag,
                                                              std::string request_id) {
  v1::RetireVersionRequest request;
  request.set_journey_id(id);
  request.set_number(number);
  request.set_etag(etag);
  request.set_request_id(request_id);
  return Ask<v1::RetireVersionResponse>(request);
}

absl::StatusOr<v1::GetVersionResponse> ServiceTest::GetVersion(std::string id, uint32_t number, std::string workspace) {
  v1::GetVersionRequest request;
  request.set_journey_id(id);
  request.set_number(number);
  return Ask<v1::GetVersionResponse>(request, workspace);
}

absl::StatusOr<v1::ListVersionsResponse> ServiceTest::ListVersions(std::string id, int page_size,
                                                                   std::string page_token, std::string workspace) {
  v1::ListVersionsRequest request;
  request.set_journey_id(id);
  request.set_page_size(page_size);
  request.set_page_token(page_token);
  return Ask<v1::ListVersionsResponse>(request, workspace);
}

absl::StatusOr<v1::CreatePersonaResponse> ServiceTest::CreatePersona(std::string id, std::string title) {
  v1::CreatePersonaRequest request;
  request.mutable_persona()->set_persona_id(id);
  request.mutable_persona()->mutable_definition()->set_title(title);
  return Ask<v1::CreatePersonaResponse>(request);
}

absl::StatusOr<v1::CreateSegmentResponse> ServiceTest::CreateSegment(std::string id, std::string title,
                                                                     std::string attribute) {
  v1::CreateSegmentRequest request;
  request.mutable_segment()->set_segment_id(id);
  v1::SegmentDefinition& definition = *request.mutable_segment()->mutable_definition();
  definition.set_title(title);
  definition.mutable_criterion()->mutable_attribute()->set_name(attribute);
  definition.mutable_criterion()->mutable_attribute()->set_at_least(100);
  return Ask<v1::CreateSegmentResponse>(request);
}

v1::JourneyVersion ServiceTest::Onboarding() {
  EXPECT_EQ(CreateJourney("onboarding").status(), absl::OkStatus());
  return CreateDraft("onboarding", ReachedBy("report_run"))->version();
}

std::vector<journal::Entry> ServiceTest::Journal() {
  std::vector<journal::Entry> told;
  const absl::Status status = db_->Read([&](sql::Transaction& tx) -> absl::Status {
    told.clear();
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      ASSIGN_OR_RETURN(const auto stretch, parts_->journal().Read(tx, lane, 0, 1000, std::nullopt));
      told.insert(told.end(), stretch.entries.begin(), stretch.entries.end());
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(status, absl::OkStatus());
  return told;
}

}  // namespace waymark::journey
