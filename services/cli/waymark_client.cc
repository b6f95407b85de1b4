#include "services/cli/waymark_client.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "services/cli/usage.h"

namespace waymark::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::ServiceDescriptor;

// The path of the RPC that takes such a request, such as `/waymark.milestone.v1.AnalyticsService/GetFunnel`.
std::string PathOf(const Descriptor& request) {
  const FileDescriptor& file = *request.file();
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      if (service.method(j)->input_type() != &request) continue;
      return absl::StrCat("/", service.full_name(), "/", service.method(j)->name());
    }
  }
  // A request that no RPC takes is a mistake of ours, not of the caller.
  std::abort();
}

// Whether no network lies between.
bool IsLocal(absl::string_view address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "localhost:") || absl::StartsWith(address, "unix:");
}

}  // namespace

absl::StatusOr<std::unique_ptr<WaymarkClient>> WaymarkClient::Create(const Server& server) {
  auto client = std::make_unique<WaymarkClient>(nullptr, server);
  client->channels_.clear();
  for (const absl::string_view part : absl::StrSplit(server.address, ',')) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const bool named = !pair.second.empty();
    if (pair.first.empty()) return UsageError("--server: host:port, or journey=host:port,milestone=host:port,...");
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        rpc::Connect({.target = std::string(named ? pair.second : pair.first), .tls_ca_file = server.tls_ca_file});
    if (!channel.ok()) return UsageError(absl::StrCat("--tls-ca: ", channel.status().message()));
    client->channels_[named ? std::string(pair.first) : std::string()] = *std::move(channel);
  }
  return client;
}

WaymarkClient::WaymarkClient(std::shared_ptr<grpc::Channel> channel, Server server) : server_(std::move(server)) {
  channels_[""] = std::move(channel);
}

WaymarkClient::~WaymarkClient() = default;

absl::StatusOr<WaymarkClient::Route> WaymarkClient::RouteOf(const Message& request) const {
  Route route{.path = PathOf(*request.GetDescriptor())};
  // `/waymark.milestone.v1.…` is for the service milestone.
  const std::vector<std::string> parts = absl::StrSplit(route.path, '.');
  auto channel = channels_.find(parts[1]);
  if (channel == channels_.end()) channel = channels_.find("");
  if (channel == channels_.end()) {
    return UsageError(absl::StrCat("--server: says no address for ", parts[1], "; add ", parts[1], "=host:port"));
  }
  route.channel = channel->second;
  return route;
}

absl::Status WaymarkClient::Call(const Message& request, Message* response, absl::Duration timeout,
                                 absl::string_view workspace) const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  rpc::AddCredential(context, server_.key, workspace.empty() ? absl::string_view(server_.workspace) : workspace);
  ASSIGN_OR_RETURN(const Route route, RouteOf(request));
  grpc::Status status;
  absl::Notification done;
  grpc::TemplatedGenericStub<Message, Message> stub(route.channel);
  stub.UnaryCall(&context, route.path, grpc::StubOptions(), &request, response, [&](grpc::Status answer) {
    status = std::move(answer);
    done.Notify();
  });
  done.WaitForNotification();
  return rpc::FromGrpc(status);
}

absl::Status WaymarkClient::Stream(const Message& request, Message* response, absl::FunctionRef<void()> take,
                                   absl::Duration timeout) const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  rpc::AddCredential(context, server_.key, server_.workspace);
  ASSIGN_OR_RETURN(const Route route, RouteOf(request));
  grpc::CompletionQueue queue;
  // One thing is waited for at a time; false where it did not come about.
  const auto next = [&] {
    void* tag = nullptr;
    bool good = false;
    return queue.Next(&tag, &good) && good;
  };
  grpc::TemplatedGenericStub<Message, Message> stub(route.channel);
  // A stream of both directions looks the same on the wire.
  const auto call = stub.PrepareCall(&context, route.path, &queue);
  call->StartCall(nullptr);
  if (next()) {
    call->WriteLast(request, grpc::WriteOptions(), nullptr);
    next();
    for (call->Read(response, nullptr); next(); call->Read(response, nullptr)) take();
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  queue.Shutdown();
  while (next()) continue;
  return rpc::FromGrpc(status);
}

bool WaymarkClient::ShowsKeyToTheNetwork() const {
  if (server_.key.empty() || !server_.tls_ca_file.empty()) return false;
  for (const absl::string_view part : absl::StrSplit(server_.address, ',')) {
    if (!IsLocal(part.substr(part.find('=') + 1))) return true;  // Without a name, all of it: npos + 1 is 0.
  }
  return false;
}

std::shared_ptr<grpc::ChannelInterface> ChannelInto(rpc::Server& server) { return server.InProcessChannel(); }

bool IsUnreachable(const absl::Status& status) {
  // Waymark's own errors have a reason; these two are gRPC's where nobody answers, or not in time.
  return (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) && ReasonOf(status).empty();
}

}  // namespace waymark::cli
