// A piece of background work: what a service hands to main, which puts each on a Worker, and to tests, which call
// run_once by hand.
#ifndef WAYMARK_COMMON_WORKER_LOOP_H_
#define WAYMARK_COMMON_WORKER_LOOP_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace waymark {

struct Loop {
  std::string name;     // For the log, such as `milestone follows journey`.
  absl::Duration idle;  // How long to wait where there was nothing to do.
  std::function<absl::StatusOr<bool>()> run_once;  // Does what there is to do now; true where there was something.
};

}  // namespace waymark

#endif  // WAYMARK_COMMON_WORKER_LOOP_H_
