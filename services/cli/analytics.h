// The commands about everybody who travels a journey: `waymark funnel`, `dwell`, `friction`, `paths`, `conformance`,
// `revenue`.
#ifndef WAYMARK_SERVICES_CLI_ANALYTICS_H_
#define WAYMARK_SERVICES_CLI_ANALYTICS_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddAnalyticsCommands(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_ANALYTICS_H_
