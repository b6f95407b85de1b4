// Where a map of stages and milestones puts who moves from one version to another: pure.
//
// Progress stays a function of version and history. So who is moved by map has its whole history folded under the other
// version, and where that does not lead to the stage that the map says, an item of history, an override, puts it there.
#ifndef WAYMARK_SERVICES_RULES_PLACEMENT_H_
#define WAYMARK_SERVICES_RULES_PLACEMENT_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"

namespace waymark::rules {

inline constexpr size_t kMostMappedStages = 100;
inline constexpr size_t kMostMappedMilestones = 1'000;

// What keys of one version are in another. A key that is not named stays what it is, where the other has it.
struct KeyMap {
  std::map<std::string, std::string> stages;
  std::map<std::string, std::string> milestones;
};

// An override of one enrollment.
struct Placement {
  std::string entry_key;
  std::string from_stage;
  std::string stage;
  std::vector<std::string> milestones;  // What counts as achieved with it.
};

// What a map comes to for a customer.
struct Placements {
  enum class Fate {
    kGoes,         // To the other version.
    kNotUnderWay,  // It stays: it has no open enrollment.
    kUnmapped,     // It stays: it stands in a stage that is not mapped and that the other version does not have.
    kNotThere,     // It stays: to go by its history the other version would not have let it in, or has let it go.
  };
  Fate fate = Fate::kNotUnderWay;
  std::string unmapped_stage;
  // Of who goes: where its history leads elsewhere. In the order of the enrollments.
  std::vector<Placement> overrides;
};

// What the map comes to over a history until `as_of`, where the overrides then stand: after every other item of that
// instant, and before what time alone changes at it.
Placements PlaceByMap(const KeyMap& map, const Journey& from, const Journey& to, absl::Span<const Item> history,
                      absl::Time as_of);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_PLACEMENT_H_
