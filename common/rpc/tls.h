// Who a server or a client is, from PEM files.
#ifndef WAYMARK_COMMON_RPC_TLS_H_
#define WAYMARK_COMMON_RPC_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace waymark::rpc {

struct ServerTls {
  std::string cert_file, key_file;  // Both or neither; neither: no TLS.
  std::string client_ca_file;       // Where given, clients must show a certificate that it has signed.
};

// Credentials that follow the files: a new certificate is served within seconds of being put there (atomically, as a
// mounted Secret is). Errors: INVALID_ARGUMENT  a file cannot be read, is no PEM, has expired already, or key and
// certificate do not belong together.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const ServerTls& tls);

struct ClientTls {
  std::string ca_file;              // Who must have signed the server's certificate; empty: no TLS.
  std::string cert_file, key_file;  // What the client shows, where the server asks for it; both or neither.
};

// Errors: INVALID_ARGUMENT  as above.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const ClientTls& tls);

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_TLS_H_
