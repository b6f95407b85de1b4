// A journey's map as a Mermaid flowchart, for READMEs and wikis. Syntax: mermaid.js.org/syntax/flowchart.html
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_MERMAID_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_MERMAID_H_

#include <string>

#include "services/journey/map/map.h"

namespace waymark::journey {

// The map as `flowchart LR`: stages with their milestones inside, the ways between them, and the exits. Titles are
// quoted and escaped, so that none is read as syntax or as HTML. Equal maps give equal text.
std::string RenderMermaid(const JourneyMap& map);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_MERMAID_H_
