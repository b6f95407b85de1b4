// What a customer's way through one journey means for another: a journey may be entered by whoever completes another.
//
// Completions are not stored: they are what the other journey's fold comes to, and so as right as that is, whatever
// came late. As items of history they stand after everything else of their instants, since it is what happened then
// that brought them about.
#ifndef WAYMARK_SERVICES_MILESTONE_COMPLETIONS_H_
#define WAYMARK_SERVICES_MILESTONE_COMPLETIONS_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/milestone/history.h"
#include "services/milestone/shelf.h"
#include "services/rules/history.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// The completions of a journey that `after` has and `before`, an earlier state of the same fold, has not, in order. An
// item is named by the number of the one that completed the journey; 0: time alone did. It views `journey_id`.
std::vector<rules::Item> CompletionsBetween(absl::string_view journey_id, const rules::Progress& before,
                                            const rules::Progress& after);

// Puts the completions of other journeys that any of `journeys` waits for into a history in order: those of a dossier.
void AddCompletions(absl::Span<const rules::Journey* const> journeys, const Dossier& dossier,
                    std::vector<rules::Item>& history);

// The numbers of the journeys in an order in which each comes after those it waits for; otherwise as they are. Where
// journeys wait for each other in a ring, which nobody enters by completions alone, one of the ring comes first and
// does not see the others' completions.
std::vector<size_t> InOrderOfWaiting(absl::Span<const JourneyPtr> journeys);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_COMPLETIONS_H_
