// Publication: what stands in its way, what it tells, and how a version ends.
#include <string>
#include <thread>
#include <vector>

#include "common/base/errors.h"
#include "common/journal/token.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"
#include "waymark/journey/v1/facts.pb.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PublicationTest : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Engines, PublicationTest, support::BothEngines(), support::EngineName);

TEST_P(PublicationTest, PublishingIsToldInTheJournalOnce) {
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

TEST_P(PublicationTest, PublishingAgainChangesNothingAndAnswersTheSame) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::PublishVersionResponse first = Publish("onboarding", 1, draft.etag()).value();
  clock_.Advance(absl::Hours(1));
  for (const std::string& etag : {std::string(), draft.etag(), first.version().etag()}) {
    EXPECT_EQ(Publish("onboarding", 1, etag)->SerializeAsString(), first.SerializeAsString());
  }
  EXPECT_THAT(Journal(), SizeIs(1));
}

v1::MigrationPlan PlanOf(const std::string& content_hash) {
  v1::MigrationPlan plan;
  plan.set_migration(v1::MIGRATION_REPLAY);
  plan.set_content_hash(content_hash);
  plan.set_outcome_hash(std::string(64, 'a'));
  plan.mutable_as_of()->set_seconds(1'777'888'000);
  plan.set_epoch(7);
  for (int lane = 0; lane < journal::kLanes; ++lane) plan.add_lane_positions(lane);
  return plan;
}

TEST_P(PublicationTest, APlanTravelsWithWhatWasPreviewedAndWithNothingElse) {
  const v1::JourneyVersion draft = Onboarding();
  v1::PublishVersionRequest request;
  request.set_journey_id("onboarding");
  request.set_number(1);
  *request.mutable_plan() = PlanOf(std::string(64, 'b'));
  const absl::Status other = Ask<v1::PublishVersionResponse>(request).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition) << other;
  EXPECT_EQ(ReasonOf(other), "WRONG_STATE");
  EXPECT_THAT(Journal(), IsEmpty());

  *request.mutable_plan() = PlanOf(draft.content_hash());
  ASSERT_TRUE(Ask<v1::PublishVersionResponse>(request).ok());
  v1::VersionPublished fact;
  ASSERT_TRUE(fact.ParseFromString(Journal()[0].payload));
  EXPECT_EQ(fact.plan().SerializeAsString(), request.plan().SerializeAsString());
  // Again, with whatever plan: it is published.
  request.clear_plan();
  EXPECT_TRUE(Ask<v1::PublishVersionResponse>(request).ok());
  EXPECT_THAT(Journal(), SizeIs(1));
}

TEST_P(PublicationTest, APlanThatMovesNobodyNeedsNoPreview) {
  Onboarding();
  v1::PublishVersionRequest request;
  request.set_journey_id("onboarding");
  request.set_number(1);
  request.mutable_plan()->set_migration(v1::MIGRATION_PIN);
  ASSERT_TRUE(Ask<v1::PublishVersionResponse>(request).ok());
  v1::VersionPublished fact;
  ASSERT_TRUE(fact.ParseFromString(Journal()[0].payload));
  EXPECT_FALSE(fact.has_plan());
}

TEST_P(PublicationTest, PlansThatNoPreviewGaveAreToldByField) {
  const v1::JourneyVersion draft = Onboarding();
  const auto wrong = [&](auto change) {
    v1::PublishVersionRequest request;
    request.set_journey_id("onboarding");
    request.set_number(1);
    *request.mutable_plan() = PlanOf(draft.content_hash());
    change(*request.mutable_plan());
    const absl::Status status = Ask<v1::PublishVersionResponse>(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::vector<FieldViolation> violations = ViolationsOf(status);
    return violations.size() == 1 ? violations[0].field : "";
  };
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.set_migration(static_cast<v1::Migration>(9)); }),
            "plan.migration");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.set_content_hash("abc"); }), "plan.content_hash");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.set_outcome_hash(std::string(64, 'G')); }), "plan.outcome_hash");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.clear_as_of(); }), "plan.as_of");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.clear_epoch(); }), "plan.epoch");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.add_lane_positions(1); }), "plan.lane_positions");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { plan.set_lane_positions(3, -1); }), "plan.lane_positions");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) { (*plan.mutable_map()->mutable_stages())["a"] = "b"; }), "plan.map");
  EXPECT_EQ(wrong([](v1::MigrationPlan& plan) {
              plan.set_migration(v1::MIGRATION_MAP);
              for (int i = 0; i <= 100; ++i) (*plan.mutable_map()->mutable_stages())[absl::StrCat("s", i)] = "b";
            }),
            "plan.map");
}

TEST_P(PublicationTest, ManyPublishersAtOncePublishOnce) {
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

TEST_P(PublicationTest, OnlyAnExistingVersionIsPublished) {
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "NOT_FOUND");
  Onboarding();
  EXPECT_EQ(ReasonOf(Publish("onboarding", 2).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Publish("onboarding", 0).status()), "NOT_FOUND");
}

TEST_P(PublicationTest, NothingIsPublishedBehindALaterVersion) {
  Onboarding();
  CreateDraft("onboarding", ReachedBy("login")).value();
  Publish("onboarding", 2).value();
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 2u);
  EXPECT_THAT(Journal(), SizeIs(1));
}

TEST_P(PublicationTest, ADraftThatChangedSinceItWasLookedAtIsNotPublished) {
  const v1::JourneyVersion draft = Onboarding();
  UpdateDraft(UpdateOf(draft, ReachedBy("report_shared"))).value();
  const absl::Status status = Publish("onboarding", 1, draft.etag()).status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  EXPECT_EQ(GetVersion("onboarding", 1)->version().state(), v1::VERSION_STATE_DRAFT);
}

TEST_P(PublicationTest, ARepeatedPublicationAnswersAsTheFirst) {
  const v1::JourneyVersion draft = Onboarding();
  const v1::PublishVersionResponse first = Publish("onboarding", 1, draft.etag(), "r-1").value();
  EXPECT_EQ(Publish("onboarding", 1, draft.etag(), "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1, "", "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(FieldsOf(Publish("onboarding", 1, "", std::string(101, 'r')).status()), ElementsAre("request_id"));
  EXPECT_THAT(Journal(), SizeIs(1));
}

// Pins.

TEST_P(PublicationTest, PublishingPinsPersonasAndSegmentsAndTellsTheirRules) {
  CreatePersona("ada").value();
  const v1::Segment big = CreateSegment("big")->segment();
  CreateJourney("onboarding").value();
  const v1::JourneyVersion draft = CreateDraft("onboarding", ReachedByBig("report_run"))->version();
  EXPECT_EQ(draft.definition().segments(0).number(), 0u);
  v1::UpdateSegmentRequest update;
  *update.mutable_segment() = big;
  update.mutable_segment()->mutable_definition()->mutable_criterion()->mutable_attribute()->set_at_least(500);
  update.set_etag(big.etag());
  Ask<v1::UpdateSegmentResponse>(update).value();

  const v1::JourneyVersion published = Publish("onboarding", 1, draft.etag())->version();
  EXPECT_EQ(published.definition().personas(0).number(), 1u);
  EXPECT_EQ(published.definition().segments(0).number(), 2u) << "the newest when it was published";
  EXPECT_EQ(published.content_hash(), Validate(published.definition(), "onboarding")->content_hash());
  v1::VersionPublished fact;
  ASSERT_TRUE(fact.ParseFromString(Journal()[0].payload));
  EXPECT_EQ(fact.content_hash(), published.content_hash());
  EXPECT_EQ(fact.definition().SerializeAsString(), published.definition().SerializeAsString());
  ASSERT_THAT(fact.segments(), SizeIs(1));
  EXPECT_EQ(fact.segments(0).segment_id(), "big");
  EXPECT_EQ(fact.segments(0).number(), 2u);
  EXPECT_EQ(fact.segments(0).criterion().attribute().at_least(), 500);
}

TEST_P(PublicationTest, APinThatIsWrittenDownStays) {
  CreatePersona("ada").value();
  const v1::Segment big = CreateSegment("big")->segment();
  v1::UpdateSegmentRequest update;
  *update.mutable_segment() = big;
  update.mutable_segment()->mutable_definition()->set_title("Bigger");
  update.set_etag(big.etag());
  Ask<v1::UpdateSegmentResponse>(update).value();
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedByBig("report_run");
  definition.mutable_segments(0)->set_number(1);
  CreateDraft("onboarding", definition).value();
  v1::ArchiveSegmentRequest archive;
  archive.set_segment_id("big");
  Ask<v1::ArchiveSegmentResponse>(archive).value();
  const v1::JourneyVersion published = Publish("onboarding", 1)->version();
  EXPECT_EQ(published.definition().segments(0).number(), 1u) << "and may be pinned though it is archived";
}

// Scenarios.

v1::JourneyDefinition WithScenario(v1::JourneyDefinition definition, std::string event_type) {
  v1::Scenario& scenario = *definition.add_scenarios();
  scenario.set_key("quick");
  scenario.add_steps()->set_event(event_type);
  scenario.add_expect()->add_achieved("done");
  return definition;
}

TEST_P(PublicationTest, AScenarioThatDoesNotHoldStandsInTheWay) {
  CreateJourney("onboarding").value();
  CreateDraft("onboarding", WithScenario(ReachedBy("report_run"), "login")).value();
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("scenario quick: "));
  EXPECT_THAT(Journal(), IsEmpty());
  CreateDraft("onboarding", WithScenario(ReachedBy("report_run"), "report_run")).value();
  EXPECT_EQ(Publish("onboarding", 2).status(), absl::OkStatus());
}

// Retirement.

TEST_P(PublicationTest, ARetiredVersionIsToldOnceAndTheOneBeforeIsTheLatest) {
  Onboarding();
  Publish("onboarding", 1).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  const v1::JourneyVersion second = Publish("onboarding", 2)->version();
  clock_.Advance(absl::Hours(1));
  const v1::RetireVersionResponse retired = Retire("onboarding", 2, second.etag()).value();
  EXPECT_EQ(retired.version().state(), v1::VERSION_STATE_RETIRED);
  EXPECT_EQ(retired.version().retire_time().seconds(), 1'777'888'800);
  EXPECT_EQ(retired.version().content_hash(), second.content_hash());
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 1u);
  EXPECT_EQ(GetVersion("onboarding", 0)->version().number(), 1u);
  ASSERT_THAT(Journal(), SizeIs(3));
  EXPECT_EQ(Journal()[2].type, "waymark.journey.v1.VersionRetired");
  EXPECT_EQ(Journal()[2].key, "onboarding");
  v1::VersionRetired fact;
  ASSERT_TRUE(fact.ParseFromString(Journal()[2].payload));
  EXPECT_EQ(fact.journey_id(), "onboarding");
  EXPECT_EQ(fact.number(), 2u);
  EXPECT_EQ(fact.retire_time().seconds(), 1'777'888'800);
  EXPECT_THAT(journal::ParseToken(retired.consistency_token(), "token").value(),
              ElementsAre(journal::TokenPosition{"journey", parts_->journal().epoch(), Journal()[2].lane,
                                                 Journal()[2].position}));

  clock_.Advance(absl::Hours(1));
  for (const std::string& etag : {std::string(), second.etag(), retired.version().etag()}) {
    EXPECT_EQ(Retire("onboarding", 2, etag)->SerializeAsString(), retired.SerializeAsString());
  }
  EXPECT_THAT(Journal(), SizeIs(3));
  Retire("onboarding", 1).value();
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 0u);
  EXPECT_EQ(ReasonOf(GetVersion("onboarding", 0).status()), "NOT_FOUND");
}

TEST_P(PublicationTest, OnlyAPublishedVersionIsRetiredAndAsItWasRead) {
  EXPECT_EQ(ReasonOf(Retire("onboarding", 1).status()), "NOT_FOUND");
  Onboarding();
  EXPECT_EQ(ReasonOf(Retire("onboarding", 1).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Retire("onboarding", 2).status()), "NOT_FOUND");
  Publish("onboarding", 1).value();
  EXPECT_EQ(ReasonOf(Retire("onboarding", 1, "of yesterday").status()), "ETAG_MISMATCH");
  EXPECT_THAT(FieldsOf(Retire("onboarding", 1, "", std::string(101, 'r')).status()), ElementsAre("request_id"));
  const auto first = Retire("onboarding", 1, "", "r-1").value();
  EXPECT_EQ(Retire("onboarding", 1, "", "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(Retire("onboarding", 2, "", "r-1").status()), "REQUEST_ID_REUSED");
}

TEST_P(PublicationTest, ARetiredVersionIsNotPublishedAgainNorIsAnythingBehindIt) {
  Onboarding();
  CreateDraft("onboarding", ReachedBy("login")).value();
  Publish("onboarding", 2).value();
  Retire("onboarding", 2).value();
  EXPECT_EQ(ReasonOf(Publish("onboarding", 2).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
  v1::CreateDraftRequest again;
  again.set_journey_id("onboarding");
  again.set_from_number(2);
  Ask<v1::CreateDraftResponse>(again).value();
  EXPECT_EQ(Publish("onboarding", 3).status(), absl::OkStatus());
}

}  // namespace
}  // namespace waymark::journey
