// Until when a call may take.
#ifndef WAYMARK_COMMON_RPC_DEADLINE_H_
#define WAYMARK_COMMON_RPC_DEADLINE_H_

#include "absl/time/time.h"

namespace grpc {
class ServerContextBase;
}

namespace waymark::rpc {

// The deadline that the client gave, but at most `cap` from now; `fallback` from now where it gave none. By the
// machine's clock, as gRPC's own.
absl::Time DeadlineOf(const grpc::ServerContextBase& context, absl::Duration fallback = absl::Seconds(3),
                      absl::Duration cap = absl::Seconds(30));

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_DEADLINE_H_
