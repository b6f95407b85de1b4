// What is missing, in words that a customer-success manager reads.
#ifndef WAYMARK_SERVICES_RULES_EXPLANATION_H_
#define WAYMARK_SERVICES_RULES_EXPLANATION_H_

#include <string>

#include "absl/time/time.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

// A stretch of time, such as `3 d`, `1 d 12 h` or `90 s`.
std::string Words(absl::Duration duration);

// What a milestone of an enrollment (or of what the next would begin with) lacks, such as `1 of 3 report or export`;
// empty where it is achieved. As of an instant, up to which the progress was folded.
std::string Missing(const Journey& journey, const Progress& progress, const Run& run, size_t rule, absl::Time at);

// How much of what a milestone needs has been counted: of a count at most Rule::needed; of anything else 1 where it is
// achieved, or 0.
uint32_t Counted(const Journey& journey, const Progress& progress, const Run& run, size_t rule, absl::Time at);

// Why an open enrollment does not go on from the stage stood in: the milestones that its exit rule lacks, or what the
// ways out of it wait for. Empty where it has ended.
std::string WhyStays(const Journey& journey, const Progress& progress, const Run& run, absl::Time at);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_EXPLANATION_H_
