// `waymark journey diff`, and how differences are shown.
#ifndef WAYMARK_SERVICES_CLI_JOURNEY_DIFF_H_
#define WAYMARK_SERVICES_CLI_JOURNEY_DIFF_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/cli/journey_source.h"
#include "services/cli/session.h"
#include "services/rules/convert/diff.h"

namespace waymark::cli {

// A line for each difference, after `indent`: `+` what was added, `-` removed, `~` changed, `↕` moved.
void WriteDifferences(const std::vector<rules::Difference>& differences, absl::string_view indent, std::ostream& out);

// Tells what differs between two journeys, as the format asks for.
void ShowDifferences(const JourneySource& before, const JourneySource& after, Format format, std::ostream& out);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_JOURNEY_DIFF_H_
