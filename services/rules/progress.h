// How far a customer has come in one journey version, and the fold that says so.
//
// Progress is a pure function of the version and the customer's history. The history is ordered by (time, sequence,
// event id), never by arrival, so the same events give the same progress however they came.
#ifndef WAYMARK_SERVICES_RULES_PROGRESS_H_
#define WAYMARK_SERVICES_RULES_PROGRESS_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/definition.h"

namespace waymark::rules {

// What the fold needs of an event. The views belong to whoever made it.
struct Event {
  absl::Time time;
  int64_t sequence = 0;
  absl::string_view id;
  absl::string_view type;
};

// The total order of a customer's history: time, then the source's sequence, then the id bytewise.
bool Before(const Event& a, const Event& b);

// When something came true, and the event that made it so: the last of its witnesses.
struct Moment {
  absl::Time time;
  std::string event_id;
  friend bool operator==(const Moment&, const Moment&) = default;
};

// A milestone's counter. It stops where the milestone is achieved, and once achieved it stays so.
struct MilestoneProgress {
  uint32_t counted = 0;
  std::optional<Moment> achieved;
  friend bool operator==(const MilestoneProgress&, const MilestoneProgress&) = default;
};

// The state of the fold.
struct Progress {
  std::vector<Moment> entered;  // When each stage passed or reached was entered, in order; empty before the enrollment.
  std::optional<Moment> completed;            // When the last stage was completed.
  std::vector<MilestoneProgress> milestones;  // In the order of the definition, over all stages.

  bool enrolled() const { return !entered.empty(); }
  // The stage stood in, as an index; the last one when completed. Only where enrolled.
  size_t stage() const { return entered.size() - 1; }
  friend bool operator==(const Progress&, const Progress&) = default;
};

// A journey version made ready for folding: what an event of a type means, looked up at once. Immutable, so safe to
// share.
class Journey {
 public:
  explicit Journey(JourneyVersion version);

  const JourneyVersion& version() const { return version_; }
  const std::vector<Stage>& stages() const { return version_.definition.stages; }

  // The milestones in the order of Progress::milestones.
  struct Rule {
    size_t stage;
    size_t index;  // Within its stage.
    Scope scope;
    uint32_t needed;
  };
  const std::vector<Rule>& rules() const { return rules_; }
  const Milestone& milestone(size_t rule) const { return stages()[rules_[rule].stage].milestones[rules_[rule].index]; }

 private:
  friend Progress Fold(const Journey& journey, Progress from, absl::Span<const Event> events);
  bool Opens(const Event& event) const;

  JourneyVersion version_;
  std::vector<Rule> rules_;
  absl::flat_hash_map<std::string, std::vector<size_t>> rules_by_type_;
  std::optional<absl::flat_hash_set<std::string>> entry_types_;  // Absent: any.
  std::vector<size_t> first_rule_;                               // Of each stage, and one past the last.
};

// Folds `events`, which must be in history order and later than everything that `from` has applied, into the progress
// at `from` (empty for a customer without history). The same history gives the same progress, however it is cut into
// stretches.
//
//   - The entry event opens the enrollment and counts for the first stage.
//   - A milestone FROM_STAGE counts events after the one that entered its stage; one ALL_HISTORY counts every event,
//   also before the enrollment.
//   - After each event, while every milestone of the stage stood in is achieved, the next stage is entered; after the
//   last the journey is completed.
Progress Fold(const Journey& journey, Progress from, absl::Span<const Event> events);

// The events counted for each milestone (in the order of Progress::milestones), by folding a whole history.
std::vector<std::vector<absl::string_view>> FindWitnesses(const Journey& journey, absl::Span<const Event> history);

enum class ConclusionKind {
  kEnrolled,
  kMilestoneAchieved,
  kMilestoneRevised,
  kStageEntered,
  kStageRevised,
  kCompleted,
};

// Something that a change of progress tells.
struct Conclusion {
  ConclusionKind kind;
  size_t stage = 0;                    // The stage entered or revised, or the milestone's.
  std::optional<size_t> milestone;     // Index into Progress::milestones.
  Moment now;                          // When it came true, as is known now, and through which event.
  std::optional<absl::Time> previous;  // For revisions: when, as was told before.
  friend bool operator==(const Conclusion&, const Conclusion&) = default;
};

// What is to be told where progress went from `before` to `after`, both under `journey`: what is new, and what was told
// otherwise before. With counts and without regress an event more never takes anything back, so nothing is ever
// retracted here.
std::vector<Conclusion> Compare(const Journey& journey, const Progress& before, const Progress& after);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_PROGRESS_H_
