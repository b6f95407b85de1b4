// Calls Waymark's services. One client is one connection to each address.
#ifndef WAYMARK_SERVICES_CLI_WAYMARK_CLIENT_H_
#define WAYMARK_SERVICES_CLI_WAYMARK_CLIENT_H_

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class ChannelInterface;
}  // namespace grpc

namespace waymark::rpc {
class Server;
}

namespace waymark::cli {

// Where the services are and who is calling.
struct Server {
  // `host:port` for all services; or, where each has an address of its own, `journey=host:port,milestone=host:port,…`.
  std::string address = "127.0.0.1:7000";
  std::string workspace;    // Empty: the key's, or `default` where authentication is off.
  std::string key;          // Empty where authentication is off.
  std::string tls_ca_file;  // PEM; empty: no TLS.
};

// Thread-safe.
class WaymarkClient {
 public:
  // Does not connect yet. Errors: INVALID_ARGUMENT (USAGE)  the address is malformed, or the certificate cannot be
  // read.
  static absl::StatusOr<std::unique_ptr<WaymarkClient>> Create(const Server& server);
  // The same over a channel that exists, such as one into the own process.
  WaymarkClient(std::shared_ptr<grpc::Channel> channel, Server server);
  ~WaymarkClient();

  // Calls the RPC whose request this is: every RPC has a request message of its own. `workspace`, where not empty,
  // stands in for the server's. Errors: those of the RPC, with reason and fields. UNAVAILABLE without a reason
  // (IsUnreachable)  nobody answers at the address.
  absl::Status Call(const google::protobuf::Message& request, google::protobuf::Message* response,
                    absl::Duration timeout = absl::Seconds(30), absl::string_view workspace = "") const;
  template <typename Response>
  absl::StatusOr<Response> Get(const google::protobuf::Message& request) const {
    Response response;
    absl::Status status = Call(request, &response);
    if (!status.ok()) return status;
    return response;
  }

  // The same for an RPC that answers in a stream: `response` is filled anew for each message, and `take` called.
  absl::Status Stream(const google::protobuf::Message& request, google::protobuf::Message* response,
                      absl::FunctionRef<void()> take, absl::Duration timeout = absl::Hours(1)) const;

  const Server& server() const { return server_; }
  // Whether there is a key, no TLS, and a network between.
  bool ShowsKeyToTheNetwork() const;

 private:
  // The path of the RPC that takes the request, and the channel to its service.
  struct Route {
    std::string path;
    std::shared_ptr<grpc::Channel> channel;
  };
  absl::StatusOr<Route> RouteOf(const google::protobuf::Message& request) const;

  const Server server_;
  // By service; the one without a name is for all that are not named.
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> channels_;
};

// A channel into a server of the own process, as followers take it.
std::shared_ptr<grpc::ChannelInterface> ChannelInto(rpc::Server& server);

// Whether a call failed because nobody answered.
bool IsUnreachable(const absl::Status& status);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_WAYMARK_CLIENT_H_
