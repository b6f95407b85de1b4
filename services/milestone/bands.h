// Follows `health`: the bands that customers come into are part of their histories, and criteria may ask for them.
#ifndef WAYMARK_SERVICES_MILESTONE_BANDS_H_
#define WAYMARK_SERVICES_MILESTONE_BANDS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/milestone/tracker.h"

namespace waymark::milestone {

// For one journal::Follower, and as little thread-safe.
class BandRecorder {
 public:
  explicit BandRecorder(Tracker& tracker) : tracker_(tracker) {}

  // Records the bands that `entries` tell, as items of history called `waymark/health/<effect key>@<second>`, with
  // every conclusion drawn from them. A band that too many facts led to is left out: there is a ring of rules. Errors:
  // FAILED_PRECONDITION  an entry of an unknown type.
  absl::Status Apply(sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const journal::Entry> entries);
  // What Apply did last is committed.
  void Applied(const journal::Lanes& lanes);

 private:
  Tracker& tracker_;
  Tracker::Written written_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_BANDS_H_
