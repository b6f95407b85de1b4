#include "services/health/scoring.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/health/fixed_point.h"

namespace waymark::health {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kDay = absl::Hours(24);

absl::Time Week(int week) { return absl::FromUnixSeconds(1'780'000'000) + week * 7 * kDay; }
Value Count(int64_t count) { return Quantity{.numerator = count}; }
Value Days(int64_t days) { return DaysBetween(Week(0), Week(0) + days * kDay); }
Value Hundredths(int64_t hundredths) { return Quantity{.numerator = hundredths, .denominator = 100}; }

Thresholds Steps(std::vector<Thresholds::Step> steps) { return {.steps = std::move(steps), .otherwise_milli = 0}; }

// The worked example of the design (health.md).
Definition Example() {
  Definition definition;
  definition.measures = {
      {.key = "active_seats", .weight = 30, .normaliser = Linear{100'000, 600'000}},
      {.key = "login_recency", .weight = 15, .normaliser = HalfLife{2'000'000, 14'000'000}},
      {.key = "usage_trend", .weight = 15, .normaliser = Trend{20'000'000, 3'000'000}},
      {.key = "urgent_tickets",
       .weight = 10,
       .normaliser = Steps({{1'000'000, 100'000}, {2'000'000, 60'000}, {3'000'000, 30'000}})},
      {.key = "nps", .weight = 10, .normaliser = Linear{0, 10'000'000}},
      {.key = "onboarding",
       .weight = 20,
       .normaliser = Steps({{1'000'000, 100'000}, {8'000'000, 70'000}, {22'000'000, 35'000}})},
  };
  definition.bands.dwell_up = 14 * kDay;
  return definition;
}
std::vector<Value> ExampleBefore() {
  return {Hundredths(48), Days(1), Change{.recent = 520, .before = 500}, Count(0), Unknown{}, Count(0)};
}
std::vector<Value> ExampleAfter() {
  return {Hundredths(32), Days(12), Change{.recent = 240, .before = 520}, Count(2), Count(4), Count(5)};
}

Score Sufficient(int32_t health_milli) { return {.health_milli = health_milli, .sufficient = true}; }

std::vector<int32_t> ScoresOf(const Score& score) {
  std::vector<int32_t> scores;
  for (const Contribution& contribution : score.contributions) scores.push_back(contribution.score_milli.value_or(-1));
  return scores;
}

TEST(FixedPointTest, PowerOfHalfIsWithinABillionth) {
  std::mt19937_64 random(1);
  long double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    const int64_t d = static_cast<int64_t>(random() % 1'000'000'000'000) + 1;
    const int64_t n = static_cast<int64_t>(random() % (50 * static_cast<uint64_t>(d)));
    const long double exact = exp2l(-static_cast<long double>(n) / d);
    worst = std::max(worst, fabsl(PowerOfHalf(n, d) / exp2l(62) - exact));
  }
  EXPECT_LT(worst, 1e-9L);
}

TEST(FixedPointTest, PowerOfHalfIsExactAtWholeExponents) {
  EXPECT_EQ(PowerOfHalf(0, 7), int64_t{1} << 62);
  EXPECT_EQ(PowerOfHalf(21, 7), int64_t{1} << 59);
  EXPECT_EQ(PowerOfHalf(1'000'000, 1), 0);
}

TEST(FixedPointTest, PowerOfHalfNeverGrows) {
  int64_t last = PowerOfHalf(0, 1000);
  for (int n = 1; n < 20'000; ++n) {
    const int64_t next = PowerOfHalf(n, 1000);
    EXPECT_LE(next, last) << n;
    last = next;
  }
}

TEST(FixedPointTest, LogarithmIsWithinTwoUnitsAndSymmetric) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const int64_t a = static_cast<int64_t>(random() >> (1 + random() % 62)) + 1;
    const int64_t b = static_cast<int64_t>(random() >> (1 + random() % 62)) + 1;
    const long double exact = (log2l(a) - log2l(b)) * exp2l(40);
    ASSERT_LT(fabsl(Log2Ratio(a, b) - exact), 2.0L) << a << "/" << b;
    ASSERT_EQ(Log2Ratio(a, b), -Log2Ratio(b, a));
  }
}

TEST(FixedPointTest, HalvesAreRoundedToTheEvenOne) {
  EXPECT_EQ(DivideHalfEven(5, 2), 2);
  EXPECT_EQ(DivideHalfEven(7, 2), 4);
  EXPECT_EQ(DivideHalfEven(-5, 2), -2);
  EXPECT_EQ(DivideHalfEven(-7, 2), -4);
  EXPECT_EQ(DivideHalfEven(8, 3), 3);
  EXPECT_EQ(DivideHalfEven(-8, 3), -3);
}

TEST(FixedPointTest, PartsAddUpAndTheFirstOfEqualsGetsTheRest) {
  EXPECT_THAT(Apportion(100, {100, 100, 100}, 3), ElementsAre(34, 33, 33));
  EXPECT_THAT(Apportion(10, {10, 50, 40}, 10), ElementsAre(1, 5, 4));
}

TEST(NormaliseTest, LinearClampsAtBothEndsAndMayFall) {
  EXPECT_EQ(Normalise(Linear{100'000, 600'000}, Hundredths(48)), 76'000);
  EXPECT_EQ(Normalise(Linear{100'000, 600'000}, Hundredths(5)), 0);
  EXPECT_EQ(Normalise(Linear{100'000, 600'000}, Hundredths(99)), 100'000);
  EXPECT_EQ(Normalise(Linear{10'000'000, 0}, Count(4)), 60'000);
}

TEST(NormaliseTest, ThresholdIncludesItsLowerEndAndNotItsUpper) {
  const Thresholds steps = {.steps = {{1'000'000, 100'000}, {2'000'000, 60'000}}, .otherwise_milli = 5'000};
  EXPECT_EQ(Normalise(steps, Hundredths(99)), 100'000);
  EXPECT_EQ(Normalise(steps, Count(1)), 60'000);
  EXPECT_EQ(Normalise(steps, Count(2)), 5'000);
}

TEST(NormaliseTest, HalfLifeIsFullForTheGraceAndThenHalves) {
  const HalfLife recency = {2'000'000, 14'000'000};
  EXPECT_EQ(Normalise(recency, Days(2)), 100'000);
  EXPECT_EQ(Normalise(recency, Days(12)), 60'951);  // 60.9507
  EXPECT_EQ(Normalise(recency, Days(16)), 50'000);
  EXPECT_EQ(Normalise(recency, Days(30)), 25'000);
  EXPECT_EQ(Normalise(recency, Days(30'000)), 0);
}

TEST(NormaliseTest, TrendIsFiftyWithoutChangeAndSymmetric) {
  const Trend trend = {20'000'000, 3'000'000};
  EXPECT_EQ(Normalise(trend, Change{.recent = 7, .before = 7}), 50'000);
  EXPECT_EQ(Normalise(trend, Change{.recent = 240, .before = 520}), 16'736);  // 16.7359
  EXPECT_EQ(Normalise(trend, Change{.recent = 520, .before = 240}), 100'000 - 16'736);
  EXPECT_EQ(Normalise(trend, Change{.recent = 0, .before = 5'000}), 0);
  EXPECT_EQ(Normalise(trend, Change{.recent = 5'000, .before = 0}), 100'000);
}

TEST(ValueTest, StageIsTheLastOneEnteredAndARevisionMovesIt) {
  const std::vector<Passage> way = {{Passage::Kind::kEntered, "setup", Week(0)},
                                    {Passage::Kind::kEntered, "adoption", Week(2)},
                                    {Passage::Kind::kRevised, "setup", Week(0) - kDay},
                                    {Passage::Kind::kRevised, "adoption", Week(1)}};
  const Value value = StageValue(way, Week(3), 28);
  EXPECT_EQ(Normalise(Linear{0, 1'000'000}, value), 50'000);
  EXPECT_EQ(Normalise(Linear{0, 1'000'000}, StageValue(absl::MakeConstSpan(way).subspan(0, 2), Week(1), 14)), 50'000);
}

TEST(ValueTest, StageIsUnknownBeforeTheFirstAndDoesNotApplyOnceCompleted) {
  EXPECT_TRUE(std::holds_alternative<Unknown>(StageValue({}, Week(1), 14)));
  const std::vector<Passage> way = {{Passage::Kind::kEntered, "setup", Week(1)},
                                    {Passage::Kind::kEnded, "", Week(2)}};
  EXPECT_TRUE(std::holds_alternative<Unknown>(StageValue(way, Week(0), 14)));
  EXPECT_TRUE(std::holds_alternative<Quantity>(StageValue(way, Week(1), 14)));
  EXPECT_TRUE(std::holds_alternative<NotApplicable>(StageValue(way, Week(2), 14)));
}

TEST(ValueTest, StageIsTheOneBeforeWhereThatOneIsRetracted) {
  const std::vector<Passage> way = {{Passage::Kind::kEntered, "setup", Week(0)},
                                    {Passage::Kind::kEntered, "adoption", Week(2)},
                                    {Passage::Kind::kRetracted, "adoption", Week(2)}};
  EXPECT_EQ(Normalise(Linear{0, 1'000'000}, StageValue(way, Week(4), 28)), 100'000);
}

TEST(ValueTest, StageAppliesAgainWhereTheJourneyWasNotEndedAfterAllOrIsEnteredAnew) {
  std::vector<Passage> way = {{Passage::Kind::kEntered, "setup", Week(0)}, {Passage::Kind::kEnded, "", Week(1)}};
  way.push_back({Passage::Kind::kResumed, "", Week(1)});
  EXPECT_EQ(Normalise(Linear{0, 1'000'000}, StageValue(way, Week(4), 28)), 100'000);
  way.back() = {Passage::Kind::kEntered, "setup", Week(2)};
  EXPECT_EQ(Normalise(Linear{0, 1'000'000}, StageValue(way, Week(4), 28)), 50'000);
}

TEST(ValueTest, WindowEndsWithTheDayLookedAt) {
  const absl::Time noon = absl::FromUnixSeconds(100 * 86'400 + 43'200);
  EXPECT_EQ(WindowOf(7, noon).first, 94);
  EXPECT_EQ(WindowOf(7, noon).last, 100);
  EXPECT_EQ(WindowOf(7, noon, 1).first, 87);
  EXPECT_EQ(WindowOf(7, noon, 1).last, 93);
  EXPECT_EQ(DayOf(absl::FromUnixMicros(-1)), -1);
}

TEST(ScoreTest, WorkedExampleIsExactToTheMilliPoint) {
  const Score before = ComputeScore(Example(), ExampleBefore());
  EXPECT_EQ(before.health_milli, 83'953);
  EXPECT_EQ(before.coverage_ppm, 900'000);
  EXPECT_TRUE(before.sufficient);
  EXPECT_THAT(ScoresOf(before), ElementsAre(76'000, 100'000, 51'718, 100'000, -1, 100'000));
  EXPECT_EQ(before.contributions[0].weight_ppm, 300'000);
  EXPECT_EQ(before.contributions[0].effective_weight_ppm, 333'333);
  EXPECT_EQ(before.contributions[4].state, ContributionState::kExcluded);
  EXPECT_EQ(before.contributions[4].effective_weight_ppm, 0);

  const Score after = ComputeScore(Example(), ExampleAfter());
  EXPECT_EQ(after.health_milli, 45'853);
  EXPECT_EQ(after.coverage_ppm, 1'000'000);
  EXPECT_THAT(ScoresOf(after), ElementsAre(44'000, 60'951, 16'736, 30'000, 40'000, 70'000));
}

TEST(ScoreTest, AFixedScoreStandsInWithTheFullWeight) {
  Definition definition = Example();
  definition.measures[4].missing = Fixed{50'000};
  const Score score = ComputeScore(definition, ExampleBefore());
  EXPECT_EQ(score.contributions[4].state, ContributionState::kFixed);
  EXPECT_EQ(score.contributions[4].effective_weight_ppm, 100'000);
  EXPECT_EQ(score.coverage_ppm, 1'000'000);
  EXPECT_EQ(score.health_milli, 80'558);  // (7,555,770 + 10 * 50,000) / 100
}

TEST(ScoreTest, WhatDoesNotApplyCountsNeitherForNorAgainstCoverage) {
  std::vector<Value> values = ExampleBefore();
  values[4] = NotApplicable{};
  const Score score = ComputeScore(Example(), values);
  EXPECT_EQ(score.health_milli, 83'953);
  EXPECT_EQ(score.coverage_ppm, 1'000'000);
  EXPECT_EQ(score.contributions[4].state, ContributionState::kNotApplicable);
}

TEST(ScoreTest, TooLittleKnownIsInsufficientAndStillTold) {
  std::vector<Value> values(6, Unknown{});
  values[0] = Hundredths(48);
  const Score little = ComputeScore(Example(), values);
  EXPECT_EQ(little.health_milli, 76'000);
  EXPECT_EQ(little.coverage_ppm, 300'000);
  EXPECT_FALSE(little.sufficient);
  values[5] = Count(0);  // 50 %: just enough.
  EXPECT_TRUE(ComputeScore(Example(), values).sufficient);
}

TEST(ScoreTest, NothingKnownIsNoNumber) {
  const Score score = ComputeScore(Example(), std::vector<Value>(6, Unknown{}));
  EXPECT_EQ(score.health_milli, std::nullopt);
  EXPECT_EQ(score.coverage_ppm, 0);
  EXPECT_FALSE(score.sufficient);
}

TEST(ScoreTest, ARequiredMeasureMustBeKnown) {
  Definition definition = Example();
  definition.measures[4].required = true;
  definition.measures[4].missing = Fixed{50'000};
  EXPECT_FALSE(ComputeScore(definition, ExampleBefore()).sufficient);
  EXPECT_TRUE(ComputeScore(definition, ExampleAfter()).sufficient);
}

TEST(ScoreTest, WeightsAndPointsAddUpExactlyWhateverTheValues) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    Definition definition;
    std::vector<Value> values;
    const int measures = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < measures; ++i) {
      definition.measures.push_back({.key = std::string(1, static_cast<char>('a' + i)),
                                     .weight = 1 + static_cast<uint32_t>(random() % 997),
                                     .normaliser = Linear{0, 7'000'000}});
      values.push_back(random() % 4 == 0 ? Value(Unknown{})
                                         : Value(Quantity{static_cast<int64_t>(random() % 800), 100}));
    }
    const Score score = ComputeScore(definition, values);
    int64_t weight = 0, effective = 0, points = 0;
    for (const Contribution& contribution : score.contributions) {
      weight += contribution.weight_ppm;
      effective += contribution.effective_weight_ppm;
      points += contribution.points_milli;
    }
    ASSERT_EQ(weight, 1'000'000);
    if (!score.health_milli.has_value()) continue;
    ASSERT_EQ(effective, 1'000'000);
    ASSERT_EQ(points, *score.health_milli);
  }
}

// Steps through scores a week apart and returns the band after each.
std::vector<Band> Bands(const BandRule& rule, const std::vector<int32_t>& health) {
  std::optional<BandState> state;
  std::vector<Band> bands;
  for (size_t week = 0; week < health.size(); ++week) {
    state = AdvanceBand(rule, state, Sufficient(health[week]), Week(static_cast<int>(week)), false).state;
    bands.push_back(state->band);
  }
  return bands;
}

TEST(BandTest, WorkedExampleFallsAtOnceAndRisesOnlyOnceConfirmed) {
  EXPECT_THAT(Bands(Example().bands, {83'953, 45'853, 52'000, 56'000, 57'000, 58'000}),
              ElementsAre(Band::kGreen, Band::kRed, Band::kRed, Band::kRed, Band::kRed, Band::kYellow));
}

TEST(BandTest, FirstBandIsDecidedByTheCutsAlone) {
  const BandRule rule;
  EXPECT_THAT(Bands(rule, {49'999}), ElementsAre(Band::kRed));
  EXPECT_THAT(Bands(rule, {50'000}), ElementsAre(Band::kYellow));
  EXPECT_THAT(Bands(rule, {75'000}), ElementsAre(Band::kGreen));
  const BandStep first = AdvanceBand(rule, std::nullopt, Sufficient(75'000), Week(0), false);
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.state->since, Week(0));
}

TEST(BandTest, SeveralBandsMayBePassedInOneStep) {
  BandRule rule;
  rule.dwell_up = absl::ZeroDuration();
  EXPECT_THAT(Bands(rule, {10'000, 79'999, 10'000, 80'000, 10'000}),
              ElementsAre(Band::kRed, Band::kYellow, Band::kRed, Band::kGreen, Band::kRed));
}

TEST(BandTest, ADipStartsTheDwellTimeAnew) {
  EXPECT_THAT(Bands(Example().bands, {40'000, 56'000, 54'000, 56'000, 57'000, 58'000}),
              ElementsAre(Band::kRed, Band::kRed, Band::kRed, Band::kRed, Band::kRed, Band::kYellow));
}

TEST(BandTest, DwellDownHoldsAWorseBandBackToo) {
  BandRule rule;
  rule.dwell_down = 7 * kDay;
  EXPECT_THAT(Bands(rule, {80'000, 60'000, 60'000}), ElementsAre(Band::kGreen, Band::kGreen, Band::kYellow));
}

TEST(BandTest, ScoringAgainAtTheSameMomentOrInBetweenChangesNothing) {
  const BandRule rule = Example().bands;
  const std::vector<int32_t> weeks = {83'953, 45'853, 52'000, 56'000, 57'000, 58'000};
  std::optional<BandState> once, often;
  for (int week = 0; week < 6; ++week) {
    const Score score = Sufficient(weeks[week]);
    once = AdvanceBand(rule, once, score, Week(week), false).state;
    for (const absl::Duration later : {absl::ZeroDuration(), absl::ZeroDuration(), kDay, 6 * kDay}) {
      often = AdvanceBand(rule, often, score, Week(week) + later, false).state;
    }
    EXPECT_EQ(once->band, often->band) << week;
    EXPECT_EQ(once->since, often->since) << week;
    EXPECT_EQ(once->candidate, often->candidate) << week;
    EXPECT_EQ(once->candidate_since, often->candidate_since) << week;
  }
}

TEST(BandTest, InsufficientDataLeavesEverythingAsItWas) {
  const BandRule rule = Example().bands;
  const Score insufficient = {.health_milli = 10'000, .sufficient = false};
  EXPECT_FALSE(AdvanceBand(rule, std::nullopt, insufficient, Week(0), false).state.has_value());
  const std::optional<BandState> green = BandState{.band = Band::kGreen, .since = Week(0)};
  const BandStep step = AdvanceBand(rule, green, insufficient, Week(1), false);
  EXPECT_EQ(step.state, green);
  EXPECT_FALSE(step.changed);
}

TEST(BandTest, WhatThePastBroughtIsPastEvenAfterItsDwellTime) {
  const BandRule rule = Example().bands;
  const std::optional<BandState> red = BandState{.band = Band::kRed, .since = Week(0)};
  const BandStep candidate = AdvanceBand(rule, red, Sufficient(60'000), Week(1), true);
  EXPECT_FALSE(candidate.changed);
  const BandStep confirmed = AdvanceBand(rule, candidate.state, Sufficient(60'000), Week(3), false);
  EXPECT_TRUE(confirmed.changed);
  EXPECT_TRUE(confirmed.past);
  // A candidate of its own later is news again.
  const BandStep again = AdvanceBand(rule, confirmed.state, Sufficient(40'000), Week(4), false);
  EXPECT_TRUE(again.changed);
  EXPECT_FALSE(again.past);
}

TEST(BandTest, AnImportEndsInTheBandOfTheWholeHistoryInHoweverManyPartsItCame) {
  const BandRule rule;  // Red below 50, green from 75, margin 5.
  for (const auto& [health, band] : std::vector<std::pair<int32_t, Band>>{
           {49'999, Band::kRed}, {50'000, Band::kYellow}, {74'999, Band::kYellow}, {75'000, Band::kGreen}}) {
    for (const int32_t first_part : {10'000, 60'000, 90'000}) {
      std::optional<BandState> state;
      for (const int32_t part : {first_part, 20'000, 95'000, 30'000, health}) {
        const BandStep step = AdvanceBand(rule, state, Sufficient(part), Week(0), true);
        EXPECT_TRUE(step.past || !step.changed);
        state = step.state;
      }
      EXPECT_EQ(state, (BandState{.band = band, .since = Week(0), .past = true})) << health;
    }
  }
}

TEST(BandTest, ABandDecidedByLiveNewsIsCalmWhateverThePastBrings) {
  const BandRule rule = Example().bands;
  const std::optional<BandState> imported = AdvanceBand(rule, std::nullopt, Sufficient(80'000), Week(0), true).state;
  const BandStep fell = AdvanceBand(rule, imported, Sufficient(40'000), Week(1), false);
  EXPECT_TRUE(fell.changed);
  EXPECT_FALSE(fell.past);
  const BandStep inside_the_margin = AdvanceBand(rule, fell.state, Sufficient(52'000), Week(2), true);
  EXPECT_EQ(inside_the_margin.state, fell.state);
  const BandStep rising = AdvanceBand(rule, fell.state, Sufficient(60'000), Week(2), true);
  EXPECT_FALSE(rising.changed);
  EXPECT_EQ(rising.state->candidate, Band::kYellow);
}

TEST(OccasionTest, BackfillAndHistoricalFactsAreOfThePast) {
  const Occasion scored = {.scored_version = 1, .version = 1};
  for (const auto& [news, past] : std::vector<std::pair<News, bool>>{
           {News::kNone, false}, {News::kLive, false}, {News::kPast, true}, {News::kBackfill, true}}) {
    Occasion occasion = scored;
    occasion.news = news;
    EXPECT_EQ(IsPast(occasion), past) << static_cast<int>(news);
  }
}

TEST(OccasionTest, APublicationBringsPastToWhoWasKnownBefore) {
  const Occasion known_before = {.news = News::kLive, .known_since = Week(0), .version = 1, .publish_time = Week(1)};
  EXPECT_TRUE(IsPast(known_before));
  Occasion known_after = known_before;
  known_after.known_since = Week(2);
  EXPECT_FALSE(IsPast(known_after));
  Occasion scored_before = known_before;
  scored_before.scored_version = 1;
  EXPECT_FALSE(IsPast(scored_before));
  scored_before.version = 2;
  EXPECT_TRUE(IsPast(scored_before));
}

}  // namespace
}  // namespace waymark::health
