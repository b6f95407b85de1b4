// `waymark preview`, `what-if` and `recompute`: what a version would mean for real customers, before it is published.
#ifndef WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddReplayCommands(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
