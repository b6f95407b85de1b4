#include "services/journey/tombstones.h"

#include <set>
#include <utility>

namespace waymark::journey {
namespace {

using Keys = std::set<std::pair<KeyKind, std::string>>;

template <typename Things>
void AddKeys(KeyKind kind, const Things& things, Keys& keys) {
  for (const auto& thing : things) keys.emplace(kind, thing.key());
}

Keys KeysOf(const v1::JourneyDefinition& definition) {
  Keys keys;
  AddKeys(KeyKind::kStage, definition.stages(), keys);
  for (const v1::Stage& stage : definition.stages()) AddKeys(KeyKind::kMilestone, stage.milestones(), keys);
  AddKeys(KeyKind::kTransition, definition.transitions(), keys);
  AddKeys(KeyKind::kTouchpoint, definition.touchpoints(), keys);
  AddKeys(KeyKind::kExit, definition.exits(), keys);
  AddKeys(KeyKind::kGoal, definition.goals(), keys);
  AddKeys(KeyKind::kScenario, definition.scenarios(), keys);
  return keys;
}

}  // namespace

std::vector<Tombstone> FindRemoved(const v1::JourneyDefinition& before, const v1::JourneyDefinition& after,
                                   uint32_t number) {
  const Keys left = KeysOf(after);
  std::vector<Tombstone> removed;
  for (const auto& [kind, key] : KeysOf(before)) {
    if (!left.contains({kind, key})) removed.push_back({.kind = kind, .key = key, .removed_by = number});
  }
  return removed;
}

}  // namespace waymark::journey
