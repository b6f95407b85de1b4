// The commands that say something of a customer: `waymark identify`, `attest`, `enroll`, `exit` and `override`.
#ifndef WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddCustomerCommands(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_
