// `waymark journey render`: a journey's map as a picture, from a file or from the server.
#ifndef WAYMARK_SERVICES_CLI_JOURNEY_MAP_H_
#define WAYMARK_SERVICES_CLI_JOURNEY_MAP_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/cli/journey_source.h"
#include "services/cli/session.h"
#include "waymark/journey/v1/map.pb.h"

namespace waymark::cli {

enum class MapFormat { kSvg, kMermaid };

// The map of what files say as text; `overlay` gives numbers to its stages.
std::string RenderMap(const JourneySource& source, const journey::v1::MapOverlay& overlay, MapFormat format);

// The map of a version as the server draws it, with the titles of the personas and segments that it names. Errors:
// those of RenderJourneyMap.
absl::StatusOr<std::string> FetchMap(const Session& session, const VersionName& version,
                                     const journey::v1::MapOverlay& overlay, MapFormat format);

// How many customers stand in each stage of a journey now, how many of those who entered it completed it, and how long
// it takes half of them. Errors: those of GetFunnel and GetDwell.
absl::StatusOr<journey::v1::MapOverlay> LiveOverlay(const Session& session, const std::string& journey_id);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_JOURNEY_MAP_H_
