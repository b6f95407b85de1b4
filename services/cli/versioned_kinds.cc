#include "services/cli/versioned_kinds.h"

#include "services/rules/convert/canonical.h"

namespace waymark::cli {

JourneyKind::Definition JourneyKind::Normalised(Definition definition) {
  rules::MakeCanonical(definition);
  return definition;
}

// The defaults are those that definition.proto states.
ScorecardKind::Definition ScorecardKind::Normalised(Definition definition) {
  for (auto& measure : *definition.mutable_measures()) {
    if (measure.title().empty()) measure.set_title(measure.key());
    if (measure.weight() == 0) measure.set_weight(1);
    if (measure.missing_case() == health::v1::Measure::MISSING_NOT_SET) measure.mutable_exclude();
  }
  auto& bands = *definition.mutable_bands();
  if (!bands.has_red_below()) bands.set_red_below(50);
  if (!bands.has_green_from()) bands.set_green_from(75);
  if (!bands.has_margin()) bands.set_margin(5);
  if (!bands.has_dwell_down_days()) bands.set_dwell_down_days(0);
  if (!bands.has_dwell_up_days()) bands.set_dwell_up_days(2);
  if (!definition.has_min_coverage_percent()) definition.set_min_coverage_percent(50);
  return definition;
}

}  // namespace waymark::cli
