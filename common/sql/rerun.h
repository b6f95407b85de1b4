// Runs a transaction again after a lost race.
#ifndef WAYMARK_COMMON_SQL_RERUN_H_
#define WAYMARK_COMMON_SQL_RERUN_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace waymark::sql {

// What one try led to.
struct Attempt {
  absl::Status status;
  // The connection broke before a commit was sent: nothing is stored, and a new connection may do.
  bool connection_lost = false;
};

// Runs `attempt` until it neither loses a race nor its connection, at most 10 times, with random pauses. A lost race is
// ABORTED without a reason: ABORTED with one (an etag that does not match) is the body's answer to its caller. Returns
// the last status, where a race lost to the end is UNAVAILABLE.
absl::Status RunAttempts(absl::FunctionRef<Attempt()> attempt);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_RERUN_H_
