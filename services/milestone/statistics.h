// Statistics of how long things take: exact, over all values.
#ifndef WAYMARK_SERVICES_MILESTONE_STATISTICS_H_
#define WAYMARK_SERVICES_MILESTONE_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace waymark::milestone {

// Times of those who finished, and of those who have not: how long they had been at it when they were last looked at.
struct Times {
  std::vector<absl::Duration> finished;
  std::vector<absl::Duration> unfinished;
};

// What is told of times.
struct TimesSummary {
  int64_t finished = 0;
  int64_t unfinished = 0;
  std::optional<absl::Duration> p50;  // Of those who finished; absent where nobody has.
  std::optional<absl::Duration> p90;
  std::optional<absl::Duration> median;  // Of all, by Kaplan and Meier; absent where it is not reached.
};
// Reorders the times.
TimesSummary Summarise(Times& times);

// The value at place ceil(percent / 100 * n) of n values in ascending order: the inverse of their empirical
// distribution (definition 1 in Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician
// 50, 1996). `percent` is 1 to 100. Absent where there are no values; reorders them.
std::optional<absl::Duration> NearestRank(std::vector<absl::Duration>& values, int percent);

// The shortest time t with S(t) <= 1/2, where S is the product-limit estimate of the share that takes longer than t:
// S(t) = product over the times t_i <= t at which someone finished of (1 - d_i / n_i), d_i of them then, n_i who had
// neither finished nor been lost sight of before; whoever is lost sight of at t_i still counts in n_i (Kaplan and
// Meier, "Nonparametric Estimation from Incomplete Observations", Journal of the American Statistical Association 53,
// 1958). Absent where S stays above 1/2. Where everybody finished it is the 50th percentile by nearest rank. Reorders
// the times.
std::optional<absl::Duration> KaplanMeierMedian(Times& times);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_STATISTICS_H_
