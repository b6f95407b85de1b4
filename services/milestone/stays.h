// How long an enrollment stood where.
#ifndef WAYMARK_SERVICES_MILESTONE_STAYS_H_
#define WAYMARK_SERVICES_MILESTONE_STAYS_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "services/milestone/statistics.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// A stay in a stage.
struct Stay {
  absl::Time entered;
  absl::Time until;       // When it was left, or the last that is known of it: its end, or now.
  bool moved_on = false;  // To another stage, or by completing the journey.
};

// When an enrollment was last looked at: at its end, or `now`.
absl::Time LastSeen(const rules::Run& run, absl::Time now);

// Of each of so many stages the latest stay; nothing where it was never entered.
std::vector<std::optional<Stay>> LatestStays(const rules::Run& run, size_t stages, absl::Time now);

// Notes a time from `begin`; what came before it took none.
void Note(absl::Time begin, absl::Time end, bool finished, Times& times);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_STAYS_H_
