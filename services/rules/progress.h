// How far a customer has come in one journey version, and the fold that says so.
//
// Progress is a pure function of the version and of what is known of the customer's history, up to an instant. The
// history is in one order (history.h), never that of arrival, so the same items give the same progress however they
// came.
#ifndef WAYMARK_SERVICES_RULES_PROGRESS_H_
#define WAYMARK_SERVICES_RULES_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"

namespace waymark::rules {

// More enrollments than these are not opened, and an enrollment passes no more stages than these: what bounds a state.
inline constexpr size_t kMostRuns = 200;
inline constexpr size_t kMostPassages = 1'000;

// When something came true, and the item that made it so: the last of its witnesses, by its number. 0: time alone did.
struct Moment {
  absl::Time time;
  int64_t item = 0;
  friend bool operator==(const Moment&, const Moment&) = default;
};

// What a leaf of a criterion remembers. Which of these, and what bounds them, is said with Leaf::Kind.
struct LeafState {
  uint32_t count = 0;
  std::vector<absl::Time> times;
  std::vector<std::string> values;
  bool blank() const { return count == 0 && times.empty() && values.empty(); }
  friend bool operator==(const LeafState&, const LeafState&) = default;
};

// How far a milestone is.
struct MilestoneProgress {
  uint32_t counted = 0;  // Of a plain rule: the events so far, at most as many as it needs.
  uint32_t earlier = 0;  // How often it was achieved before and is so no more (or anew).
  std::optional<Moment> achieved;
  bool blank() const { return counted == 0 && earlier == 0 && !achieved.has_value(); }
  friend bool operator==(const MilestoneProgress&, const MilestoneProgress&) = default;
};

// When a milestone ceased to be achieved, the last time.
struct Revocation {
  size_t milestone = 0;
  Moment moment;
  friend bool operator==(const Revocation&, const Revocation&) = default;
};

// One stay in a stage.
struct Passage {
  absl::Time time;  // When it was entered, and through which item.
  int64_t item = 0;
  size_t stage = 0;
  std::optional<absl::Time> completed;  // When its exit rule was fulfilled.
  Moment moment() const { return {time, item}; }
  friend bool operator==(const Passage&, const Passage&) = default;
};

// How an enrollment ended before its end.
struct Departure {
  Moment moment;
  std::optional<size_t> exit;  // Index into the definition's exits; nothing: by a call.
  friend bool operator==(const Departure&, const Departure&) = default;
};

// One enrollment.
struct Run {
  std::string key;               // The value of the entry key, where the journey has one.
  std::vector<Passage> entered;  // The stages in the order in which they were entered; empty before the enrollment.
  size_t since_item = 0;         // The passage stood in when the last item came, where ways lead back; an index.
  std::optional<Moment> completed;
  std::optional<Departure> exited;
  std::vector<MilestoneProgress> milestones;  // In the order of Journey::rules.
  std::vector<Revocation> revoked;            // At most one of each milestone.
  std::vector<LeafState> leaves;  // Of Reach kEntry and kStage; empty where nothing came, and after the end.

  bool enrolled() const { return !entered.empty(); }
  bool ended() const { return completed.has_value() || exited.has_value(); }
  // The stage stood in, as an index; the last one where ended. Only where enrolled.
  size_t stage() const { return entered.back().stage; }
  friend bool operator==(const Run&, const Run&) = default;
};

// An attribute's value as is known last.
struct Known {
  Value value;
  bool composite = false;
  friend bool operator==(const Known&, const Known&) = default;
};

// The state of the fold: everything that the history so far means for what is to come.
struct Progress {
  bool begun = false;  // Something has come.
  // The enrollments in the order in which they were opened. Where a further one may come the last is what it would
  // begin with: milestones that count what came before.
  std::vector<Run> runs;
  std::vector<LeafState> leaves;             // Of Reach kHistory; empty where nothing came.
  std::vector<Known> attributes;             // In the order of Journey::attributes; empty where none came.
  std::vector<std::string> bands;            // In the order of Journey::scorecards; likewise.
  std::optional<absl::Time> first_event;     // Where the journey looks at it.
  uint32_t triggered = 0;                    // Bit i: what trigger i waits for is true.
  absl::Time timer = absl::InfinitePast();   // The last instant at which time alone was looked at …
  absl::Time next = absl::InfiniteFuture();  // … and the next at which it may change something.

  bool enrolled() const { return !runs.empty() && runs.front().enrolled(); }
  absl::Span<const Run> enrollments() const {
    return absl::MakeConstSpan(runs).first(runs.size() - (!runs.empty() && !runs.back().enrolled()));
  }
  // The newest enrollment. Only where enrolled.
  const Run& latest() const { return enrollments().back(); }
  friend bool operator==(const Progress&, const Progress&) = default;
};

// Whether nothing that came has meant anything yet.
bool IsBlank(const Progress& progress);

// Folds `items`, which must be in the order of history and later than everything that `progress` has applied (timers
// included: their times after Progress::timer), into the progress (empty for a customer without history), and lets time
// pass until `now`. The same history gives the same progress, however it is cut into stretches, and whenever time was
// let pass between.
//
//   - An event that was received more than the journey's lateness after it happened is not looked at.
//   - Each item, and each instant at which time alone changes something, is looked at for itself; at an equal instant
//     the items come first. Before its first item, whatever that is, a customer is not there, and nothing is met.
//   - Enrollment: any of the triggers opens one, at enroll_from or later, where the first stage may be entered and none
//     is open (with an entry key: of that key). An event, a completion or a call opens it when it comes; a segment or a
//     date when it becomes true. Another enrollment may follow by re_entry, a cooldown after the end; the item that
//     ended one opens none. Without a value of its entry key nothing opens.
//   - The opening item counts for the first stage.
//   - Milestones FROM_STAGE are looked at while their stage is stood in, and count anew when it is entered anew; those
//     FROM_ENTRY while the enrollment is open; ALL_HISTORY and WINDOW also before it. A milestone is met while its
//     criterion (of the first variant whose segment the customer belongs to) is and everything it depends on is
//     achieved. LATCHED is achieved once met; REVOCABLE while met; RECURRING once met in each period, of whose events
//     alone it counts.
//   - A stage is completed when its milestones are achieved as its exit rule says, and stays so.
//   - An override puts an open enrollment into a stage, whatever leads there; what was achieved stays achieved, so that
//     a stage whose exit rule is fulfilled already is left at once. The milestones that it names are achieved with it;
//     those that are REVOCABLE only while they are met.
//   - The first exit whose criterion is met ends the enrollment, as a call does. Exits count from the enrollment.
//   - Then, of the ways out of the stage, the first that is open is taken: by priority, then as given. It is open when
//     its criterion is met (which counts from the stage's entry), or without one the stage completed, and the next
//     stage may be entered: its entry criterion met, its hand-off answered. This is repeated; no stage is stood in
//     twice without another item of history, whatever it is, between.
//   - Nothing changes an enrollment after its end.
Progress Fold(const Journey& journey, Progress progress, absl::Span<const Item> items,
              absl::Time now = absl::InfinitePast());

// The next instant at which time alone may change the progress (it may change nothing then) or the answer whether the
// customer is on time (target, behind and stuck of the stages stood in, deadlines of milestones). `now` is up to when
// the progress was folded. InfiniteFuture: none.
absl::Time NextChange(const Journey& journey, const Progress& progress, absl::Time now);

// How an open enrollment is on time.
enum class Pace { kOnTrack, kLate, kBehind, kStuck };
// By how long the stage is stood in: past its target, behind_after or stuck_after; late, too, where a milestone's
// deadline has passed.
Pace PaceOf(const Journey& journey, const Run& run, absl::Time now);

// The items that count for each milestone (in the order of Journey::rules) of an enrollment (the newest where none is
// given; before the first, of what it would begin with), by folding a whole history: those counted until it was
// achieved. Of a windowed count only what lies in the window.
std::vector<std::vector<absl::string_view>> FindWitnesses(const Journey& journey, absl::Span<const Item> history,
                                                          absl::Time now = absl::InfinitePast(),
                                                          std::optional<size_t> enrollment = std::nullopt);

enum class ConclusionKind {
  kEnrolled,
  kEnrollmentRetracted,  // What was told of it holds no more.
  kMilestoneAchieved,
  kMilestoneRevised,    // It was achieved earlier or later, or through another item, than was told.
  kMilestoneRevoked,    // It was achieved and is so no more.
  kMilestoneRetracted,  // As is known now, it was not achieved.
  kStageEntered,
  kStageRevised,
  kStageRetracted,
  kCompleted,
  kCompletionRetracted,
  kExited,
  kExitRetracted,
};

// Something that a change of progress tells.
struct Conclusion {
  ConclusionKind kind;
  size_t stage = 0;                    // The stage entered, revised or retracted, the milestone's, or the one stood in.
  std::optional<size_t> milestone;     // Index into Run::milestones.
  Moment now;                          // When it came true, as is known now, and through which item. Of what is
                                       // retracted: as was told.
  std::optional<absl::Time> previous;  // For revisions and retractions: when, as was told before.
  uint32_t run = 1;                    // Which of the enrollments with its key, from 1.
  std::string key;                     // The enrollment's entry key.
  uint32_t occurrence = 1;             // The how manieth achievement of the milestone, or stay in the stage.
  std::optional<size_t> exit;          // With kExited: which; nothing: by a call.
  std::optional<size_t> previous_stage;  // With kStageEntered: the stage left.
  // Of an occurrence of a milestone that was counted past, of which the states do not say whether it was told: it is to
  // be retracted only where it was told and stands, and where it does an achievement is a revision.
  bool perhaps = false;
  friend bool operator==(const Conclusion&, const Conclusion&) = default;
};

// What is to be told where progress went from `before` to `after`, both under `journey`: what is new, and what was told
// otherwise before. Stages in the order in which they were entered, each with its milestones. With an enrollment its
// end and its stages are retracted, too, the last first.
//
// Where an occurrence of a milestone is counted again because a later one is undone, `perhaps` is set. Only what stands
// is told: where a milestone was achieved and revoked again between the two, nothing is. That a period began anew, or a
// stage was entered anew, revokes nothing; the next achievement is another occurrence.
std::vector<Conclusion> Compare(const Journey& journey, const Progress& before, const Progress& after);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_PROGRESS_H_
