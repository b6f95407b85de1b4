#include "common/rpc/deadline.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include "common/base/clock.h"

namespace waymark::rpc {

absl::Time DeadlineOf(const grpc::ServerContextBase& context, absl::Duration fallback, absl::Duration cap) {
  const absl::Time now = RealClock().Now();
  const gpr_timespec given = context.raw_deadline();
  if (gpr_time_cmp(given, gpr_inf_future(given.clock_type)) == 0) return now + fallback;
  return std::min(absl::FromChrono(context.deadline()), now + cap);
}

}  // namespace waymark::rpc
