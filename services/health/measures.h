// Gathers what a scorecard's measures are worth looking at: the values of customers at a moment, as known then.
#ifndef WAYMARK_SERVICES_HEALTH_MEASURES_H_
#define WAYMARK_SERVICES_HEALTH_MEASURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/health/definition.h"
#include "services/health/scoring.h"

namespace waymark::health {

// values[i][m] is customers[i]'s value of measures[m] at `as_of`, from what was known by the end of that UTC day: later
// records never change it, so a past day computed again gives the same.
absl::StatusOr<std::vector<std::vector<Value>>> LoadValues(sql::Transaction& tx, absl::string_view workspace,
                                                           const Definition& definition,
                                                           absl::Span<const std::string> customers, absl::Time as_of);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_MEASURES_H_
