#include "services/milestone/stays.h"

#include <algorithm>

namespace waymark::milestone {

absl::Time LastSeen(const rules::Run& run, absl::Time now) {
  return run.completed.has_value() ? run.completed->time : run.exited.has_value() ? run.exited->moment.time : now;
}

std::vector<std::optional<Stay>> LatestStays(const rules::Run& run, size_t stages, absl::Time now) {
  std::vector<std::optional<Stay>> stays(stages);
  for (size_t i = 0; i < run.entered.size(); ++i) {
    const bool went_elsewhere = i + 1 < run.entered.size();
    stays[run.entered[i].stage] = {.entered = run.entered[i].time,
                                   .until = went_elsewhere ? run.entered[i + 1].time : LastSeen(run, now),
                                   .moved_on = went_elsewhere || run.completed.has_value()};
  }
  return stays;
}

void Note(absl::Time begin, absl::Time end, bool finished, Times& times) {
  (finished ? times.finished : times.unfinished).push_back(std::max(end - begin, absl::ZeroDuration()));
}

}  // namespace waymark::milestone
