#include "services/rules/way_to.h"

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

using ::testing::HasSubstr;
using ::testing::SizeIs;

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

// How often a stage was entered in enrollments from number `first` on, at most `most` of them.
size_t TimesIn(const Progress& progress, size_t stage, size_t first = 0, size_t most = SIZE_MAX) {
  size_t times = 0;
  for (size_t i = first; i < progress.enrollments().size() && i - first < most; ++i) {
    times += std::count_if(progress.runs[i].entered.begin(), progress.runs[i].entered.end(),
                           [&](const Passage& passage) { return passage.stage == stage; });
  }
  return times;
}

// Where the steps of a way lead, after everything that happened before.
Progress Follow(const Journey& journey, const Progress& progress, const WayTo& way) {
  Scenario scenario{.steps = way.steps};
  const absl::Duration offset = way.start - ScenarioStart();
  for (ScenarioStep& step : scenario.steps) step.at += offset;
  const ScenarioHistory history(journey, scenario);
  std::vector<Item> items(history.items().begin(), history.items().end());
  for (Item& item : items) item.number += 1'000'000;
  return Fold(journey, Fold(journey, progress, {}, way.start - absl::Seconds(1)), items, way.arrival);
}

TEST(WayToPropertyTest, WhatItNamesLeadsThereAndWhatItExcludesNothingLeadsTo) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int found = 0;
  int excluded = 0;
  int undecided = 0;
  for (int round = 0; round < 600; ++round) {
    const JourneyVersion version = RandomJourney(random);
    const Journey journey(version);
    const RandomHistory all(random);
    // The first half has happened; the second half is one of many things that may.
    const size_t half = all.items().size() / 2;
    const absl::Span<const Item> before = absl::MakeConstSpan(all.items()).first(half);
    const absl::Time now = before.empty() ? FirstTick() : before.back().time;
    const Progress progress = Fold(journey, {}, before, now);
    const Progress after = Fold(journey, progress, absl::MakeConstSpan(all.items()).subspan(half), now + 60 * kTick);
    for (size_t stage = 0; stage < journey.stages().size(); ++stage) {
      const WayTo way = FindWayTo(version, journey, progress, now, stage);
      switch (way.answer) {
        case Answer::kYes:
          ++found;
          ASSERT_GT(TimesIn(Follow(journey, progress, way), stage), TimesIn(progress, stage))
              << "round " << round << " stage " << stage;
          break;
        case Answer::kNo: {
          ++excluded;
          ASSERT_FALSE(way.why.empty());
          // An override leads anywhere; nothing else does.
          const bool overridden = std::any_of(all.items().begin(), all.items().end(),
                                              [](const Item& item) { return item.kind == ItemKind::kOverride; });
          const size_t known = progress.enrollments().size();
          const size_t newest = known > 0 && !progress.runs[known - 1].ended() ? known - 1 : known;
          if (!overridden) {
            ASSERT_EQ(TimesIn(after, stage, newest, 1), TimesIn(progress, stage, newest, 1))
                << "round " << round << " stage " << stage;
          }
          break;
        }
        case Answer::kUndecided:
          ++undecided;
      }
    }
  }
  EXPECT_GT(found, 300);
  EXPECT_GT(excluded, 50);
  RecordProperty("undecided", undecided);
}

JourneyVersion ThreeStages() {
  return {.journey_id = "j",
          .definition = {.entry = {.triggers = {AnyEvent{}}},
                         .stages = {{.key = "first", .milestones = {Of("reports", {Count("report", 3)})}},
                                    {.key = "second", .milestones = {Of("paid", {Count("pay")})}},
                                    {.key = "third", .milestones = {Of("never", {Count("never")})}}}}};
}

TEST(WayToTest, NamesOnlyWhatIsStillMissing) {
  const JourneyVersion version = ThreeStages();
  const Journey journey(version);
  const Progress progress = After(journey, {EventAt(0, "report"), EventAt(1, "report")}, 2);
  const WayTo way = FindWayTo(version, journey, progress, Day(2), 2);
  ASSERT_EQ(way.answer, Answer::kYes);
  ASSERT_THAT(way.steps, SizeIs(2));
  EXPECT_EQ(way.steps[0].type, "report");
  EXPECT_EQ(way.steps[1].type, "pay");
}

TEST(WayToTest, SaysWhyNothingLeadsThere) {
  JourneyVersion version = ThreeStages();
  const Journey journey(version);
  const Progress second = After(journey, {EventAt(0, "report"), EventAt(1, "report"), EventAt(1, "report")}, 2);
  EXPECT_THAT(FindWayTo(version, journey, second, Day(2), 0).why, HasSubstr("no way leads from second to first"));
  const Progress left = After(journey, {EventAt(0, "report"), CallAt(1, ItemKind::kExitCall)}, 2);
  EXPECT_THAT(FindWayTo(version, journey, left, Day(2), 1).why, HasSubstr("ended"));
}

TEST(WayToTest, BeginsWithTheEnrollmentWhereThereIsNone) {
  const JourneyVersion version = ThreeStages();
  const Journey journey(version);
  const WayTo way = FindWayTo(version, journey, Fold(journey, {}, {}), Day(0), 1);
  ASSERT_EQ(way.answer, Answer::kYes);
  EXPECT_GE(TimesIn(Follow(journey, Fold(journey, {}, {}), way), 1), 1u);
}

TEST(WayToTest, WaitingIsEnoughForASilence) {
  JourneyVersion version = ThreeStages();
  version.definition.stages[0].milestones = {
      Of("quiet", {Absence{.events = {.event_types = {"login"}}, .lasting = Days(3)}})};
  const Journey journey(version);
  const Progress progress = After(journey, {EventAt(0, "login")}, 1);
  const WayTo way = FindWayTo(version, journey, progress, Day(1), 1);
  ASSERT_EQ(way.answer, Answer::kYes);
  EXPECT_THAT(way.steps, SizeIs(0));
  EXPECT_GE(way.arrival, Day(3));
}

}  // namespace
}  // namespace waymark::rules
