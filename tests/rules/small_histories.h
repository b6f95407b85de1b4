// All small histories that a journey can tell apart: for confirming by search what was reasoned out.
#ifndef WAYMARK_TESTS_RULES_SMALL_HISTORIES_H_
#define WAYMARK_TESTS_RULES_SMALL_HISTORIES_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"
#include "services/rules/scenario.h"

namespace waymark::rules {

// What can happen at an instant, and the times that can pass before: of each pattern an event that fits it and one of
// the type that does not, by two users; of each condition on an attribute a value that fulfils it and one that does
// not; every band, attestation, call and completion that is named; times shorter and longer than those in the
// definition.
struct Alphabet {
  std::vector<ScenarioStep> steps;
  std::vector<absl::Duration> waits;
};
Alphabet AlphabetOf(const JourneyVersion& version);

// Folds every history of at most `most_steps` items over the alphabet, as many as fit into `budget` folds (shorter ones
// first), and shows each outcome: as of the last item, and after each wait that follows it. Returns how many were
// folded.
int ForEachSmallHistory(const Journey& journey, const Alphabet& alphabet, int most_steps, int budget,
                        absl::FunctionRef<void(const Progress& progress, absl::Span<const ScenarioStep> steps)> visit);

// A history in words, for the message of a failing test.
std::string Told(absl::Span<const ScenarioStep> steps);

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_SMALL_HISTORIES_H_
