#include "services/rules/progress.h"

#include <algorithm>

#include "services/rules/folding.h"

namespace waymark::rules {

bool IsBlank(const Progress& progress) {
  const auto has_value = [](const Known& known) {
    return known.composite || !std::holds_alternative<std::monostate>(known.value);
  };
  return !progress.enrolled() && progress.triggered == 0 && !progress.first_event.has_value() &&
         progress.next == absl::InfiniteFuture() &&
         std::all_of(progress.runs.begin(), progress.runs.end(),
                     [](const Run& run) {
                       return std::all_of(run.milestones.begin(), run.milestones.end(),
                                          [](const MilestoneProgress& milestone) { return milestone.blank(); });
                     }) &&
         std::all_of(progress.leaves.begin(), progress.leaves.end(),
                     [](const LeafState& leaf) { return leaf.blank(); }) &&
         std::none_of(progress.attributes.begin(), progress.attributes.end(), has_value) && progress.bands.empty();
}

Progress Fold(const Journey& journey, Progress progress, absl::Span<const Item> items, absl::Time now) {
  Folding folding(journey, progress);
  for (const Item& item : items) {
    while (progress.next < item.time) folding.Fire(progress.next);
    folding.Apply(item);
  }
  while (progress.next <= now) folding.Fire(progress.next);
  return progress;
}

namespace {

// The instants at which the answer whether a run is on time becomes another.
std::vector<absl::Time> TurningPoints(const Journey& journey, const Run& run) {
  std::vector<absl::Time> points;
  if (!run.enrolled() || run.ended()) return points;
  const Stage& stage = journey.stages()[run.stage()];
  const absl::Time entered = run.entered.back().time;
  for (const std::optional<absl::Duration>& limit : {stage.target, stage.behind_after, stage.stuck_after}) {
    if (limit.has_value()) points.push_back(entered + *limit);
  }
  for (size_t i = 0; i < stage.milestones.size(); ++i) {
    const bool achieved = run.milestones[journey.first_rule(run.stage()) + i].achieved.has_value();
    if (stage.milestones[i].deadline.has_value() && !achieved) points.push_back(entered + *stage.milestones[i].deadline);
  }
  return points;
}

}  // namespace

absl::Time NextChange(const Journey& journey, const Progress& progress, absl::Time now) {
  absl::Time next = progress.next;
  for (const Run& run : progress.runs) {
    for (const absl::Time point : TurningPoints(journey, run)) {
      if (point > now) next = std::min(next, point);
    }
  }
  return next;
}

Pace PaceOf(const Journey& journey, const Run& run, absl::Time now) {
  if (!run.enrolled() || run.ended()) return Pace::kOnTrack;
  const Stage& stage = journey.stages()[run.stage()];
  const absl::Duration stay = now - run.entered.back().time;
  const auto is_past = [&](const std::optional<absl::Duration>& limit) { return limit.has_value() && stay >= *limit; };
  if (is_past(stage.stuck_after)) return Pace::kStuck;
  if (is_past(stage.behind_after)) return Pace::kBehind;
  for (size_t i = 0; i < stage.milestones.size(); ++i) {
    const bool achieved = run.milestones[journey.first_rule(run.stage()) + i].achieved.has_value();
    if (!achieved && is_past(stage.milestones[i].deadline)) return Pace::kLate;
  }
  return is_past(stage.target) ? Pace::kLate : Pace::kOnTrack;
}

}  // namespace waymark::rules
