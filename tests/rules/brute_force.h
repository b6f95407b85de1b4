// The rules of progress.h told once more, in another way and as slowly as one likes: at every item and at every tick
// each criterion is evaluated from scratch over the history so far. Written without the code that it checks.
#ifndef WAYMARK_TESTS_RULES_BRUTE_FORCE_H_
#define WAYMARK_TESTS_RULES_BRUTE_FORCE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/definition.h"
#include "services/rules/history.h"

namespace waymark::rules {

// A time and an item's number; 0: time alone.
using When = std::pair<absl::Time, int64_t>;

struct ExpectedMilestone {
  std::optional<When> achieved;
  uint32_t earlier = 0;
  friend bool operator==(const ExpectedMilestone&, const ExpectedMilestone&) = default;
};

struct ExpectedRun {
  std::string key;
  struct Stay {
    size_t stage;
    When when;
    std::optional<absl::Time> completed;
    friend bool operator==(const Stay&, const Stay&) = default;
  };
  std::vector<Stay> stays;
  std::optional<When> completed;
  std::optional<std::pair<When, std::optional<size_t>>> exited;
  std::vector<ExpectedMilestone> milestones;
  friend bool operator==(const ExpectedRun&, const ExpectedRun&) = default;
};

// The enrollments that a history in order leads to, when every tick from FirstTick() to `until` is looked at.
std::vector<ExpectedRun> BruteForce(const JourneyVersion& version, const std::vector<Item>& history, absl::Time until);

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_BRUTE_FORCE_H_
