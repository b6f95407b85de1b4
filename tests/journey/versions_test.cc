// Versions: told, listed, compared.
#include <string>
#include <vector>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class VersionsTest : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Engines, VersionsTest, support::BothEngines(), support::EngineName);

TEST_P(VersionsTest, NumberZeroIsTheLatestPublishedVersion) {
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

TEST_P(VersionsTest, VersionsAreListedNewestFirstWithoutDefinitions) {
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

// RunScenarios.

v1::JourneyDefinition Tried() {
  v1::JourneyDefinition definition = ReachedBy("report_run");
  v1::Stage& adoption = *definition.add_stages();
  adoption.set_key("adoption");
  *adoption.add_milestones() = definition.stages(0).milestones(0);
  adoption.mutable_milestones(0)->set_key("shared");
  adoption.mutable_milestones(0)->mutable_criterion()->mutable_event_count()->set_event_types(0, "report_shared");
  definition.add_personas()->set_persona_id("ada");
  v1::Scenario& holds = *definition.add_scenarios();
  holds.set_key("quick");
  holds.set_title("A quick start");
  holds.set_persona_id("ada");
  holds.add_steps()->set_event("report_run");
  holds.add_expect()->set_stage("adoption");
  v1::Scenario& fails = *definition.add_scenarios();
  fails.set_key("slow");
  fails.add_steps()->set_event("login");
  fails.add_expect()->set_stage("adoption");
  return definition;
}

TEST_P(VersionsTest, ScenariosTellWhatFailsAndWhatTheyHaveGoneThrough) {
  v1::RunScenariosRequest request;
  *request.mutable_definition() = Tried();
  const auto answer = Ask<v1::RunScenariosResponse>(request).value();
  ASSERT_THAT(answer.results(), SizeIs(2));
  EXPECT_EQ(answer.results(0).key(), "quick");
  EXPECT_EQ(answer.results(0).title(), "A quick start");
  EXPECT_EQ(answer.results(0).persona_id(), "ada");
  EXPECT_TRUE(answer.results(0).holds());
  EXPECT_THAT(answer.results(0).failures(), IsEmpty());
  EXPECT_EQ(answer.results(1).title(), "slow");
  EXPECT_FALSE(answer.results(1).holds());
  ASSERT_THAT(answer.results(1).failures(), SizeIs(1));
  EXPECT_THAT(answer.results(1).failures(0), ::testing::HasSubstr("expected stage adoption"));
  ASSERT_THAT(answer.coverage(), SizeIs(2));
  EXPECT_EQ(answer.coverage(0).persona_id(), "");
  EXPECT_THAT(answer.coverage(0).stages().covered(), ElementsAre("adoption", "setup"));
  EXPECT_THAT(answer.coverage(0).milestones().covered(), ElementsAre("done"));
  EXPECT_THAT(answer.coverage(0).milestones().uncovered(), ElementsAre("shared"));
  EXPECT_EQ(answer.coverage(1).persona_id(), "ada");
  EXPECT_THAT(ListJourneys(0)->journeys(), IsEmpty()) << "nothing is stored";
}

TEST_P(VersionsTest, ScenariosOfAStoredVersionRunLikeThoseOfADefinition) {
  v1::RunScenariosRequest request;
  EXPECT_THAT(FieldsOf(Ask<v1::RunScenariosResponse>(request).status()), ElementsAre("definition"));
  request.set_journey_id("onboarding");
  EXPECT_EQ(ReasonOf(Ask<v1::RunScenariosResponse>(request).status()), "NOT_FOUND");
  CreateJourney("onboarding").value();
  CreateDraft("onboarding", Tried()).value();
  EXPECT_EQ(ReasonOf(Ask<v1::RunScenariosResponse>(request).status()), "NOT_FOUND");
  request.set_number(1);
  const auto stored = Ask<v1::RunScenariosResponse>(request).value();
  request = v1::RunScenariosRequest();
  *request.mutable_definition() = Tried();
  EXPECT_EQ(Ask<v1::RunScenariosResponse>(request)->SerializeAsString(), stored.SerializeAsString());
  request.mutable_definition()->mutable_scenarios(0)->clear_expect();
  EXPECT_THAT(FieldsOf(Ask<v1::RunScenariosResponse>(request).status()), ElementsAre("definition.scenarios[0].expect"));
}

TEST_P(VersionsTest, ScenariosGoByTheSegmentsRules) {
  CreateSegment("big").value();
  v1::RunScenariosRequest request;
  v1::JourneyDefinition& definition = *request.mutable_definition();
  definition = ReachedByBig("report_run");
  v1::Scenario& scenario = *definition.add_scenarios();
  scenario.set_key("big_ones_need_three");
  auto& attributes = *scenario.add_steps()->mutable_attributes()->mutable_fields();
  attributes["seats"].set_number_value(200);
  scenario.add_steps()->set_event("report_run");
  scenario.add_expect()->add_not_achieved("done");
  EXPECT_THAT(Ask<v1::RunScenariosResponse>(request)->results(0).failures(), IsEmpty());
  attributes["seats"].set_number_value(20);
  EXPECT_THAT(Ask<v1::RunScenariosResponse>(request)->results(0).failures(), SizeIs(1));
}

// DiffVersions.

TEST_P(VersionsTest, DifferencesAreToldInWords) {
  v1::DiffVersionsRequest request;
  request.set_journey_id("onboarding");
  EXPECT_EQ(ReasonOf(Ask<v1::DiffVersionsResponse>(request).status()), "NOT_FOUND");
  Onboarding();
  EXPECT_EQ(ReasonOf(Ask<v1::DiffVersionsResponse>(request).status()), "NOT_FOUND") << "nothing is published";
  Publish("onboarding", 1).value();
  EXPECT_THAT(Ask<v1::DiffVersionsResponse>(request)->differences(), IsEmpty()) << "with itself";
  v1::JourneyDefinition harder = ReachedBy("report_run");
  harder.mutable_stages(0)->mutable_milestones(0)->mutable_criterion()->mutable_event_count()->set_at_least(3);
  CreateDraft("onboarding", harder).value();
  const auto by_number = Ask<v1::DiffVersionsResponse>(request).value();
  EXPECT_EQ(by_number.from_number(), 1u);
  EXPECT_EQ(by_number.to_number(), 2u);
  ASSERT_THAT(by_number.differences(), SizeIs(1));
  EXPECT_EQ(by_number.differences(0).kind(), v1::DIFFERENCE_KIND_CHANGED);
  EXPECT_THAT(by_number.differences(0).text(), ::testing::HasSubstr("at least 1 → 3"));
  EXPECT_THAT(by_number.differences(0).path(), ::testing::StartsWith("stages[0].milestones[0].criterion"));
  *request.mutable_to_definition() = harder;
  const auto by_definition = Ask<v1::DiffVersionsResponse>(request).value();
  EXPECT_EQ(by_definition.to_number(), 0u);
  EXPECT_EQ(by_definition.differences(0).text(), by_number.differences(0).text());
  request.mutable_to_definition()->clear_entry();
  EXPECT_THAT(FieldsOf(Ask<v1::DiffVersionsResponse>(request).status()), ElementsAre("to_definition.entry"));
  request.clear_to_definition();
  request.set_to_number(3);
  EXPECT_EQ(ReasonOf(Ask<v1::DiffVersionsResponse>(request).status()), "NOT_FOUND");
}

}  // namespace
}  // namespace waymark::journey
