#include "common/process/process.h"

#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/journal_service.h"
#include "common/log/log.h"
#include "common/rpc/client.h"
#include "common/worker/worker.h"

namespace waymark::process {
namespace {

bool IsLoopback(absl::string_view address) {
  return address.empty() || absl::StartsWith(address, "127.") || absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "localhost:");
}

}  // namespace

Options Defaults(absl::string_view service, int port) {
  Options options;
  options.server.address = absl::StrCat("127.0.0.1:", port);
  options.server.admin_address = absl::StrCat("127.0.0.1:", port + 100);
  options.server.metrics_address = absl::StrCat("127.0.0.1:", port + 200);
  options.database.url = absl::StrCat("sqlite:", service, ".db");
  return options;
}

void Declare(config::Settings& settings, Options& options) {
  settings.Add("grpc-address", &options.server.address, "where to serve gRPC");
  settings.Add("admin-address", &options.server.admin_address, "where to serve health in plaintext; empty for nowhere");
  settings.Add("metrics-address", &options.server.metrics_address, "where to serve GET /metrics; empty for nowhere");
  settings.Add("tls-cert-file", &options.server.tls_cert_file, "PEM file: the server's certificate; empty for no TLS");
  settings.Add("tls-key-file", &options.server.tls_key_file, "PEM file: its key");
  settings.Add("tls-client-ca-file", &options.server.tls_client_ca_file, "PEM file: who signs clients' certificates");
  settings.Add("tls-ca-file", &options.tls_ca_file,
               "PEM file: who signs the certificates of services that are followed");
  settings.Add("database", &options.database.url, "sqlite:PATH, or postgresql://... with ?schema=NAME");
  settings.Add("database-connections", &options.database.connections, "how many connections at most");
  settings.Add("credentials-file", &options.credentials_file, "the file of keys, workspaces and roles");
  settings.Add("auth", &options.auth, "false admits everybody; only where grpc-address is loopback");
  settings.Add("service-key-file", &options.service_key_file,
               "the file of the key shown to services that are followed");
  settings.Add("log-format", &options.log_format, "text or json");
}

absl::StatusOr<std::unique_ptr<rpc::Authorizer>> MakeAuthorizer(const Options& options) {
  if (options.auth) {
    if (options.credentials_file.empty()) {
      return InvalidField("credentials-file", "must be given; --auth=false admits everybody, on loopback alone");
    }
    return rpc::Authorizer::FromFile(options.credentials_file);
  }
  if (!IsLoopback(options.server.address)) {
    return InvalidField("auth", "may be false only where grpc-address is on loopback, such as 127.0.0.1:7001");
  }
  return rpc::Authorizer::Off();
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const Options& options, const std::string& address) {
  return rpc::Connect({.target = address, .tls_ca_file = options.tls_ca_file});
}

absl::StatusOr<std::string> ReadServiceKey(const Options& options) {
  if (options.service_key_file.empty()) return std::string();
  return config::ReadSecretFile(options.service_key_file);
}

absl::Status Serve(const Options& options, const rpc::Authorizer& authorizer, Served served) {
  journal::JournalServiceImpl journals(authorizer, served.journals);
  std::vector<grpc::Service*> services = served.services;
  services.push_back(&journals);
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Server> server, rpc::Server::Start(options.server, services));
  std::vector<std::unique_ptr<Worker>> workers;
  for (Loop& loop : served.loops) workers.push_back(std::make_unique<Worker>(loop.name, loop.idle, loop.run_once));
  log::Info("serving",
            {{"port", server->port()}, {"admin_port", server->admin_port()}, {"metrics_port", server->metrics_port()}});

  rpc::WaitForSignal();
  log::Info("stopping");
  journals.StopWaiting();
  if (served.cancel) served.cancel();
  server->Stop();
  return absl::OkStatus();
}

int Main(absl::string_view program, absl::Status status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(program).c_str(), std::string(status.message()).c_str());
  return 1;
}

}  // namespace waymark::process
