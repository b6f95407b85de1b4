// Calls gRPC: channels that find every replica, try again and give up, and the credential of a call.
#ifndef WAYMARK_COMMON_RPC_CLIENT_H_
#define WAYMARK_COMMON_RPC_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace waymark::rpc {

// What every client of Waymark should be given: deploy/service_config.json is the same text, for other languages.
// github.com/grpc/grpc/blob/master/doc/service_config.md
inline constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": ""},
  "methodConfig": [{
    "name": [{}],
    "retryPolicy": {
      "maxAttempts": 5,
      "initialBackoff": "0.1s",
      "maxBackoff": "2s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }],
  "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1}
})";

struct ClientOptions {
  std::string target;       // `127.0.0.1:7002`, or any name that gRPC resolves (`dns:///milestone:7002`).
  std::string tls_ca_file;  // PEM: who must have signed the server's certificate. Empty: no TLS.
  std::string tls_cert_file, tls_key_file;  // PEM: what the client shows, where servers ask for it.
  int max_message_bytes = 16 << 20;         // Of an answer.
};

// A channel with connections of its own. Connects when it is first used, spreads calls over every address of the
// target, tries a call up to 5 times that meets UNAVAILABLE (within its deadline; not where more than a tenth of all
// calls would be tried again), and reconnects within seconds once a server is back.
// Errors: INVALID_ARGUMENT  a PEM file cannot be read (it is named).
absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ClientOptions& options);

// Sends `authorization: Bearer <key>` and `waymark-workspace`, each where it is not empty.
void AddCredential(grpc::ClientContext& context, absl::string_view key, absl::string_view workspace);

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_CLIENT_H_
