// What a definition names besides itself, looked up in its workspace: the personas and segments in the editions that it
// names, other journeys, and the keys that its journey may not use again.
#ifndef WAYMARK_SERVICES_JOURNEY_SURROUNDINGS_H_
#define WAYMARK_SERVICES_JOURNEY_SURROUNDINGS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/convert.h"
#include "services/journey/edition_store.h"
#include "services/journey/tombstones.h"
#include "services/rules/finding.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/facts.pb.h"

namespace waymark::journey {

// What of a kind is known, by id: the number of its newest edition.
using Newest = std::map<std::string, uint32_t>;

struct Surroundings {
  // In the order in which the definition names them; absent: there is none, or, where the newest is asked for, it is
  // archived.
  std::vector<std::optional<Edition>> personas;
  std::vector<std::optional<Edition>> segments;
  Newest known_personas;  // Of those that the definition names, in whatever edition; so the segments.
  Newest known_segments;
  std::vector<std::string> journeys;  // Of those that the definition names, the ones that exist.
  std::vector<Tombstone> tombstones;  // Of the journey that it is for.
};

// `journey_id` is the journey that the definition is for; empty: none.
absl::StatusOr<Surroundings> LookAround(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                                        const v1::JourneyDefinition& definition);

// Everything wrong with the definition where it is, of all layers. `subject` may take more to exist than there is.
std::vector<rules::Finding> Inspect(const v1::JourneyDefinition& definition, const Surroundings& surroundings,
                                    const Subject& subject);

// The definition with the number of every persona and segment written down.
v1::JourneyDefinition Pin(v1::JourneyDefinition definition, const Surroundings& surroundings);

// What the editions say, by id. Errors: INTERNAL  a stored one is unreadable.
template <typename Definition>
absl::StatusOr<std::map<std::string, Definition>> ReadDefinitions(const std::vector<std::optional<Edition>>& editions) {
  std::map<std::string, Definition> definitions;
  for (const std::optional<Edition>& edition : editions) {
    if (!edition.has_value()) continue;
    if (!definitions[edition->id].ParseFromString(edition->definition)) {
      return absl::InternalError("a stored definition is unreadable");
    }
  }
  return definitions;
}

// The rules of the segments, in the order in which the definition names them. Errors: INTERNAL  a stored one is
// unreadable.
absl::StatusOr<std::vector<v1::PinnedSegment>> ReadSegments(const Surroundings& surroundings);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_SURROUNDINGS_H_
