#include "services/milestone/statistics.h"

#include <algorithm>

namespace waymark::milestone {

std::optional<absl::Duration> NearestRank(std::vector<absl::Duration>& values, int percent) {
  if (values.empty()) return std::nullopt;
  const size_t place = (values.size() * static_cast<size_t>(percent) + 99) / 100;
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::max<size_t>(place, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::optional<absl::Duration> KaplanMeierMedian(Times& times) {
  std::vector<absl::Duration>& finished = times.finished;
  std::vector<absl::Duration>& unfinished = times.unfinished;
  std::sort(finished.begin(), finished.end());
  std::sort(unfinished.begin(), unfinished.end());
  // Between two who are lost sight of the product telescopes: one division for all who finish there, so that without
  // any it is exact.
  double share = 1;                                    // S when one was last lost sight of …
  size_t since = finished.size() + unfinished.size();  // … and how many there were after that.
  size_t there = since;
  size_t lost = 0;
  for (size_t i = 0; i < finished.size();) {
    const absl::Duration time = finished[i];
    const size_t lost_before = lost;
    while (lost < unfinished.size() && unfinished[lost] < time) ++lost;
    if (lost > lost_before) {
      share *= static_cast<double>(there) / static_cast<double>(since);
      there -= lost - lost_before;
      since = there;
    }
    for (; i < finished.size() && finished[i] == time; ++i) --there;
    // What is a half but for rounding is a half.
    if (share * static_cast<double>(there) / static_cast<double>(since) <= 0.5 + 1e-12) return time;
  }
  return std::nullopt;
}

TimesSummary Summarise(Times& times) {
  return {.finished = static_cast<int64_t>(times.finished.size()),
          .unfinished = static_cast<int64_t>(times.unfinished.size()),
          .p50 = NearestRank(times.finished, 50),
          .p90 = NearestRank(times.finished, 90),
          .median = KaplanMeierMedian(times)};
}

}  // namespace waymark::milestone
