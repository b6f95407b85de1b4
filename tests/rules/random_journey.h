// Random journeys over the whole language, and random histories that bring them about: for tests that compare two ways
// to the same answer. Everything valid; all times and durations are multiples of a tick, so that a test can look at every
// instant at which anything may change.
#ifndef WAYMARK_TESTS_RULES_RANDOM_JOURNEY_H_
#define WAYMARK_TESTS_RULES_RANDOM_JOURNEY_H_

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/definition.h"
#include "services/rules/history.h"

namespace waymark::rules {

inline constexpr absl::Duration kTick = absl::Hours(6);
inline constexpr int kHistoryTicks = 40;  // Items lie in the first so many; what they set off is over some later.

// 2026-01-05T00:00:00Z.
absl::Time FirstTick();

// A version whose definition has form and refers only to what there is; its milestones look only at milestones before
// them. It may be foolish: stages that nobody reaches, criteria that are always met. Midnights of its calendar are ticks.
JourneyVersion RandomJourney(std::mt19937& random);

// A criterion by itself, as a segment may have it: without milestones, attestations and segments.
Criterion RandomSegmentCriterion(std::mt19937& random, int levels = 2);

// Items that own what they view. Not to be copied.
class RandomHistory {
 public:
  // At most `most` items, in the order of history.
  explicit RandomHistory(std::mt19937& random, int most = 30);
  RandomHistory(const RandomHistory&) = delete;
  RandomHistory& operator=(const RandomHistory&) = delete;

  const std::vector<Item>& items() const { return items_; }

 private:
  absl::string_view Own(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::deque<std::string> texts_;
  std::deque<std::vector<Property>> properties_;
  std::vector<Item> items_;
};

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_RANDOM_JOURNEY_H_
