// What a change of progress tells, and the witnesses of milestones, beyond plain counts (progress_test.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/story.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A habit that may be lost, then a stage that one may come back from; and a way out.
Journey Habit() {
  EventCount recent = Count("use", 2);
  recent.within = Days(3);
  Milestone habit = Of("habit", {recent}, Scope::kFromEntry);
  habit.latching = Latching::kRevocable;
  return Journey(
      {.journey_id = "j",
       .definition = {
           .entry = {.triggers = {FirstEvent{{.event_types = {"signup"}}}}, .re_entry = ReEntry::kAlways},
           .stages = {{.key = "a", .milestones = {habit}, .regress = true},
                      {.key = "b", .milestones = {Of("done", {Count("done")})}}},
           .exits = {{.key = "out", .criterion = {Count("cancel")}}},
           .transitions = {{.key = "ab", .from_stage = "a", .to_stage = "b"},
                           {.key = "ba", .from_stage = "b", .to_stage = "a", .criterion = Criterion{Count("reset")}},
                           {.key = "end", .from_stage = "b"}}}});
}

std::vector<ConclusionKind> Kinds(const std::vector<Conclusion>& conclusions) {
  std::vector<ConclusionKind> kinds;
  for (const Conclusion& conclusion : conclusions) kinds.push_back(conclusion.kind);
  return kinds;
}

std::vector<Conclusion> Between(std::vector<ScenarioStep> before, double until, std::vector<ScenarioStep> after,
                                double then) {
  return Compare(Habit(), After(Habit(), std::move(before), until), After(Habit(), std::move(after), then));
}

const std::vector<ScenarioStep>& Started() {
  static const auto& steps = *new std::vector<ScenarioStep>{EventAt(0, "signup"), EventAt(1, "use"), EventAt(2, "use")};
  return steps;
}
std::vector<ScenarioStep> And(std::vector<ScenarioStep> more) {
  std::vector<ScenarioStep> steps = Started();
  steps.insert(steps.end(), more.begin(), more.end());
  return steps;
}

// A late item may undo the last of several achievements, or more of them. Whether those before were told, when they
// were the last, the states do not say.
TEST(CompareTest, CountingBackLeavesItInDoubtWhatWasTold) {
  const Journey journey(
      {.journey_id = "j",
       .number = 1,
       .definition = {.stages = {{.key = "s", .milestones = {{.key = "m", .latching = Latching::kRevocable}}}}}});
  const auto with = [](uint32_t earlier, bool achieved) {
    Progress progress;
    rules::Run& run = progress.runs.emplace_back();
    run.entered.push_back({.time = absl::UnixEpoch(), .item = 1});
    run.milestones = {{.earlier = earlier}};
    if (achieved) run.milestones[0].achieved = Moment{absl::UnixEpoch() + absl::Hours(earlier), 2};
    return progress;
  };
  const auto told = [&](const Progress& before, const Progress& after) {
    std::vector<std::string> all;
    for (const Conclusion& conclusion : Compare(journey, before, after)) {
      all.push_back(absl::StrCat(conclusion.kind == ConclusionKind::kMilestoneRetracted ? "retracted " : "achieved ",
                                 conclusion.occurrence, conclusion.perhaps ? " perhaps" : ""));
    }
    return all;
  };
  EXPECT_THAT(told(with(2, true), with(1, true)), ElementsAre("retracted 3", "achieved 2 perhaps"));
  EXPECT_THAT(told(with(2, true), with(0, true)),
              ElementsAre("retracted 3", "retracted 2 perhaps", "achieved 1 perhaps"));
  EXPECT_THAT(told(with(2, false), with(1, false)), ElementsAre("retracted 2 perhaps"));
  EXPECT_THAT(told(with(2, false), with(1, true)), ElementsAre("achieved 2 perhaps"));
  EXPECT_THAT(told(with(1, true), with(1, false)), ElementsAre("retracted 2"));
  EXPECT_THAT(told(with(1, false), with(1, true)), ElementsAre("achieved 2"));
  EXPECT_THAT(told(with(0, true), with(1, true)), ElementsAre("achieved 2"));
}

TEST(CompareTest, TellsThatTimeRevokedAMilestone) {
  const std::vector<Conclusion> told = Between(Started(), 2, Started(), 9);
  ASSERT_THAT(Kinds(told), ElementsAre(ConclusionKind::kMilestoneRevoked));
  EXPECT_EQ(told[0].now, (Moment{Day(4)}));
  EXPECT_EQ(told[0].previous, Day(2));
  EXPECT_EQ(told[0].occurrence, 1u);
}

TEST(CompareTest, AchievedAgainIsAnotherOccurrence) {
  const std::vector<ScenarioStep> again = And({EventAt(10, "use"), EventAt(11, "use")});
  const std::vector<Conclusion> told = Between(Started(), 9, again, 11);
  ASSERT_THAT(Kinds(told), ElementsAre(ConclusionKind::kMilestoneAchieved));
  EXPECT_EQ(told[0].occurrence, 2u);
}

TEST(CompareTest, TellsAnExitAndTheNextEnrollment) {
  const std::vector<Conclusion> told = Between(Started(), 2, And({EventAt(3, "cancel"), EventAt(3.5, "signup")}), 3.6);
  ASSERT_THAT(Kinds(told),
              ElementsAre(ConclusionKind::kExited, ConclusionKind::kEnrolled, ConclusionKind::kStageEntered));
  EXPECT_EQ(told[0].exit, 0u);
  EXPECT_EQ(told[0].stage, 1u);
  EXPECT_EQ(told[1].run, 2u);
}

TEST(CompareTest, TellsAReturnInTheOrderOfTravel) {
  const std::vector<Conclusion> told = Between({}, 0, And({EventAt(2.5, "reset")}), 2.5);
  ASSERT_THAT(Kinds(told),
              ElementsAre(ConclusionKind::kEnrolled, ConclusionKind::kStageEntered, ConclusionKind::kMilestoneAchieved,
                          ConclusionKind::kStageEntered, ConclusionKind::kStageEntered));
  EXPECT_EQ(told[4].stage, 0u);
  EXPECT_EQ(told[4].occurrence, 2u);
  EXPECT_EQ(told[4].previous_stage, 1u);
}

TEST(CompareTest, RetractsWhatALateItemShowsNotToHaveHappened) {
  // Cancelled before the second use, as is known later.
  std::vector<ScenarioStep> late = Started();
  late.push_back(EventAt(1.5, "cancel"));
  const std::vector<Conclusion> told = Between(Started(), 2, late, 2);
  EXPECT_THAT(Kinds(told), ElementsAre(ConclusionKind::kStageRetracted, ConclusionKind::kMilestoneRetracted,
                                       ConclusionKind::kExited));
}

TEST(CompareTest, RetractsAnEndAndAnEnrollment) {
  const std::vector<ScenarioStep> done = And({EventAt(3, "done")});
  EXPECT_THAT(Kinds(Between(done, 3, Started(), 3)),
              ElementsAre(ConclusionKind::kCompletionRetracted, ConclusionKind::kMilestoneRetracted));
  EXPECT_THAT(Kinds(Between(done, 3, {EventAt(1, "use")}, 3)),
              ElementsAre(ConclusionKind::kCompletionRetracted, ConclusionKind::kStageRetracted,
                          ConclusionKind::kStageRetracted, ConclusionKind::kEnrollmentRetracted));
}

TEST(CompareTest, TellsNothingTwice) {
  const Progress progress = After(Habit(), And({EventAt(3, "reset"), EventAt(4, "cancel")}), 9);
  EXPECT_THAT(Compare(Habit(), progress, progress), IsEmpty());
}

std::vector<std::vector<absl::string_view>> Witnesses(const ScenarioHistory& history, double day) {
  return FindWitnesses(Habit(), history.items(), Day(day));
}

TEST(WitnessesTest, OfAWindowAreWhatLiesInIt) {
  const Scenario scenario{.steps = {EventAt(0, "signup"), EventAt(1, "use"), EventAt(6, "use"), EventAt(7, "use")}};
  const ScenarioHistory history(Habit(), scenario);
  EXPECT_THAT(Witnesses(history, 8)[0], ElementsAre("step 003", "step 004"));
}

TEST(WitnessesTest, AreThoseOfTheNewestEnrollment) {
  const Scenario scenario{.steps = And({EventAt(3, "done"), EventAt(4, "signup"), EventAt(5, "use")})};
  const ScenarioHistory history(Habit(), scenario);
  EXPECT_THAT(Witnesses(history, 6)[0], ElementsAre("step 006"));
  EXPECT_THAT(FindWitnesses(Habit(), history.items(), Day(6), 0)[1], ElementsAre("step 004"));
}

}  // namespace
}  // namespace waymark::rules
