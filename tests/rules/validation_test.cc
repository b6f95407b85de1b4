// What the corpus (corpus_test.cc) cannot show: limits, what is not known, segments, the kinds of keys.
#include "services/rules/validation.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Criterion Counts(std::string event_type) { return {EventCount{.events = {.event_types = {std::move(event_type)}}}}; }

Milestone Reached(std::string key, std::string event_type) {
  return {.key = key, .title = key, .criterion = Counts(std::move(event_type))};
}

Definition Onboarding() {
  return {.entry = {.triggers = {FirstEvent{{.event_types = {"signed_up"}}}}},
          .stages = {
              {.key = "setup",
               .milestones = {Reached("data-connected", "source_connected"), Reached("team_invited", "user_invited")}},
              {.key = "adoption", .milestones = {Reached("first-report", "report_run")}}}};
}

auto Finds(std::string code, std::string path, Layer layer, Severity severity = Severity::kError) {
  return AllOf(Field("code", &Finding::code, code), Field("path", &Finding::path, path),
               Field("message", &Finding::message, Not(IsEmpty())), Field("hint", &Finding::hint, Not(IsEmpty())),
               Field("layer", &Finding::layer, layer), Field("severity", &Finding::severity, severity));
}

TEST(ValidationTest, ASoundDefinitionHasNoFindings) { EXPECT_THAT(Validate(Onboarding()), IsEmpty()); }

TEST(ValidationTest, AStageMayBeWithoutMilestones) {
  Definition definition = Onboarding();
  definition.stages.push_back({.key = "renewal"});
  EXPECT_THAT(Validate(definition), IsEmpty());
}

TEST(ValidationTest, MilestonesAreCountedOverAllStages) {
  Definition definition = Onboarding();
  for (int i = 0; i < 197; ++i) {
    definition.stages[i % 2].milestones.push_back(Reached(absl::StrCat("m", i), "report_run"));
  }
  EXPECT_THAT(Validate(definition), IsEmpty());
  definition.stages[1].milestones.push_back(Reached("one-more", "report_run"));
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("TOO_MANY", "stages", Layer::kForm)));
}

TEST(ValidationTest, ACriterionHasAtMost200PartsAndEightLevels) {
  Definition definition = Onboarding();
  Criterion& criterion = definition.stages[1].milestones[0].criterion;
  std::vector<Criterion> groups;
  for (int i = 0; i < 5; ++i) {
    std::vector<Criterion> parts;
    for (int k = 0; k < 39; ++k) parts.push_back(Counts(absl::StrCat("event", i, "_", k)));
    groups.push_back({Some{.quorum = Quorum::kAny, .criteria = std::move(parts)}});
  }
  criterion = {Some{.quorum = Quorum::kAny, .criteria = std::move(groups)}};
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("TOO_MANY", "stages[1].milestones[0].criterion", Layer::kForm)));
  std::get<Some>(criterion.kind).criteria.pop_back();
  EXPECT_THAT(Validate(definition), IsEmpty());

  criterion = Counts("report_run");
  for (int level = 2; level <= 8; ++level) {
    Some some{.quorum = Quorum::kAll};
    some.criteria.push_back(std::move(criterion));
    criterion = {std::move(some)};
  }
  EXPECT_THAT(Validate(definition), IsEmpty());
  Some some{.quorum = Quorum::kAll};
  some.criteria.push_back(std::move(criterion));
  criterion = {std::move(some)};
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("TOO_DEEP", "stages[1].milestones[0].criterion", Layer::kForm)));
}

TEST(ValidationTest, NoMoreThanSoManyFindings) {
  Definition definition = Onboarding();
  for (int i = 0; i < 300; ++i) definition.stages[0].milestones.push_back(Reached("same", "report_run"));
  EXPECT_THAT(Validate(definition), SizeIs(kMostFindings));
}

TEST(ValidationTest, WhatIsNotKnownOfTheWorkspaceIsNotChecked) {
  Definition definition = Onboarding();
  definition.personas = {{.persona_id = "admin", .number = 9}};
  definition.segments = {{.segment_id = "enterprise"}};
  definition.exits = {{.key = "churned", .criterion = {InSegment{"enterprise"}}}};
  definition.entry.triggers.push_back(JourneyCompletion{"trial"});
  EXPECT_THAT(Validate(definition), IsEmpty());
  Surroundings surroundings;
  surroundings.personas.emplace();
  surroundings.segments.emplace();
  surroundings.journeys.emplace();
  EXPECT_THAT(Validate(definition, surroundings),
              UnorderedElementsAre(
                  Finds("PERSONA_UNKNOWN", "personas[0].persona_id", Layer::kReferences),
                  Finds("SEGMENT_UNKNOWN", "segments[0].segment_id", Layer::kReferences),
                  Finds("JOURNEY_UNKNOWN", "entry.triggers[1].journey_completed.journey_id", Layer::kReferences)));
}

TEST(ValidationTest, RemovedKeysOfEveryKindAreNotUsedAgain) {
  Definition definition = Onboarding();
  definition.exits = {{.key = "churned", .criterion = Counts("account_closed")}};
  definition.transitions = {{.key = "forward", .from_stage = "setup", .to_stage = "adoption"}};
  definition.touchpoints = {{.key = "call", .stage_key = "setup"}};
  definition.goals = {{.key = "grow"}};
  const std::vector<Scenario> scenarios = {{.key = "straight", .expect = {{.stage = "setup"}}}};
  const Surroundings surroundings{.removed = {.stages = {{"setup", 2}, {"churned", 2}},
                                              .milestones = {{"first-report", 2}},
                                              .exits = {{"churned", 3}},
                                              .transitions = {{"forward", 3}},
                                              .touchpoints = {{"call", 4}},
                                              .goals = {{"grow", 4}},
                                              .scenarios = {{"straight", 4}}}};
  EXPECT_THAT(Validate(definition, surroundings, scenarios),
              UnorderedElementsAre(Finds("KEY_REUSED", "stages[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "stages[1].milestones[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "exits[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "transitions[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "touchpoints[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "goals[0].key", Layer::kReferences),
                                   Finds("KEY_REUSED", "scenarios[0].key", Layer::kReferences)));
}

TEST(ValidationTest, AMisspelledNameIsAnsweredWithTheNearestOne) {
  Definition definition = Onboarding();
  definition.stages[1].milestones[0].depends_on = {"team-invited"};
  EXPECT_THAT(Validate(definition), ElementsAre(Field("hint", &Finding::hint, HasSubstr("\"team_invited\""))));
}

TEST(ValidationTest, TheCycleOfDependenciesIsToldInWords) {
  Definition definition = Onboarding();
  definition.stages[0].milestones[0].depends_on = {"team_invited"};
  definition.stages[0].milestones[1].depends_on = {"data-connected"};
  EXPECT_THAT(Validate(definition),
              Contains(Field("message", &Finding::message,
                             HasSubstr("\"data-connected\" needs \"team_invited\", \"team_invited\" needs "
                                       "\"data-connected\""))));
}

TEST(ValidationTest, WhatMakesNoSenseInAMapThatTracksNobodyIsAWarning) {
  Definition definition = Onboarding();
  definition.tracks = false;
  definition.stages[0].milestones[0].depends_on = {"data-connected"};
  EXPECT_THAT(Validate(definition),
              UnorderedElementsAre(Finds("DEPENDENCY_CYCLE", "stages[0].milestones[0].depends_on[0]", Layer::kMeaning,
                                         Severity::kWarning),
                                   Finds("STAGE_UNREACHABLE", "stages[1]", Layer::kMeaning, Severity::kWarning)));
}

TEST(ValidationTest, ASegmentIsMadeOfEventsAndAttributesAlone) {
  const Criterion rule = {Some{
      .quorum = Quorum::kAny,
      .criteria = {{MilestoneMet{"first-report"}}, {InSegment{"enterprise"}}, {Attested{}}, Counts("report_run")}}};
  EXPECT_THAT(ValidateSegment(rule),
              ElementsAre(Finds("MISPLACED", "criterion.any_of.criteria[0].milestone", Layer::kForm),
                          Finds("MISPLACED", "criterion.any_of.criteria[1].segment", Layer::kForm),
                          Finds("MISPLACED", "criterion.any_of.criteria[2].attested", Layer::kForm)));
}

TEST(ValidationTest, ASegmentsRuleIsCheckedInAllThreeLayers) {
  const Criterion never = {Some{.quorum = Quorum::kAll, .criteria = {Counts("login"), {NoneOf{{Counts("login")}}}}}};
  EXPECT_THAT(ValidateSegment(Counts("login")), IsEmpty());
  EXPECT_THAT(ValidateSegment(never),
              ElementsAre(Finds("CRITERION_CONTRADICTORY", "criterion.all_of", Layer::kMeaning)));
  EXPECT_THAT(ValidateSegment(Counts("logn"), {.event_types = {{"login"}}}),
              ElementsAre(Finds("EVENT_TYPE_UNSEEN", "criterion.event_count.event_types[0]", Layer::kReferences,
                                Severity::kWarning)));
}

}  // namespace
}  // namespace waymark::rules
