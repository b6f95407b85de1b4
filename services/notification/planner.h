// Turns what happened into deliveries.
#ifndef WAYMARK_SERVICES_NOTIFICATION_PLANNER_H_
#define WAYMARK_SERVICES_NOTIFICATION_PLANNER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/entry.h"
#include "common/sql/sql.h"
#include "services/notification/trigger.h"

namespace waymark::notification {

// Thread-safe.
class Planner {
 public:
  explicit Planner(const Clock& clock) : clock_(clock) {}

  // What a follower of `milestone` and `health` does with a stretch of a journal: Plan() for what happened in it.
  // Errors: those of ToHappening, which stop the lane.
  absl::Status Apply(sql::Transaction& tx, absl::Span<const journal::Entry> entries);

  // Makes, for every step of every published playbook that waits for what happened, one notification and its delivery,
  // within `tx`. A step that has answered the same effect key before makes nothing. A delivery that may not be sent is
  // stored as SKIPPED, with the reason: channel_disabled, or body_too_large (above 20 kB as JSON). What is historical
  // gets a notification without a delivery, so that its effect key sends nothing later either.
  absl::Status Plan(sql::Transaction& tx, absl::Span<const Happening> happenings);

 private:
  const Clock& clock_;
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_PLANNER_H_
