#include "common/sql/rerun.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/errors.h"

namespace waymark::sql {
namespace {

constexpr int kMostAttempts = 10;
constexpr absl::Duration kFirstPause = absl::Milliseconds(2);
constexpr absl::Duration kLongestPause = absl::Milliseconds(250);

bool LostRace(const absl::Status& status) { return absl::IsAborted(status) && ReasonOf(status).empty(); }

}  // namespace

absl::Status RunAttempts(absl::FunctionRef<Attempt()> attempt) {
  absl::Duration pause = kFirstPause;
  for (int tried = 1;; ++tried) {
    const Attempt result = attempt();
    if (!LostRace(result.status) && !result.connection_lost) return result.status;
    if (tried == kMostAttempts) {
      return result.connection_lost ? result.status : StoreUnavailable("the database is busy: send the call again");
    }
    // Random, so that those who collided do not collide again.
    thread_local absl::BitGen random;
    absl::SleepFor(pause * absl::Uniform(random, 0.5, 1.5));
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace waymark::sql
