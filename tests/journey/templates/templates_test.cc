// The templates are sound, complete and tested by themselves: whoever starts from one starts from green.
#include "services/journey/templates/templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/document/document.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/form.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/scenario.h"
#include "tests/rules/convert/round_trip.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::journey {
namespace {

using manifest::v1::Manifest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What a template's text says.
struct Contents {
  std::map<std::string, v1::PersonaDefinition> personas;
  std::map<std::string, v1::SegmentDefinition> segments;
  std::vector<manifest::v1::JourneyManifest> journeys;
};

Contents Read(const Template& text) {
  Contents contents;
  const document::Reading reading = document::ReadYaml(text.yaml, Manifest::default_instance());
  for (const document::Problem& problem : reading.problems) {
    ADD_FAILURE() << document::ToString(std::string(text.id), problem);
  }
  for (const document::Document& document : reading.documents) {
    const auto& manifest = static_cast<const Manifest&>(*document.message);
    if (manifest.has_persona())
      contents.personas.emplace(manifest.persona().persona_id(), manifest.persona().definition());
    if (manifest.has_segment())
      contents.segments.emplace(manifest.segment().segment_id(), manifest.segment().definition());
    if (manifest.has_journey()) contents.journeys.push_back(manifest.journey());
  }
  return contents;
}

v1::JourneyDefinition DefinitionIn(const Template& text) { return Read(text).journeys.at(0).definition(); }

rules::Journey JourneyIn(const Template& text) {
  const Contents contents = Read(text);
  rules::JourneyVersion version{.journey_id = contents.journeys.at(0).journey_id(),
                                .number = 1,
                                .definition = rules::FromProto(contents.journeys.at(0).definition())};
  for (const auto& [id, segment] : contents.segments) {
    version.segments.push_back({.segment_id = id, .criterion = rules::FromProto(segment.criterion())});
  }
  return rules::Journey(std::move(version));
}

class TemplateTest : public testing::TestWithParam<Template> {};
INSTANTIATE_TEST_SUITE_P(All, TemplateTest, testing::ValuesIn(Templates().begin(), Templates().end()),
                         [](const auto& info) { return std::string(info.param.id); });

TEST_P(TemplateTest, HoldsOneJourneyOfItsNameAndTitle) {
  const Contents contents = Read(GetParam());
  ASSERT_EQ(contents.journeys.size(), 1u);
  EXPECT_EQ(contents.journeys[0].journey_id(), GetParam().id);
  EXPECT_EQ(contents.journeys[0].title(), GetParam().title);
  EXPECT_FALSE(absl::StrContains(GetParam().summary, "\n"));
}

TEST_P(TemplateTest, ComesBackFromYamlAndJson) {
  const document::Reading reading = document::ReadYaml(GetParam().yaml, Manifest::default_instance());
  ASSERT_FALSE(reading.documents.empty());
  for (const document::Document& document : reading.documents) {
    ASSERT_NO_FATAL_FAILURE(rules::ExpectSameFromFiles(*document.message));
  }
}

TEST_P(TemplateTest, IsSoundWithoutAnyFinding) {
  const Contents contents = Read(GetParam());
  const auto none_in = [](const std::vector<rules::Finding>& findings) {
    for (const auto& finding : findings)
      ADD_FAILURE() << finding.code << " " << finding.path << ": " << finding.message;
  };
  none_in(rules::Check(contents.journeys.at(0).definition()));
  for (const auto& [id, persona] : contents.personas) none_in(rules::CheckForm(persona));
  for (const auto& [id, segment] : contents.segments) none_in(rules::CheckForm(segment));
}

TEST_P(TemplateTest, BringsThePersonasAndSegmentsThatItNamesAndOneAnchor) {
  const Contents contents = Read(GetParam());
  const v1::JourneyDefinition& definition = contents.journeys.at(0).definition();
  std::set<std::string> personas;
  int anchors = 0;
  for (const auto& persona : definition.personas()) {
    personas.insert(persona.persona_id());
    anchors += persona.anchor() ? 1 : 0;
  }
  EXPECT_EQ(anchors, 1);
  EXPECT_EQ(personas.size(), contents.personas.size());
  for (const auto& id : personas) EXPECT_TRUE(contents.personas.contains(id)) << id;
  EXPECT_EQ(static_cast<size_t>(definition.segments_size()), contents.segments.size());
  for (const auto& segment : definition.segments()) EXPECT_TRUE(contents.segments.contains(segment.segment_id()));
}

TEST_P(TemplateTest, EveryScenarioHolds) {
  const rules::Journey journey = JourneyIn(GetParam());
  const std::vector<rules::Scenario> scenarios = rules::ScenariosOf(DefinitionIn(GetParam()));
  ASSERT_FALSE(scenarios.empty());
  for (const rules::Scenario& scenario : scenarios) {
    EXPECT_THAT(rules::RunScenario(journey, scenario).failures, IsEmpty()) << scenario.key;
  }
}

TEST_P(TemplateTest, ScenariosGoThroughEveryStageTransitionMilestoneAndExit) {
  const rules::Journey journey = JourneyIn(GetParam());
  const auto coverage = rules::CoverageByPersona(journey, rules::ScenariosOf(DefinitionIn(GetParam())));
  const rules::Coverage everything = rules::Everything(journey);
  EXPECT_EQ(coverage.at("").stages, everything.stages);
  EXPECT_EQ(coverage.at("").transitions, everything.transitions);
  EXPECT_EQ(coverage.at("").milestones, everything.milestones);
  EXPECT_EQ(coverage.at("").exits, everything.exits);
}

TEST_P(TemplateTest, AScenarioReachesTheEndSoThatImplicitTransitionsAreTakenToo) {
  const v1::JourneyDefinition definition = DefinitionIn(GetParam());
  bool completes = false;
  for (const auto& scenario : definition.scenarios()) {
    for (const auto& expectation : scenario.expect()) {
      completes = completes || expectation.state() == v1::EXPECTED_STATE_COMPLETED;
    }
  }
  EXPECT_TRUE(completes);
}

TEST_P(TemplateTest, EveryPersonaGoesThroughAScenario) {
  const v1::JourneyDefinition definition = DefinitionIn(GetParam());
  std::set<std::string> told;
  for (const auto& scenario : definition.scenarios()) told.insert(scenario.persona_id());
  for (const auto& persona : definition.personas()) EXPECT_THAT(told, Contains(persona.persona_id()));
}

TEST_P(TemplateTest, SaysWhatAMapNeeds) {
  const v1::JourneyDefinition definition = DefinitionIn(GetParam());
  int value_moments = 0;
  bool risk = false;
  bool expansion = false;
  for (const auto& stage : definition.stages()) {
    risk = risk || stage.risk();
    expansion = expansion || stage.expansion();
    for (const auto& milestone : stage.milestones()) value_moments += milestone.value_moment() ? 1 : 0;
    if (stage.milestones().empty()) continue;  // A heading of parts.
    EXPECT_FALSE(stage.goal().empty()) << stage.key();
    EXPECT_FALSE(stage.owner_roles().empty()) << stage.key();
    EXPECT_FALSE(stage.experience().need().empty()) << stage.key();
    EXPECT_FALSE(stage.experience().emotion().empty()) << stage.key();
    EXPECT_FALSE(stage.experience().opportunities().empty()) << stage.key();
  }
  EXPECT_EQ(value_moments, 1);
  EXPECT_TRUE(risk);
  EXPECT_TRUE(expansion);
  for (const auto& touchpoint : definition.touchpoints())
    EXPECT_FALSE(touchpoint.owner_role().empty()) << touchpoint.key();
}

TEST(TemplatesTest, AreFourAndFoundById) {
  std::vector<std::string> ids;
  for (const Template& one : Templates()) ids.emplace_back(one.id);
  EXPECT_THAT(ids, ElementsAre("saas", "enterprise", "trial", "ecommerce"));
  EXPECT_EQ(FindTemplate("trial")->title, "From trial to paid");
  EXPECT_EQ(FindTemplate("none"), nullptr);
}

TEST(TemplatesTest, DoNotShareNamesSoThatAllCanBeApplied) {
  std::set<std::string> names;
  for (const Template& one : Templates()) {
    const Contents contents = Read(one);
    for (const auto& [id, persona] : contents.personas) EXPECT_TRUE(names.insert("persona " + id).second) << id;
    for (const auto& [id, segment] : contents.segments) EXPECT_TRUE(names.insert("segment " + id).second) << id;
  }
}

}  // namespace
}  // namespace waymark::journey
