// What a customer can come to in a journey, and how: each stage, each milestone, each exit.
#ifndef WAYMARK_SERVICES_RULES_REACHABILITY_H_
#define WAYMARK_SERVICES_RULES_REACHABILITY_H_

#include <memory>
#include <string>
#include <vector>

#include "services/rules/consistency.h"
#include "services/rules/definition.h"
#include "services/rules/scenario.h"
#include "services/rules/traveller.h"

namespace waymark::rules {

// kYes: the example leads there, by the fold. kNo: proven, no history does; `why` says what is in the way. kUndecided:
// neither was found.
struct Verdict {
  Answer answer = Answer::kUndecided;
  std::string why;
  std::shared_ptr<const Trail> trail;  // Of kYes: the example's last step; nullptr: nothing needs to happen.
  absl::Duration at;                   // When it has led there.
};

struct Reachability {
  std::vector<Verdict> stages;
  std::vector<Verdict> milestones;  // Numbered through, stage by stage.
  std::vector<Verdict> exits;
};

// Overrides, which lead anywhere, are left out. Deterministic, and bounded in time: some hundred folded items for each
// stage and milestone at most.
Reachability FindReachability(const JourneyVersion& version);

// The example of a verdict that is kYes, as a scenario without expectations: its steps, the last of them as given in
// the verdict's time or earlier.
Scenario ExampleOf(const Verdict& verdict);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_REACHABILITY_H_
