// Serves gRPC: health, reflection, limits, one log line and metrics per call, an admin port, and an orderly end.
#ifndef WAYMARK_COMMON_RPC_SERVER_H_
#define WAYMARK_COMMON_RPC_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace waymark::rpc {

struct ServerOptions {
  std::string address;  // `127.0.0.1:7002`; port 0 takes a free one; empty serves in process only.
  // Plaintext gRPC for operators: health (Kubernetes' gRPC probes speak no TLS), channelz, reflection; empty for none.
  std::string admin_address;
  // HTTP: `GET /metrics` (Prometheus text); empty for none. A port of its own, since gRPC 1.51 answers no plain HTTP.
  std::string metrics_address;
  std::string tls_cert_file, tls_key_file, tls_client_ca_file;  // PEM; served anew when they change. Empty: no TLS.
  int max_message_bytes = 5 << 20;
  // How long calls under way may take at the end. Closing the metrics port takes up to 2 s more, and a process should
  // end within 10 s of SIGTERM.
  absl::Duration drain = absl::Seconds(6);
};

// Thread-safe.
class Server {
 public:
  // Starts serving `services` (not owned; they outlive the server), sync and callback ones alike. Raises RLIMIT_NOFILE
  // to the hard limit, switches compression off, enables health (per service and ""), reflection and keepalive limits.
  // Errors: UNAVAILABLE  an address cannot be bound (it is named). INVALID_ARGUMENT  a certificate cannot be read.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services);
  // Stops at once what Stop() has not.
  virtual ~Server() = default;

  // The ports listened on; 0 for none.
  virtual int port() const = 0;
  virtual int admin_port() const = 0;
  virtual int metrics_port() const = 0;
  // A channel into this server without a network.
  virtual std::shared_ptr<grpc::Channel> InProcessChannel() = 0;

  // Readiness (health "" and each service): true at first.
  virtual void SetReady(bool ready) = 0;
  // Answers NOT_SERVING, takes no new calls, gives those under way `drain`, then cancels them and waits until their
  // handlers have returned: a handler that waits for news must look at its context's IsCancelled().
  virtual void Stop() = 0;
};

// Comes first in main, before any thread: SIGTERM and SIGINT wait for WaitForSignal(), SIGPIPE is ignored, and mutexes
// no longer look for deadlocks, as Debian's Abseil otherwise does at an eighth of what calls cost.
void PrepareMain();
// Waits for SIGTERM or SIGINT.
void WaitForSignal();
// The same, for so long at most.
void WaitForSignal(absl::Duration patience);

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_SERVER_H_
