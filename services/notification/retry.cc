#include "services/notification/retry.h"

#include <algorithm>
#include <iterator>

namespace waymark::notification {

absl::Duration RetryDelay(int attempt, double jitter, std::optional<absl::Duration> retry_after) {
  static const absl::Duration kSchedule[] = {absl::Seconds(5), absl::Minutes(5), absl::Minutes(30),
                                             absl::Hours(2),   absl::Hours(5),   absl::Hours(10),
                                             absl::Hours(14),  absl::Hours(20),  absl::Hours(24)};
  const int last = std::size(kSchedule);
  const absl::Duration scheduled = kSchedule[std::clamp(attempt, 1, last) - 1];
  const absl::Duration jittered = scheduled + scheduled * (0.2 * std::clamp(jitter, 0.0, 1.0));
  if (!retry_after.has_value()) return jittered;
  return std::clamp(*retry_after, jittered, scheduled * 2);
}

}  // namespace waymark::notification
