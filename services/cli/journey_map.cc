#include "services/cli/journey_map.h"

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/journey/map/map.h"
#include "services/journey/map/mermaid.h"
#include "services/journey/map/svg.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::cli {

std::string RenderMap(const JourneySource& source, const journey::v1::MapOverlay& overlay, MapFormat format) {
  const journey::JourneyMap map = journey::MakeMap({.title = source.title,
                                                    .definition = source.definition,
                                                    .personas = source.personas,
                                                    .segments = source.segments,
                                                    .overlay = overlay});
  return format == MapFormat::kSvg ? journey::RenderSvg(map) : journey::RenderMermaid(map);
}

absl::StatusOr<std::string> FetchMap(const Session& session, const VersionName& version,
                                     const journey::v1::MapOverlay& overlay, MapFormat format) {
  journey::v1::RenderJourneyMapRequest request;
  request.set_journey_id(version.journey_id);
  request.set_number(version.number);
  request.set_format(format == MapFormat::kSvg ? journey::v1::MAP_FORMAT_SVG : journey::v1::MAP_FORMAT_MERMAID);
  *request.mutable_overlay() = overlay;
  ASSIGN_OR_RETURN(auto answer, session.client.Get<journey::v1::RenderJourneyMapResponse>(request));
  return std::move(*answer.mutable_map());
}

absl::StatusOr<journey::v1::MapOverlay> LiveOverlay(const Session& session, const std::string& journey_id) {
  milestone::v1::GetFunnelRequest request;
  request.set_journey_id(journey_id);
  ASSIGN_OR_RETURN(const auto funnel, session.client.Get<milestone::v1::GetFunnelResponse>(request));
  journey::v1::MapOverlay overlay;
  overlay.mutable_as_of()->set_seconds(absl::ToUnixSeconds(absl::Now()));
  for (const milestone::v1::FunnelStage& stage : funnel.stages()) {
    journey::v1::StageOverlay& numbers = *overlay.add_stages();
    numbers.set_stage_key(stage.stage_key());
    numbers.set_count(static_cast<uint64_t>(stage.present()));
    if (stage.entered() > 0) {
      numbers.set_conversion(static_cast<double>(stage.completed()) / static_cast<double>(stage.entered()));
    }
  }
  milestone::v1::GetDwellRequest dwell_request;
  dwell_request.set_journey_id(journey_id);
  ASSIGN_OR_RETURN(const auto dwell, session.client.Get<milestone::v1::GetDwellResponse>(dwell_request));
  for (const milestone::v1::StageDwell& stage : dwell.stages()) {
    if (!stage.stay().has_median()) continue;
    for (journey::v1::StageOverlay& numbers : *overlay.mutable_stages()) {
      if (numbers.stage_key() == stage.stage_key()) *numbers.mutable_median_dwell() = stage.stay().median();
    }
  }
  return overlay;
}

}  // namespace waymark::cli
