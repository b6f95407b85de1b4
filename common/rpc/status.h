// The one place where an absl::Status becomes a gRPC status, and back.
#ifndef WAYMARK_COMMON_RPC_STATUS_H_
#define WAYMARK_COMMON_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "common/base/status.h"

namespace waymark::rpc {

// With google.rpc.ErrorInfo (domain `waymark`, the reason) always, BadRequest where fields are wrong,
// PreconditionFailure for WRONG_STATE, and RetryInfo for every UNAVAILABLE and RESOURCE_EXHAUSTED (1 s where the status
// does not say). A status without a reason gets the one that belongs to its code. INTERNAL and UNKNOWN are logged and
// answered with INTERNAL and a message that carries nothing of the cause but the id under which the log has it. The
// whole stays below the 8 kB that clients accept: a longer message and what comes after the first 2 kB of violations
// are cut off, and bytes that are not UTF-8 are escaped.
grpc::Status ToGrpc(const absl::Status& status);

// With reason, violations and retry delay taken back from the details.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace waymark::rpc

// The same as RETURN_IF_ERROR and ASSIGN_OR_RETURN, for functions that return grpc::Status.
#define RETURN_IF_ERROR_GRPC(expression)                                      \
  do {                                                                        \
    if (absl::Status waymark_status_ = (expression); !waymark_status_.ok()) { \
      return ::waymark::rpc::ToGrpc(waymark_status_);                         \
    }                                                                         \
  } while (false)

#define ASSIGN_OR_RETURN_GRPC(target, ...) \
  WAYMARK_ASSIGN_OR_RETURN_GRPC_(WAYMARK_CONCAT_(waymark_statusor_, __LINE__), target, __VA_ARGS__)
#define WAYMARK_ASSIGN_OR_RETURN_GRPC_(temporary, target, ...)            \
  auto temporary = (__VA_ARGS__);                                         \
  if (!temporary.ok()) return ::waymark::rpc::ToGrpc(temporary.status()); \
  target = std::move(temporary).value()

#endif  // WAYMARK_COMMON_RPC_STATUS_H_
