// `waymark preview`, `what-if` and `recompute`: what a version would mean for real customers, before it is published.
#ifndef WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "services/cli/shell.h"
#include "waymark/journey/v1/migration.pb.h"

namespace waymark::cli {

void AddReplayCommands(const Shell& shell);

// Previews a draft for everybody under way, tells what it came to, and returns the plan that its publication takes.
// Errors: those of GetVersion and PreviewVersion; findings are told on `err`.
absl::StatusOr<journey::v1::MigrationPlan> PlanReplay(const Session& session, const std::string& journey_id,
                                                      uint32_t number);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
