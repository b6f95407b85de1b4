// How health is computed: values to scores, scores to health, health to a band. Pure functions on integers; the moment
// is an argument.
#ifndef WAYMARK_SERVICES_HEALTH_SCORING_H_
#define WAYMARK_SERVICES_HEALTH_SCORING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/health/definition.h"

namespace waymark::health {

// ---- Values ----

// Nothing is known.
struct Unknown {};
// The measure says nothing about this customer, ever or by now.
struct NotApplicable {};
// An exact fraction, in the measure's unit. denominator > 0.
struct Quantity {
  int64_t numerator = 0;
  int64_t denominator = 1;
};
// Two counts of windows of the same length.
struct Change {
  int64_t recent = 0;
  int64_t before = 0;
};
using Value = std::variant<Unknown, NotApplicable, Quantity, Change>;

// Days from `since` to `as_of`, not below 0.
Value DaysBetween(absl::Time since, absl::Time as_of);
// What was told of a customer on its way through a journey.
struct Passage {
  enum class Kind {  // As stored; never renumbered.
    kEntered = 1,
    kRevised = 2,
    kEnded = 3,      // The journey was completed or left.
    kRetracted = 4,  // The stage was not entered after all.
    kResumed = 5,    // The journey had not ended after all.
  };
  Kind kind = Kind::kEntered;
  std::string stage_key;  // Empty for kEnded and kResumed.
  absl::Time time;        // When the stage was entered, or the journey ended; of what is taken back, as was told.
};
// How long the customer has been in its stage at `as_of`, by the days planned, from what was told, in the order of
// telling: Unknown before the first stage, NotApplicable once the journey has ended, until it is entered again.
Value StageValue(absl::Span<const Passage> passages, absl::Time as_of, int planned_days);

// The UTC days from first to last of a window of `days` days: the one that ends with the day of `as_of`, or the one
// `windows_ago` such windows before.
struct Days {
  int64_t first = 0;
  int64_t last = 0;
};
Days WindowOf(int days, absl::Time as_of, int windows_ago = 0);

// The UTC day of a moment, counted from 1970-01-01.
int64_t DayOf(absl::Time time);

// What `value`, which is known, is worth, in milli-points; rounded once, half to even.
int32_t Normalise(const Normaliser& normaliser, const Value& value);

// ---- Health ----

enum class ContributionState { kKnown, kExcluded, kFixed, kNotApplicable };

// What one measure contributed.
struct Contribution {
  std::string measure_key;
  ContributionState state = ContributionState::kKnown;
  Value value;
  std::optional<int32_t> score_milli;  // Absent where left out.
  int32_t weight_ppm = 0;              // Of the scorecard's weight.
  int32_t effective_weight_ppm = 0;    // Of the available weight; all add up to 1,000,000 where any is available.
  int32_t points_milli = 0;            // All add up to the health.
};

struct Score {
  std::optional<int32_t> health_milli;  // Absent where no measure is available.
  int32_t coverage_ppm = 0;             // Available weight by applicable weight.
  bool sufficient = false;              // Coverage reaches the minimum and every required measure is known.
  std::vector<Contribution> contributions;
};

// The weighted mean of what is available; values[i] belongs to measures[i].
Score ComputeScore(const Definition& definition, absl::Span<const Value> values);

// ---- Bands ----

enum class Band { kRed = 1, kYellow = 2, kGreen = 3 };  // From worse to better. As stored; never renumbered.

// The band decided last, and the one that health has come into since but has not yet stayed in long enough.
struct BandState {
  Band band = Band::kRed;
  absl::Time since;
  bool past = false;  // News of the past decided it.
  std::optional<Band> candidate;
  absl::Time candidate_since;   // The epoch without a candidate.
  bool candidate_past = false;  // What brought the candidate was news of the past.
  friend bool operator==(const BandState&, const BandState&) = default;
};

// Where a customer's band stands after a score.
struct BandStep {
  std::optional<BandState> state;  // Absent while there was never enough data.
  bool changed = false;            // A band was decided other than the one before, or the first.
  bool past = false;               // It is news of the past: it is told, and sets off nothing.
};

// Takes the score of the moment `as_of` into account. The first band is decided by the cuts alone; a worse one once
// health has been below the cut for dwell_down, a better one once it has been `margin` above it for dwell_up.
// Insufficient data leaves everything as it was. Time is event time: the same score at the same moment, again, changes
// nothing. `past`: what led to this score is news of the past; so is then a band that it brings, at once or after its
// dwell time. A band of the past is decided anew, by the cuts alone, by what more of the past comes: an import ends in
// the band of the whole history, in however many parts it came.
BandStep AdvanceBand(const BandRule& rule, const std::optional<BandState>& before, const Score& score, absl::Time as_of,
                     bool past);

// ---- What is told ----

// What came of a customer since it was last scored. Of several the greatest stands: what a fact of the past says beside
// a live event is told as live, but as long as any of it was sent as backfill, all of it is past. As stored; never
// renumbered.
enum class News { kNone = 0, kPast = 1, kLive = 2, kBackfill = 3 };

// Why a customer is scored.
struct Occasion {
  News news = News::kNone;                 // kNone: time has passed, or a version was published.
  absl::Time known_since;                  // When the first that is known of the customer was recorded.
  std::optional<uint32_t> scored_version;  // The version of its last score; absent for the first.
  uint32_t version = 0;                    // That of this score …
  absl::Time publish_time;                 // … and when it was published.
};

// Whether what follows is news of the past. So is what backfill or a historical fact brings, and what a publication
// brings to customers known before: else importing a year of history, or publishing a scorecard, would write to
// everyone.
bool IsPast(const Occasion& occasion);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_SCORING_H_
