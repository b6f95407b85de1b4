// Tells how customers are doing.
#ifndef WAYMARK_SERVICES_HEALTH_READER_H_
#define WAYMARK_SERVICES_HEALTH_READER_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "services/health/convert.h"
#include "services/health/scorer.h"

namespace waymark::health {

// Errors are those of the proto. Thread-safe.
class Reader {
 public:
  Reader(journal::Journal& journal, Scorer& scorer) : journal_(journal), scorer_(scorer) {}

  // Waits for the query's token until `deadline`, of the machine's clock.
  absl::StatusOr<v1::GetHealthResponse> GetHealth(const HealthQuery& query, absl::Time deadline);
  absl::StatusOr<v1::ListHealthResponse> ListHealth(const HealthPage& page);

 private:
  journal::Journal& journal_;
  Scorer& scorer_;
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_READER_H_
