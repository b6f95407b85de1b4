// Where in a definition its criteria stand.
#ifndef WAYMARK_SERVICES_RULES_PLACES_H_
#define WAYMARK_SERVICES_RULES_PLACES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "services/rules/definition.h"

namespace waymark::rules {

// What a whole criterion decides.
enum class Purpose { kExit, kStageEntry, kMilestone, kVariant, kTransition };

// A whole criterion of a definition. The criterion belongs to the definition.
struct CriterionPlace {
  Purpose purpose;
  const Criterion* criterion;
  std::string path;      // Such as `stages[2].milestones[0].criterion`.
  size_t index = 0;      // Of the exit, the stage or the transition.
  size_t milestone = 0;  // Of kMilestone and kVariant: within the stage.
};

// Every whole criterion of a definition, in its order.
std::vector<CriterionPlace> PlacesOf(const Definition& definition);

// The field of the proto that holds this kind of criterion, such as `event_count`.
absl::string_view FieldOf(const Criterion& criterion);

// The criteria that a criterion is put together from; none of a simple one.
const std::vector<Criterion>& PartsOf(const Criterion& criterion);

// Visits a criterion and then all its parts with their paths. A path leads to the criterion itself; `path.event_count`
// is inside. Parts of what `visit` answers false for are left out.
void VisitParts(const Criterion& criterion, const std::string& path,
                absl::FunctionRef<bool(const Criterion& part, const std::string& path)> visit);

// An event pattern in a definition, and the path of the message that holds its types and conditions.
struct PatternPlace {
  const EventPattern* pattern;
  std::string path;
};

// The patterns of one simple criterion that stands at `path`.
std::vector<PatternPlace> PatternsOf(const Criterion& criterion, const std::string& path);

// Where a value condition's comparison stands: `path` is the condition's.
std::string ComparisonPath(const ValueCondition& condition, const std::string& path);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_PLACES_H_
