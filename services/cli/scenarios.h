// `waymark test`: runs the scenarios of journeys in files, without a server, by the rules that run in production.
#ifndef WAYMARK_SERVICES_CLI_SCENARIOS_H_
#define WAYMARK_SERVICES_CLI_SCENARIOS_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace waymark::cli {

// Tells of each scenario whether it holds and, where not, what came instead; then, per persona, what no scenario goes
// through. Errors: NOT_FOUND  there is no journey. FAILED_PRECONDITION  a file has problems (told on `err`), or a
// scenario does not hold.
absl::Status TestScenarios(const std::vector<std::string>& paths, std::ostream& out, std::ostream& err);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SCENARIOS_H_
