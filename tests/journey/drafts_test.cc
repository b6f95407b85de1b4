// Drafts: made, changed, checked.
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DraftsTest : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Engines, DraftsTest, support::BothEngines(), support::EngineName);

TEST_P(DraftsTest, DraftsAreNumberedFromOne) {
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

TEST_P(DraftsTest, AMalformedDraftIsRefusedWithEveryFinding) {
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedBy("");
  definition.clear_entry();
  definition.mutable_stages(0)->set_key("Setup");
  EXPECT_THAT(FieldsOf(CreateDraft("onboarding", definition).status()),
              ElementsAre("definition.entry", "definition.stages[0].key",
                          "definition.stages[0].milestones[0].criterion.event_count.event_types[0]"));
  EXPECT_THAT(ListVersions("onboarding")->versions(), IsEmpty());
}

TEST_P(DraftsTest, ManyFindingsStillFitAnAnswer) {
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedBy("login");
  for (int i = 0; i < 40; ++i) *definition.add_stages() = definition.stages(0);
  const absl::Status status = CreateDraft("onboarding", definition).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(FieldsOf(status), ::testing::Contains("definition.stages[1].milestones[0].key"));
  EXPECT_THAT(Validate(definition)->findings(), SizeIs(80));
}

TEST_P(DraftsTest, AMeaninglessDraftIsKeptButNotPublished) {
  CreateJourney("onboarding").value();
  EXPECT_EQ(CreateDraft("onboarding", Meaningless())->version().number(), 1u);
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(GetVersion("onboarding", 1)->version().state(), v1::VERSION_STATE_DRAFT);
  EXPECT_THAT(Journal(), IsEmpty());
}

TEST_P(DraftsTest, ADraftsNoteAndRequestIdHaveLimits) {
  CreateJourney("onboarding").value();
  v1::CreateDraftRequest request;
  request.set_journey_id("onboarding");
  *request.mutable_definition() = ReachedBy("login");
  request.set_change_note(std::string(2001, 'x'));
  EXPECT_THAT(FieldsOf(Ask<v1::CreateDraftResponse>(request).status()), ElementsAre("change_note"));
  EXPECT_THAT(FieldsOf(CreateDraft("onboarding", ReachedBy("login"), std::string(101, 'r')).status()),
              ElementsAre("request_id"));
}

TEST_P(DraftsTest, ADraftNeedsAJourney) {
  EXPECT_EQ(ReasonOf(CreateDraft("onboarding", ReachedBy("login")).status()), "NOT_FOUND");
}

TEST_P(DraftsTest, ARepeatedDraftIsOneDraft) {
  CreateJourney("onboarding").value();
  const v1::CreateDraftResponse first = CreateDraft("onboarding", ReachedBy("login"), "r-1").value();
  EXPECT_EQ(CreateDraft("onboarding", ReachedBy("login"), "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateDraft("onboarding", ReachedBy("logout"), "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
}

TEST_P(DraftsTest, ADraftChangesAndSoDoesItsEtag) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::JourneyVersion changed = UpdateDraft(UpdateOf(draft, ReachedBy("report_shared")))->version();
  EXPECT_EQ(changed.definition().SerializeAsString(), ReachedBy("report_shared").SerializeAsString());
  EXPECT_NE(changed.content_hash(), draft.content_hash());
  EXPECT_NE(changed.etag(), draft.etag());
  EXPECT_EQ(changed.change_note(), "First go.") << "what is not set stays";
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), changed.SerializeAsString());
}

TEST_P(DraftsTest, TheMaskSaysWhatChanges) {
  const v1::JourneyVersion draft = Onboarding();
  v1::UpdateDraftRequest request = UpdateOf(draft, ReachedBy("report_shared"));
  request.mutable_update_mask()->add_paths("change_note");
  const v1::JourneyVersion changed = UpdateDraft(request)->version();
  EXPECT_EQ(changed.change_note(), "");
  EXPECT_EQ(changed.content_hash(), draft.content_hash());
}

TEST_P(DraftsTest, AMalformedChangeIsRefused) {
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

TEST_P(DraftsTest, OnlyAnExistingDraftChanges) {
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

TEST_P(DraftsTest, APublishedVersionDoesNotChange) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::JourneyVersion published = Publish("onboarding", 1)->version();
  const absl::Status status = UpdateDraft(UpdateOf(published, ReachedBy("login"))).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
}

TEST_P(DraftsTest, AnOldEtagIsRefused) {
  const v1::JourneyVersion draft = Onboarding();
  UpdateDraft(UpdateOf(draft, ReachedBy("report_shared"))).value();
  const absl::Status status = UpdateDraft(UpdateOf(draft, ReachedBy("login"))).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
}

TEST_P(DraftsTest, OfTwoWritersOnOneDraftOneWinsAndTheOtherLosesNothing) {
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

TEST_P(DraftsTest, ARepeatedChangeAnswersAsTheFirst) {
  v1::UpdateDraftRequest request = UpdateOf(Onboarding(), ReachedBy("report_shared"));
  request.set_request_id("r-1");
  const v1::UpdateDraftResponse first = UpdateDraft(request).value();
  EXPECT_EQ(UpdateDraft(request)->SerializeAsString(), first.SerializeAsString()) << "although the etag is old by now";
  *request.mutable_version()->mutable_definition() = ReachedBy("login");
  EXPECT_EQ(ReasonOf(UpdateDraft(request).status()), "REQUEST_ID_REUSED");
}

TEST_P(DraftsTest, ValidationTellsEveryFindingAndStoresNothing) {
  v1::JourneyDefinition definition = ReachedBy("login");
  definition.mutable_stages(0)->set_key("Setup");
  definition.mutable_stages(0)->mutable_milestones(0)->clear_criterion();
  const v1::ValidateVersionResponse response = Validate(definition).value();
  ASSERT_THAT(response.findings(), SizeIs(2));
  EXPECT_EQ(response.findings(0).code(), "KEY_MALFORMED");
  EXPECT_EQ(response.findings(0).path(), "stages[0].key");
  EXPECT_NE(response.findings(0).message(), "");
  EXPECT_NE(response.findings(0).hint(), "");
  EXPECT_EQ(response.findings(1).code(), "MISSING");
  EXPECT_EQ(response.content_hash(), "") << "what is incomplete has no hash";
  EXPECT_THAT(ListJourneys(0)->journeys(), IsEmpty());
}

TEST_P(DraftsTest, ValidationTellsTheHash) {
  EXPECT_THAT(Validate(ReachedBy("login"))->findings(), IsEmpty());
  EXPECT_THAT(Validate(ReachedBy("login"))->content_hash(), SizeIs(64));
  EXPECT_THAT(Validate(Meaningless())->findings(), SizeIs(1));
  EXPECT_THAT(Validate(Meaningless())->content_hash(), SizeIs(64));
}

// Drafts from versions; authors.

v1::CreateDraftRequest From(uint32_t number) {
  v1::CreateDraftRequest request;
  request.set_journey_id("onboarding");
  request.set_from_number(number);
  request.set_author("Ann");
  return request;
}

TEST_P(DraftsTest, ADraftStartsFromAnyVersion) {
  const v1::JourneyVersion first = Onboarding();
  EXPECT_EQ(first.parent_number(), 0u) << "nothing is published yet";
  EXPECT_EQ(first.parent_content_hash(), "");
  Publish("onboarding", 1).value();
  const v1::JourneyVersion second = CreateDraft("onboarding", ReachedBy("login"))->version();
  EXPECT_EQ(second.parent_number(), 1u) << "what is published is what it will take the place of";
  EXPECT_EQ(second.parent_content_hash(), first.content_hash());
  const v1::JourneyVersion third = Ask<v1::CreateDraftResponse>(From(2))->version();
  EXPECT_EQ(third.number(), 3u);
  EXPECT_EQ(third.definition().SerializeAsString(), second.definition().SerializeAsString());
  EXPECT_EQ(third.content_hash(), second.content_hash());
  EXPECT_EQ(third.parent_number(), 2u);
  EXPECT_EQ(third.parent_content_hash(), second.content_hash());
  EXPECT_THAT(third.authors(), ElementsAre("Ann"));
  EXPECT_EQ(GetVersion("onboarding", 3)->version().SerializeAsString(), third.SerializeAsString());
}

TEST_P(DraftsTest, ADraftStartsFromOneThing) {
  Onboarding();
  v1::CreateDraftRequest both = From(1);
  *both.mutable_definition() = ReachedBy("login");
  EXPECT_THAT(FieldsOf(Ask<v1::CreateDraftResponse>(both).status()), ElementsAre("from_number"));
  EXPECT_EQ(ReasonOf(Ask<v1::CreateDraftResponse>(From(2)).status()), "NOT_FOUND");
  v1::CreateDraftRequest request = From(1);
  request.set_author(std::string(201, 'x'));
  EXPECT_THAT(FieldsOf(Ask<v1::CreateDraftResponse>(request).status()), ElementsAre("author"));
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
}

// Stored versions are checked like definitions.

TEST_P(DraftsTest, AStoredVersionIsChecked) {
  const v1::JourneyVersion draft = Onboarding();
  v1::ValidateVersionRequest request;
  EXPECT_THAT(FieldsOf(Ask<v1::ValidateVersionResponse>(request).status()), ElementsAre("definition"));
  request.set_journey_id("onboarding");
  request.set_number(1);
  EXPECT_EQ(Ask<v1::ValidateVersionResponse>(request)->content_hash(), draft.content_hash());
  request.set_number(0);
  EXPECT_EQ(ReasonOf(Ask<v1::ValidateVersionResponse>(request).status()), "NOT_FOUND") << "nothing is published";
  Publish("onboarding", 1).value();
  EXPECT_EQ(Ask<v1::ValidateVersionResponse>(request)->content_hash(), draft.content_hash());
  request.set_number(2);
  EXPECT_EQ(ReasonOf(Ask<v1::ValidateVersionResponse>(request).status()), "NOT_FOUND");
  request.set_journey_id("renewal");
  EXPECT_EQ(ReasonOf(Ask<v1::ValidateVersionResponse>(request).status()), "NOT_FOUND");
  for (int i = 0; i < 1001; ++i) request.add_assumed_segment_ids("big");
  EXPECT_THAT(FieldsOf(Ask<v1::ValidateVersionResponse>(request).status()), ElementsAre("assumed_segment_ids"));
}

}  // namespace
}  // namespace waymark::journey
