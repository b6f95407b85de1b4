// What two versions of a journey make of one history, put side by side by what people call things: stages, milestones
// and exits are the same where their keys are.
#ifndef WAYMARK_SERVICES_RULES_DIFFERENCE_H_
#define WAYMARK_SERVICES_RULES_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

enum class DateKind { kEnrolled, kStageEntered, kStageCompleted, kMilestoneAchieved, kCompleted, kExited };

// Something that an enrollment has reached. The key views the journey.
struct Reached {
  DateKind kind;
  absl::string_view key;    // The stage's, the milestone's or the exit's; empty: an exit by a call, or none of these.
  uint32_t occurrence = 1;  // The how manieth stay in the stage.
  Moment moment;            // Of a completed stage without its item.
  uint32_t earlier = 0;     // How often a milestone had been achieved before.
  size_t stage = 0;         // The stage, the milestone's, or the one stood in; an index.
  std::optional<size_t> index;  // The milestone, as a rule, or the exit.
};

// Everything that an enrollment has reached, by kind, key and occurrence.
std::vector<Reached> AllReached(const Journey& journey, const Run& run);

enum class RunState { kActive, kCompleted, kExited };

// Where an enrollment stands. The keys view the journey.
struct Standing {
  absl::string_view stage;
  RunState state = RunState::kActive;
  absl::string_view exit;  // Empty: none, or by a call.
  friend bool operator==(const Standing&, const Standing&) = default;
};
Standing StandingOf(const Journey& journey, const Run& run);

// What is reached under one version and not, or otherwise, under the other. At least one of both is there.
struct DatedDifference {
  std::optional<Reached> before;
  std::optional<Reached> after;
  const Reached& either() const { return after.has_value() ? *after : *before; }
};

// The enrollments with one key and ordinal under both versions. Pointers and views are into what was compared; nullptr:
// there is none.
struct RunDifference {
  std::string key;
  uint32_t ordinal = 1;  // The how manieth with its key.
  const Run* before = nullptr;
  const Run* after = nullptr;
  std::optional<Standing> from;
  std::optional<Standing> to;
  std::vector<DatedDifference> dates;
};

// The enrollments for which anything is different, where `before` was folded under `base` and `after` under
// `candidate`: those of the candidate in their order, then those that it does not have. Two progresses of one version
// differ nowhere exactly where all that they have reached, and where they stand, is the same.
std::vector<RunDifference> FindDifferences(const Journey& base, const Progress& before, const Journey& candidate,
                                           const Progress& after);

// The how manieth enrollment with its key a run is, from 1.
uint32_t OrdinalOf(absl::Span<const Run> runs, size_t index);
// The enrollment with the same key and ordinal; nullptr: there is none.
const Run* FindRun(absl::Span<const Run> runs, absl::string_view key, uint32_t ordinal);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_DIFFERENCE_H_
