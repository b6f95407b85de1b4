// Circles that lead nowhere: milestones that wait for each other, transitions that go round without anything happening.
#ifndef WAYMARK_SERVICES_RULES_CYCLES_H_
#define WAYMARK_SERVICES_RULES_CYCLES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "services/rules/finding.h"
#include "services/rules/outlook.h"

namespace waymark::rules {

// Milestones of which each needs the next one: as what it depends on, or as part of its criterion without which it is
// never met.
struct DependencyCycle {
  std::vector<size_t> milestones;  // From the first in the definition on.
  std::string path;                // Where that one names the second.
};
std::vector<DependencyCycle> FindDependencyCycles(const Outlook& outlook);

// DEPENDENCY_CYCLE and TRANSITION_CYCLE. Layer::kMeaning.
//
// A circle of transitions makes no progress where all their criteria can hold at once without an event that they count:
// by time or by what is known of the customer alone. Such a customer goes round with every item of its history.
std::vector<Finding> CheckCycles(const Outlook& outlook);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CYCLES_H_
