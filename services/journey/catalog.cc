#include "services/journey/catalog.h"

#include <vector>

#include "common/base/status.h"
#include "services/journey/journey_store.h"

namespace waymark::journey {

absl::StatusOr<v1::GetJourneyResponse> Catalog::GetJourney(absl::string_view workspace, absl::string_view journey_id) {
  v1::GetJourneyResponse response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, workspace, journey_id));
    *response.mutable_journey() = ToProto(journey);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListJourneysResponse> Catalog::ListJourneys(const JourneyPage& page) {
  std::vector<Journey> journeys;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(journeys, journey::ListJourneys(tx, page.workspace, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, journeys);
}

absl::StatusOr<v1::GetVersionResponse> Catalog::GetVersion(absl::string_view workspace, absl::string_view journey_id,
                                                           uint32_t number) {
  v1::GetVersionResponse response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Version version, number == 0 ? LoadPublished(tx, workspace, journey_id)
                                                        : LoadVersion(tx, workspace, journey_id, number));
    ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListVersionsResponse> Catalog::ListVersions(const VersionPage& page) {
  std::vector<Version> versions;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(versions, journey::ListVersions(tx, page.workspace, page.journey_id, page.below, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, versions);
}

}  // namespace waymark::journey
