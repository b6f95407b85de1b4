// What customers can come to in a journey, with an example of how.
#ifndef WAYMARK_SERVICES_JOURNEY_VERDICTS_H_
#define WAYMARK_SERVICES_JOURNEY_VERDICTS_H_

#include <vector>

#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::journey {

// Of each stage, milestone and exit, in the order of the definition, whose form and references must be right.
// `segments` are the rules of those that it names.
std::vector<v1::Verdict> FindVerdicts(const v1::JourneyDefinition& definition,
                                      const std::vector<v1::PinnedSegment>& segments);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_VERDICTS_H_
