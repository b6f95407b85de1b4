// `waymark watch`: tells changes of stages as they come.
#ifndef WAYMARK_SERVICES_CLI_WATCH_COMMAND_H_
#define WAYMARK_SERVICES_CLI_WATCH_COMMAND_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddWatchCommand(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_WATCH_COMMAND_H_
