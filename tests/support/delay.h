// A fault to inject: somebody is slow. Never a way to wait for something.
#ifndef WAYMARK_TESTS_SUPPORT_DELAY_H_
#define WAYMARK_TESTS_SUPPORT_DELAY_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace waymark::support {

inline void BeSlow(absl::Duration duration) { absl::SleepFor(duration); }

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_DELAY_H_
