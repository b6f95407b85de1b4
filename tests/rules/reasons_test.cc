#include "services/rules/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/rules/random_journey.h"
#include "tests/rules/story.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

// Whether a reason holds where only some items happened: the same thing at the same moment, in an enrollment of the
// same key opened at the same moment.
bool Holds(const Journey& journey, absl::Span<const Item> history, const std::vector<size_t>& chosen,
           const Reason& reason, const Run& of) {
  std::vector<Item> items;
  for (const size_t i : chosen) items.push_back(history[i]);
  const Progress progress = Fold(journey, {}, items, std::max(reason.moment.time, of.entered[0].time));
  for (const Run& run : progress.enrollments()) {
    if (run.key != of.key || run.entered[0].moment() != of.entered[0].moment()) continue;
    switch (reason.kind) {
      case ReasonKind::kEnrolled:
        return true;
      case ReasonKind::kStageEntered:
        for (const Passage& passage : run.entered) {
          if (passage.stage == reason.stage && passage.moment() == reason.moment) return true;
        }
        return false;
      case ReasonKind::kMilestoneAchieved:
        return run.milestones[*reason.milestone].achieved == reason.moment;
      case ReasonKind::kCompleted:
        return run.completed == reason.moment;
      case ReasonKind::kExited:
        return run.exited == Departure{reason.moment, reason.exit};
    }
  }
  return false;
}

TEST(ReasonsPropertyTest, WitnessesAloneMakeItTrueAndNoneOfThemCanBeSpared) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int reasons = 0;
  int fewer = 0;
  for (int round = 0; round < 2'000; ++round) {
    const Journey journey(RandomJourney(random));
    const RandomHistory history(random);
    const absl::Time now = FirstTick() + kHistoryTicks * kTick;
    const Progress progress = Fold(journey, {}, history.items(), now);
    for (size_t run = 0; run < progress.enrollments().size(); ++run) {
      const rules::Run& of = progress.runs[run];
      const std::vector<Reason> found = FindReasons(journey, history.items(), now, run);
      size_t expected = of.entered.size() + of.completed.has_value() + of.exited.has_value();
      for (const MilestoneProgress& milestone : of.milestones) expected += milestone.achieved.has_value();
      ASSERT_THAT(found, SizeIs(expected));
      for (const Reason& reason : found) {
        ASSERT_TRUE(reason.witnesses.smallest);
        ASSERT_TRUE(Holds(journey, history.items(), reason.witnesses.items, reason, of))
            << "round " << round << " kind " << static_cast<int>(reason.kind);
        for (size_t i = 0; i < reason.witnesses.items.size(); ++i) {
          std::vector<size_t> rest = reason.witnesses.items;
          rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
          ASSERT_FALSE(Holds(journey, history.items(), rest, reason, of))
              << "round " << round << " kind " << static_cast<int>(reason.kind) << " without " << i;
        }
        ++reasons;
        fewer += reason.witnesses.items.size() < history.items().size();
      }
    }
  }
  EXPECT_GT(reasons, 1'000);
  EXPECT_GT(fewer, reasons / 2);
}

// The numbers of the witnesses' steps.
std::vector<int64_t> Numbers(const ScenarioHistory& history, const Witnesses& witnesses) {
  std::vector<int64_t> numbers;
  for (const size_t i : witnesses.items) numbers.push_back(history.items()[i].number);
  return numbers;
}

Journey TwoStages(Criterion criterion) {
  return Journey({.journey_id = "j",
                  .definition = {.entry = {.triggers = {AnyEvent{}}},
                                 .stages = {{.key = "first", .milestones = {Of("it", std::move(criterion))}},
                                            {.key = "second", .milestones = {Of("never", {Count("never")})}}}}});
}

TEST(ReasonsTest, TellWhatCountedAndLeaveOutTheRest) {
  const Journey journey = TwoStages({Count("report", 2)});
  const Scenario scenario{.steps = {EventAt(0, "login"), EventAt(1, "report"), EventAt(2, "login"),
                                    EventAt(3, "report"), EventAt(4, "report")}};
  const ScenarioHistory history(journey, scenario);
  const std::vector<Reason> reasons = FindReasons(journey, history.items(), Day(9), 0);
  ASSERT_THAT(reasons, SizeIs(3));
  EXPECT_EQ(reasons[0].kind, ReasonKind::kEnrolled);
  EXPECT_THAT(Numbers(history, reasons[0].witnesses), ElementsAre(1));
  EXPECT_EQ(reasons[1].kind, ReasonKind::kStageEntered);
  EXPECT_THAT(Numbers(history, reasons[1].witnesses), ElementsAre(1, 2, 4));
  EXPECT_EQ(reasons[2].kind, ReasonKind::kMilestoneAchieved);
  EXPECT_THAT(Numbers(history, reasons[2].witnesses), ElementsAre(1, 2, 4));
}

TEST(ReasonsTest, OneMatchingEventRefutesAnAbsence) {
  const Journey journey = TwoStages({Absence{.events = {.event_types = {"login"}}, .lasting = Days(3)}});
  const Scenario scenario{.steps = {EventAt(0, "start"), EventAt(1, "report")}};
  const ScenarioHistory history(journey, scenario);
  const std::vector<Reason> reasons = FindReasons(journey, history.items(), Day(9), 0);
  ASSERT_THAT(reasons, SizeIs(3));
  EXPECT_THAT(Numbers(history, reasons[1].witnesses), ElementsAre(1));
  // One login in the silence, and it is not true at that moment.
  const Scenario refuted{.steps = {EventAt(0, "start"), EventAt(1, "login")}};
  const ScenarioHistory other(journey, refuted);
  EXPECT_FALSE(Holds(journey, other.items(), {0, 1}, reasons[1], Fold(journey, {}, history.items(), Day(9)).runs[0]));
}

TEST(ReasonsTest, SomebodysDecisionIsToldAsOne) {
  const Journey journey = TwoStages({Count("report", 2)});
  Scenario scenario{.steps = {EventAt(0, "login"), EventAt(1, "report")}};
  scenario.steps.push_back({.at = Days(2), .kind = ItemKind::kOverride, .key = "second"});
  scenario.steps.push_back(CallAt(3, ItemKind::kExitCall));
  const ScenarioHistory history(journey, scenario);
  const std::vector<Reason> reasons = FindReasons(journey, history.items(), Day(9), 0);
  ASSERT_THAT(reasons, SizeIs(3));
  EXPECT_TRUE(reasons[1].by_call);
  EXPECT_THAT(Numbers(history, reasons[1].witnesses), ElementsAre(1, 3));
  EXPECT_EQ(reasons[2].kind, ReasonKind::kExited);
  EXPECT_TRUE(reasons[2].by_call);
  EXPECT_THAT(Numbers(history, reasons[2].witnesses), ElementsAre(1, 4));
}

TEST(ReasonsTest, AMilestoneThatADecisionNamesStandsOnThatAlone) {
  const Journey journey = TwoStages({Count("report", 2)});
  Scenario scenario{.steps = {EventAt(0, "login"), EventAt(1, "report")}};
  scenario.steps.push_back({.at = Days(2),
                            .kind = ItemKind::kOverride,
                            .key = "second",
                            .properties = {{.path = "it", .composite = true}, {.path = "gone", .composite = true}}});
  const ScenarioHistory history(journey, scenario);
  const std::vector<Reason> reasons = FindReasons(journey, history.items(), Day(9), 0);
  ASSERT_THAT(reasons, SizeIs(3));
  EXPECT_EQ(reasons[1].kind, ReasonKind::kStageEntered);
  EXPECT_EQ(reasons[2].kind, ReasonKind::kMilestoneAchieved);
  EXPECT_TRUE(reasons[2].by_call);
  EXPECT_THAT(Numbers(history, reasons[2].witnesses), ElementsAre(1, 3));
}

TEST(ReasonsTest, WhereTheBudgetEndsItIsSaid) {
  const Journey journey = TwoStages({Count("report", 50)});
  Scenario scenario;
  for (int i = 0; i < 60; ++i) scenario.steps.push_back(EventAt(i, "report"));
  const ScenarioHistory history(journey, scenario);
  const Progress progress = Fold(journey, {}, history.items(), Day(90));
  for (const Reason& reason : FindReasons(journey, history.items(), Day(90), 0, /*budget=*/100)) {
    EXPECT_TRUE(Holds(journey, history.items(), reason.witnesses.items, reason, progress.runs[0]));
    if (reason.kind == ReasonKind::kMilestoneAchieved) {
      EXPECT_FALSE(reason.witnesses.smallest);
    }
  }
  EXPECT_THAT(FindReasons(journey, history.items(), Day(90), 1), IsEmpty());
}

}  // namespace
}  // namespace waymark::rules
