#include "common/rpc/server.h"

#include <google/protobuf/message.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/metrics/exposer.h"
#include "common/rpc/call_observer.h"
#include "common/rpc/tls.h"
#include "grpc/health/v1/health.pb.h"

namespace waymark::rpc {
namespace {

// Threads of one server at most; a call beyond is answered RESOURCE_EXHAUSTED. Many, because a follower's read waits on
// one for news: 16 lanes of several followers and replicas, and room for the calls beside them.
constexpr int kThreads = 256;
// What gRPC may hold in messages and connections before it refuses more.
constexpr size_t kMemoryBytes = size_t{512} << 20;

// gRPC's own lines, in our format.
void LogFromGrpc(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR) log::Warning("grpc", {{"message", args->message}});
}

// What is set once for the process.
void PrepareProcess() {
  static const bool prepared = [] {
    gpr_set_log_function(LogFromGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
    // gRPC serves health by itself, but reflection can describe it only where its descriptors are linked in.
    google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
    // gRPC 1.51's listener is silenced for ever once descriptors run out (CVE-2023-4785).
    rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
      descriptors.rlim_cur = descriptors.rlim_max;
      setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    return true;
  }();
  (void)prepared;
}

// Notes the names of the services that a server got.
class ServiceNames final : public grpc::ServerBuilderPlugin {
 public:
  explicit ServiceNames(std::vector<std::string>* names) : names_(names) {}
  std::string name() override { return "waymark_service_names"; }
  // Called once the services are registered and before the first call.
  void InitServer(grpc::ServerInitializer* server) override {
    *names_ = *server->GetServiceList();
    names_->push_back("grpc.health.v1.Health");  // Registered last, by the server's start.
  }
  void Finish(grpc::ServerInitializer*) override {}
  void ChangeArguments(const std::string&, void*) override {}

 private:
  std::vector<std::string>* const names_;
};

// What the port for clients has besides its services: their names are noted, and channelz is taken away, since it tells
// every caller who else is connected.
class PublicPlugins final : public grpc::ServerBuilderOption {
 public:
  explicit PublicPlugins(std::vector<std::string>* names) : names_(names) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "channelz_service"; });
    plugins->push_back(std::make_unique<ServiceNames>(names_));
  }

 private:
  std::vector<std::string>* const names_;
};

// What holds for both ports.
void SetLimits(grpc::ServerBuilder& builder, int max_message_bytes) {
  builder.SetMaxReceiveMessageSize(max_message_bytes);
  // The limit on messages is checked after inflating: 612 kB of gzip cost 667 MB of memory.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetResourceQuota(grpc::ResourceQuota("server").SetMaxThreads(kThreads).Resize(kMemoryBytes));
  // Two processes on one port would share its calls without anybody noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  // Connections whose other end has gone without a word are found after 80 s.
  // Clients spread anew over the replicas there are; a stream has five minutes to end, and is gone on with elsewhere.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 30 * 60'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 5 * 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  // Clients may ping every 10 s, also between calls; who pings more often is disconnected.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
}

absl::Status CannotListen(const std::string& address) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
}

class GrpcServer final : public Server {
 public:
  explicit GrpcServer(absl::Duration drain) : drain_(drain) {}
  ~GrpcServer() override { Stop(absl::ZeroDuration()); }

  absl::Status Serve(const ServerOptions& options, const std::vector<grpc::Service*>& services) {
    ASSIGN_OR_RETURN(const auto credentials, ServerCredentials({.cert_file = options.tls_cert_file,
                                                                .key_file = options.tls_key_file,
                                                                .client_ca_file = options.tls_client_ca_file}));
    grpc::ServerBuilder builder;
    SetLimits(builder, options.max_message_bytes);
    builder.SetOption(std::make_unique<PublicPlugins>(&service_names_));
    builder.experimental().SetInterceptorCreators(CallObservers(service_names_));
    if (!options.address.empty()) builder.AddListeningPort(options.address, credentials, &port_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return CannotListen(options.address);
    return absl::OkStatus();
  }

  absl::Status ServeAdmin(const ServerOptions& options) {
    if (!options.admin_address.empty()) {
      grpc::ServerBuilder builder;
      SetLimits(builder, options.max_message_bytes);
      builder.AddListeningPort(options.admin_address, grpc::InsecureServerCredentials(), &admin_port_);
      admin_ = builder.BuildAndStart();
      if (admin_ == nullptr) return CannotListen(options.admin_address);
    }
    if (!options.metrics_address.empty()) {
      ASSIGN_OR_RETURN(exposer_, metrics::Exposer::Start(options.metrics_address));
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }
  int admin_port() const override { return admin_port_; }
  int metrics_port() const override { return exposer_ == nullptr ? 0 : exposer_->port(); }

  std::shared_ptr<grpc::Channel> InProcessChannel() override {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);  // Nothing is hostile here, and the other end limits what it takes.
    return server_->InProcessChannel(arguments);
  }

  void SetReady(bool ready) override {
    for (grpc::Server* server : {server_.get(), admin_.get()}) {
      if (server == nullptr) continue;
      server->GetHealthCheckService()->SetServingStatus("", ready);
      for (const std::string& name : service_names_) server->GetHealthCheckService()->SetServingStatus(name, ready);
    }
  }

  void Stop() override { Stop(drain_); }

 private:
  void Stop(absl::Duration drain) {
    absl::MutexLock lock(&stop_mutex_);
    if (stopped_ || server_ == nullptr) return;
    stopped_ = true;
    SetReady(false);
    server_->Shutdown(absl::ToChronoTime(RealClock().Now() + drain));
    // Last, so that probes see NOT_SERVING, and Prometheus the final numbers, while calls end.
    if (admin_ != nullptr) admin_->Shutdown(absl::ToChronoTime(RealClock().Now()));
    exposer_.reset();
  }

  const absl::Duration drain_;
  std::vector<std::string> service_names_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> admin_;
  std::unique_ptr<metrics::Exposer> exposer_;
  int port_ = 0;
  int admin_port_ = 0;
  absl::Mutex stop_mutex_;  // Held while stopping: a second Stop() returns once everything has ended, too.
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
};

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services) {
  PrepareProcess();
  auto server = std::make_unique<GrpcServer>(options.drain);
  RETURN_IF_ERROR(server->Serve(options, services));
  RETURN_IF_ERROR(server->ServeAdmin(options));
  server->SetReady(true);
  return server;
}

void PrepareMain() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that has gone is an error of write(), not the end of the process.
  signal(SIGPIPE, SIG_IGN);
}

void WaitForSignal() {
  const sigset_t signals = EndingSignals();
  int received = 0;
  sigwait(&signals, &received);
}

void WaitForSignal(absl::Duration patience) {
  const sigset_t signals = EndingSignals();
  const timespec time = absl::ToTimespec(patience);
  sigtimedwait(&signals, nullptr, &time);
}

}  // namespace waymark::rpc
