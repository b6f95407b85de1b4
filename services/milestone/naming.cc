#include "services/milestone/naming.h"

#include <algorithm>
#include <variant>

#include "services/rules/places.h"

namespace waymark::milestone {

Naming::Naming(const rules::Journey& journey) : journey_(journey) {
  const rules::Definition& definition = journey.version().definition;
  for (const rules::Trigger& trigger : definition.entry.triggers) {
    if (const rules::FirstEvent* first = std::get_if<rules::FirstEvent>(&trigger)) Add(first->events, {});
  }
  for (const rules::CriterionPlace& place : rules::PlacesOf(definition)) {
    switch (place.purpose) {
      case rules::Purpose::kMilestone:
      case rules::Purpose::kVariant:
        Add(*place.criterion, {.stage = place.index});
        break;
      case rules::Purpose::kExit:
        Add(*place.criterion, {.anywhere = true});
        break;
      case rules::Purpose::kTransition:
      case rules::Purpose::kStageEntry:
        break;  // Belong to the stages that the ways lead out of, below.
    }
  }
  for (size_t stage = 0; stage < definition.stages.size(); ++stage) {
    for (const rules::Way& way : journey.ways(stage)) {
      if (way.transition.has_value() && definition.transitions[*way.transition].criterion.has_value()) {
        Add(*definition.transitions[*way.transition].criterion, {.stage = stage});
      }
      if (way.to.has_value() && definition.stages[*way.to].entry_criterion.has_value()) {
        Add(*definition.stages[*way.to].entry_criterion, {.stage = stage});
      }
    }
    for (const rules::Touchpoint& touchpoint : definition.touchpoints) {
      if (touchpoint.expected_event.empty() || touchpoint.stage_key != definition.stages[stage].key) continue;
      mentions_[touchpoint.expected_event].push_back({.stage = stage});
    }
  }
}

void Naming::Add(const rules::EventPattern& pattern, Mention mention) {
  mention.pattern = pattern.where.empty() ? nullptr : &pattern;
  for (const std::string& type : pattern.event_types) mentions_[type].push_back(mention);
}

void Naming::Add(const rules::Criterion& criterion, const Mention& mention) {
  rules::VisitParts(criterion, "", [&](const rules::Criterion& part, const std::string&) {
    for (const rules::PatternPlace& place : rules::PatternsOf(part, "")) Add(*place.pattern, mention);
    if (const rules::InSegment* in = std::get_if<rules::InSegment>(&part.kind)) {
      // A segment names no segment.
      for (const rules::SegmentRule& segment : journey_.version().segments) {
        if (segment.segment_id == in->segment_id) Add(segment.criterion, mention);
      }
    }
    return true;
  });
}

Naming::Named Naming::Find(const rules::Item& event) const {
  Named named;
  const auto found = mentions_.find(event.type);
  if (found == mentions_.end()) return named;
  for (const Mention& mention : found->second) {
    if (mention.pattern != nullptr && !rules::Fits(event, *mention.pattern)) continue;
    if (mention.anywhere) {
      named.anywhere = true;
    } else {
      named.stages.push_back(mention.stage);
    }
  }
  std::sort(named.stages.begin(), named.stages.end());
  named.stages.erase(std::unique(named.stages.begin(), named.stages.end()), named.stages.end());
  return named;
}

}  // namespace waymark::milestone
