// Tells what scorecards there are and what their versions say.
#ifndef WAYMARK_SERVICES_HEALTH_CATALOG_H_
#define WAYMARK_SERVICES_HEALTH_CATALOG_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/health/convert.h"

namespace waymark::health {

// Every answer comes from the database. Errors are those of the proto. Thread-safe.
class Catalog {
 public:
  explicit Catalog(sql::Database& db) : db_(db) {}

  absl::StatusOr<v1::GetScorecardResponse> GetScorecard(absl::string_view workspace, absl::string_view scorecard_id);
  absl::StatusOr<v1::ListScorecardsResponse> ListScorecards(const ScorecardPage& page);
  // Number 0 is the latest published version.
  absl::StatusOr<v1::GetVersionResponse> GetVersion(absl::string_view workspace, absl::string_view scorecard_id,
                                                    uint32_t number);

 private:
  sql::Database& db_;
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_CATALOG_H_
