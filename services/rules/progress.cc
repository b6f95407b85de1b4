#include "services/rules/progress.h"

#include <utility>

namespace waymark::rules {
bool Before(const Event& a, const Event& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.sequence != b.sequence) return a.sequence < b.sequence;
  return a.id < b.id;
}

Journey::Journey(JourneyVersion version) : version_(std::move(version)) {
  for (size_t stage = 0; stage < stages().size(); ++stage) {
    first_rule_.push_back(rules_.size());
    for (size_t index = 0; index < stages()[stage].milestones.size(); ++index) {
      const Milestone& milestone = stages()[stage].milestones[index];
      const EventCount& count = std::get<EventCount>(milestone.criterion.kind);
      for (const std::string& type : count.events.event_types) {
        std::vector<size_t>& of_type = rules_by_type_[type];
        // A type named twice counts an event once.
        if (of_type.empty() || of_type.back() != rules_.size()) of_type.push_back(rules_.size());
      }
      rules_.push_back({.stage = stage, .index = index, .scope = milestone.scope, .needed = count.at_least});
    }
  }
  first_rule_.push_back(rules_.size());
  for (const Trigger& trigger : version_.definition.entry.triggers) {
    if (const FirstEvent* first = std::get_if<FirstEvent>(&trigger)) {
      entry_types_.emplace(first->events.event_types.begin(), first->events.event_types.end());
    }
  }
}

bool Journey::Opens(const Event& event) const {
  return !entry_types_.has_value() || entry_types_->contains(event.type);
}

Progress Fold(const Journey& journey, Progress progress, absl::Span<const Event> events) {
  progress.milestones.resize(journey.rules_.size());
  for (const Event& event : events) {
    if (progress.completed.has_value()) break;
    const bool opening = !progress.enrolled() && journey.Opens(event);
    const auto matching = journey.rules_by_type_.find(event.type);
    if (!opening && matching == journey.rules_by_type_.end()) continue;

    if (opening) progress.entered.push_back({event.time, std::string(event.id)});
    if (matching != journey.rules_by_type_.end()) {
      for (const size_t index : matching->second) {
        const Journey::Rule& rule = journey.rules_[index];
        MilestoneProgress& milestone = progress.milestones[index];
        const bool in_scope =
            rule.scope == Scope::kAllHistory || (progress.enrolled() && progress.stage() == rule.stage);
        if (!in_scope || milestone.achieved.has_value()) continue;
        if (++milestone.counted >= rule.needed) milestone.achieved = Moment{event.time, std::string(event.id)};
      }
    }
    while (progress.enrolled() && !progress.completed.has_value()) {
      const size_t stage = progress.stage();
      bool all = true;
      for (size_t rule = journey.first_rule_[stage]; rule < journey.first_rule_[stage + 1] && all; ++rule) {
        all = progress.milestones[rule].achieved.has_value();
      }
      if (!all) break;
      Moment moment{event.time, std::string(event.id)};
      if (stage + 1 < journey.stages().size()) {
        progress.entered.push_back(std::move(moment));
      } else {
        progress.completed = std::move(moment);
      }
    }
  }
  return progress;
}

std::vector<std::vector<absl::string_view>> FindWitnesses(const Journey& journey, absl::Span<const Event> history) {
  std::vector<std::vector<absl::string_view>> witnesses(journey.rules().size());
  Progress progress = Fold(journey, {}, {});
  for (size_t i = 0; i < history.size(); ++i) {
    const std::vector<MilestoneProgress> before = progress.milestones;
    progress = Fold(journey, std::move(progress), history.subspan(i, 1));
    for (size_t rule = 0; rule < witnesses.size(); ++rule) {
      if (progress.milestones[rule].counted > before[rule].counted) witnesses[rule].push_back(history[i].id);
    }
  }
  return witnesses;
}

std::vector<Conclusion> Compare(const Journey& journey, const Progress& before, const Progress& after) {
  std::vector<Conclusion> conclusions;
  if (!after.enrolled()) return conclusions;
  if (!before.enrolled()) conclusions.push_back({.kind = ConclusionKind::kEnrolled, .now = after.entered[0]});
  const std::vector<Journey::Rule>& rules = journey.rules();
  size_t rule = 0;
  for (size_t stage = 0; stage < journey.stages().size(); ++stage) {
    if (stage < after.entered.size()) {
      const bool was_entered = stage < before.entered.size();
      if (!was_entered) {
        conclusions.push_back({.kind = ConclusionKind::kStageEntered, .stage = stage, .now = after.entered[stage]});
      } else if (before.entered[stage] != after.entered[stage]) {
        conclusions.push_back({.kind = ConclusionKind::kStageRevised,
                               .stage = stage,
                               .now = after.entered[stage],
                               .previous = before.entered[stage].time});
      }
    }
    for (; rule < rules.size() && rules[rule].stage == stage; ++rule) {
      const std::optional<Moment>& achieved = after.milestones[rule].achieved;
      if (!achieved.has_value()) continue;
      // What was counted before the enrollment has not been told.
      const bool was_told = before.enrolled() && before.milestones[rule].achieved.has_value();
      if (!was_told) {
        conclusions.push_back(
            {.kind = ConclusionKind::kMilestoneAchieved, .stage = stage, .milestone = rule, .now = *achieved});
      } else if (before.milestones[rule].achieved != achieved) {
        conclusions.push_back({.kind = ConclusionKind::kMilestoneRevised,
                               .stage = stage,
                               .milestone = rule,
                               .now = *achieved,
                               .previous = before.milestones[rule].achieved->time});
      }
    }
  }
  if (after.completed.has_value() && !before.completed.has_value()) {
    conclusions.push_back(
        {.kind = ConclusionKind::kCompleted, .stage = journey.stages().size() - 1, .now = *after.completed});
  }
  return conclusions;
}

}  // namespace waymark::rules
