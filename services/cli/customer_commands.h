// The commands about one customer: what is said of it (`waymark identify`, `attest`, `enroll`, `exit`, `override`), and why
// it stands where it does (`explain`, `why-not`).
#ifndef WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_

#include "services/cli/shell.h"

namespace waymark::cli {

void AddCustomerCommands(const Shell& shell);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_CUSTOMER_COMMANDS_H_
