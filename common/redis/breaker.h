// Stops asking a server that has stopped answering, and asks again now and then.
#ifndef WAYMARK_COMMON_REDIS_BREAKER_H_
#define WAYMARK_COMMON_REDIS_BREAKER_H_

#include <chrono>

#include "absl/time/time.h"

namespace waymark::redis {

// Monotonic time: a step of the wall clock neither opens nor heals anything.
using Instant = std::chrono::steady_clock::time_point;

// Closed: all pass. After `failures` failures in a row it is open: none passes for `pause`; then one does, the probe,
// whose outcome closes it or opens it for another `pause`. Not thread-safe.
class Breaker {
 public:
  Breaker(int failures, absl::Duration pause) : failures_allowed_(failures), pause_(absl::ToChronoNanoseconds(pause)) {}

  // Whether a request may pass now. Where it is the probe, the next ones are refused until the probe's outcome is told.
  bool Admit(Instant now);

  // Tell the outcome of what was admitted.
  void Succeeded();
  void Failed(Instant now);

  bool closed() const { return state_ == State::kClosed; }

 private:
  enum class State { kClosed, kOpen, kProbing };

  const int failures_allowed_;
  const std::chrono::nanoseconds pause_;
  State state_ = State::kClosed;
  int failures_ = 0;     // In a row.
  Instant opened_at_{};  // Of the last opening.
};

}  // namespace waymark::redis

#endif  // WAYMARK_COMMON_REDIS_BREAKER_H_
