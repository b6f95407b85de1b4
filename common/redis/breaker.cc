#include "common/redis/breaker.h"

namespace waymark::redis {

bool Breaker::Admit(Instant now) {
  switch (state_) {
    case State::kClosed:
      return true;
    case State::kOpen:
      if (now - opened_at_ < pause_) return false;
      state_ = State::kProbing;
      return true;
    case State::kProbing:
      return false;
  }
  return false;
}

void Breaker::Succeeded() {
  state_ = State::kClosed;
  failures_ = 0;
}

void Breaker::Failed(Instant now) {
  ++failures_;
  if (state_ == State::kClosed && failures_ < failures_allowed_) return;
  state_ = State::kOpen;
  opened_at_ = now;
}

}  // namespace waymark::redis
