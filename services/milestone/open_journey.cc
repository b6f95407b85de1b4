#include "services/milestone/open_journey.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace waymark::milestone {
namespace {

// One stage with all milestones, which nothing completes.
rules::JourneyVersion WithoutOrder(const rules::JourneyVersion& version, const std::string& segment_id) {
  rules::JourneyVersion open{.journey_id = version.journey_id, .number = version.number, .segments = version.segments};
  open.definition.time_zone = version.definition.time_zone;
  open.definition.entry.triggers = {rules::AnyEvent{}};
  rules::Stage& all = open.definition.stages.emplace_back();
  for (const rules::Stage& stage : version.definition.stages) {
    for (rules::Milestone milestone : stage.milestones) {
      if (milestone.scope != rules::Scope::kWindow) milestone.scope = rules::Scope::kAllHistory;
      milestone.latching = rules::Latching::kLatched;
      milestone.period.reset();
      milestone.depends_on.clear();
      all.milestones.push_back(std::move(milestone));
    }
  }
  if (!segment_id.empty()) {
    // No key of a definition's is empty.
    all.milestones.push_back({.scope = rules::Scope::kAllHistory,
                              .criterion = {rules::InSegment{segment_id}},
                              .latching = rules::Latching::kRevocable});
  }
  all.exit_at_least = static_cast<uint32_t>(all.milestones.size()) + 1;
  return open;
}

// Whether a criterion may look at it. Calls that take a customer out, or elsewhere, are about the order that is left
// out.
bool Counts(const rules::Item& item) {
  return item.kind == rules::ItemKind::kEvent || item.kind == rules::ItemKind::kAttributes ||
         item.kind == rules::ItemKind::kBand || item.kind == rules::ItemKind::kAttestation;
}

}  // namespace

OpenJourney::OpenJourney(const rules::Journey& journey, const std::string& segment_id)
    : stages_(journey.stages()),
      asks_segment_(!segment_id.empty()),
      open_(WithoutOrder(journey.version(), segment_id)) {}

OpenJourney::Answer OpenJourney::Look(absl::Span<const rules::Item> history, absl::Time until) const {
  std::vector<rules::Item> counting;
  if (!std::all_of(history.begin(), history.end(), Counts)) {
    std::copy_if(history.begin(), history.end(), std::back_inserter(counting), Counts);
    history = counting;
  }
  const rules::Progress progress = rules::Fold(open_, {}, history, until);
  Answer answer{.stages = std::vector<bool>(stages_.size())};
  if (progress.runs.empty()) return answer;
  const std::vector<rules::MilestoneProgress>& milestones = progress.runs.front().milestones;
  size_t rule = 0;
  for (size_t i = 0; i < stages_.size(); ++i) {
    uint32_t achieved = 0;
    bool all = true;
    for (const rules::Milestone& milestone : stages_[i].milestones) {
      const bool is_achieved = milestones[rule++].achieved.has_value();
      achieved += is_achieved ? 1 : 0;
      all = all && (is_achieved || !milestone.required);
    }
    answer.stages[i] = stages_[i].exit_at_least.has_value() ? achieved >= *stages_[i].exit_at_least : all;
  }
  if (asks_segment_) answer.in_segment = milestones[rule].achieved.has_value();
  return answer;
}

}  // namespace waymark::milestone
