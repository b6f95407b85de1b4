// The journey service in a process of its own: `waymark-journey --help` tells its settings.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/journal/journal_service.h"
#include "common/log/log.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/server.h"
#include "common/sql/sql.h"
#include "common/worker/worker.h"
#include "services/journey/parts.h"

namespace waymark::journey {
namespace {

struct Options {
  rpc::ServerOptions server = {
      .address = "127.0.0.1:7001", .admin_address = "127.0.0.1:7101", .metrics_address = "127.0.0.1:7201"};
  sql::Options database = {.url = "sqlite:journey.db"};
  std::string credentials_file;
  bool auth = true;
  std::string log_format = "text";
};

absl::StatusOr<bool> Read(int argc, char** argv, Options& options) {
  config::Settings settings("waymark-journey", "Keeps journey definitions and serves them by gRPC.");
  settings.Add("grpc-address", &options.server.address, "Where to serve gRPC.");
  settings.Add("admin-address", &options.server.admin_address,
               "Where to serve health in plaintext; empty for nowhere.");
  settings.Add("metrics-address", &options.server.metrics_address, "Where to serve GET /metrics; empty for nowhere.");
  settings.Add("tls-cert-file", &options.server.tls_cert_file, "PEM file: the server's certificate; empty for no TLS.");
  settings.Add("tls-key-file", &options.server.tls_key_file, "PEM file: its key.");
  settings.Add("tls-client-ca-file", &options.server.tls_client_ca_file,
               "PEM file: who signs clients' certificates; empty where clients need none.");
  settings.Add("database", &options.database.url, "The database: sqlite:PATH, or postgresql://... with ?schema=NAME.");
  settings.Add("database-connections", &options.database.connections, "How many connections to it at most.");
  settings.Add("credentials-file", &options.credentials_file,
               "The file of keys, workspaces and roles; must be given unless auth is false.");
  settings.Add("auth", &options.auth, "False admits everybody; only where grpc-address is on loopback.");
  settings.Add("log-format", &options.log_format, "How to log: text or json.");
  return settings.Parse(argc, argv);
}

bool IsLoopback(absl::string_view address) {
  return address.empty() || absl::StartsWith(address, "127.") || absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "localhost:");
}

absl::StatusOr<std::unique_ptr<rpc::Authorizer>> MakeAuthorizer(const Options& options) {
  if (options.auth && options.credentials_file.empty()) {
    return InvalidField("credentials-file", "must be given; --auth=false admits everybody, on loopback alone");
  }
  if (options.auth) return rpc::Authorizer::FromFile(options.credentials_file);
  if (!IsLoopback(options.server.address)) {
    return InvalidField("auth", "may be false only where grpc-address is on loopback, such as 127.0.0.1:7001");
  }
  return rpc::Authorizer::Off();
}

absl::Status Run(int argc, char** argv) {
  Options options;
  ASSIGN_OR_RETURN(const bool wanted, Read(argc, argv, options));
  if (!wanted) return absl::OkStatus();
  log::Configure("journey", log::Level::kInfo, options.log_format == "json" ? log::Format::kJson : log::Format::kText);
  rpc::BlockSignals();

  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Authorizer> authorizer, MakeAuthorizer(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<sql::Database> db, sql::Database::Open(options.database));
  ASSIGN_OR_RETURN(const std::unique_ptr<Parts> parts, Parts::Start(*db, clock, *authorizer));
  journal::JournalServiceImpl journals(*authorizer, {&parts->journal()});

  std::vector<grpc::Service*> services = parts->services();
  services.push_back(&journals);
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Server> server, rpc::Server::Start(options.server, services));
  std::vector<std::unique_ptr<Worker>> workers;
  for (Loop& loop : parts->loops()) workers.push_back(std::make_unique<Worker>(loop.name, loop.idle, loop.run_once));
  log::Info("serving", {{"port", server->port()}, {"admin_port", server->admin_port()}});

  rpc::WaitForSignal();
  log::Info("stopping");
  journals.StopWaiting();
  server->Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace waymark::journey

int main(int argc, char** argv) {
  const absl::Status status = waymark::journey::Run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "waymark-journey: %s\n", std::string(status.message()).c_str());
  return 1;
}
