#include "common/process/process.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/base/version.h"
#include "common/journal/cursor.h"
#include "common/journal/journal_service.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/client.h"
#include "common/worker/worker.h"

namespace waymark::process {
namespace {

bool IsLoopback(absl::string_view address) {
  return address.empty() || absl::StartsWith(address, "127.") || absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "localhost:");
}

absl::Status CheckKnown(absl::Span<const sql::SchemaState> states) {
  for (const sql::SchemaState& state : states) {
    if (state.applied <= state.available) continue;
    return absl::FailedPreconditionError(absl::StrCat("the database has migration ", state.applied, " of the schema ",
                                                      state.name, ", and this program knows only ", state.available,
                                                      ": start a newer one"));
  }
  return absl::OkStatus();
}

// Says which database cannot be reached, without who asks and what for.
absl::Status Named(const absl::Status& status, const std::string& url) {
  if (!absl::IsUnavailable(status)) return status;
  std::string shown = url.substr(0, url.find('?'));
  const size_t begin = shown.find("//"), end = shown.rfind('@');
  if (begin != std::string::npos && end != std::string::npos) shown.erase(begin + 2, end - begin - 1);
  return absl::UnavailableError(
      absl::StrCat(status.message(), ": ", shown, " (is it running, and is --database right?)"));
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
  settings.Explain(
      "Serves until SIGTERM. Before the settings may stand, for something else:\n"
      "  migrate up          brings the database's schemas up to date\n"
      "  migrate status      tells how far they are\n"
      "  migrate plan        tells what is still to be done, as SQL\n"
      "  journal renew       says that the database was restored from a backup: its followers stop\n"
      "  follow anew SOURCE  reads a service once more that was restored, and is followed");
  settings.Add("grpc-address", &options.server.address, "where to serve gRPC");
  settings.Add("admin-address", &options.server.admin_address, "where to serve health in plaintext; empty for nowhere");
  settings.Add("metrics-address", &options.server.metrics_address, "where to serve GET /metrics; empty for nowhere");
  settings.Add("tls-cert-file", &options.server.tls_cert_file, "PEM file: the server's certificate; empty for no TLS");
  settings.Add("tls-key-file", &options.server.tls_key_file, "PEM file: its key");
  settings.Add("tls-client-ca-file", &options.server.tls_client_ca_file, "PEM file: who signs clients' certificates");
  settings.Add("tls-ca-file", &options.tls_ca_file,
               "PEM file: who signs the certificates of services that are followed");
  settings.Add("database", &options.database.url, "sqlite:PATH, or postgresql://... with ?schema=NAME");
  settings.Add("migrate", &options.migrate,
               "false leaves the schemas alone, and serves only where `migrate up` has brought them up to date");
  settings.Add("database-connections", &options.database.connections, "how many connections at most");
  settings.Add("credentials-file", &options.credentials_file, "the file of keys, workspaces and roles");
  settings.Add("auth", &options.auth, "false admits everybody; only where grpc-address is loopback");
  settings.Add("service-key-file", &options.service_key_file,
               "the file of the key shown to services that are followed");
  settings.Add(
      "linger", &options.linger,
      "how long calls are still taken after SIGTERM, so that clients that watch health go elsewhere meanwhile");
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

absl::StatusOr<Verb> TakeVerb(int& argc, char** argv, const std::vector<std::string>& sources) {
  using Kind = Verb::Kind;
  if (argc < 2 || absl::StartsWith(argv[1], "-")) return Verb();
  std::vector<std::pair<std::vector<std::string>, Verb>> known = {{{"migrate", "up"}, {Kind::kMigrateUp}},
                                                                  {{"migrate", "status"}, {Kind::kMigrateStatus}},
                                                                  {{"migrate", "plan"}, {Kind::kMigratePlan}},
                                                                  {{"journal", "renew"}, {Kind::kRenewJournal}}};
  for (const std::string& source : sources) {
    known.push_back({{"follow", "anew", source}, {Kind::kFollowAnew, source}});
  }
  std::string choices;
  for (const auto& [words, verb] : known) {
    const int count = static_cast<int>(words.size());
    if (argc > count && std::equal(words.begin(), words.end(), argv + 1)) {
      argc -= count;
      for (int i = 1; i <= argc; ++i) argv[i] = argv[i + count];  // With the null at the end.
      return verb;
    }
    absl::StrAppend(&choices, choices.empty() ? "" : ", ", absl::StrJoin(words, " "));
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", argv[1], "\" does not begin any of: ", choices));
}

absl::Status Operate(const Verb& verb, const Options& options, absl::Span<const sql::Schema> schemas,
                     const Forget& forget) {
  using Kind = Verb::Kind;
  if (verb.kind == Kind::kRenewJournal || verb.kind == Kind::kFollowAnew) {
    Options unchanged = options;
    unchanged.migrate = false;
    ASSIGN_OR_RETURN(const std::unique_ptr<sql::Database> db, OpenDatabase(unchanged, schemas));
    if (verb.kind == Kind::kRenewJournal) {
      ASSIGN_OR_RETURN(const int64_t epoch, journal::Journal::Renew(*db, RealClock()));
      std::printf("the journal has begun epoch %lld: its followers stop, until each is told to follow anew\n",
                  static_cast<long long>(epoch));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(db->Transact([&](sql::Transaction& tx) -> absl::Status {
      RETURN_IF_ERROR(journal::DropCursors(tx, verb.source));
      return forget(tx, verb.source);
    }));
    std::printf("%s is followed anew, from the beginning of its journal\n", verb.source.c_str());
    return absl::OkStatus();
  }
  const std::string& url = options.database.url;
  absl::StatusOr<std::unique_ptr<sql::Database>> db = sql::Database::Open(options.database);
  RETURN_IF_ERROR(Named(db.status(), url));
  if (verb.kind == Kind::kMigrateUp) RETURN_IF_ERROR(Named((*db)->Migrate(schemas), url));
  const absl::StatusOr<std::vector<sql::SchemaState>> states = (*db)->GetSchemaStates(schemas);
  RETURN_IF_ERROR(Named(states.status(), url));
  for (size_t i = 0; i < states->size(); ++i) {
    const sql::SchemaState& state = (*states)[i];
    if (verb.kind != Kind::kMigratePlan) {
      std::printf("%s: at %d of %d%s\n", state.name.c_str(), state.applied, state.available,
                  state.applied > state.available ? " (the database is newer than this program)" : "");
      continue;
    }
    for (const sql::Migration& migration : schemas[i].migrations) {
      if (migration.number <= state.applied) continue;
      std::printf("-- %s %d: %s%s\n", state.name.c_str(), migration.number, migration.title, migration.sql);
    }
  }
  return CheckKnown(*states);
}

absl::StatusOr<std::unique_ptr<sql::Database>> OpenDatabase(const Options& options,
                                                            absl::Span<const sql::Schema> schemas) {
  const std::string& url = options.database.url;
  absl::StatusOr<std::unique_ptr<sql::Database>> db = sql::Database::Open(options.database);
  RETURN_IF_ERROR(Named(db.status(), url));
  if (options.migrate) {
    RETURN_IF_ERROR(Named((*db)->Migrate(schemas), url));
    return db;
  }
  const absl::StatusOr<std::vector<sql::SchemaState>> states = (*db)->GetSchemaStates(schemas);
  RETURN_IF_ERROR(Named(states.status(), url));
  RETURN_IF_ERROR(CheckKnown(*states));
  for (const sql::SchemaState& state : *states) {
    if (state.applied == state.available) continue;
    return absl::FailedPreconditionError(absl::StrCat("the schema ", state.name, " is at ", state.applied,
                                                      ", this program needs ", state.available,
                                                      ": run `migrate up`, or start with --migrate"));
  }
  return db;
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
  metrics::GetGauge("waymark_build_info", "1; the labels tell what runs.", {{"version", std::string(Version())}})
      .Set(1);
  log::Info("serving", {{"version", std::string(Version())},
                        {"port", server->port()},
                        {"admin_port", server->admin_port()},
                        {"metrics_port", server->metrics_port()}});

  rpc::WaitForSignal();
  log::Info("stopping");
  server->SetReady(false);
  rpc::WaitForSignal(options.linger);  // Who asks twice is in a hurry.
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
