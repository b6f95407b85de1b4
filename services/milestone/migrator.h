// Moves those who are under way to a version whose publication asked for it, as was previewed.
#ifndef WAYMARK_SERVICES_MILESTONE_MIGRATOR_H_
#define WAYMARK_SERVICES_MILESTONE_MIGRATOR_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "common/metrics/metrics.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/replayer.h"
#include "services/milestone/tracker.h"

namespace waymark::milestone {

// Thread-safe; several replicas may run it at once.
class Migrator {
 public:
  // What is given must outlive the migrator.
  Migrator(journal::Journal& journal, Replayer& replayer, Tracker& tracker);

  // Checks a migration, or moves its next customers; true where there was anything. The check repeats the preview over
  // the positions of the plan: where it does not come to the same outcome, the migration is refused and nobody moves.
  absl::StatusOr<bool> RunOnce();

 private:
  absl::Status Check(const Migration& migration);

  journal::Journal& journal_;
  Replayer& replayer_;
  Tracker& tracker_;
  metrics::Counter& refused_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MIGRATOR_H_
