// `waymark preview`, `what-if` and `recompute`: what a version would mean for real customers, before it is published.
#ifndef WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
#define WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/shell.h"
#include "waymark/journey/v1/migration.pb.h"

namespace waymark::cli {

void AddReplayCommands(const Shell& shell);

// What becomes of those under way; PIN where nothing is chosen.
struct MoveChoice {
  bool replay = false;                  // They move as their whole history leads.
  bool map = false;                     // They move by map …
  std::vector<std::string> stages;      // … of these, each written OLD=NEW.
  std::vector<std::string> milestones;  // Likewise.
  bool by_map() const { return map || !stages.empty() || !milestones.empty(); }
  bool moves() const { return replay || by_map(); }
};
// The options --map, --stage and --milestone, none of which can be given with `other`.
void AddMapOptions(CLI::App& command, CLI::Option& other, MoveChoice& choice);

// Previews a draft for everybody under way, tells what it came to, and returns the plan that its publication takes.
// Errors: those of GetVersion and PreviewVersion; findings are told on `err`. FAILED_PRECONDITION  the map leaves a
// stage out that somebody stands in.
absl::StatusOr<journey::v1::MigrationPlan> PlanMove(const Session& session, const std::string& journey_id,
                                                    uint32_t number, const MoveChoice& choice);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_REPLAY_COMMANDS_H_
