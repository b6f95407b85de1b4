// Lays a journey's map out on one sheet: a head, the stages as columns, the lanes below them, and a legend.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_SHEET_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_SHEET_H_

#include "services/journey/map/drawing.h"
#include "services/journey/map/map.h"

namespace waymark::journey {

// The sheet is as wide as its stages need and as high as what they say. Every text is inside its box, every box inside
// the sheet, and no two boxes of texts overlap.
Drawing Draw(const JourneyMap& map);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_SHEET_H_
