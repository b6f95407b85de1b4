#include "common/base/clock.h"

#include "absl/time/clock.h"

namespace waymark {

absl::Time RealClock::Now() const { return absl::FromUnixMicros(absl::GetCurrentTimeNanos() / 1000); }

absl::Time VirtualClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

void VirtualClock::Advance(absl::Duration by) {
  absl::MutexLock lock(&mutex_);
  now_ += by;
}

void VirtualClock::Set(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  now_ = now;
}

}  // namespace waymark
