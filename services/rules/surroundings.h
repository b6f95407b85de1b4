// What a workspace knows besides the journey that is looked at.
#ifndef WAYMARK_SERVICES_RULES_SURROUNDINGS_H_
#define WAYMARK_SERVICES_RULES_SURROUNDINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "services/rules/definition.h"

namespace waymark::rules {

// The keys that published versions of a journey had and that its newest one has no more: tombstones.
struct RemovedKeys {
  using Keys = absl::flat_hash_map<std::string, uint32_t>;  // And the version that removed each.
  Keys stages;
  Keys milestones;
  Keys exits;
  Keys transitions;
  Keys touchpoints;
  Keys goals;
  Keys scenarios;
};

// What is absent is not known, as offline, and then nothing is checked against it.
struct Surroundings {
  std::string journey_id;                                              // Of the journey looked at; empty: not known.
  RemovedKeys removed;                                                 // Of the journey looked at.
  std::optional<absl::flat_hash_map<std::string, uint32_t>> personas;  // Each one's newest number; so the segments.
  std::optional<absl::flat_hash_map<std::string, uint32_t>> segments;
  std::vector<SegmentRule> segment_rules;  // In the editions that the journey names, as far as known.
  std::optional<absl::flat_hash_set<std::string>> journeys;
  std::optional<absl::flat_hash_set<std::string>> event_types;                           // Ever seen.
  std::optional<absl::flat_hash_map<std::string, std::vector<std::string>>> scorecards;  // Each one's bands.
  std::optional<absl::flat_hash_set<std::string>> playbooks;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_SURROUNDINGS_H_
