#include "services/health/scoring.h"

#include <algorithm>
#include <iterator>

#include "services/health/fixed_point.h"

namespace waymark::health {
namespace {

constexpr int64_t kMicrosPerDay = int64_t{24} * 60 * 60 * 1'000'000;
constexpr int64_t kMicro = 1'000'000;
constexpr int64_t kPpm = 1'000'000;
constexpr int64_t kFull = 100'000;  // 100 points in milli-points.

// The share n/d of the full score, clamped. d != 0.
int32_t ShareOfFull(Wide n, Wide d) {
  if (d < 0) {
    n = -n;
    d = -d;
  }
  return static_cast<int32_t>(DivideHalfEven(kFull * std::clamp<Wide>(n, 0, d), d));
}

int32_t NormaliseQuantity(const Linear& linear, const Quantity& x) {
  return ShareOfFull(Wide{x.numerator} * kMicro - Wide{linear.lo_micro} * x.denominator,
                     (Wide{linear.hi_micro} - linear.lo_micro) * x.denominator);
}

int32_t NormaliseQuantity(const Thresholds& thresholds, const Quantity& x) {
  for (const Thresholds::Step& step : thresholds.steps) {
    if (Wide{x.numerator} * kMicro < Wide{step.below_micro} * x.denominator) return step.points_milli;
  }
  return thresholds.otherwise_milli;
}

int32_t NormaliseQuantity(const HalfLife& half_life, const Quantity& x) {
  const Wide late = Wide{x.numerator} * kMicro - Wide{half_life.grace_micro} * x.denominator;
  if (late <= 0) return kFull;
  const int64_t power = PowerOfHalf(late, Wide{half_life.half_life_micro} * x.denominator);
  return static_cast<int32_t>(DivideHalfEven(Wide{kFull} * power, Wide{1} << 62));
}

int32_t NormaliseChange(const Trend& trend, const Change& change) {
  const int64_t growth =
      Log2Ratio(change.recent * kMicro + trend.prior_micro, change.before * kMicro + trend.prior_micro);
  const int64_t full_growth = Log2Ratio(trend.ratio_micro, kMicro);
  // 50 + 50 * growth / full_growth, as a share of 100. A ratio of logarithms is the same to every base.
  return ShareOfFull(Wide{full_growth} + growth, Wide{full_growth} * 2);
}

bool IsKnown(const Value& value) {
  return std::holds_alternative<Quantity>(value) || std::holds_alternative<Change>(value);
}

// The measure's weight in millionths of all, by definition order where remainders are equal.
std::vector<int64_t> WeightsPpm(const Definition& definition) {
  std::vector<int64_t> numerators;
  int64_t sum = 0;
  for (const Measure& measure : definition.measures) {
    numerators.push_back(measure.weight * kPpm);
    sum += measure.weight;
  }
  return Apportion(kPpm, numerators, sum);
}

// One measure before the others are looked at: its state and, where it is available, its score.
Contribution Judge(const Measure& measure, const Value& value, int32_t weight_ppm) {
  Contribution contribution{.measure_key = measure.key, .value = value, .weight_ppm = weight_ppm};
  if (IsKnown(value)) {
    contribution.state = ContributionState::kKnown;
    contribution.score_milli = Normalise(measure.normaliser, value);
  } else if (std::holds_alternative<NotApplicable>(value)) {
    contribution.state = ContributionState::kNotApplicable;
  } else if (const Fixed* fixed = std::get_if<Fixed>(&measure.missing); fixed != nullptr) {
    contribution.state = ContributionState::kFixed;
    contribution.score_milli = fixed->points_milli;
  } else {
    contribution.state = ContributionState::kExcluded;
  }
  return contribution;
}

Band BandByCuts(const BandRule& rule, int32_t health) {
  if (health < rule.red_below_milli) return Band::kRed;
  return health < rule.green_from_milli ? Band::kYellow : Band::kGreen;
}

// The band that `health` belongs into for a customer who stands in `from`: each cut is tested from there, cuts above it
// with the margin.
Band TargetBand(const BandRule& rule, Band from, int32_t health) {
  const int32_t red_margin = from == Band::kRed ? rule.margin_milli : 0;
  const int32_t green_margin = from == Band::kGreen ? 0 : rule.margin_milli;
  if (health < rule.red_below_milli + red_margin) return Band::kRed;
  return health < rule.green_from_milli + green_margin ? Band::kYellow : Band::kGreen;
}

}  // namespace

Value DaysBetween(absl::Time since, absl::Time as_of) {
  return Quantity{.numerator = std::max<int64_t>(0, absl::ToInt64Microseconds(as_of - since)),
                  .denominator = kMicrosPerDay};
}

Value StageValue(absl::Span<const Passage> passages, absl::Time as_of, int planned_days) {
  std::vector<Passage> stays;  // The stages entered, each when as is known.
  bool ended = false;
  for (const Passage& passage : passages) {
    if (passage.time > as_of) continue;
    const auto last = std::find_if(stays.rbegin(), stays.rend(),
                                   [&](const Passage& stay) { return stay.stage_key == passage.stage_key; });
    switch (passage.kind) {
      case Passage::Kind::kEntered:
        stays.push_back(passage);
        ended = false;
        break;
      case Passage::Kind::kRevised:
        if (last != stays.rend()) last->time = passage.time;
        break;
      case Passage::Kind::kRetracted:
        if (last != stays.rend()) stays.erase(std::next(last).base());
        break;
      case Passage::Kind::kEnded:
        ended = true;
        break;
      case Passage::Kind::kResumed:
        ended = false;
        break;
    }
  }
  if (ended) return NotApplicable{};
  if (stays.empty()) return Unknown{};
  return Quantity{.numerator = absl::ToInt64Microseconds(as_of - stays.back().time),
                  .denominator = kMicrosPerDay * planned_days};
}

Days WindowOf(int days, absl::Time as_of, int windows_ago) {
  const int64_t last = DayOf(as_of) - int64_t{days} * windows_ago;
  return {.first = last - days + 1, .last = last};
}

int64_t DayOf(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  return micros >= 0 ? micros / kMicrosPerDay : -((-micros + kMicrosPerDay - 1) / kMicrosPerDay);
}

int32_t Normalise(const Normaliser& normaliser, const Value& value) {
  if (const Trend* trend = std::get_if<Trend>(&normaliser)) return NormaliseChange(*trend, std::get<Change>(value));
  const Quantity& quantity = std::get<Quantity>(value);
  if (const Linear* linear = std::get_if<Linear>(&normaliser)) return NormaliseQuantity(*linear, quantity);
  if (const Thresholds* steps = std::get_if<Thresholds>(&normaliser)) return NormaliseQuantity(*steps, quantity);
  return NormaliseQuantity(std::get<HalfLife>(normaliser), quantity);
}

Score ComputeScore(const Definition& definition, absl::Span<const Value> values) {
  Score score;
  const std::vector<int64_t> weights = WeightsPpm(definition);
  int64_t applicable = 0, available = 0, weighted = 0;
  bool required_known = true;
  std::vector<int64_t> weight_shares, point_shares;
  for (size_t i = 0; i < definition.measures.size(); ++i) {
    const Measure& measure = definition.measures[i];
    const Contribution& contribution =
        score.contributions.emplace_back(Judge(measure, values[i], static_cast<int32_t>(weights[i])));
    const bool is_available = contribution.score_milli.has_value();
    if (contribution.state != ContributionState::kNotApplicable) applicable += weights[i];
    if (is_available) available += weights[i];
    if (measure.required && std::holds_alternative<Unknown>(values[i])) required_known = false;
    weight_shares.push_back(is_available ? weights[i] * kPpm : 0);
    point_shares.push_back(is_available ? weights[i] * *contribution.score_milli : 0);
    weighted += point_shares.back();
  }
  if (available == 0) return score;

  score.health_milli = static_cast<int32_t>((weighted + available / 2) / available);
  score.coverage_ppm = static_cast<int32_t>(DivideHalfEven(Wide{available} * kPpm, applicable));
  score.sufficient = required_known && available * 100 >= applicable * definition.min_coverage_percent;
  const std::vector<int64_t> effective = Apportion(kPpm, weight_shares, available);
  const std::vector<int64_t> points = Apportion(*score.health_milli, point_shares, available);
  for (size_t i = 0; i < score.contributions.size(); ++i) {
    score.contributions[i].effective_weight_ppm = static_cast<int32_t>(effective[i]);
    score.contributions[i].points_milli = static_cast<int32_t>(points[i]);
  }
  return score;
}

BandStep AdvanceBand(const BandRule& rule, const std::optional<BandState>& before, const Score& score, absl::Time as_of,
                     bool past) {
  if (!score.sufficient) return {.state = before};
  const int32_t health = *score.health_milli;
  if (!before.has_value()) {
    return {.state = BandState{.band = BandByCuts(rule, health), .since = as_of, .past = past},
            .changed = true,
            .past = past};
  }
  const bool anew = before->past && past;
  const BandState settled = {.band = before->band, .since = before->since, .past = before->past};
  const Band target = anew ? BandByCuts(rule, health) : TargetBand(rule, before->band, health);
  if (target == before->band) return {.state = settled};

  if (anew) return {.state = BandState{.band = target, .since = as_of, .past = true}, .changed = true, .past = true};
  BandState state = *before;
  if (state.candidate != target) {
    state = settled;
    state.candidate = target;
    state.candidate_since = as_of;
    state.candidate_past = past;
  }
  const absl::Duration dwell = target < state.band ? rule.dwell_down : rule.dwell_up;
  if (as_of - state.candidate_since < dwell) return {.state = state};
  const bool brought_by_past = past || state.candidate_past;
  return {.state = BandState{.band = target, .since = as_of, .past = brought_by_past},
          .changed = true,
          .past = brought_by_past};
}

bool IsPast(const Occasion& occasion) {
  switch (occasion.news) {
    case News::kPast:
    case News::kBackfill:
      return true;
    case News::kNone:
    case News::kLive:
      break;
  }
  return occasion.scored_version.has_value() ? *occasion.scored_version != occasion.version
                                             : occasion.known_since < occasion.publish_time;
}

}  // namespace waymark::health
