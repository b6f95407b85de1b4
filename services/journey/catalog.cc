#include "services/journey/catalog.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "services/journey/journey_store.h"
#include "services/journey/map/map.h"
#include "services/journey/map/mermaid.h"
#include "services/journey/map/svg.h"
#include "services/journey/rehearsal.h"
#include "services/journey/surroundings.h"
#include "services/journey/verdicts.h"

namespace waymark::journey {
namespace {

// A version; number 0 is the latest published one.
absl::StatusOr<Version> Load(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                             uint32_t number) {
  return number == 0 ? LoadPublished(tx, workspace, journey_id) : LoadVersion(tx, workspace, journey_id, number);
}

absl::StatusOr<v1::JourneyDefinition> ReadSubject(sql::Transaction& tx, const Subject& subject) {
  if (subject.definition.has_value()) return *subject.definition;
  ASSIGN_OR_RETURN(const Version version, Load(tx, subject.workspace, subject.journey_id, subject.number));
  return ReadDefinition(version);
}

}  // namespace

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
    ASSIGN_OR_RETURN(journeys, journey::ListJourneys(tx, page.workspace, page.filter, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, journeys);
}

absl::StatusOr<v1::GetVersionResponse> Catalog::GetVersion(absl::string_view workspace, absl::string_view journey_id,
                                                           uint32_t number) {
  v1::GetVersionResponse response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Version version, Load(tx, workspace, journey_id, number));
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

absl::StatusOr<v1::ValidateVersionResponse> Catalog::ValidateVersion(const Subject& subject) {
  v1::ValidateVersionResponse response;
  v1::JourneyDefinition definition;
  std::vector<v1::PinnedSegment> segments;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(definition, ReadSubject(tx, subject));
    ASSIGN_OR_RETURN(const Surroundings surroundings,
                     LookAround(tx, subject.workspace, subject.journey_id, definition));
    response = ToValidateVersionResponse(definition, Inspect(definition, surroundings, subject));
    ASSIGN_OR_RETURN(segments, ReadSegments(surroundings));
    return absl::OkStatus();
  }));
  // What names nothing leads nowhere: it is mended before anybody asks where it leads.
  const bool sound = std::none_of(response.findings().begin(), response.findings().end(), [](const v1::Finding& found) {
    return found.severity() == v1::SEVERITY_ERROR && found.layer() != v1::LAYER_MEANING;
  });
  if (sound) {
    for (v1::Verdict& verdict : FindVerdicts(definition, segments)) *response.add_verdicts() = std::move(verdict);
  }
  return response;
}

absl::StatusOr<v1::RunScenariosResponse> Catalog::RunScenarios(const Subject& subject) {
  v1::JourneyDefinition definition;
  std::vector<v1::PinnedSegment> segments;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(definition, ReadSubject(tx, subject));
    ASSIGN_OR_RETURN(const Surroundings surroundings,
                     LookAround(tx, subject.workspace, subject.journey_id, definition));
    ASSIGN_OR_RETURN(segments, ReadSegments(surroundings));
    return absl::OkStatus();
  }));
  return Rehearse(definition, segments);
}

absl::StatusOr<v1::DiffVersionsResponse> Catalog::DiffVersions(const Comparison& wanted) {
  v1::JourneyDefinition before, after;
  uint32_t from_number = 0, to_number = 0;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, wanted.workspace, wanted.journey_id));
    ASSIGN_OR_RETURN(const Version from, Load(tx, wanted.workspace, wanted.journey_id, wanted.from_number));
    ASSIGN_OR_RETURN(before, ReadDefinition(from));
    from_number = from.number;
    to_number = 0;
    if (wanted.to_definition.has_value()) {
      after = *wanted.to_definition;
      return absl::OkStatus();
    }
    to_number = wanted.to_number == 0 ? journey.last_number : wanted.to_number;
    ASSIGN_OR_RETURN(const Version to, LoadVersion(tx, wanted.workspace, wanted.journey_id, to_number));
    ASSIGN_OR_RETURN(after, ReadDefinition(to));
    return absl::OkStatus();
  }));
  v1::DiffVersionsResponse response = ToDiffVersionsResponse(before, after);
  response.set_from_number(from_number);
  response.set_to_number(to_number);
  return response;
}

absl::StatusOr<v1::RenderJourneyMapResponse> Catalog::RenderJourneyMap(const Picture& wanted) {
  MapSource source;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    const Subject& subject = wanted.subject;
    source = {.title = wanted.title, .overlay = wanted.overlay};
    ASSIGN_OR_RETURN(source.definition, ReadSubject(tx, subject));
    ASSIGN_OR_RETURN(const Surroundings surroundings,
                     LookAround(tx, subject.workspace, subject.journey_id, source.definition));
    ASSIGN_OR_RETURN(source.personas, ReadDefinitions<v1::PersonaDefinition>(surroundings.personas));
    ASSIGN_OR_RETURN(source.segments, ReadDefinitions<v1::SegmentDefinition>(surroundings.segments));
    if (!source.title.empty() || subject.definition.has_value()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, subject.workspace, subject.journey_id));
    source.title = journey.title;
    return absl::OkStatus();
  }));
  const JourneyMap map = MakeMap(source);
  const bool mermaid = wanted.format == v1::MAP_FORMAT_MERMAID;
  v1::RenderJourneyMapResponse response;
  response.set_map(mermaid ? RenderMermaid(map) : RenderSvg(map));
  response.set_media_type(mermaid ? "text/vnd.mermaid" : "image/svg+xml");
  return response;
}

absl::StatusOr<v1::ExportJourneyResponse> Catalog::ExportJourney(const Export& wanted) {
  absl::StatusOr<v1::ExportJourneyResponse> response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, wanted.workspace, wanted.journey_id));
    ASSIGN_OR_RETURN(const Version version, Load(tx, wanted.workspace, wanted.journey_id, wanted.number));
    response = ToDocument(wanted, journey, version);
    return response.status();
  }));
  return response;
}

}  // namespace waymark::journey
