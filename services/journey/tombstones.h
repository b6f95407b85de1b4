// Which keys of a journey are taken for ever: those that a published version had and a later one has no more.
#ifndef WAYMARK_SERVICES_JOURNEY_TOMBSTONES_H_
#define WAYMARK_SERVICES_JOURNEY_TOMBSTONES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "waymark/journey/v1/definition.pb.h"

namespace waymark::journey {

// What a key names; keys of different kinds have nothing to do with each other. As stored; never renumbered.
enum class KeyKind {
  kStage = 1,
  kMilestone = 2,
  kTransition = 3,
  kTouchpoint = 4,
  kExit = 5,
  kGoal = 6,
  kScenario = 7,
};

struct Tombstone {
  KeyKind kind = KeyKind::kStage;
  std::string key;
  uint32_t removed_by = 0;  // The number of the first version that did not have it.
  friend bool operator==(const Tombstone&, const Tombstone&) = default;
  friend auto operator<=>(const Tombstone&, const Tombstone&) = default;
};

// The keys that `before` has and `after`, whose number is `number`, has no more; by kind and key.
std::vector<Tombstone> FindRemoved(const v1::JourneyDefinition& before, const v1::JourneyDefinition& after,
                                   uint32_t number);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_TOMBSTONES_H_
