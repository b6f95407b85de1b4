// The one clock. Wall time bounds and schedules; it is always given by one of these, never read elsewhere.
#ifndef WAYMARK_COMMON_BASE_CLOCK_H_
#define WAYMARK_COMMON_BASE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace waymark {

// Tells the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // The wall time, in whole microseconds, since that is what tables keep.
  virtual absl::Time Now() const = 0;
};

// The machine's clock.
class RealClock final : public Clock {
 public:
  absl::Time Now() const override;
};

// A clock that is moved by hand: for tests, and for living through a year in a second.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(absl::Time start) : now_(start) {}
  absl::Time Now() const override;
  void Advance(absl::Duration by);
  void Set(absl::Time now);

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_CLOCK_H_
