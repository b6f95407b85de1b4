#include "services/milestone/open_journey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;

const absl::Time kNoon = absl::FromUnixSeconds(1'747'310'400);

rules::Criterion Events(const std::string& type, uint32_t at_least = 1) {
  return {rules::EventCount{.events = {{type}}, .at_least = at_least}};
}

// A history of events a minute apart.
std::vector<rules::Item> History(const std::vector<absl::string_view>& types) {
  std::vector<rules::Item> history;
  for (const absl::string_view type : types) {
    const auto number = static_cast<int64_t>(history.size()) + 1;
    history.push_back({.time = kNoon + absl::Minutes(number), .number = number, .type = type});
  }
  return history;
}

rules::JourneyVersion Journey(std::vector<rules::Stage> stages) {
  rules::JourneyVersion version{.journey_id = "j", .number = 1};
  // Nobody gets in before something that never happens: what was done counts all the same.
  version.definition.entry.triggers = {rules::FirstEvent{{{"never"}}}};
  version.definition.stages = std::move(stages);
  return version;
}

std::vector<bool> Look(const rules::JourneyVersion& version, const std::vector<absl::string_view>& types) {
  const std::vector<rules::Item> history = History(types);
  return OpenJourney(rules::Journey(version), "").Look(history, kNoon + absl::Hours(24)).stages;
}

TEST(OpenJourneyTest, EachMilestoneCountsForItselfFromTheFirstEventOn) {
  const rules::JourneyVersion version =
      Journey({{.key = "first", .milestones = {{.key = "a", .criterion = Events("a", 2)}}},
               {.key = "second", .milestones = {{.key = "b", .criterion = Events("b"), .depends_on = {"a"}}}}});
  EXPECT_THAT(Look(version, {"b", "a"}), ElementsAre(false, true));
  EXPECT_THAT(Look(version, {"a", "b", "a"}), ElementsAre(true, true));
  EXPECT_THAT(Look(version, {}), ElementsAre(false, false));
}

TEST(OpenJourneyTest, WhatWasOnceMetStaysSo) {
  const rules::Criterion recent = {rules::EventCount{.events = {{"use"}}, .within = absl::Hours(1)}};
  const rules::JourneyVersion version = Journey({{.key = "habit",
                                                  .milestones = {{.key = "a",
                                                                  .scope = rules::Scope::kFromEntry,
                                                                  .criterion = recent,
                                                                  .latching = rules::Latching::kRevocable}}},
                                                 {.key = "monthly",
                                                  .milestones = {{.key = "b",
                                                                  .scope = rules::Scope::kFromEntry,
                                                                  .criterion = Events("use"),
                                                                  .latching = rules::Latching::kRecurring,
                                                                  .period = absl::Hours(2)}}}});
  EXPECT_THAT(Look(version, {"use", "other"}), ElementsAre(true, true));
}

TEST(OpenJourneyTest, ExitRulesSayWhenAStageIsFulfilled) {
  std::vector<rules::Milestone> three = {{.key = "a", .criterion = Events("a")},
                                         {.key = "b", .criterion = Events("b"), .required = false},
                                         {.key = "c", .criterion = Events("c")}};
  std::vector<rules::Milestone> others = three;
  for (rules::Milestone& milestone : others) milestone.key += "2";
  const rules::JourneyVersion version =
      Journey({{.key = "all", .milestones = three}, {.key = "two", .milestones = others, .exit_at_least = 2}});
  EXPECT_THAT(Look(version, {"c", "a"}), ElementsAre(true, true));
  EXPECT_THAT(Look(version, {"a", "b"}), ElementsAre(false, true));
}

TEST(OpenJourneyTest, CallsEndNothing) {
  const rules::JourneyVersion version =
      Journey({{.key = "first", .milestones = {{.key = "a", .criterion = Events("a")}}},
               {.key = "second", .milestones = {{.key = "b", .criterion = {rules::Attested{}}}}}});
  std::vector<rules::Item> history = History({"other", "j", "a", "j"});
  history[1].kind = rules::ItemKind::kExitCall;
  history[3].kind = rules::ItemKind::kAttestation;
  history[3].key = "b";
  const std::vector<bool> stages =
      OpenJourney(rules::Journey(version), "").Look(history, kNoon + absl::Hours(24)).stages;
  EXPECT_THAT(stages, ElementsAre(true, true));
}

TEST(OpenJourneyTest, BelongingToASegmentIsAskedAsOfTheEnd) {
  rules::JourneyVersion version = Journey({{.key = "first", .milestones = {{.key = "a", .criterion = Events("a")}}}});
  version.segments = {
      {.segment_id = "active", .criterion = {rules::EventCount{.events = {{"use"}}, .within = absl::Hours(1)}}}};
  const OpenJourney open{rules::Journey(version), "active"};
  const std::vector<rules::Item> history = History({"use", "other"});
  EXPECT_TRUE(open.Look(history, kNoon + absl::Minutes(30)).in_segment);
  EXPECT_FALSE(open.Look(history, kNoon + absl::Hours(3)).in_segment);
  EXPECT_FALSE(OpenJourney(rules::Journey(version), "other").Look(history, kNoon + absl::Minutes(30)).in_segment);
}

}  // namespace
}  // namespace waymark::milestone
