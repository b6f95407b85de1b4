// A journey without its order: what a customer's whole history ever fulfilled.
#ifndef WAYMARK_SERVICES_MILESTONE_OPEN_JOURNEY_H_
#define WAYMARK_SERVICES_MILESTONE_OPEN_JOURNEY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// Immutable, so safe to share.
class OpenJourney {
 public:
  // Every milestone counts from the customer's first event on, for itself: no scope but a window's, no dependencies, no
  // period, once met for ever. `segment_id`, where not empty, is a segment that belonging to is asked of, too.
  OpenJourney(const rules::Journey& journey, const std::string& segment_id);

  struct Answer {
    std::vector<bool> stages;  // Of each stage whether its exit rule was ever fulfilled.
    bool in_segment = false;   // Whether the customer belongs to the segment at `until`.
  };
  // `history` is in order.
  Answer Look(absl::Span<const rules::Item> history, absl::Time until) const;

  // Whether the properties of events matter.
  bool looks_inside_events() const { return open_.looks_inside_events(); }

 private:
  std::vector<rules::Stage> stages_;
  bool asks_segment_;
  rules::Journey open_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_OPEN_JOURNEY_H_
