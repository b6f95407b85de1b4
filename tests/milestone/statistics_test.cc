#include "services/milestone/statistics.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "gtest/gtest.h"

namespace waymark::milestone {
namespace {

std::vector<absl::Duration> Weeks(const std::vector<int>& weeks) {
  std::vector<absl::Duration> durations;
  for (const int week : weeks) durations.push_back(absl::Hours(24 * 7 * week));
  return durations;
}

std::optional<absl::Duration> Week(int week) { return absl::Hours(24 * 7 * week); }

TEST(NearestRankTest, IsTheValueAtPlaceCeilOfPTimesN) {
  std::vector<absl::Duration> five = Weeks({50, 15, 40, 20, 35});
  EXPECT_EQ(NearestRank(five, 50), Week(35));  // ceil(2.5) = 3.
  EXPECT_EQ(NearestRank(five, 30), Week(20));  // ceil(1.5) = 2.
  EXPECT_EQ(NearestRank(five, 40), Week(20));  // 2.
  EXPECT_EQ(NearestRank(five, 100), Week(50));
  EXPECT_EQ(NearestRank(five, 1), Week(15));
  std::vector<absl::Duration> ten = Weeks({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(NearestRank(ten, 50), Week(5));  // Exactly 5: no average of two.
  EXPECT_EQ(NearestRank(ten, 90), Week(9));
  std::vector<absl::Duration> one = Weeks({7});
  EXPECT_EQ(NearestRank(one, 90), Week(7));
  std::vector<absl::Duration> none;
  EXPECT_EQ(NearestRank(none, 50), std::nullopt);
}

// The remission times, in weeks, of Freireich et al., "The Effect of 6-Mercaptopurine on the Duration of
// Steroid-induced Remissions in Acute Leukemia", Blood 21, 1963: the data that textbooks work the estimate on. Under
// the drug S(6) = 18/21, S(7) = S(6) 16/17, S(10) = S(7) 14/15, S(13) = S(10) 11/12, S(16) = S(13) 10/11, S(22) = S(16)
// 6/7 = 0.538, S(23) = S(22) 5/6 = 0.448.
TEST(KaplanMeierMedianTest, IsThatOfTheTextbook) {
  Times drug{.finished = Weeks({6, 6, 6, 7, 10, 13, 16, 22, 23}),
             .unfinished = Weeks({6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35})};
  EXPECT_EQ(KaplanMeierMedian(drug), Week(23));
  Times placebo{.finished = Weeks({1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23})};
  EXPECT_EQ(KaplanMeierMedian(placebo), Week(8));
}

TEST(KaplanMeierMedianTest, WhoeverIsLostSightOfAtAnInstantStillCountsAtIt) {
  // At 1: four there, one finishes, so 3/4; had the other left before, it would be 2/3. At 2: two there, 3/4 * 1/2.
  Times times{.finished = Weeks({1, 2}), .unfinished = Weeks({1, 3})};
  EXPECT_EQ(KaplanMeierMedian(times), Week(2));
  // At 2 three of four are there still, so 3/4 * 2/3 = 1/2.
  Times even{.finished = Weeks({1, 2}), .unfinished = Weeks({3, 3})};
  EXPECT_EQ(KaplanMeierMedian(even), Week(2));
}

TEST(KaplanMeierMedianTest, IsAbsentWhereMostHaveNotFinished) {
  Times times{.finished = Weeks({1}), .unfinished = Weeks({1, 2, 3})};
  EXPECT_EQ(KaplanMeierMedian(times), std::nullopt);
  Times none;
  EXPECT_EQ(KaplanMeierMedian(none), std::nullopt);
  Times waiting{.unfinished = Weeks({5})};
  EXPECT_EQ(KaplanMeierMedian(waiting), std::nullopt);
}

// S by its definition, with the fractions kept whole: a product of n_i - d_i over a product of n_i.
std::optional<absl::Duration> MedianByDefinition(const Times& times) {
  std::vector<absl::Duration> instants = times.finished;
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  unsigned __int128 above = 1, below = 1;
  for (const absl::Duration instant : instants) {
    uint64_t there = 0, done = 0;
    for (const absl::Duration time : times.finished) {
      there += time >= instant ? 1 : 0;
      done += time == instant ? 1 : 0;
    }
    for (const absl::Duration time : times.unfinished) there += time >= instant ? 1 : 0;
    above *= there - done;
    below *= there;
    if (above * 2 <= below) return instant;
  }
  return std::nullopt;
}

TEST(KaplanMeierMedianTest, EqualsItsDefinitionOnRandomTimes) {
  const uint32_t seed = 20261126;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    Times times;
    for (uint32_t i = random() % 12; i > 0; --i) times.finished.push_back(absl::Hours(random() % 8));
    for (uint32_t i = random() % 12; i > 0; --i) times.unfinished.push_back(absl::Hours(random() % 8));
    const std::optional<absl::Duration> expected = MedianByDefinition(times);
    EXPECT_EQ(KaplanMeierMedian(times), expected) << "round " << round;
    Times finished{.finished = times.finished};
    EXPECT_EQ(KaplanMeierMedian(finished), NearestRank(finished.finished, 50)) << "round " << round;
  }
}

TEST(SummariseTest, TellsBothSides) {
  Times times{.finished = Weeks({3, 1, 2}), .unfinished = Weeks({2})};
  const TimesSummary summary = Summarise(times);
  EXPECT_EQ(summary.finished, 3);
  EXPECT_EQ(summary.unfinished, 1);
  EXPECT_EQ(summary.p50, Week(2));
  EXPECT_EQ(summary.p90, Week(3));
  EXPECT_EQ(summary.median, Week(2));  // 3/4, then 3/4 * 2/3.
}

}  // namespace
}  // namespace waymark::milestone
