// Runs the scenarios that a definition carries, by the rules that run in production.
#ifndef WAYMARK_SERVICES_JOURNEY_REHEARSAL_H_
#define WAYMARK_SERVICES_JOURNEY_REHEARSAL_H_

#include <string>
#include <vector>

#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::journey {

// The definition's form must be right. `segments` are the rules of those that it names.
v1::RunScenariosResponse Rehearse(const v1::JourneyDefinition& definition,
                                  const std::vector<v1::PinnedSegment>& segments);

// What stands in the way of publishing, such as `scenario quick_start: at 3 d: expected stage adoption, stands in
// setup`; empty where all scenarios hold.
std::vector<std::string> FailuresIn(const v1::RunScenariosResponse& rehearsal);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_REHEARSAL_H_
