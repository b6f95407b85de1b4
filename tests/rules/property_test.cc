#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "services/rules/progress.h"
#include "tests/rules/brute_force.h"
#include "tests/rules/random_journey.h"

namespace waymark::rules {
namespace {

constexpr int kRounds = 10'000;
// Long enough after the last item for nearly everything that time brings.
const absl::Time kEnd = FirstTick() + (kHistoryTicks + 16) * kTick;

When ToWhen(const Moment& moment) { return {moment.time, moment.item}; }

std::vector<ExpectedRun> ToExpected(const Progress& progress) {
  std::vector<ExpectedRun> runs;
  for (const Run& run : progress.enrollments()) {
    ExpectedRun& expected = runs.emplace_back();
    expected.key = run.key;
    for (const Passage& passage : run.entered) {
      expected.stays.push_back({passage.stage, ToWhen(passage.moment()), passage.completed});
    }
    if (run.completed.has_value()) expected.completed = ToWhen(*run.completed);
    if (run.exited.has_value()) expected.exited.emplace(ToWhen(run.exited->moment), run.exited->exit);
    for (const MilestoneProgress& milestone : run.milestones) {
      ExpectedMilestone& to = expected.milestones.emplace_back();
      if (milestone.achieved.has_value()) to.achieved = ToWhen(*milestone.achieved);
      to.earlier = milestone.earlier;
    }
  }
  return runs;
}

std::string Show(const std::vector<ExpectedRun>& runs) {
  std::string text;
  const auto show = [](const When& when) {
    return absl::StrCat(absl::ToInt64Hours(when.first - FirstTick()) / 6, "/", when.second);
  };
  for (const ExpectedRun& run : runs) {
    absl::StrAppend(&text, "run ", run.key, ":");
    for (const auto& stay : run.stays) {
      absl::StrAppend(&text, " s", stay.stage, "@", show(stay.when), stay.completed.has_value() ? "+" : "");
    }
    if (run.completed.has_value()) absl::StrAppend(&text, " completed@", show(*run.completed));
    if (run.exited.has_value()) {
      absl::StrAppend(&text, " exit", run.exited->second.value_or(99), "@", show(run.exited->first));
    }
    for (size_t m = 0; m < run.milestones.size(); ++m) {
      absl::StrAppend(&text, " m", m, ":", run.milestones[m].earlier, "+",
                      run.milestones[m].achieved.has_value() ? show(*run.milestones[m].achieved) : "-");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

TEST(FoldPropertyTest, EqualsEveryCriterionEvaluatedFromScratchAtEveryInstant) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int enrolled = 0;
  int again = 0;
  int completed = 0;
  int exited = 0;
  int revoked = 0;
  int by_time = 0;
  int back = 0;
  for (int round = 0; round < kRounds; ++round) {
    const JourneyVersion version = RandomJourney(random);
    const RandomHistory history(random);
    const absl::Time until = FirstTick() + static_cast<int>(random() % (kHistoryTicks + 16)) * kTick;
    const Journey journey(version);
    // All of it, and a beginning of it.
    for (const absl::Time end : {until, kEnd}) {
      std::vector<Item> items = history.items();
      items.erase(std::remove_if(items.begin(), items.end(), [&](const Item& item) { return item.time > end; }),
                  items.end());
      const std::vector<ExpectedRun> expected = BruteForce(version, items, end);
      const std::vector<ExpectedRun> folded = ToExpected(Fold(journey, {}, items, end));
      ASSERT_EQ(folded, expected) << "round " << round << "\nfolded\n"
                                  << Show(folded) << "expected\n"
                                  << Show(expected);
      enrolled += !folded.empty();
      again += folded.size() > 1;
      for (const ExpectedRun& run : folded) {
        completed += run.completed.has_value();
        exited += run.exited.has_value();
        for (size_t i = 1; i < run.stays.size(); ++i) back += run.stays[i].stage < run.stays[i - 1].stage;
        for (const auto& stay : run.stays) by_time += stay.when.second == 0;
        for (const ExpectedMilestone& milestone : run.milestones) revoked += milestone.earlier > 0;
      }
    }
  }
  // The journeys were worth it.
  for (const int often : {enrolled, again, completed, exited, revoked, by_time, back}) EXPECT_GT(often, kRounds / 1000);
}

TEST(FoldPropertyTest, IsTheSameHoweverTheHistoryIsCutAndWheneverTimeIsLetPass) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const Journey journey(RandomJourney(random));
    const RandomHistory history(random);
    const auto items = absl::MakeConstSpan(history.items());
    const Progress whole = Fold(journey, {}, items, kEnd);
    Progress cut;
    for (size_t begin = 0; begin < items.size();) {
      const size_t size = 1 + random() % 5;
      const auto stretch = items.subspan(begin, size);
      begin += size;
      // Time is let pass to somewhere before the next item.
      absl::Time now = stretch.back().time;
      if (begin < items.size() && now < items[begin].time)
        now += random() % 2 == 0 ? absl::ZeroDuration() : (items[begin].time - now) / 2;
      const bool last_of_instant = begin >= items.size() || stretch.back().time < items[begin].time;
      cut = Fold(journey, std::move(cut), stretch, last_of_instant ? now : absl::InfinitePast());
    }
    cut = Fold(journey, std::move(cut), {}, kEnd);
    ASSERT_EQ(cut, whole) << "round " << round;
  }
}

TEST(FoldPropertyTest, OrderOfArrivalAndRepetitionsChangeNothing) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const Journey journey(RandomJourney(random));
    const RandomHistory history(random);
    std::vector<Item> arrived = history.items();
    for (const Item& item : history.items()) {
      if (random() % 3 == 0) arrived.push_back(item);
    }
    std::shuffle(arrived.begin(), arrived.end(), random);
    ASSERT_EQ(Fold(journey, {}, InOrder(arrived), kEnd), Fold(journey, {}, history.items(), kEnd)) << "round " << round;
  }
}

TEST(FoldPropertyTest, NothingChangesBeforeTheInstantToldNext) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds / 10; ++round) {
    const Journey journey(RandomJourney(random));
    const RandomHistory history(random);
    if (history.items().empty()) continue;
    const absl::Time last = history.items().back().time;
    const Progress progress = Fold(journey, {}, history.items(), last);
    const absl::Time next = NextChange(journey, progress, last);
    ASSERT_GT(next, last) << "round " << round;
    if (next == absl::InfiniteFuture()) continue;
    ASSERT_EQ(Fold(journey, progress, {}, next - absl::Nanoseconds(1)), progress) << "round " << round;
  }
}

}  // namespace
}  // namespace waymark::rules
