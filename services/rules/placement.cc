#include "services/rules/placement.h"

#include <optional>

#include "services/rules/progress.h"

namespace waymark::rules {
namespace {

const std::string& Mapped(const std::map<std::string, std::string>& keys, const std::string& key) {
  const auto found = keys.find(key);
  return found == keys.end() ? key : found->second;
}

const Run* FindOpen(const Progress& progress, const std::string& key) {
  for (const Run& run : progress.enrollments()) {
    if (run.key == key && !run.ended()) return &run;
  }
  return nullptr;
}

}  // namespace

Placements PlaceByMap(const KeyMap& map, const Journey& from, const Journey& to, absl::Span<const Item> history,
                      absl::Time as_of) {
  const absl::Time just_before = as_of - absl::Microseconds(1);
  const Progress before = Fold(from, {}, history, just_before), replayed = Fold(to, {}, history, just_before);
  Placements placements;
  for (const Run& run : before.enrollments()) {
    if (run.ended()) continue;
    Placement placement{.entry_key = run.key, .from_stage = from.stages()[run.stage()].key};
    placement.stage = Mapped(map.stages, placement.from_stage);
    const std::optional<size_t> stage = to.FindStage(placement.stage);
    if (!stage.has_value()) return {.fate = Placements::Fate::kUnmapped, .unmapped_stage = placement.from_stage};
    const Run* there = FindOpen(replayed, run.key);
    if (there == nullptr) return {.fate = Placements::Fate::kNotThere};
    bool missing = false;
    for (size_t rule = 0; rule < run.milestones.size(); ++rule) {
      if (!run.milestones[rule].achieved.has_value()) continue;
      const std::optional<size_t> other = to.FindMilestone(Mapped(map.milestones, from.milestone(rule).key));
      if (!other.has_value() || to.rules()[*other].latching == Latching::kRevocable) continue;
      missing = missing || !there->milestones[*other].achieved.has_value();
      placement.milestones.push_back(to.milestone(*other).key);
    }
    placements.fate = Placements::Fate::kGoes;
    if (missing || there->stage() != *stage) placements.overrides.push_back(std::move(placement));
  }
  return placements;
}

}  // namespace waymark::rules
