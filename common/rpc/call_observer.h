// Watches the calls of a server: counts and times each, and writes its log line.
#ifndef WAYMARK_COMMON_RPC_CALL_OBSERVER_H_
#define WAYMARK_COMMON_RPC_CALL_OBSERVER_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>
#include <vector>

namespace waymark::rpc {

// For ServerBuilder's interceptors. `services` are the full names of those that the server has: filled before it
// starts, and kept as long as it lives. Metrics are named as gRPC's proposal A66 does, in Prometheus' spelling:
//   grpc_server_call_started_total{grpc_method}
//   grpc_server_call_duration_seconds{grpc_method, grpc_status}
// A method that none of the services has is counted as `other`, so that a caller cannot make series grow.
// A request that gRPC itself could not read is answered INVALID_ARGUMENT, with a reason, instead of gRPC's bare INTERNAL.
// A call that fails is logged at INFO, one that succeeds at DEBUG, so that the hot path stays cheap.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CallObservers(
    const std::vector<std::string>& services);

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_CALL_OBSERVER_H_
