// Short histories for tests, told in hours and days from the start of scenarios.
#ifndef WAYMARK_TESTS_RULES_STORY_H_
#define WAYMARK_TESTS_RULES_STORY_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/progress.h"
#include "services/rules/scenario.h"

namespace waymark::rules {

inline absl::Duration Days(double days) { return days * absl::Hours(24); }
inline absl::Time Day(double days) { return ScenarioStart() + Days(days); }

inline ScenarioStep EventAt(double day, std::string type, std::vector<StepProperty> properties = {},
                            std::string user = "") {
  return {.at = Days(day), .type = std::move(type), .user = std::move(user), .properties = std::move(properties)};
}
inline ScenarioStep AttributesAt(double day, std::vector<StepProperty> properties) {
  return {.at = Days(day), .kind = ItemKind::kAttributes, .properties = std::move(properties)};
}
inline ScenarioStep BandAt(double day, std::string band) {
  return {.at = Days(day), .kind = ItemKind::kBand, .type = "health", .key = std::move(band)};
}
inline ScenarioStep AttestAt(double day, std::string milestone, std::string role = "") {
  return {.at = Days(day), .kind = ItemKind::kAttestation, .key = std::move(milestone), .role = std::move(role)};
}
inline ScenarioStep CallAt(double day, ItemKind kind, std::vector<StepProperty> properties = {}) {
  return {.at = Days(day), .kind = kind, .properties = std::move(properties)};
}
inline ScenarioStep CompletionAt(double day, std::string journey) {
  return {.at = Days(day), .kind = ItemKind::kCompletion, .type = std::move(journey)};
}

// Where a journey stands after the steps, when time has passed until a day.
inline Progress After(const Journey& journey, std::vector<ScenarioStep> steps, double day) {
  const Scenario scenario{.steps = std::move(steps)};
  const ScenarioHistory history(journey, scenario);
  return Fold(journey, {}, history.items(), Day(day));
}

inline EventCount Count(std::string type, uint32_t at_least = 1) {
  return {.events = {.event_types = {std::move(type)}}, .at_least = at_least};
}
inline Milestone Of(std::string key, Criterion criterion, Scope scope = Scope::kFromStage) {
  return {.key = std::move(key), .scope = scope, .criterion = std::move(criterion)};
}

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_STORY_H_
