// How a customer could still come into a stage, or why it never will.
#ifndef WAYMARK_SERVICES_RULES_WAY_TO_H_
#define WAYMARK_SERVICES_RULES_WAY_TO_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/consistency.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"
#include "services/rules/scenario.h"

namespace waymark::rules {

struct WayTo {
  // kYes: `steps` lead there, by the fold, and most likely none of them could be left out. kNo: nothing that happens
  // from here on leads there within the enrollment, as `why` says. kUndecided: neither was found.
  Answer answer = Answer::kUndecided;
  std::string why;                  // Half a sentence.
  std::vector<ScenarioStep> steps;  // What would have to happen; their times are counted from `start`. None: waiting.
  absl::Time start;
  absl::Time arrival;  // When it has led there.
};

// From where `progress` stands (of this version, folded until `now`, of a customer whose last item was not after it)
// into a stage, by the newest enrollment or, where that has ended or there is none, by the next one. Overrides, which
// lead anywhere, are left out. Deterministic, and bounded in time as reachability.h.
WayTo FindWayTo(const JourneyVersion& version, const Journey& journey, const Progress& progress, absl::Time now,
                size_t stage);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_WAY_TO_H_
