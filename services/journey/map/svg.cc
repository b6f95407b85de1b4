#include "services/journey/map/svg.h"

#include "services/journey/map/drawing.h"
#include "services/journey/map/sheet.h"

namespace waymark::journey {

std::string RenderSvg(const JourneyMap& map) { return ToSvg(Draw(map)); }

}  // namespace waymark::journey
