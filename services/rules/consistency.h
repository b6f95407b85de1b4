// Whether criteria can be met together, reasoned out from what they say.
#ifndef WAYMARK_SERVICES_RULES_CONSISTENCY_H_
#define WAYMARK_SERVICES_RULES_CONSISTENCY_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/criterion.h"

namespace waymark::rules {

// Which part of the history a criterion looks at, as the fold has it.
enum class View {
  kHistory,  // All of it: entry criteria, milestones with SCOPE_ALL_HISTORY.
  kSegment,  // All of it, outside any enrollment: segments.
  kEntry,    // From the enrollment on: exits, milestones with SCOPE_FROM_ENTRY.
  kStage,    // From the entry of the stage stood in on: transitions, milestones with SCOPE_FROM_STAGE.
  kOwn,      // A window or a period of one milestone.
};

// A criterion that is to be met at some instant, or is not to be.
struct Demand {
  const Criterion* criterion;
  bool met = true;
  View view = View::kHistory;
};

// What is known besides.
struct Circumstances {
  absl::flat_hash_map<std::string, const Criterion*> segments;  // The rules that are known, by segment.
  std::function<bool(const std::string& key)> can_be_achieved;  // Of each milestone; empty: all of them can.
  std::optional<absl::Duration> scope_window;                   // How far back View::kOwn reaches; absent: a period.
  bool stage_is_empty = false;  // Nothing can have come since the stage was entered, nor can time have passed.
  std::shared_ptr<int>
      steps_left;  // What all searches in one journey share, so that no puzzle takes hours; none: no end.
  bool all_days_have_24_hours = true;  // In the journey's calendar.
};

enum class Answer { kYes, kNo, kUndecided };

// Whether some history meets all the demands at one instant. kNo is proven: no history does. kYes: nothing that is
// known here speaks against it; where `accept` is given, it got simple demands (the criteria put together from others
// are resolved, segments by their rules) that together suffice, and took them by returning true. It is called for one
// way after another until it takes one. kUndecided: there was more to look through than is worth it, or none was taken.
Answer CanBeMet(absl::Span<const Demand> demands, const Circumstances& circumstances,
                absl::FunctionRef<bool(absl::Span<const Demand>)> accept);
Answer CanBeMet(absl::Span<const Demand> demands, const Circumstances& circumstances);

// Whether two simple demands can never hold at the same instant. False where in doubt.
bool Exclude(const Demand& one, const Demand& other, const Circumstances& circumstances);

// The most days of a calendar that a window of this length touches.
uint32_t MostDaysWithin(absl::Duration window, bool all_days_have_24_hours);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONSISTENCY_H_
