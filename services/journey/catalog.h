// Tells what journeys there are and what their versions say.
#ifndef WAYMARK_SERVICES_JOURNEY_CATALOG_H_
#define WAYMARK_SERVICES_JOURNEY_CATALOG_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/convert.h"
#include "services/journey/manifests.h"

namespace waymark::journey {

// Every answer comes from the database. Errors are those of the proto. Thread-safe.
class Catalog {
 public:
  explicit Catalog(sql::Database& db) : db_(db) {}

  absl::StatusOr<v1::GetJourneyResponse> GetJourney(absl::string_view workspace, absl::string_view journey_id);
  absl::StatusOr<v1::ListJourneysResponse> ListJourneys(const JourneyPage& page);
  // Number 0 is the latest published version.
  absl::StatusOr<v1::GetVersionResponse> GetVersion(absl::string_view workspace, absl::string_view journey_id,
                                                    uint32_t number);
  absl::StatusOr<v1::ListVersionsResponse> ListVersions(const VersionPage& page);
  absl::StatusOr<v1::ValidateVersionResponse> ValidateVersion(const Subject& subject);
  absl::StatusOr<v1::RunScenariosResponse> RunScenarios(const Subject& subject);
  absl::StatusOr<v1::DiffVersionsResponse> DiffVersions(const Comparison& wanted);
  absl::StatusOr<v1::RenderJourneyMapResponse> RenderJourneyMap(const Picture& wanted);
  absl::StatusOr<v1::ExportJourneyResponse> ExportJourney(const Export& wanted);

 private:
  sql::Database& db_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_CATALOG_H_
