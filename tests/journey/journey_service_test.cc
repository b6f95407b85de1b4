// The journey service as a client sees it: a real server in this process, a real database, no port.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/journal/token.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/journey/parts.h"
#include "tests/support/databases.h"
#include "tests/support/temp_dir.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/journey/v1/journey.grpc.pb.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A journey of one stage with one milestone, reached by an event of the given type.
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

// Well-formed, but nobody could travel it.
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

class JourneyServiceTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // Serves with `authorizer` from now on.
  void Serve(std::unique_ptr<rpc::Authorizer> authorizer) {
    server_.reset();
    parts_.reset();
    authorizer_ = std::move(authorizer);
    parts_ = Parts::Start(*db_, clock_, *authorizer_).value();
    server_ = rpc::Server::Start({}, parts_->services()).value();
    stub_ = v1::JourneyService::NewStub(server_->InProcessChannel());
  }
  void SetUp() override { Serve(rpc::Authorizer::Off()); }

  // Makes one call, in `workspace`.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::JourneyService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                                 Response*),
                                const Request& request, std::string workspace = "acme", std::string key = "") {
    grpc::ClientContext context;
    rpc::AddCredential(context, key, workspace);
    Response response;
    const absl::Status status = rpc::FromGrpc((stub_.get()->*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  auto CreateJourney(std::string id, std::string title = "A journey", std::string request_id = "",
                     std::string workspace = "acme") {
    v1::CreateJourneyRequest request;
    request.mutable_journey()->set_journey_id(id);
    request.mutable_journey()->set_title(title);
    request.set_request_id(request_id);
    return Call(&v1::JourneyService::Stub::CreateJourney, request, workspace);
  }
  auto GetJourney(std::string id, std::string workspace = "acme") {
    v1::GetJourneyRequest request;
    request.set_journey_id(id);
    return Call(&v1::JourneyService::Stub::GetJourney, request, workspace);
  }
  auto ListJourneys(int page_size, std::string page_token = "", std::string workspace = "acme") {
    v1::ListJourneysRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call(&v1::JourneyService::Stub::ListJourneys, request, workspace);
  }
  auto CreateDraft(std::string id, v1::JourneyDefinition definition, std::string request_id = "",
                   std::string workspace = "acme") {
    v1::CreateDraftRequest request;
    request.set_journey_id(id);
    *request.mutable_definition() = definition;
    request.set_change_note("First go.");
    request.set_request_id(request_id);
    return Call(&v1::JourneyService::Stub::CreateDraft, request, workspace);
  }
  v1::UpdateDraftRequest UpdateOf(const v1::JourneyVersion& draft, v1::JourneyDefinition definition) {
    v1::UpdateDraftRequest request;
    request.set_journey_id(draft.journey_id());
    request.set_number(draft.number());
    request.set_etag(draft.etag());
    *request.mutable_version()->mutable_definition() = definition;
    return request;
  }
  auto UpdateDraft(const v1::UpdateDraftRequest& request, std::string workspace = "acme") {
    return Call(&v1::JourneyService::Stub::UpdateDraft, request, workspace);
  }
  auto Publish(std::string id, uint32_t number, std::string etag = "", std::string request_id = "",
               std::string workspace = "acme") {
    v1::PublishVersionRequest request;
    request.set_journey_id(id);
    request.set_number(number);
    request.set_etag(etag);
    request.set_request_id(request_id);
    return Call(&v1::JourneyService::Stub::PublishVersion, request, workspace);
  }
  auto GetVersion(std::string id, uint32_t number, std::string workspace = "acme") {
    v1::GetVersionRequest request;
    request.set_journey_id(id);
    request.set_number(number);
    return Call(&v1::JourneyService::Stub::GetVersion, request, workspace);
  }
  auto ListVersions(std::string id, int page_size = 0, std::string page_token = "", std::string workspace = "acme") {
    v1::ListVersionsRequest request;
    request.set_journey_id(id);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call(&v1::JourneyService::Stub::ListVersions, request, workspace);
  }
  auto Validate(v1::JourneyDefinition definition) {
    v1::ValidateVersionRequest request;
    *request.mutable_definition() = definition;
    return Call(&v1::JourneyService::Stub::ValidateVersion, request);
  }

  // A journey with one draft.
  v1::JourneyVersion Onboarding() {
    EXPECT_EQ(CreateJourney("onboarding").status(), absl::OkStatus());
    return CreateDraft("onboarding", ReachedBy("report_run"))->version();
  }

  // Everything that the service has told.
  std::vector<journal::Entry> Journal() {
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

  VirtualClock clock_{absl::FromUnixSeconds(1'777'885'200)};
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  std::unique_ptr<rpc::Authorizer> authorizer_;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::JourneyService::Stub> stub_;
};
INSTANTIATE_TEST_SUITE_P(Engines, JourneyServiceTest, support::BothEngines(), support::EngineName);

// CreateJourney, GetJourney, ListJourneys.

TEST_P(JourneyServiceTest, AJourneyIsCreatedWithoutAnyVersion) {
  const v1::CreateJourneyResponse created = CreateJourney("onboarding", "Onboarding").value();
  EXPECT_EQ(created.journey().journey_id(), "onboarding");
  EXPECT_EQ(created.journey().title(), "Onboarding");
  EXPECT_EQ(created.journey().latest_published_number(), 0u);
  EXPECT_EQ(created.journey().create_time().seconds(), 1'777'885'200);
  EXPECT_EQ(GetJourney("onboarding")->journey().SerializeAsString(), created.journey().SerializeAsString());
  EXPECT_THAT(ListVersions("onboarding")->versions(), IsEmpty());
  EXPECT_THAT(Journal(), IsEmpty());
}

TEST_P(JourneyServiceTest, OutputOnlyFieldsOfANewJourneyAreIgnored) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_journey_id("onboarding");
  request.mutable_journey()->set_title("Onboarding");
  request.mutable_journey()->set_latest_published_number(7);
  request.mutable_journey()->mutable_create_time()->set_seconds(1);
  const v1::Journey journey = Call(&v1::JourneyService::Stub::CreateJourney, request)->journey();
  EXPECT_EQ(journey.latest_published_number(), 0u);
  EXPECT_EQ(journey.create_time().seconds(), 1'777'885'200);
}

TEST_P(JourneyServiceTest, AMalformedJourneyIsRefused) {
  EXPECT_THAT(FieldsOf(CreateJourney("Onboarding").status()), ElementsAre("journey.journey_id"));
  EXPECT_THAT(FieldsOf(CreateJourney("").status()), ElementsAre("journey.journey_id"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", "").status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", std::string(201, 'x')).status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", std::string("a\0b", 3)).status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", "Onboarding", std::string(101, 'r')).status()),
              ElementsAre("request_id"));
  EXPECT_TRUE(absl::IsNotFound(GetJourney("onboarding").status()));
  EXPECT_EQ(CreateJourney("onboarding", std::string(200, 'x'), std::string(100, 'r')).status(), absl::OkStatus());
}

TEST_P(JourneyServiceTest, AJourneyIdIsTakenOnce) {
  CreateJourney("onboarding", "The first").value();
  EXPECT_EQ(ReasonOf(CreateJourney("onboarding", "The second").status()), "ALREADY_EXISTS");
  EXPECT_EQ(GetJourney("onboarding")->journey().title(), "The first");
}

TEST_P(JourneyServiceTest, ARepeatedCreationAnswersAsTheFirst) {
  const v1::CreateJourneyResponse first = CreateJourney("onboarding", "Onboarding", "r-1").value();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(CreateJourney("onboarding", "Onboarding", "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateJourney("renewal", "Renewal", "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(CreateJourney("onboarding", "Globex's", "r-1", "globex").status(), absl::OkStatus())
      << "another workspace's request ids are its own";
}

TEST_P(JourneyServiceTest, AnUnknownJourneyIsNotFound) {
  EXPECT_EQ(ReasonOf(GetJourney("onboarding").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney("").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney(std::string("\0\x01 no id", 8)).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney(std::string(100'000, 'x')).status()), "NOT_FOUND");
}

TEST_P(JourneyServiceTest, JourneysAreListedByIdInPages) {
  for (const std::string id : {"renewal", "adoption", "onboarding"}) CreateJourney(id).value();
  const v1::ListJourneysResponse first = ListJourneys(2).value();
  ASSERT_THAT(first.journeys(), SizeIs(2));
  EXPECT_EQ(first.journeys(0).journey_id(), "adoption");
  EXPECT_EQ(first.journeys(1).journey_id(), "onboarding");
  const v1::ListJourneysResponse second = ListJourneys(2, first.next_page_token()).value();
  ASSERT_THAT(second.journeys(), SizeIs(1));
  EXPECT_EQ(second.journeys(0).journey_id(), "renewal");
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_EQ(ListJourneys(3)->next_page_token(), "") << "a full last page has none after it";
}

TEST_P(JourneyServiceTest, APageOfJourneysHas50ByDefaultAndAtMost1000) {
  for (int i = 0; i < 51; ++i) CreateJourney(absl::StrCat("j", i)).value();
  EXPECT_THAT(ListJourneys(0)->journeys(), SizeIs(50));
  EXPECT_THAT(ListJourneys(2'000'000'000)->journeys(), SizeIs(51));
}

TEST_P(JourneyServiceTest, AListRefusesNegativeSizesAndForeignTokens) {
  for (const std::string id : {"adoption", "onboarding"}) CreateJourney(id).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  EXPECT_THAT(FieldsOf(ListJourneys(-1).status()), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, "nonsense").status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListVersions("onboarding", -1).status()), ElementsAre("page_size"));
  const std::string of_journeys = ListJourneys(1)->next_page_token();
  const std::string of_versions = ListVersions("onboarding", 1)->next_page_token();
  EXPECT_THAT(FieldsOf(ListVersions("onboarding", 1, of_journeys).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListVersions("adoption", 1, of_versions).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, of_versions).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, of_journeys, "globex").status()), ElementsAre("page_token"));
}

// CreateDraft, UpdateDraft.

TEST_P(JourneyServiceTest, DraftsAreNumberedFromOne) {
  const v1::JourneyVersion first = Onboarding();
  EXPECT_EQ(first.number(), 1u);
  EXPECT_EQ(first.state(), v1::VERSION_STATE_DRAFT);
  EXPECT_EQ(first.change_note(), "First go.");
  EXPECT_EQ(first.definition().SerializeAsString(), ReachedBy("report_run").SerializeAsString());
  EXPECT_EQ(first.content_hash(), Validate(ReachedBy("report_run"))->content_hash());
  EXPECT_EQ(first.create_time().seconds(), 1'777'885'200);
  EXPECT_FALSE(first.has_publish_time());
  EXPECT_FALSE(first.etag().empty());
  EXPECT_EQ(CreateDraft("onboarding", ReachedBy("login"))->version().number(), 2u);
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 0u);
  EXPECT_THAT(Journal(), IsEmpty());
}

TEST_P(JourneyServiceTest, AMalformedDraftIsRefusedWithEveryFinding) {
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedBy("");
  definition.clear_entry();
  definition.mutable_stages(0)->set_key("Setup");
  EXPECT_THAT(FieldsOf(CreateDraft("onboarding", definition).status()),
              ElementsAre("definition.entry", "definition.stages[0].key",
                          "definition.stages[0].milestones[0].criterion.event_count.event_types[0]"));
  EXPECT_THAT(ListVersions("onboarding")->versions(), IsEmpty());
}

TEST_P(JourneyServiceTest, ManyFindingsStillFitAnAnswer) {
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedBy("login");
  for (int i = 0; i < 40; ++i) *definition.add_stages() = definition.stages(0);
  const absl::Status status = CreateDraft("onboarding", definition).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(FieldsOf(status), ::testing::Contains("definition.stages[1].milestones[0].key"));
  EXPECT_THAT(Validate(definition)->findings(), SizeIs(80));
}

TEST_P(JourneyServiceTest, AMeaninglessDraftIsKeptButNotPublished) {
  CreateJourney("onboarding").value();
  EXPECT_EQ(CreateDraft("onboarding", Meaningless())->version().number(), 1u);
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(GetVersion("onboarding", 1)->version().state(), v1::VERSION_STATE_DRAFT);
  EXPECT_THAT(Journal(), IsEmpty());
}

TEST_P(JourneyServiceTest, ADraftsNoteAndRequestIdHaveLimits) {
  CreateJourney("onboarding").value();
  v1::CreateDraftRequest request;
  request.set_journey_id("onboarding");
  *request.mutable_definition() = ReachedBy("login");
  request.set_change_note(std::string(2001, 'x'));
  EXPECT_THAT(FieldsOf(Call(&v1::JourneyService::Stub::CreateDraft, request).status()), ElementsAre("change_note"));
  EXPECT_THAT(FieldsOf(CreateDraft("onboarding", ReachedBy("login"), std::string(101, 'r')).status()),
              ElementsAre("request_id"));
}

TEST_P(JourneyServiceTest, ADraftNeedsAJourney) {
  EXPECT_EQ(ReasonOf(CreateDraft("onboarding", ReachedBy("login")).status()), "NOT_FOUND");
}

TEST_P(JourneyServiceTest, ARepeatedDraftIsOneDraft) {
  CreateJourney("onboarding").value();
  const v1::CreateDraftResponse first = CreateDraft("onboarding", ReachedBy("login"), "r-1").value();
  EXPECT_EQ(CreateDraft("onboarding", ReachedBy("login"), "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateDraft("onboarding", ReachedBy("logout"), "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
}

TEST_P(JourneyServiceTest, ADraftChangesAndSoDoesItsEtag) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::JourneyVersion changed = UpdateDraft(UpdateOf(draft, ReachedBy("report_shared")))->version();
  EXPECT_EQ(changed.definition().SerializeAsString(), ReachedBy("report_shared").SerializeAsString());
  EXPECT_NE(changed.content_hash(), draft.content_hash());
  EXPECT_NE(changed.etag(), draft.etag());
  EXPECT_EQ(changed.change_note(), "First go.") << "what is not set stays";
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), changed.SerializeAsString());
}

TEST_P(JourneyServiceTest, TheMaskSaysWhatChanges) {
  const v1::JourneyVersion draft = Onboarding();
  v1::UpdateDraftRequest request = UpdateOf(draft, ReachedBy("report_shared"));
  request.mutable_update_mask()->add_paths("change_note");
  const v1::JourneyVersion changed = UpdateDraft(request)->version();
  EXPECT_EQ(changed.change_note(), "");
  EXPECT_EQ(changed.content_hash(), draft.content_hash());
}

TEST_P(JourneyServiceTest, AMalformedChangeIsRefused) {
  const v1::JourneyVersion draft = Onboarding();
  v1::JourneyDefinition malformed = ReachedBy("login");
  malformed.mutable_stages(0)->mutable_milestones(0)->clear_scope();
  EXPECT_THAT(FieldsOf(UpdateDraft(UpdateOf(draft, malformed)).status()),
              ElementsAre("version.definition.stages[0].milestones[0].scope"));

  v1::UpdateDraftRequest request = UpdateOf(draft, ReachedBy("login"));
  request.mutable_update_mask()->add_paths("state");
  EXPECT_THAT(FieldsOf(UpdateDraft(request).status()), ElementsAre("update_mask"));

  request = UpdateOf(draft, ReachedBy("login"));
  request.clear_etag();
  EXPECT_THAT(FieldsOf(UpdateDraft(request).status()), ElementsAre("etag"));

  request = UpdateOf(draft, ReachedBy("login"));
  request.mutable_version()->clear_definition();
  EXPECT_THAT(FieldsOf(UpdateDraft(request).status()), ElementsAre("version"));

  request = UpdateOf(draft, ReachedBy("login"));
  request.mutable_version()->set_change_note(std::string(2001, 'x'));
  EXPECT_THAT(FieldsOf(UpdateDraft(request).status()), ElementsAre("version.change_note"));

  request = UpdateOf(draft, ReachedBy("login"));
  request.set_request_id(std::string(101, 'r'));
  EXPECT_THAT(FieldsOf(UpdateDraft(request).status()), ElementsAre("request_id"));

  EXPECT_EQ(GetVersion("onboarding", 1)->version().etag(), draft.etag()) << "nothing has changed";
}

TEST_P(JourneyServiceTest, OnlyAnExistingDraftChanges) {
  v1::JourneyVersion draft = Onboarding();
  v1::UpdateDraftRequest request = UpdateOf(draft, ReachedBy("login"));
  request.set_number(2);
  EXPECT_EQ(ReasonOf(UpdateDraft(request).status()), "NOT_FOUND");
  request.set_number(0);
  EXPECT_EQ(ReasonOf(UpdateDraft(request).status()), "NOT_FOUND");
  request = UpdateOf(draft, ReachedBy("login"));
  request.set_journey_id("renewal");
  EXPECT_EQ(ReasonOf(UpdateDraft(request).status()), "NOT_FOUND");
}

TEST_P(JourneyServiceTest, APublishedVersionDoesNotChange) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::JourneyVersion published = Publish("onboarding", 1)->version();
  const absl::Status status = UpdateDraft(UpdateOf(published, ReachedBy("login"))).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
}

TEST_P(JourneyServiceTest, AnOldEtagIsRefused) {
  const v1::JourneyVersion draft = Onboarding();
  UpdateDraft(UpdateOf(draft, ReachedBy("report_shared"))).value();
  const absl::Status status = UpdateDraft(UpdateOf(draft, ReachedBy("login"))).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
}

TEST_P(JourneyServiceTest, OfTwoWritersOnOneDraftOneWinsAndTheOtherLosesNothing) {
  v1::JourneyVersion draft = Onboarding();
  for (int round = 0; round < 10; ++round) {
    const std::vector<std::string> types = {absl::StrCat("ann ", round), absl::StrCat("bob ", round)};
    std::vector<absl::StatusOr<v1::UpdateDraftResponse>> answers(2, absl::UnknownError("not answered"));
    std::vector<std::thread> writers;
    for (int i = 0; i < 2; ++i) {
      writers.emplace_back([&, i] { answers[i] = UpdateDraft(UpdateOf(draft, ReachedBy(types[i]))); });
    }
    for (std::thread& writer : writers) writer.join();
    const int winner = answers[0].ok() ? 0 : 1;
    ASSERT_TRUE(answers[winner].ok()) << answers[0].status() << answers[1].status();
    EXPECT_EQ(ReasonOf(answers[1 - winner].status()), "ETAG_MISMATCH");
    draft = GetVersion("onboarding", 1)->version();
    EXPECT_EQ(draft.SerializeAsString(), answers[winner]->version().SerializeAsString());
  }
}

TEST_P(JourneyServiceTest, ARepeatedChangeAnswersAsTheFirst) {
  v1::UpdateDraftRequest request = UpdateOf(Onboarding(), ReachedBy("report_shared"));
  request.set_request_id("r-1");
  const v1::UpdateDraftResponse first = UpdateDraft(request).value();
  EXPECT_EQ(UpdateDraft(request)->SerializeAsString(), first.SerializeAsString()) << "although the etag is old by now";
  *request.mutable_version()->mutable_definition() = ReachedBy("login");
  EXPECT_EQ(ReasonOf(UpdateDraft(request).status()), "REQUEST_ID_REUSED");
}

// ValidateVersion.

TEST_P(JourneyServiceTest, ValidationTellsEveryFindingAndStoresNothing) {
  v1::JourneyDefinition definition = ReachedBy("login");
  definition.mutable_stages(0)->set_key("Setup");
  definition.mutable_stages(0)->mutable_milestones(0)->clear_criterion();
  const v1::ValidateVersionResponse response = Validate(definition).value();
  ASSERT_THAT(response.findings(), SizeIs(2));
  EXPECT_EQ(response.findings(0).code(), "KEY_MALFORMED");
  EXPECT_EQ(response.findings(0).path(), "stages[0].key");
  EXPECT_NE(response.findings(0).message(), "");
  EXPECT_NE(response.findings(0).hint(), "");
  EXPECT_EQ(response.findings(1).code(), "CRITERION_MISSING");
  EXPECT_EQ(response.content_hash(), "") << "what is incomplete has no hash";
  EXPECT_THAT(ListJourneys(0)->journeys(), IsEmpty());
}

TEST_P(JourneyServiceTest, ValidationTellsTheHash) {
  EXPECT_THAT(Validate(ReachedBy("login"))->findings(), IsEmpty());
  EXPECT_THAT(Validate(ReachedBy("login"))->content_hash(), SizeIs(64));
  EXPECT_THAT(Validate(Meaningless())->findings(), SizeIs(1));
  EXPECT_THAT(Validate(Meaningless())->content_hash(), SizeIs(64));
}

// PublishVersion.

TEST_P(JourneyServiceTest, PublishingIsToldInTheJournalOnce) {
  const v1::JourneyVersion draft = Onboarding();
  clock_.Advance(absl::Hours(1));
  const v1::PublishVersionResponse response = Publish("onboarding", 1, draft.etag()).value();
  EXPECT_EQ(response.version().state(), v1::VERSION_STATE_PUBLISHED);
  EXPECT_EQ(response.version().publish_time().seconds(), 1'777'888'800);
  EXPECT_EQ(response.version().content_hash(), draft.content_hash());
  EXPECT_NE(response.version().etag(), draft.etag());
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), response.version().SerializeAsString());
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 1u);

  ASSERT_THAT(Journal(), SizeIs(1));
  const journal::Entry entry = Journal()[0];
  EXPECT_EQ(entry.workspace, "acme");
  EXPECT_EQ(entry.key, "onboarding");
  EXPECT_EQ(entry.lane, journal::LaneOf("acme", "onboarding"));
  EXPECT_EQ(entry.depth, 0);
  EXPECT_EQ(entry.type, "waymark.journey.v1.VersionPublished");
  v1::VersionPublished fact;
  ASSERT_TRUE(fact.ParseFromString(entry.payload));
  EXPECT_EQ(fact.journey_id(), "onboarding");
  EXPECT_EQ(fact.number(), 1u);
  EXPECT_EQ(fact.content_hash(), draft.content_hash());
  EXPECT_EQ(fact.title(), "A journey");
  EXPECT_EQ(fact.definition().SerializeAsString(), draft.definition().SerializeAsString());
  EXPECT_EQ(fact.publish_time().seconds(), 1'777'888'800);

  EXPECT_THAT(journal::ParseToken(response.consistency_token(), "token").value(),
              ElementsAre(journal::TokenPosition{"journey", parts_->journal().epoch(), entry.lane, entry.position}));
}

TEST_P(JourneyServiceTest, PublishingAgainChangesNothingAndAnswersTheSame) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::PublishVersionResponse first = Publish("onboarding", 1, draft.etag()).value();
  clock_.Advance(absl::Hours(1));
  for (const std::string& etag : {std::string(), draft.etag(), first.version().etag()}) {
    EXPECT_EQ(Publish("onboarding", 1, etag)->SerializeAsString(), first.SerializeAsString());
  }
  EXPECT_THAT(Journal(), SizeIs(1));
}

TEST_P(JourneyServiceTest, ManyPublishersAtOncePublishOnce) {
  Onboarding();
  std::vector<std::string> answers(8);
  std::vector<std::thread> publishers;
  for (std::string& answer : answers) {
    publishers.emplace_back([&] { answer = Publish("onboarding", 1)->version().SerializeAsString(); });
  }
  for (std::thread& publisher : publishers) publisher.join();
  for (const std::string& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_THAT(Journal(), SizeIs(1));
}

TEST_P(JourneyServiceTest, OnlyAnExistingVersionIsPublished) {
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "NOT_FOUND");
  Onboarding();
  EXPECT_EQ(ReasonOf(Publish("onboarding", 2).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Publish("onboarding", 0).status()), "NOT_FOUND");
}

TEST_P(JourneyServiceTest, NothingIsPublishedBehindALaterVersion) {
  Onboarding();
  CreateDraft("onboarding", ReachedBy("login")).value();
  Publish("onboarding", 2).value();
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 2u);
  EXPECT_THAT(Journal(), SizeIs(1));
}

TEST_P(JourneyServiceTest, ADraftThatChangedSinceItWasLookedAtIsNotPublished) {
  const v1::JourneyVersion draft = Onboarding();
  UpdateDraft(UpdateOf(draft, ReachedBy("report_shared"))).value();
  const absl::Status status = Publish("onboarding", 1, draft.etag()).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  EXPECT_EQ(GetVersion("onboarding", 1)->version().state(), v1::VERSION_STATE_DRAFT);
}

TEST_P(JourneyServiceTest, ARepeatedPublicationAnswersAsTheFirst) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::PublishVersionResponse first = Publish("onboarding", 1, draft.etag(), "r-1").value();
  EXPECT_EQ(Publish("onboarding", 1, draft.etag(), "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1, "", "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(FieldsOf(Publish("onboarding", 1, "", std::string(101, 'r')).status()), ElementsAre("request_id"));
  EXPECT_THAT(Journal(), SizeIs(1));
}

// GetVersion, ListVersions.

TEST_P(JourneyServiceTest, NumberZeroIsTheLatestPublishedVersion) {
  EXPECT_EQ(ReasonOf(GetVersion("onboarding", 0).status()), "NOT_FOUND");
  Onboarding();
  EXPECT_EQ(ReasonOf(GetVersion("onboarding", 0).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetVersion("onboarding", 2).status()), "NOT_FOUND");
  Publish("onboarding", 1).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  EXPECT_EQ(GetVersion("onboarding", 0)->version().number(), 1u);
  Publish("onboarding", 2).value();
  EXPECT_EQ(GetVersion("onboarding", 0)->version().number(), 2u);
}

TEST_P(JourneyServiceTest, VersionsAreListedNewestFirstWithoutDefinitions) {
  EXPECT_EQ(ReasonOf(ListVersions("onboarding").status()), "NOT_FOUND");
  Onboarding();
  for (int i = 0; i < 2; ++i) CreateDraft("onboarding", ReachedBy("login")).value();
  const v1::ListVersionsResponse first = ListVersions("onboarding", 2).value();
  ASSERT_THAT(first.versions(), SizeIs(2));
  EXPECT_EQ(first.versions(0).number(), 3u);
  EXPECT_EQ(first.versions(1).number(), 2u);
  EXPECT_FALSE(first.versions(0).has_definition());
  EXPECT_EQ(first.versions(0).etag(), GetVersion("onboarding", 3)->version().etag());
  const v1::ListVersionsResponse second = ListVersions("onboarding", 2, first.next_page_token()).value();
  ASSERT_THAT(second.versions(), SizeIs(1));
  EXPECT_EQ(second.versions(0).number(), 1u);
  EXPECT_EQ(second.next_page_token(), "");
}

// Workspaces and roles.

TEST_P(JourneyServiceTest, AnotherWorkspacesJourneyIsAnsweredAsAMissingOne) {
  const v1::JourneyVersion draft = Onboarding();
  Publish("onboarding", 1).value();
  // What is asked of acme's journey as globex, and what the same asks where nobody has such a journey.
  const auto answers = [&](std::string workspace) {
    return std::vector<std::string>{
        GetJourney("onboarding", workspace).status().ToString(),
        CreateDraft("onboarding", ReachedBy("login"), "", workspace).status().ToString(),
        UpdateDraft(UpdateOf(draft, ReachedBy("login")), workspace).status().ToString(),
        Publish("onboarding", 1, "", "", workspace).status().ToString(),
        GetVersion("onboarding", 1, workspace).status().ToString(),
        GetVersion("onboarding", 0, workspace).status().ToString(),
        ListVersions("onboarding", 0, "", workspace).status().ToString(),
    };
  };
  const std::vector<std::string> foreign = answers("globex");
  for (const std::string& answer : foreign) {
    EXPECT_THAT(answer, ::testing::StartsWith("NOT_FOUND: there is no journey \"onboarding\""));
  }
  EXPECT_THAT(ListJourneys(0, "", "globex")->journeys(), IsEmpty());
  CreateJourney("renewal", "Globex's", "", "globex").value();
  EXPECT_EQ(answers("globex"), foreign);
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1)) << "and nothing was done to it";
}

TEST_P(JourneyServiceTest, ReadersReadWritersDraftAdminsPublish) {
  const support::TempDir dir;
  std::string file;
  for (const std::string role : {"reader", "writer", "admin"}) {
    absl::StrAppend(&file, Sha256Hex(absl::StrCat("key of ", role)), "  acme  ", role, "\n");
  }
  support::WriteFile(dir.File("credentials"), file);
  Serve(rpc::Authorizer::FromFile(dir.File("credentials")).value());

  // The codes of every RPC, in the order of the proto, for a journey that does not exist (so that nothing succeeds by
  // accident of order): refused, or let through.
  const auto refused = [&](std::string role) {
    const std::string key = absl::StrCat("key of ", role);
    std::vector<std::string> names;
    const auto note = [&](std::string name, const absl::Status& status) {
      if (absl::IsPermissionDenied(status)) names.push_back(name);
    };
    using Stub = v1::JourneyService::Stub;
    note("CreateJourney", Call(&Stub::CreateJourney, v1::CreateJourneyRequest(), "", key).status());
    note("GetJourney", Call(&Stub::GetJourney, v1::GetJourneyRequest(), "", key).status());
    note("ListJourneys", Call(&Stub::ListJourneys, v1::ListJourneysRequest(), "", key).status());
    note("CreateDraft", Call(&Stub::CreateDraft, v1::CreateDraftRequest(), "", key).status());
    note("UpdateDraft", Call(&Stub::UpdateDraft, v1::UpdateDraftRequest(), "", key).status());
    note("ValidateVersion", Call(&Stub::ValidateVersion, v1::ValidateVersionRequest(), "", key).status());
    note("PublishVersion", Call(&Stub::PublishVersion, v1::PublishVersionRequest(), "", key).status());
    note("GetVersion", Call(&Stub::GetVersion, v1::GetVersionRequest(), "", key).status());
    note("ListVersions", Call(&Stub::ListVersions, v1::ListVersionsRequest(), "", key).status());
    return names;
  };
  EXPECT_THAT(refused("reader"), ElementsAre("CreateJourney", "CreateDraft", "UpdateDraft", "PublishVersion"));
  EXPECT_THAT(refused("writer"), ElementsAre("CreateJourney", "PublishVersion"));
  EXPECT_THAT(refused("admin"), IsEmpty());
  const absl::Status stranger =
      Call(&v1::JourneyService::Stub::ListJourneys, v1::ListJourneysRequest(), "", "key of nobody").status();
  EXPECT_TRUE(absl::IsUnauthenticated(stranger)) << stranger;
}

// Background work.

TEST_P(JourneyServiceTest, OldRequestIdsAreForgottenAfter30Days) {
  CreateJourney("onboarding", "Onboarding", "r-1").value();
  std::vector<Loop> loops = parts_->loops();
  ASSERT_THAT(loops, SizeIs(1));
  clock_.Advance(absl::Hours(24 * 30 - 1));
  EXPECT_FALSE(loops[0].run_once().value());
  EXPECT_EQ(CreateJourney("onboarding", "Onboarding", "r-1").status(), absl::OkStatus());
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(loops[0].run_once().value());
  EXPECT_EQ(ReasonOf(CreateJourney("onboarding", "Onboarding", "r-1").status()), "ALREADY_EXISTS");
}

}  // namespace
}  // namespace waymark::journey
