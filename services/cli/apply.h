// `waymark apply`: makes a workspace be as files say.
#ifndef WAYMARK_SERVICES_CLI_APPLY_H_
#define WAYMARK_SERVICES_CLI_APPLY_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/cli/session.h"

namespace waymark::cli {

struct ApplyOptions {
  std::vector<std::string> paths;
  bool publish = false;  // New versions are published, and for journeys waits until every customer is evaluated.
  bool dry_run = false;  // Only tells what would change.
};

// Creates what does not exist and makes a new version of what differs from its newest one; what is equal stays, so
// applying the same files again changes nothing; what is equal to a retired version makes a new one. Tells each thing
// on a line, with what changed. Nothing is changed where a file has a problem, where a scenario does not hold of
// what is to be published, or where something that would change is archived or is a channel; problems go to err, a line
// each. What a scorecard or a playbook says is known to be right only when its service takes it, after what it names
// was made. Errors: FAILED_PRECONDITION  there are problems. Else what the server refused.
absl::Status Apply(const Session& session, const ApplyOptions& options);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_APPLY_H_
