#include "common/rpc/client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/tls.h"

namespace waymark::rpc {
absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ClientOptions& options) {
  ASSIGN_OR_RETURN(const auto credentials, ChannelCredentials({.ca_file = options.tls_ca_file,
                                                               .cert_file = options.tls_cert_file,
                                                               .key_file = options.tls_key_file}));
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  // Else two channels to one target share a connection, and a client that asks for several gets one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // gRPC's own 20 s to 120 s between tries would keep followers behind long after a restart.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // A stream that waits for news has to notice that its server has gone without a word.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  return grpc::CreateCustomChannel(options.target, credentials, arguments);
}

void AddCredential(grpc::ClientContext& context, absl::string_view key, absl::string_view workspace) {
  if (!key.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", key));
  if (!workspace.empty()) context.AddMetadata("waymark-workspace", std::string(workspace));
}

}  // namespace waymark::rpc
