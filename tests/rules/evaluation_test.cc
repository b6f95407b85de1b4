// Each kind of criterion: when a milestone with it is achieved.
#include "services/rules/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/story.h"

namespace waymark::rules {
namespace {

using ::testing::Eq;
using ::testing::Optional;

// The first event enrolls; `it` is the milestone looked at, the other one keeps the stage from being completed.
Journey With(Milestone it, std::vector<SegmentRule> segments = {}, std::string time_zone = "UTC") {
  it.key = "it";
  return Journey({.journey_id = "j",
                  .definition = {.entry = {.triggers = {AnyEvent{}}},
                                 .stages = {{.key = "only", .milestones = {it, Of("never", {Count("never")})}}},
                                 .time_zone = std::move(time_zone)},
                  .segments = std::move(segments)});
}
Journey With(Criterion criterion) { return With(Of("it", std::move(criterion))); }

// The day on which it was achieved, -1 where it is not.
double AchievedOn(const Journey& journey, std::vector<ScenarioStep> steps, double until = 100) {
  const Progress progress = After(journey, std::move(steps), until);
  if (!progress.enrolled() || !progress.latest().milestones[0].achieved.has_value()) return -1;
  return absl::FDivDuration(progress.latest().milestones[0].achieved->time - ScenarioStart(), Days(1));
}

TEST(EventCountTest, IsMetByTheNthEventThatFulfilsTheConditions) {
  EventCount count = Count("export", 2);
  count.events.where = {{.name = "rows", .comparison = Comparison::kAtLeast, .values = {10.0}}};
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(1, "export", {{"rows", 10.0}}), EventAt(2, "export", {{"rows", 9.0}}),
                                       EventAt(3, "export"), EventAt(4, "import", {{"rows", 10.0}}),
                                       EventAt(5, "export", {{"rows", 11.0}})}),
            5);
}

TEST(EventCountTest, AWindowHoldsWhatCameLessThanSoLongAgo) {
  EventCount count = Count("login", 3);
  count.within = Days(7);
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(0, "login"), EventAt(3, "login"), EventAt(7, "login")}), -1);
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(0, "login"), EventAt(3, "login"), EventAt(6.9, "login")}), 6.9);
}

TEST(EventCountTest, CountsDifferentUsersAndEventsWithoutOneDoNotCount) {
  EventCount count = Count("login", 2);
  count.distinct = Distinct::kUsers;
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(1, "login", {}, "ann"), EventAt(2, "login", {}, "ann"),
                                       EventAt(3, "login"), EventAt(4, "login", {}, "ben")}),
            4);
}

TEST(EventCountTest, AUserCountsFromWhenItCameLast) {
  EventCount count = Count("login", 2);
  count.distinct = Distinct::kUsers;
  count.within = Days(2);
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(0, "login", {}, "ann"), EventAt(2.5, "login", {}, "ben"),
                                       EventAt(4, "login", {}, "ann")}),
            4);
}

TEST(EventCountTest, CountsDaysOfTheCalendar) {
  EventCount count = Count("login", 2);
  count.distinct = Distinct::kDays;
  // 21:00 and 23:30 in London are two days in Berlin.
  const std::vector<ScenarioStep> steps = {EventAt(0.5, "login"), EventAt(0.5 + 2.5 / 24, "login")};
  EXPECT_EQ(AchievedOn(With(Of("it", {count})), steps), -1);
  EXPECT_GT(AchievedOn(With(Of("it", {count}), {}, "Europe/Berlin"), steps), 0.5);
}

TEST(EventCountTest, CountsDifferentValuesAndTheNumberOneIsNotTheTextOne) {
  EventCount count = Count("view", 2);
  count.distinct = Distinct::kProperty;
  count.distinct_property = "page.id";
  EXPECT_EQ(AchievedOn(With({count}), {EventAt(1, "view", {{"page.id", 1.0}}), EventAt(2, "view", {{"page.id", 1.0}}),
                                       EventAt(3, "view"), EventAt(4, "view", {{"page.id", std::string("1")}})}),
            4);
}

Sequence AbC() {
  return {.steps = {{.event_types = {"a"}}, {.event_types = {"b"}}, {.event_types = {"c"}}}};
}

TEST(SequenceTest, StepsFollowEachOtherWithOthersBetween) {
  EXPECT_EQ(AchievedOn(With({AbC()}), {EventAt(1, "b"), EventAt(2, "a"), EventAt(3, "x"), EventAt(4, "b"),
                                       EventAt(5, "a"), EventAt(6, "c")}),
            6);
}

TEST(SequenceTest, OneEventIsOneStep) {
  const Sequence twice{.steps = {{.event_types = {"a"}}, {.event_types = {"a"}}}};
  EXPECT_EQ(AchievedOn(With({twice}), {EventAt(1, "a")}), -1);
  EXPECT_EQ(AchievedOn(With({twice}), {EventAt(1, "a"), EventAt(2, "a")}), 2);
}

TEST(SequenceTest, TheGapAndTheSpanMayBeExactlySoLong) {
  Sequence sequence = AbC();
  sequence.max_gap = Days(2);
  EXPECT_EQ(AchievedOn(With({sequence}), {EventAt(0, "a"), EventAt(2, "b"), EventAt(4, "c")}), 4);
  EXPECT_EQ(AchievedOn(With({sequence}), {EventAt(0, "a"), EventAt(2.1, "b"), EventAt(4, "c")}), -1);
  sequence.max_gap.reset();
  sequence.max_span = Days(3);
  EXPECT_EQ(AchievedOn(With({sequence}), {EventAt(0, "a"), EventAt(2, "b"), EventAt(3, "c")}), 3);
  EXPECT_EQ(AchievedOn(With({sequence}), {EventAt(0, "a"), EventAt(2, "b"), EventAt(4, "c")}), -1);
}

TEST(SequenceTest, ALaterBeginningMayDoWhereTheFirstIsTooOld) {
  Sequence sequence = AbC();
  sequence.max_span = Days(3);
  EXPECT_EQ(AchievedOn(With({sequence}),
                       {EventAt(0, "a"), EventAt(1, "b"), EventAt(2, "a"), EventAt(3, "b"), EventAt(5, "c")}),
            5);
}

TEST(AbsenceTest, TimeAloneMakesItTrueAndTheNextEventPutsItOff) {
  const Absence absence{.events = {.event_types = {"login"}}, .lasting = Days(7)};
  EXPECT_EQ(AchievedOn(With({absence}), {EventAt(0, "login"), EventAt(5, "login"), EventAt(6, "other")}), 12);
  EXPECT_EQ(AchievedOn(With({absence}), {EventAt(0, "login"), EventAt(5, "login")}, 11.9), -1);
}

TEST(AbsenceTest, IsCountedFromItsAnchorBeforeTheFirstSuchEvent) {
  const Absence absence{.events = {.event_types = {"login"}}, .lasting = Days(7), .since = Anchor::kEnrolled};
  EXPECT_EQ(AchievedOn(With({absence}), {EventAt(1, "signup")}), 8);
}

TEST(AttributeTest, IsComparedAsItWasAtTheInstant) {
  const AttributeIs pro{{.name = "plan.name", .comparison = Comparison::kEquals, .values = {std::string("pro")}}};
  const auto plan = [](double day, std::string name) {
    return AttributesAt(day, {{.path = "plan", .composite = true}, {"plan.name", std::move(name)}});
  };
  EXPECT_EQ(AchievedOn(With({pro}), {EventAt(0, "a"), plan(1, "free"), plan(2, "pro"), plan(3, "free")}), 2);
}

TEST(AttributeTest, AChangeReplacesTheWholeObject) {
  const AttributeIs unknown{{.name = "plan.name", .comparison = Comparison::kNotExists}};
  EXPECT_EQ(AchievedOn(With(Of("it", {unknown}, Scope::kFromEntry)),
                       {AttributesAt(0, {{.path = "plan", .composite = true}, {"plan.name", std::string("pro")}}),
                        EventAt(1, "a"), AttributesAt(2, {{.path = "plan", .composite = true}, {"plan.seats", 5.0}})}),
            2);
}

TEST(AttributeTest, WhatIsAbsentOrOfAnotherTypeFulfilsOnlyNotOneOfAndNotExists) {
  for (const Comparison comparison :
       {Comparison::kEquals, Comparison::kOneOf, Comparison::kAtLeast, Comparison::kAtMost, Comparison::kMoreThan,
        Comparison::kLessThan}) {
    const ValueCondition condition{.name = "n", .comparison = comparison, .values = {1.0}};
    EXPECT_FALSE(Fulfils({}, false, condition));
    EXPECT_FALSE(Fulfils(std::string("1"), false, condition));
    EXPECT_FALSE(Fulfils({}, true, condition));
  }
  EXPECT_TRUE(Fulfils({}, false, {.comparison = Comparison::kNotOneOf, .values = {1.0}}));
  EXPECT_TRUE(Fulfils(std::string("1"), false, {.comparison = Comparison::kNotOneOf, .values = {1.0}}));
  EXPECT_TRUE(Fulfils({}, false, {.comparison = Comparison::kNotExists}));
  EXPECT_TRUE(Fulfils({}, true, {.comparison = Comparison::kExists}));
}

TEST(SegmentTest, FollowsThePinnedRuleOverAllHistory) {
  const Journey journey = With(Of("it", {InSegment{"active"}}), {{"active", {Count("login", 2)}}});
  EXPECT_EQ(AchievedOn(journey, {EventAt(1, "login"), EventAt(2, "login")}), 2);
}

TEST(SegmentTest, OneThatIsNotKnownIsNeverMet) {
  EXPECT_EQ(AchievedOn(With({NoneOf{{{InSegment{"unknown"}}}}}), {EventAt(1, "a")}), 1);
  EXPECT_EQ(AchievedOn(With({InSegment{"unknown"}}), {EventAt(1, "a")}), -1);
}

TEST(BandTest, TheLatestBandCounts) {
  const InBand good{"health", {"green", "yellow"}};
  EXPECT_EQ(AchievedOn(With({good}), {EventAt(0, "a"), BandAt(1, "red"), BandAt(2, "yellow")}), 2);
}

TEST(AttestedTest, APersonOfTheRoleConfirms) {
  EXPECT_EQ(AchievedOn(With({Attested{"csm"}}), {EventAt(0, "a"), AttestAt(1, "it", "sales"), AttestAt(2, "never", "csm"),
                                                 AttestAt(3, "it", "csm")}),
            3);
  EXPECT_EQ(AchievedOn(With({Attested{}}), {EventAt(0, "a"), AttestAt(1, "it", "sales")}), 1);
}

TEST(DateTest, ComesAtMidnightOfTheCalendarMovedByTheOffset) {
  const auto renewal = [](std::string date) { return AttributesAt(0, {{"renewal", std::move(date)}}); };
  // The start is 2026-01-05 at nine.
  const double midnight = 1 - 9.0 / 24;
  const auto on = [&](DateReached date, std::string value, std::string zone = "UTC") {
    return AchievedOn(With(Of("it", {date}), {}, std::move(zone)), {EventAt(0, "a"), renewal(std::move(value))}, 400);
  };
  EXPECT_DOUBLE_EQ(on({"renewal"}, "2026-01-06"), midnight);
  EXPECT_DOUBLE_EQ(on({"renewal"}, "2026-01-06", "Europe/Berlin"), midnight - 1.0 / 24);
  EXPECT_DOUBLE_EQ(on({"renewal", -1, 0}, "2026-03-31"), midnight + 53);  // 28 February.
  EXPECT_DOUBLE_EQ(on({"renewal", 0, 2}, "2026-01-06"), midnight + 2);
  EXPECT_DOUBLE_EQ(on({"renewal"}, "2026-01-06T23:30:00Z", "Europe/Berlin"), midnight + 1 - 1.0 / 24);
  EXPECT_EQ(on({"renewal"}, "2025-12-31"), 0);
  EXPECT_EQ(on({"renewal"}, "soon"), -1);
  EXPECT_EQ(on({"renewal"}, "infinite-past"), -1);
}

TEST(DateTest, MidnightMovesWithSummerTime) {
  const DateReached date{"renewal"};
  const double day = AchievedOn(With(Of("it", {date}), {}, "Europe/Berlin"),
                                {EventAt(0, "a"), AttributesAt(0, {{"renewal", std::string("2026-07-01")}})}, 400);
  EXPECT_DOUBLE_EQ(day, 177 - 11.0 / 24);  // 22:00 UTC of the day before.
}

TEST(NestingTest, AllAnySomeAndNone) {
  const Criterion a{Count("a")}, b{Count("b")}, c{Count("c")};
  const std::vector<ScenarioStep> steps = {EventAt(0, "x"), EventAt(1, "a"), EventAt(2, "b"), EventAt(3, "c")};
  EXPECT_EQ(AchievedOn(With({Some{.quorum = Quorum::kAll, .criteria = {a, b, c}}}), steps), 3);
  EXPECT_EQ(AchievedOn(With({Some{.quorum = Quorum::kAny, .criteria = {b, c}}}), steps), 2);
  EXPECT_EQ(AchievedOn(With({Some{.quorum = Quorum::kAtLeast, .at_least = 2, .criteria = {a, b, c}}}), steps), 2);
  EXPECT_EQ(AchievedOn(With({NoneOf{{b, c}}}), steps), 0);
  EXPECT_EQ(AchievedOn(With({Some{.quorum = Quorum::kAll, .criteria = {a, {NoneOf{{b}}}}}}), steps), 1);
}

TEST(BoundsTest, AWindowRemembersAtMostTwiceWhatItAsksFor) {
  EventCount count = Count("login", 5);
  count.within = Days(1000);
  std::vector<ScenarioStep> steps;
  for (int i = 0; i < 200; ++i) steps.push_back(EventAt(i / 1000.0, i % 3 == 0 ? "login" : "login"));
  NoneOf none{{{count}}};
  EXPECT_LT(After(With({none}), steps, 1).latest().leaves[0].times.size(), 10u);
}

}  // namespace
}  // namespace waymark::rules
