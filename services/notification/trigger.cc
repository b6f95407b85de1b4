#include "services/notification/trigger.h"

namespace waymark::notification {

absl::string_view NameOf(TriggerKind kind) {
  switch (kind) {
    case TriggerKind::kStageEntered:
      return "stage.entered";
    case TriggerKind::kBandChanged:
      return "band.changed";
    case TriggerKind::kMilestoneAchieved:
      return "milestone.achieved";
  }
  return "";
}

const std::set<std::string>& VariablesOf(TriggerKind kind) {
  static const auto& stage = *new std::set<std::string>{"customer_id", "journey_id", "stage_key", "previous_stage_key"};
  static const auto& band =
      *new std::set<std::string>{"customer_id", "scorecard_id", "band", "previous_band", "health"};
  static const auto& milestone = *new std::set<std::string>{"customer_id", "journey_id", "stage_key", "milestone_key"};
  switch (kind) {
    case TriggerKind::kStageEntered:
      return stage;
    case TriggerKind::kBandChanged:
      return band;
    case TriggerKind::kMilestoneAchieved:
      return milestone;
  }
  return stage;
}

}  // namespace waymark::notification
