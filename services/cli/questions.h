// `waymark get`, `list`, `stuck` and `event-types`: asks and shows the answer.
#ifndef WAYMARK_SERVICES_CLI_QUESTIONS_H_
#define WAYMARK_SERVICES_CLI_QUESTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "services/cli/session.h"

namespace waymark::cli {

// What narrows a question; each command uses what its help names.
struct Question {
  std::string id;         // A customer's, or a journey's.
  std::string journey;    // Empty: all.
  std::string stage;      // Empty: all.
  std::string scorecard;  // Empty: the only one there is.
  std::string band;       // Empty: all.
  std::string customer;   // Empty: all.
  std::string as_of;      // Empty: now.
  std::string as_known;   // Empty: now.
  std::string min_pace;   // late, behind or stuck.
  bool fresh = false;     // From the database instead of the cache.
  int64_t limit = 100;    // Rows at most; 0: all.
};

// Each writes the answer, a table or the response's JSON or YAML. Errors: those of the RPC.
absl::Status ShowCustomer(const Session& session, const Question& question);
absl::Status ShowStage(const Session& session, const Question& question);
absl::Status ShowProgress(const Session& session, const Question& question);
absl::Status ShowHealth(const Session& session, const Question& question);
absl::Status ShowTimeline(const Session& session, const Question& question);

absl::Status ListJourneys(const Session& session, const Question& question);
absl::Status ListStuck(const Session& session, const Question& question);
absl::Status ListCustomers(const Session& session, const Question& question);
absl::Status ListEventTypes(const Session& session, const Question& question);
absl::Status ListScorecards(const Session& session, const Question& question);
absl::Status ListHealth(const Session& session, const Question& question);
absl::Status ListPlaybooks(const Session& session, const Question& question);
absl::Status ListChannels(const Session& session, const Question& question);
absl::Status ListDeliveries(const Session& session, const Question& question);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_QUESTIONS_H_
