#include "services/rules/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Milestone Counts(std::string key, std::vector<std::string> types, uint32_t at_least) {
  return {.key = std::move(key),
          .criterion = {EventCount{.events = {.event_types = std::move(types)}, .at_least = at_least}}};
}

// Setup, adoption, and an exit for who is silent for 30 days.
Journey Onboarding() {
  return Journey({.journey_id = "onboarding",
                  .number = 1,
                  .definition = {.entry = {.triggers = {AnyEvent{}}},
                                 .stages = {{.key = "setup", .milestones = {Counts("data_connected", {"connect"}, 1)}},
                                            {.key = "adoption", .milestones = {Counts("reports", {"report"}, 2)}}},
                                 .exits = {{.key = "silent", .criterion = {Absence{.lasting = absl::Hours(30 * 24)}}}},
                                 .transitions = {{.key = "on", .from_stage = "setup", .to_stage = "adoption"},
                                                 {.key = "done", .from_stage = "adoption"}}}});
}

absl::Duration Days(int days) { return absl::Hours(24 * days); }

TEST(ScenarioTest, HoldsWhereEveryExpectationDoes) {
  const ScenarioResult result = RunScenario(
      Onboarding(),
      {.steps = {{.at = Days(0), .type = "login"}, {.at = Days(1), .type = "connect"}, {.at = Days(2), .type = "report"}},
       .expect = {{.at = Days(0), .stage = "setup", .not_achieved = {"data_connected"}},
                  {.at = Days(1), .stage = "adoption", .achieved = {"data_connected"}, .state = ExpectedState::kActive},
                  {.at = Days(40), .state = ExpectedState::kExited, .exit = "silent"}}});
  EXPECT_THAT(result.failures, IsEmpty());
}

TEST(ScenarioTest, SaysInWordsWhatDoesNotHoldAndWhatIsMissing) {
  const ScenarioResult result = RunScenario(
      Onboarding(), {.steps = {{.at = Days(1), .type = "login"}},
                     .expect = {{.at = Days(0), .stage = "setup"},
                                {.at = Days(3), .stage = "adoption", .achieved = {"reports"}},
                                {.state = ExpectedState::kCompleted},
                                {.at = Days(31), .stage = "setup", .state = ExpectedState::kActive}}});
  EXPECT_THAT(result.failures,
              ElementsAre("at 0 s: expected stage setup, is not enrolled",
                          "at 1 d: expected to be completed, stands in setup: data_connected is missing (0 of 1 connect)",
                          "at 3 d: expected stage adoption, stands in setup: data_connected is missing (0 of 1 connect)",
                          "at 3 d: expected milestone reports, it lacks 0 of 2 report",
                          "at 31 d: expected to be active, has left from setup by silent"));
}

TEST(ScenarioTest, TellsWhatWasGoneThroughSummedUpByPersona) {
  const std::vector<Scenario> scenarios = {
      {.persona_id = "anna", .steps = {{.type = "connect"}}},
      {.persona_id = "ben", .steps = {{.type = "login"}, {.at = Days(31), .kind = ItemKind::kBand, .type = "x"}}}};
  const std::map<std::string, Coverage> coverage = CoverageByPersona(Onboarding(), scenarios);
  const Coverage anna{.stages = {"setup", "adoption"}, .transitions = {"on"}, .milestones = {"data_connected"}};
  const Coverage ben{.stages = {"setup"}, .exits = {"silent"}};
  EXPECT_EQ(coverage.at("anna"), anna);
  EXPECT_EQ(coverage.at("ben"), ben);
  Coverage both = anna;
  both.Add(ben);
  EXPECT_EQ(coverage.at(""), both);
  EXPECT_EQ(Everything(Onboarding()), (Coverage{.stages = {"setup", "adoption"},
                                                .transitions = {"on", "done"},
                                                .milestones = {"data_connected", "reports"},
                                                .exits = {"silent"}}));
}

}  // namespace
}  // namespace waymark::rules
