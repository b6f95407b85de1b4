// A journey's map as a picture for a slide.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_SVG_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_SVG_H_

#include <string>

#include "services/journey/map/map.h"

namespace waymark::journey {

// The map as an SVG document of its own: well-formed XML without scripts, styles or references, whatever the titles
// say; what does not fit is cut with an ellipsis and carries the whole text as its <title> (of endless criteria the
// first 8,000 bytes). It reads without colours. Equal maps give equal text.
std::string RenderSvg(const JourneyMap& map);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_SVG_H_
