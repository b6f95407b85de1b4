// What is wrong with a definition's form that no field can state alone (services/rules/convert/form.h checks the rest).
#ifndef WAYMARK_SERVICES_RULES_SHAPE_H_
#define WAYMARK_SERVICES_RULES_SHAPE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "services/rules/definition.h"
#include "services/rules/finding.h"

namespace waymark::rules {

inline constexpr size_t kMostMilestones = 200;     // In the whole journey.
inline constexpr size_t kMostLevels = 8;           // Of one criterion.
inline constexpr size_t kMostParts = 200;          // Likewise.
inline constexpr int32_t kMostOffsetMonths = 120;  // Before or after a date.
inline constexpr int32_t kMostOffsetDays = 3650;   // Likewise.
inline constexpr uint32_t kMostCounted = 10'000;   // With a window, or where something else than events is counted.

// Codes: KEY_REPEATED, VALUE_REPEATED, TOO_MANY, TOO_DEEP, OUT_OF_RANGE, MISSING, NOT_APPLICABLE, NOT_COMPARABLE,
// MISPLACED, ANCHOR_REPEATED, DURATIONS_DISORDERED. All of Layer::kForm, at most kMostFindings.
std::vector<Finding> CheckShape(const Definition& definition);

// The same for a segment's rule, which may not name milestones, attestations or segments (MISPLACED).
std::vector<Finding> CheckShapeOfSegment(const Criterion& criterion);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_SHAPE_H_
