// Scenarios: histories and what must come of them, run by the fold that runs in production. What each part means is
// said in protos/waymark/journey/v1/scenario.proto.
#ifndef WAYMARK_SERVICES_RULES_SCENARIO_H_
#define WAYMARK_SERVICES_RULES_SCENARIO_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

// A property or attribute that owns its path.
struct StepProperty {
  std::string path;
  Value value;
  bool composite = false;  // As Property::composite.
  friend bool operator==(const StepProperty&, const StepProperty&) = default;
};

// Something that happens in a scenario.
struct ScenarioStep {
  absl::Duration at;  // After the scenario's start.
  ItemKind kind = ItemKind::kEvent;
  std::string type;  // An event's type, a band's scorecard, the other journey that was completed; otherwise empty.
  std::string key;   // The band come into, or the milestone attested.
  std::string user;
  std::string role;
  std::vector<StepProperty> properties;
  friend bool operator==(const ScenarioStep&, const ScenarioStep&) = default;
};

enum class ExpectedState { kNotAsked, kNotEnrolled, kActive, kCompleted, kExited };

// What must be so at a time. Of several enrollments the newest is meant.
struct Expectation {
  std::optional<absl::Duration> at;  // Absent: at the last step.
  std::string stage;                 // Empty: not asked.
  std::vector<std::string> achieved;
  std::vector<std::string> not_achieved;
  ExpectedState state = ExpectedState::kNotAsked;
  std::string exit;  // Empty: any.
  friend bool operator==(const Expectation&, const Expectation&) = default;
};

struct Scenario {
  std::string key;
  std::string title;
  std::string persona_id;
  std::vector<ScenarioStep> steps;
  std::vector<Expectation> expect;
  friend bool operator==(const Scenario&, const Scenario&) = default;
};

// When every scenario starts: 2026-01-05T09:00:00Z, a Monday.
absl::Time ScenarioStart();

// What of a journey was gone through, by keys.
struct Coverage {
  std::set<std::string> stages;       // Entered.
  std::set<std::string> transitions;  // Taken; of those that the definition gives.
  std::set<std::string> milestones;   // Achieved.
  std::set<std::string> exits;        // Taken.
  void Add(const Coverage& other);
  friend bool operator==(const Coverage&, const Coverage&) = default;
};

// All that there is to be gone through.
Coverage Everything(const Journey& journey);

struct ScenarioResult {
  // The expectations that do not hold, as sentences: `at 3 d: expected stage adoption, stands in setup: connected is
  // missing (0 of 1 connect)`. Empty: the scenario holds.
  std::vector<std::string> failures;
  Coverage coverage;
};

// Runs a scenario. Where each user travels for itself, it is about the user of its first event.
ScenarioResult RunScenario(const Journey& journey, const Scenario& scenario);

// Coverage summed up over scenarios, by persona; under "" that of all of them, whoever goes through them.
std::map<std::string, Coverage> CoverageByPersona(const Journey& journey, absl::Span<const Scenario> scenarios);

// The history that a scenario's steps make. Its views are into the scenario and the journey; items have the steps'
// numbers, from 1, and ids such as `step 002`.
class ScenarioHistory {
 public:
  ScenarioHistory(const Journey& journey, const Scenario& scenario);
  ScenarioHistory(const ScenarioHistory&) = delete;
  ScenarioHistory& operator=(const ScenarioHistory&) = delete;

  absl::Span<const Item> items() const { return items_; }

 private:
  std::vector<std::string> ids_;
  std::vector<std::vector<Property>> properties_;
  std::vector<Item> items_;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_SCENARIO_H_
