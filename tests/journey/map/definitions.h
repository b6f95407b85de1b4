// Journeys to draw: the templates, and made-up ones that mean harm.
#ifndef WAYMARK_TESTS_JOURNEY_MAP_DEFINITIONS_H_
#define WAYMARK_TESTS_JOURNEY_MAP_DEFINITIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/journey/map/map.h"

namespace waymark::journey {

// What each template would be drawn from, without numbers.
std::vector<MapSource> TemplateSources();

// A journey of random size (none to 50 stages, up to 200 milestones) whose every text is hostile: markup, entities,
// control characters, broken UTF-8, endless words, every script. Equal seeds give equal journeys. Most would not pass
// validation.
MapSource HostileSource(uint64_t seed);

// One with exactly so many stages, each with a few of everything.
MapSource SourceWith(int stages);

}  // namespace waymark::journey

#endif  // WAYMARK_TESTS_JOURNEY_MAP_DEFINITIONS_H_
