// Whether a criterion is met, from what its leaves remember.
#ifndef WAYMARK_SERVICES_RULES_EVALUATION_H_
#define WAYMARK_SERVICES_RULES_EVALUATION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

// Whether an item is one that a leaf looks at.
bool Concerns(const Leaf& leaf, const Item& item);

// Lets a leaf remember an item that concerns it. Nothing that comes later may be older.
void Remember(const Leaf& leaf, const Item& item, const absl::TimeZone& calendar, LeafState& state);

// The instant meant by a date among the attributes; nothing where there is none.
std::optional<absl::Time> InstantOf(const DateReached& date, const Known* known, const absl::TimeZone& calendar);

// A value as the name of a run, or as one of different values: nothing where it is none.
std::optional<std::string> TextOf(const Value& value);

// Looks at criteria as of an instant: nothing that came later is known.
class Evaluation {
 public:
  // `run` is the enrollment, or what the next would begin with, that milestones and stages are meant of; nullptr: none.
  // What is given must outlive this.
  Evaluation(const Journey& journey, const Progress& progress, const Run* run, absl::Time at)
      : journey_(journey), progress_(progress), run_(run), at_(at) {}

  // Whether a criterion is met.
  bool Met(size_t node) const;

  // The first instant later than the one looked at when time alone may change whether it is met; InfiniteFuture: never.
  absl::Time NextChange(size_t node) const;

  // The criterion that counts for a rule that is not plain.
  size_t CriterionOf(const Rule& rule) const;

  // Whether a rule that is not plain is met: its criterion, and all that it depends on achieved.
  bool Met(const Rule& rule) const;
  absl::Time NextChange(const Rule& rule) const;

  // Whether a stage may be entered.
  bool MayEnter(size_t stage) const;

  // The value of an attribute; nullptr where there is none.
  const Known* attribute(size_t index) const;
  // The state of a leaf; a blank one where it remembers nothing.
  const LeafState& state(const Leaf& leaf) const;
  // From when an absence is counted.
  std::optional<absl::Time> SilentSince(const Leaf& leaf) const;
  // How many of what is counted there are now.
  uint32_t Counted(const Leaf& leaf) const;

 private:
  bool Met(const Leaf& leaf) const;
  absl::Time NextChange(const Leaf& leaf) const;

  const Journey& journey_;
  const Progress& progress_;
  const Run* run_;
  absl::Time at_;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_EVALUATION_H_
