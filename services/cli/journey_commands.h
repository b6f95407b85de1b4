// The commands about what a journey says: `waymark validate`, `waymark test` and `waymark journey …`.
#ifndef WAYMARK_SERVICES_CLI_JOURNEY_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_JOURNEY_COMMANDS_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddJourneyCommands(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_JOURNEY_COMMANDS_H_
