// Scores customers: those with news, and all of them once a day and once a version is published; and tells the bands
// that change.
#ifndef WAYMARK_SERVICES_HEALTH_SCORER_H_
#define WAYMARK_SERVICES_HEALTH_SCORER_H_

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"

namespace waymark::health {

// Every replica may run one: what is scored is guarded by its lane. Thread-safe.
class Scorer {
 public:
  Scorer(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  // Scores a page of customers with news and a page of a sweep, each in one transaction; true where there was anything.
  absl::StatusOr<bool> RunOnce();

  // Scores one customer now, on every published scorecard. A customer that is not known is left alone.
  absl::Status ScoreNow(absl::string_view workspace, absl::string_view customer_id);

 private:
  absl::StatusOr<bool> ScoreNews(absl::Time now);
  absl::StatusOr<bool> ScoreSweep(absl::Time now);

  journal::Journal& journal_;
  const Clock& clock_;
  std::atomic<int> next_lane_ = 0;  // Lanes take turns.
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_SCORER_H_
