// Why a customer stands where it does: for each thing concluded, a smallest set of items that brings it about.
#ifndef WAYMARK_SERVICES_RULES_REASONS_H_
#define WAYMARK_SERVICES_RULES_REASONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

// Items by their place in the history, ascending.
struct Witnesses {
  std::vector<size_t> items;
  bool smallest = true;  // False: there were too many to try; they bring it about, perhaps fewer would.
};

// Finds items of `history` (in its order) that alone, replayed until `now`, make `claim` true, so that without any
// single one of them it is not: a smallest set in that sense (there may be others), as delta debugging finds it (Zeller
// and Hildebrandt 2002). `likely` is tried first. The claim must hold of the whole history. `budget`, in items folded,
// is drawn down; once it is used up, what is found so far is answered.
Witnesses FindSmallest(const Journey& journey, absl::Span<const Item> history, absl::Time now,
                       absl::FunctionRef<bool(const Progress&)> claim, std::vector<size_t> likely, int64_t& budget);

enum class ReasonKind { kEnrolled, kStageEntered, kMilestoneAchieved, kCompleted, kExited };

// Something that holds of an enrollment, and why.
struct Reason {
  ReasonKind kind;
  size_t stage = 0;                 // The stage entered or, of anything else, stood in at the time, or the milestone's.
  std::optional<size_t> milestone;  // Index into Run::milestones.
  Moment moment;                    // When it came true, and through which item.
  std::optional<size_t> transition;  // The transition taken there, if one was; index into the definition's.
  std::optional<size_t> exit;        // With kExited: which; nothing: by a call.
  bool by_call = false;              // Somebody decided it: an override, an exit.
  Witnesses witnesses;               // Of it and of the enrollment.
};

// What did not come, where a reason rests on that: the criterion of its milestone, transition or exit asks for an
// absence, or for none of some events.
struct Absent {
  std::vector<std::string> event_types;  // Each once, bytewise.
  bool any_event = false;
};
Absent FindAbsent(const Journey& journey, const Reason& reason);

// The chain that led an enrollment (an index into Progress::enrollments) to where it stands, in the order in which it
// came true: what stands now. The items' times and numbers are the same in each replay, so a reason holds at its very
// moment.
std::vector<Reason> FindReasons(const Journey& journey, absl::Span<const Item> history, absl::Time now,
                                size_t enrollment, int64_t budget = 2'000'000);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_REASONS_H_
