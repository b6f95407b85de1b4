// The demo company: Brightdesk sells a reporting tool to some three hundred companies and wants to know how they fare.
//
// A year of its customers' history is made from a fixed seed, the same for ever but for the day it ends on. It is not
// random noise; what one should be able to find in it:
//   - Starter customers often sign up and never connect their data; enterprise customers take weeks to (security
//     reviews), but then stay.
//   - Half way through the year the setup was rebuilt: customers who came later need half the time for it.
//   - Some reach first value and no habit; some thrive, add seats and renew; some fade out of a habit they had, with
//     complaints before the silence, and leave when their half year ends.
#ifndef WAYMARK_SERVICES_CLI_DEMO_H_
#define WAYMARK_SERVICES_CLI_DEMO_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace waymark::cli {

// Something a customer of Brightdesk did.
struct DemoEvent {
  std::string event_id;
  std::string customer;
  std::string user;
  std::string type;
  absl::Time time;
  std::string properties;  // A JSON object, or empty.
};

// The year before `end`, by time.
std::vector<DemoEvent> MakeDemoEvents(absl::CivilDay end);

// Writes journey.yaml, scorecard.yaml, playbook.yaml and events.csv.gz into a folder, which is created where missing.
// The same day gives the same bytes. Errors: INVALID_ARGUMENT  the folder or a file cannot be written.
absl::Status WriteDemo(const std::string& folder, absl::CivilDay end);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_DEMO_H_
