// When a message is tried again. Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_RETRY_H_
#define WAYMARK_SERVICES_NOTIFICATION_RETRY_H_

#include <optional>

#include "absl/time/time.h"

namespace waymark::notification {

// How long after its creation a delivery may be tried again. A budget of time, not of tries: the schedule below takes
// 75 h 35 min without lateness.
inline constexpr absl::Duration kRetryBudget = absl::Hours(76);

// How long to wait after the `attempt`-th attempt (from 1): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, then 24 h
// each (the schedule of the Standard Webhooks specification), and `jitter`, 0 to 1, times 20 % of that, so that what
// failed together does not come back together. A receiver who says when to come again (Retry-After) is heeded up to
// twice the scheduled wait, and never means earlier.
absl::Duration RetryDelay(int attempt, double jitter, std::optional<absl::Duration> retry_after);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_RETRY_H_
