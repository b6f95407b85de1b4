// How customers travel: entry, exits, milestones' scopes and latching, transitions.
#include "services/rules/folding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/story.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Journey Make(Definition definition, std::vector<SegmentRule> segments = {}) {
  if (definition.entry.triggers.empty()) definition.entry.triggers = {AnyEvent{}};
  return Journey({.journey_id = "j", .definition = std::move(definition), .segments = std::move(segments)});
}

// One stage that `done` completes.
Journey Entered(Entry entry, std::vector<SegmentRule> segments = {}) {
  return Make({.entry = std::move(entry),
               .stages = {{.key = "only", .milestones = {Of("done", {Count("done")})}}},
               .exits = {{.key = "left", .criterion = {Count("leave")}}}},
              std::move(segments));
}

// The days on which enrollments were opened.
std::vector<double> OpenedOn(const Journey& journey, std::vector<ScenarioStep> steps, double until = 100) {
  std::vector<double> days;
  const Progress progress = After(journey, std::move(steps), until);
  for (const Run& run : progress.enrollments()) {
    days.push_back(absl::FDivDuration(run.entered[0].time - ScenarioStart(), Days(1)));
  }
  return days;
}

// The stages in the order in which they were entered.
std::vector<std::string> Path(const Journey& journey, std::vector<ScenarioStep> steps, double until = 100) {
  std::vector<std::string> stages;
  const Progress progress = After(journey, std::move(steps), until);
  if (!progress.enrolled()) return stages;
  for (const Passage& passage : progress.latest().entered) stages.push_back(journey.stages()[passage.stage].key);
  if (progress.latest().completed.has_value()) stages.push_back("(completed)");
  if (progress.latest().exited.has_value()) stages.push_back("(exited)");
  return stages;
}

TEST(EntryTest, AnyOfTheTriggersOpensWhicheverComesFirst) {
  const Journey journey =
      Entered({.triggers = {FirstEvent{{.event_types = {"signup"}}}, ByCall{}, JourneyCompletion{"sales"}}});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "login"), EventAt(1, "signup"), CallAt(2, ItemKind::kEnrollCall)}),
              ElementsAre(1));
  EXPECT_THAT(OpenedOn(journey, {CallAt(2, ItemKind::kEnrollCall), EventAt(3, "signup")}), ElementsAre(2));
  EXPECT_THAT(OpenedOn(journey, {CompletionAt(1, "other"), CompletionAt(4, "sales")}), ElementsAre(4));
}

TEST(EntryTest, AnEventOpensWhereItFulfilsTheConditions) {
  const Journey journey =
      Entered({.triggers = {FirstEvent{{.event_types = {"signup"}, .where = {{.name = "plan", .values = {}}}}}}});
  EXPECT_THAT(OpenedOn(journey, {EventAt(1, "signup"), EventAt(2, "signup", {{"plan", std::string("pro")}})}),
              ElementsAre(2));
}

TEST(EntryTest, ASegmentOpensWhenItIsEnteredAlsoByTimeAlone) {
  const Journey journey = Entered({.triggers = {InSegment{"silent"}}},
                                  {{"silent", {Absence{.lasting = Days(7), .since = Anchor::kFirstEvent}}}});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "login"), EventAt(5, "login")}), ElementsAre(12));
  EXPECT_EQ(After(journey, {EventAt(0, "login")}, 10).latest().entered[0].item, 0);
}

TEST(EntryTest, ADateOpensWhenItComes) {
  const Journey journey = Entered({.triggers = {DateReached{"renewal", 0, -2}}});
  EXPECT_THAT(OpenedOn(journey, {AttributesAt(0, {{"renewal", std::string("2026-01-15")}})}),
              ElementsAre(8 - 9.0 / 24));
}

TEST(EntryTest, NothingThatHappenedBeforeEnrollFromOpens) {
  const Journey journey =
      Make({.stages = {{.key = "only", .milestones = {Of("done", {Count("done")})}}}, .enroll_from = Day(5)});
  EXPECT_THAT(OpenedOn(journey, {EventAt(1, "login"), EventAt(5, "login"), EventAt(6, "login")}), ElementsAre(5));
}

TEST(EntryTest, NeverMeansOnceInALifetime) {
  const Journey journey = Entered({.triggers = {AnyEvent{}}});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "a"), EventAt(1, "leave"), EventAt(2, "a")}), ElementsAre(0));
}

TEST(EntryTest, AfterExitMeansNotAfterCompletion) {
  const Journey journey = Entered({.triggers = {AnyEvent{}}, .re_entry = ReEntry::kAfterExit});
  EXPECT_THAT(
      OpenedOn(journey, {EventAt(0, "a"), EventAt(1, "leave"), EventAt(2, "a"), EventAt(3, "done"), EventAt(4, "a")}),
      ElementsAre(0, 2));
}

TEST(EntryTest, AlwaysMeansAfterCompletionTooButNotThroughTheItemThatEndedIt) {
  const Journey journey = Entered({.triggers = {AnyEvent{}}, .re_entry = ReEntry::kAlways});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "a"), EventAt(1, "done"), EventAt(2, "a")}), ElementsAre(0, 2));
}

TEST(EntryTest, NothingOpensDuringTheCooldown) {
  const Journey journey = Entered({.triggers = {AnyEvent{}}, .re_entry = ReEntry::kAlways, .cooldown = Days(3)});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "a"), EventAt(1, "done"), EventAt(3.9, "a"), EventAt(4, "a")}),
              ElementsAre(0, 4));
}

TEST(EntryTest, EachValueOfTheEntryKeyHasAnEnrollmentOfItsOwn) {
  const Journey journey = Entered({.triggers = {FirstEvent{{.event_types = {"renew"}}}}, .entry_key = "contract"});
  const Progress progress = After(
      journey,
      {EventAt(0, "renew", {{"contract", std::string("A")}}), EventAt(1, "renew", {{"contract", std::string("B")}}),
       EventAt(2, "renew"), EventAt(3, "renew", {{"contract", std::string("A")}}), AttributesAt(4, {{"contract", 7.0}}),
       EventAt(5, "renew")},
      9);
  std::vector<std::string> keys;
  for (const rules::Run& run : progress.enrollments()) keys.push_back(run.key);
  EXPECT_THAT(keys, ElementsAre("A", "B", "7"));
}

TEST(EntryTest, NothingOpensWhileTheFirstStageMayNotBeEntered) {
  const Journey journey =
      Make({.stages = {{.key = "only", .milestones = {Of("done", {Count("done")})}, .required_answers = {"goal"}}}});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "a"), AttributesAt(1, {{"goal", std::string("more")}}), EventAt(2, "a")}),
              ElementsAre(2));
}

TEST(ExitTest, TheFirstThatIsMetEndsTheEnrollmentBeforeAnyTransition) {
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {Of("m", {Count("go")})}}, {.key = "b"}},
                                .exits = {{.key = "x", .criterion = {Count("never")}},
                                          {.key = "y", .criterion = {Count("go")}},
                                          {.key = "z", .criterion = {Count("go")}}}});
  const Progress progress = After(journey, {EventAt(0, "login"), EventAt(1, "go"), EventAt(2, "never")}, 9);
  EXPECT_EQ(progress.latest().exited->exit, 1u);
  EXPECT_EQ(progress.latest().stage(), 0u);
}

TEST(ExitTest, CountsFromTheEnrollment) {
  const Journey journey =
      Entered({.triggers = {FirstEvent{{.event_types = {"signup"}}}}, .re_entry = ReEntry::kAfterExit});
  EXPECT_THAT(OpenedOn(journey, {EventAt(0, "leave"), EventAt(1, "signup"), EventAt(2, "leave"), EventAt(3, "signup")}),
              ElementsAre(1, 3));
  EXPECT_FALSE(After(journey, {EventAt(0, "leave"), EventAt(1, "signup")}, 9).latest().ended());
}

TEST(ExitTest, ACallEndsTheEnrollment) {
  const Progress progress =
      After(Entered({.triggers = {AnyEvent{}}}), {EventAt(0, "a"), CallAt(1, ItemKind::kExitCall)}, 9);
  EXPECT_EQ(progress.latest().exited->exit, std::nullopt);
  EXPECT_EQ(progress.latest().exited->moment.time, Day(1));
}

TEST(ExitTest, NothingChangesAnEnrollmentAfterItsEnd) {
  Milestone habit = Of("habit", {Count("use")}, Scope::kFromEntry);
  habit.latching = Latching::kRevocable;
  std::get<EventCount>(habit.criterion.kind).within = Days(2);
  const Journey journey = Make({.stages = {{.key = "only", .milestones = {habit, Of("m", {Count("done")})}}}});
  EXPECT_TRUE(After(journey, {EventAt(0, "use"), EventAt(1, "done")}, 50).latest().milestones[0].achieved.has_value());
}

// Two stages; `it` is in the second.
Journey Scoped(Scope scope) {
  Milestone it = Of("it", {Count("use", 2)}, scope);
  it.scope_window = Days(3);
  return Make({.entry = {.triggers = {FirstEvent{{.event_types = {"signup"}}}}},
               .stages = {{.key = "a", .milestones = {Of("m", {Count("go")})}}, {.key = "b", .milestones = {it}}}});
}

TEST(ScopeTest, SaysWhichPartOfHistoryCounts) {
  const auto achieved = [](Scope scope, double day) {
    const std::optional<Moment> it = After(Scoped(scope),
                                           {EventAt(0, "use"), EventAt(1, "signup"), EventAt(2, "use"),
                                            EventAt(3, "go"), EventAt(5, "use"), EventAt(7, "use")},
                                           day)
                                         .latest()
                                         .milestones[1]
                                         .achieved;
    return it.has_value() ? absl::FDivDuration(it->time - ScenarioStart(), Days(1)) : -1;
  };
  EXPECT_EQ(achieved(Scope::kAllHistory, 9), 2);
  EXPECT_EQ(achieved(Scope::kFromEntry, 9), 5);
  EXPECT_EQ(achieved(Scope::kFromStage, 9), 7);
  EXPECT_EQ(achieved(Scope::kWindow, 9), 2);
}

TEST(ScopeTest, AWindowHoldsAWholeSequence) {
  Milestone it = Of("it", {Sequence{.steps = {{.event_types = {"a"}}, {.event_types = {"b"}}}}}, Scope::kWindow);
  it.scope_window = Days(3);
  const Journey journey = Make({.stages = {{.key = "only", .milestones = {it, Of("never", {Count("never")})}}}});
  EXPECT_FALSE(After(journey, {EventAt(0, "a"), EventAt(3, "b")}, 9).latest().milestones[0].achieved.has_value());
  EXPECT_TRUE(After(journey, {EventAt(0, "a"), EventAt(2, "b")}, 9).latest().milestones[0].achieved.has_value());
}

TEST(ScopeTest, FromStageStaysAsItIsWhenTheStageIsLeft) {
  const Journey journey = Make(
      {.stages = {{.key = "a", .milestones = {Of("m", {Count("go")}), Of("extra", {Count("use")})}, .exit_at_least = 1},
                  {.key = "b", .milestones = {Of("n", {Count("never")})}}}});
  EXPECT_FALSE(After(journey, {EventAt(0, "go"), EventAt(1, "use")}, 9).latest().milestones[1].achieved.has_value());
}

TEST(LatchingTest, RevocableIsAchievedWhileItIsMetAlsoByTimeAlone) {
  Milestone habit = Of("habit", {Count("use", 2)}, Scope::kFromEntry);
  habit.latching = Latching::kRevocable;
  std::get<EventCount>(habit.criterion.kind).within = Days(2);
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {habit, Of("never", {Count("never")})}}}});
  const std::vector<ScenarioStep> steps = {EventAt(0, "use"), EventAt(1, "use"), EventAt(5, "use"), EventAt(6, "use")};
  EXPECT_TRUE(After(journey, {steps[0], steps[1]}, 1.9).latest().milestones[0].achieved.has_value());
  const rules::Run revoked = After(journey, {steps[0], steps[1]}, 3).latest();
  EXPECT_FALSE(revoked.milestones[0].achieved.has_value());
  EXPECT_THAT(revoked.revoked, ElementsAre(Revocation{0, {Day(2)}}));
  const rules::Run again = After(journey, steps, 6).latest();
  EXPECT_EQ(again.milestones[0].achieved->time, Day(6));
  EXPECT_EQ(again.milestones[0].earlier, 1u);
}

TEST(LatchingTest, AStageOnceCompletedStaysCompleted) {
  Milestone habit = Of("habit", {Count("use")}, Scope::kFromEntry);
  habit.latching = Latching::kRevocable;
  std::get<EventCount>(habit.criterion.kind).within = Days(2);
  const Journey journey = Make(
      {.stages = {
           {.key = "a", .milestones = {habit}},
           {.key = "b", .milestones = {Of("n", {Count("never")})}, .entry_criterion = Criterion{Count("allow")}}}});
  EXPECT_THAT(Path(journey, {EventAt(0, "use"), EventAt(9, "allow")}), ElementsAre("a", "b"));
}

TEST(LatchingTest, RecurringIsAchievedInEachPeriodAnewByWhatComesInIt) {
  Milestone monthly = Of("monthly", {Count("report", 2)}, Scope::kFromEntry);
  monthly.latching = Latching::kRecurring;
  monthly.period = Days(30);
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {monthly, Of("never", {Count("never")})}}}});
  std::vector<ScenarioStep> steps = {EventAt(0, "report"), EventAt(30, "report")};
  // What comes at the very end of a period belongs to it.
  EXPECT_EQ(After(journey, steps, 29.9).latest().milestones[0].achieved->time, Day(30));
  EXPECT_FALSE(After(journey, steps, 30).latest().milestones[0].achieved.has_value());
  steps.push_back(EventAt(31, "report"));
  EXPECT_FALSE(After(journey, steps, 40).latest().milestones[0].achieved.has_value());
  steps.push_back(EventAt(32, "report"));
  EXPECT_EQ(After(journey, steps, 40).latest().milestones[0].achieved->time, Day(32));
  EXPECT_EQ(After(journey, steps, 40).latest().milestones[0].earlier, 1u);
}

TEST(MilestoneTest, WaitsForWhatItDependsOn) {
  Milestone second = Of("second", {Count("use")});
  second.depends_on = {"first"};
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {second, Of("first", {Count("go")})}}}});
  const Progress progress = After(journey, {EventAt(0, "use"), EventAt(1, "go")}, 9);
  EXPECT_EQ(progress.latest().milestones[0].achieved->time, Day(1));
  EXPECT_EQ(progress.latest().completed->time, Day(1));
}

TEST(MilestoneTest, TheFirstVariantWhoseSegmentTheCustomerBelongsToCounts) {
  Milestone it = Of("it", {Count("use")});
  it.variants = {{"vip", {Count("call")}}, {"big", {Count("mail")}}};
  const ValueCondition is_vip{.name = "vip"}, is_big{.name = "big"};
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {it}}}},
                               {{"vip", {AttributeIs{is_vip}}}, {"big", {AttributeIs{is_big}}}});
  EXPECT_THAT(Path(journey, {EventAt(0, "use")}), ElementsAre("a", "(completed)"));
  EXPECT_THAT(Path(journey, {AttributesAt(0, {{"big", true}}), EventAt(0, "use")}), ElementsAre("a"));
  EXPECT_THAT(Path(journey, {AttributesAt(0, {{"big", true}, {"vip", true}}), EventAt(0, "mail"), EventAt(1, "call")}),
              ElementsAre("a", "(completed)"));
}

TEST(MilestoneTest, OptionalOnesAreNotNeededToCompleteTheStage) {
  Milestone extra = Of("extra", {Count("use")});
  extra.required = false;
  EXPECT_THAT(Path(Make({.stages = {{.key = "a", .milestones = {extra, Of("m", {Count("go")})}}}}), {EventAt(0, "go")}),
              ElementsAre("a", "(completed)"));
}

TEST(StageTest, SoManyOfItsMilestonesCompleteIt) {
  const Journey journey =
      Make({.stages = {{.key = "a",
                        .milestones = {Of("x", {Count("x")}), Of("y", {Count("y")}), Of("z", {Count("z")})},
                        .exit_at_least = 2}}});
  EXPECT_THAT(Path(journey, {EventAt(0, "x")}), ElementsAre("a"));
  EXPECT_THAT(Path(journey, {EventAt(0, "x"), EventAt(1, "z")}), ElementsAre("a", "(completed)"));
}

TEST(StageTest, IsEnteredOnceItsEntryCriterionHoldsAndItsHandOffIsAnswered) {
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {Of("m", {Count("go")})}},
                                           {.key = "b",
                                            .milestones = {Of("n", {Count("never")})},
                                            .entry_criterion = Criterion{Count("kickoff")},
                                            .required_answers = {"goal"}}}});
  EXPECT_THAT(Path(journey, {EventAt(0, "go"), EventAt(1, "kickoff")}), ElementsAre("a"));
  EXPECT_THAT(Path(journey, {EventAt(0, "go"), EventAt(1, "kickoff"), AttributesAt(2, {{"goal", std::string("x")}})}),
              ElementsAre("a", "b"));
}

// a <-> b, and c; what leads back is open only where it may.
Journey Branching(bool regress, int32_t priority_of_c = 0) {
  return Make(
      {.stages = {{.key = "a", .milestones = {Of("m", {Count("use", 2)})}, .regress = regress},
                  {.key = "b", .milestones = {Of("n", {Count("never")})}},
                  {.key = "c", .milestones = {Of("o", {Count("never")})}}},
       .transitions = {{.key = "ab", .from_stage = "a", .to_stage = "b"},
                       {.key = "ac", .from_stage = "a", .to_stage = "c", .priority = priority_of_c},
                       {.key = "ba", .from_stage = "b", .to_stage = "a", .criterion = Criterion{Count("complain")}},
                       {.key = "end", .from_stage = "b", .criterion = Criterion{Count("renew", 2)}}}});
}

TEST(TransitionTest, TheHighestPriorityIsTakenAndOfEqualOnesTheFirst) {
  const std::vector<ScenarioStep> steps = {EventAt(0, "use"), EventAt(1, "use")};
  EXPECT_THAT(Path(Branching(true), steps), ElementsAre("a", "b"));
  EXPECT_THAT(Path(Branching(true, 1), steps), ElementsAre("a", "c"));
}

TEST(TransitionTest, LeadsBackOnlyWhereTheStageAllowsItAndMilestonesCountAnewThere) {
  const std::vector<ScenarioStep> steps = {EventAt(0, "use"), EventAt(1, "use"), EventAt(2, "complain"),
                                           EventAt(3, "use")};
  EXPECT_THAT(Path(Branching(false), steps), ElementsAre("a", "b"));
  EXPECT_THAT(Path(Branching(true), steps), ElementsAre("a", "b", "a"));
  const rules::Run run = After(Branching(true), steps, 9).latest();
  EXPECT_EQ(run.milestones[0].counted, 1u);
  EXPECT_EQ(run.milestones[0].earlier, 1u);
}

TEST(TransitionTest, CountsFromTheEntryOfTheStageItLeaves) {
  EXPECT_THAT(Path(Branching(true), {EventAt(0, "complain"), EventAt(0, "renew"), EventAt(1, "use"), EventAt(2, "use"),
                                     EventAt(3, "renew")}),
              ElementsAre("a", "b"));
  EXPECT_THAT(Path(Branching(true), {EventAt(1, "use"), EventAt(2, "use"), EventAt(3, "renew"), EventAt(4, "renew")}),
              ElementsAre("a", "b", "(completed)"));
}

TEST(TransitionTest, AStageThatNoneLeavesIsALastOne) {
  EXPECT_THAT(Path(Make({.stages = {{.key = "a"}, {.key = "b", .milestones = {Of("m", {Count("go")})}}},
                         .transitions = {{.key = "ab", .from_stage = "a", .to_stage = "b"}}}),
                   {EventAt(0, "x"), EventAt(1, "go")}),
              ElementsAre("a", "b", "(completed)"));
}

TEST(TransitionTest, NoStageIsStoodInTwiceWithoutAnotherItemBetween) {
  const Criterion always{NoneOf{{{Count("never")}}}};
  const Journey circle =
      Make({.stages = {{.key = "a", .regress = true}, {.key = "b"}},
            .transitions = {{.key = "ab", .from_stage = "a", .to_stage = "b", .criterion = always},
                            {.key = "ba", .from_stage = "b", .to_stage = "a", .criterion = always}}});
  EXPECT_THAT(Path(circle, {EventAt(0, "x")}), ElementsAre("a", "b"));
  EXPECT_THAT(Path(circle, {EventAt(0, "x"), EventAt(1, "y")}), ElementsAre("a", "b", "a"));
  std::vector<ScenarioStep> many;
  for (size_t i = 0; i < kMostPassages + 100; ++i) many.push_back(EventAt(static_cast<double>(i), "x"));
  EXPECT_EQ(After(circle, many, 9).latest().entered.size(), kMostPassages);
}

TEST(TransitionTest, TimeAloneTakesOne) {
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {Of("m", {Count("go")})}},
                                           {.key = "risk", .milestones = {Of("n", {Count("never")})}}},
                                .transitions = {{.key = "silent",
                                                 .from_stage = "a",
                                                 .to_stage = "risk",
                                                 .criterion = Criterion{Absence{.lasting = Days(14)}}}}});
  EXPECT_THAT(Path(journey, {EventAt(0, "x")}, 13.9), ElementsAre("a"));
  EXPECT_THAT(Path(journey, {EventAt(0, "x")}, 14), ElementsAre("a", "risk"));
  EXPECT_THAT(Path(journey, {EventAt(0, "x"), EventAt(14, "y")}, 15), ElementsAre("a"));
}

TEST(TimeTest, ItemsComeBeforeTimersOfTheSameInstant) {
  Milestone silent =
      Of("silent", {Absence{.events = {.event_types = {"login"}}, .lasting = Days(7)}}, Scope::kFromEntry);
  const Journey journey = Make({.stages = {{.key = "a", .milestones = {silent, Of("never", {Count("never")})}}}});
  EXPECT_FALSE(
      After(journey, {EventAt(0, "login"), EventAt(7, "login")}, 7).latest().milestones[0].achieved.has_value());
}

TEST(TimeTest, TheNextChangeIsWhenAWindowEndsASilenceIsLongEnoughOrAStayTooLong) {
  const auto next = [](Stage stage, double now) {
    const Journey journey = Make({.stages = {std::move(stage)}});
    const absl::Time change = NextChange(journey, After(journey, {EventAt(0, "use")}, now), Day(now));
    return change == absl::InfiniteFuture() ? -1 : absl::FDivDuration(change - ScenarioStart(), Days(1));
  };
  const Milestone open = Of("open", {Count("never")});
  EXPECT_EQ(next({.key = "a", .milestones = {open}}, 1), -1);
  EXPECT_EQ(next({.key = "a", .milestones = {open}, .target = Days(3), .stuck_after = Days(9)}, 1), 3);
  EXPECT_EQ(next({.key = "a", .milestones = {open}, .target = Days(3), .stuck_after = Days(9)}, 3), 9);
  EXPECT_EQ(next({.key = "a", .milestones = {open, Of("silent", {Absence{.lasting = Days(5)}})}}, 1), 5);
  EventCount recent = Count("use");
  recent.within = Days(4);
  EXPECT_EQ(next({.key = "a", .milestones = {open, Of("inactive", {NoneOf{{{recent}}}})}}, 1), 4);
}

TEST(PaceTest, TellsHowLongTheStageIsStoodIn) {
  Milestone due = Of("due", {Count("never")});
  due.deadline = Days(1);
  const Journey journey = Make(
      {.stages = {
           {.key = "a", .milestones = {due}, .target = Days(2), .behind_after = Days(3), .stuck_after = Days(4)}}});
  const auto pace = [&](double day) {
    return PaceOf(journey, After(journey, {EventAt(0, "x")}, day).latest(), Day(day));
  };
  EXPECT_EQ(pace(0.9), Pace::kOnTrack);
  EXPECT_EQ(pace(1), Pace::kLate);
  EXPECT_EQ(pace(3), Pace::kBehind);
  EXPECT_EQ(pace(4), Pace::kStuck);
}

}  // namespace
}  // namespace waymark::rules
