// What a definition names besides itself: looked up where it is checked and where it is published.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReferencesTest : public ServiceTest {
 protected:
  // The errors found, as `CODE path`.
  static std::vector<std::string> ErrorsIn(const v1::ValidateVersionResponse& response) {
    std::vector<std::string> errors;
    for (const v1::Finding& finding : response.findings()) {
      if (finding.severity() != v1::SEVERITY_ERROR) continue;
      errors.push_back(absl::StrCat(finding.code(), " ", finding.path()));
    }
    return errors;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ReferencesTest, support::BothEngines(), support::EngineName);

TEST_P(ReferencesTest, WhatDanglesIsADraftAndNotPublished) {
  CreateJourney("onboarding").value();
  v1::JourneyDefinition definition = ReachedByBig("report_run");
  definition.mutable_entry()->add_triggers()->mutable_journey_completed()->set_journey_id("trial");
  const v1::JourneyVersion draft = CreateDraft("onboarding", definition)->version();
  EXPECT_THAT(ErrorsIn(*Validate(definition, "onboarding")),
              ElementsAre("JOURNEY_UNKNOWN entry.triggers[1].journey_completed.journey_id",
                          "PERSONA_UNKNOWN personas[0].persona_id", "SEGMENT_UNKNOWN segments[0].segment_id"));
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
  EXPECT_THAT(FieldsOf(Publish("onboarding", 1).status()), SizeIs(3));
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), draft.SerializeAsString());
  EXPECT_THAT(Journal(), IsEmpty());

  CreatePersona("ada").value();
  CreateSegment("big").value();
  CreateJourney("trial").value();
  EXPECT_THAT(ErrorsIn(*Validate(definition, "onboarding")), IsEmpty());
  EXPECT_EQ(Publish("onboarding", 1).status(), absl::OkStatus());
}

TEST_P(ReferencesTest, WhatIsAboutToBeMadeMayBeTakenToExist) {
  v1::ValidateVersionRequest request;
  *request.mutable_definition() = ReachedByBig("report_run");
  request.mutable_definition()->mutable_entry()->add_triggers()->mutable_journey_completed()->set_journey_id("trial");
  request.add_assumed_persona_ids("ada");
  request.add_assumed_segment_ids("big");
  request.add_assumed_journey_ids("trial");
  EXPECT_THAT(ErrorsIn(*Ask<v1::ValidateVersionResponse>(request)), IsEmpty());
}

TEST_P(ReferencesTest, AnEditionThatIsNotThereYetDangles) {
  CreatePersona("ada").value();
  CreateSegment("big").value();
  v1::JourneyDefinition definition = ReachedByBig("report_run");
  definition.mutable_personas(0)->set_number(1);
  definition.mutable_segments(0)->set_number(2);
  EXPECT_THAT(ErrorsIn(*Validate(definition)), ElementsAre("EDITION_UNKNOWN segments[0].number"));
}

TEST_P(ReferencesTest, WhatIsArchivedIsPinnedNoMore) {
  CreatePersona("ada").value();
  CreateSegment("big").value();
  v1::ArchivePersonaRequest archive;
  archive.set_persona_id("ada");
  Ask<v1::ArchivePersonaResponse>(archive).value();
  v1::JourneyDefinition definition = ReachedByBig("report_run");
  EXPECT_THAT(ErrorsIn(*Validate(definition)), ElementsAre("PERSONA_UNKNOWN personas[0].persona_id"));
  definition.mutable_personas(0)->set_number(1);
  EXPECT_THAT(ErrorsIn(*Validate(definition)), IsEmpty()) << "an edition that is named stays what it is";
}

TEST_P(ReferencesTest, ARemovedKeyIsNeverUsedAgain) {
  Onboarding();
  Publish("onboarding", 1).value();
  v1::JourneyDefinition without = ReachedBy("report_run");
  without.mutable_stages(0)->mutable_milestones(0)->set_key("reported");
  CreateDraft("onboarding", without).value();
  Publish("onboarding", 2).value();

  v1::JourneyDefinition again = without;
  v1::Milestone& milestone = *again.mutable_stages(0)->add_milestones();
  milestone = without.stages(0).milestones(0);
  milestone.set_key("done");
  const auto found = Validate(again, "onboarding").value();
  EXPECT_THAT(ErrorsIn(found), ElementsAre("KEY_REUSED stages[0].milestones[1].key"));
  EXPECT_THAT(found.DebugString(), HasSubstr("which version 2 removed"));
  EXPECT_THAT(ErrorsIn(*Validate(again)), IsEmpty()) << "another journey's keys are its own";
  CreateDraft("onboarding", again).value();
  EXPECT_EQ(ReasonOf(Publish("onboarding", 3).status()), "WRONG_STATE");

  v1::JourneyDefinition goal = without;
  goal.add_goals()->set_key("done");
  EXPECT_THAT(ErrorsIn(*Validate(goal, "onboarding")), IsEmpty()) << "a goal is no milestone";
  CreateDraft("onboarding", goal).value();
  EXPECT_EQ(Publish("onboarding", 4).status(), absl::OkStatus());
}

TEST_P(ReferencesTest, ADraftThatIsNotPublishedBuriesNothing) {
  Onboarding();
  Publish("onboarding", 1).value();
  v1::JourneyDefinition without = ReachedBy("report_run");
  without.mutable_stages(0)->mutable_milestones(0)->set_key("reported");
  CreateDraft("onboarding", without).value();
  EXPECT_THAT(ErrorsIn(*Validate(ReachedBy("report_run"), "onboarding")), IsEmpty());
}

TEST_P(ReferencesTest, FindingsOfAllLayersAreToldAtOnce) {
  v1::JourneyDefinition definition = ReachedByBig("report_run");
  definition.mutable_stages(0)->set_key("Setup");
  const auto found = Validate(definition).value();
  std::vector<int> layers;
  for (const v1::Finding& finding : found.findings()) layers.push_back(finding.layer());
  EXPECT_THAT(layers, ::testing::AllOf(::testing::Contains(v1::LAYER_FORM), ::testing::Contains(v1::LAYER_REFERENCES)));
}

TEST_P(ReferencesTest, VerdictsComeWithAnExampleOrAReason) {
  v1::JourneyDefinition definition = ReachedBy("report_run");
  v1::CriterionList& both = *definition.add_exits()->mutable_criterion()->mutable_all_of();
  definition.mutable_exits(0)->set_key("never");
  definition.mutable_exits(0)->set_outcome(v1::OUTCOME_CHURNED);
  for (const char* plan : {"free", "paid"}) {
    v1::ValueCondition& condition = *both.add_criteria()->mutable_attribute();
    condition.set_name("plan");
    condition.mutable_equals()->set_string_value(plan);
  }
  const auto verdicts = Validate(definition)->verdicts();
  ASSERT_THAT(verdicts, SizeIs(3));
  EXPECT_EQ(verdicts[0].path(), "stages[0]");
  EXPECT_EQ(verdicts[0].key(), "setup");
  EXPECT_EQ(verdicts[0].reachability(), v1::REACHABILITY_REACHABLE);
  EXPECT_EQ(verdicts[1].path(), "stages[0].milestones[0]");
  EXPECT_EQ(verdicts[1].reachability(), v1::REACHABILITY_REACHABLE);
  EXPECT_EQ(verdicts[2].path(), "exits[0]");
  EXPECT_EQ(verdicts[2].reachability(), v1::REACHABILITY_UNREACHABLE);
  EXPECT_NE(verdicts[2].why(), "");
  EXPECT_THAT(verdicts[2].example(), IsEmpty());

  // What an example says is so: as a scenario it holds.
  v1::Scenario& scenario = *definition.add_scenarios();
  scenario.set_key("example");
  *scenario.mutable_steps() = verdicts[1].example();
  scenario.add_expect()->add_achieved("done");
  v1::RunScenariosRequest run;
  *run.mutable_definition() = definition;
  EXPECT_THAT(Ask<v1::RunScenariosResponse>(run)->results(0).failures(), IsEmpty());
}

TEST_P(ReferencesTest, WhatDanglesHasNoVerdicts) {
  EXPECT_THAT(Validate(ReachedByBig("report_run"))->verdicts(), IsEmpty());
}

}  // namespace
}  // namespace waymark::journey
