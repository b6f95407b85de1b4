// What the process of every service has in common: its settings, who may call, serving until SIGTERM.
#ifndef WAYMARK_COMMON_PROCESS_PROCESS_H_
#define WAYMARK_COMMON_PROCESS_PROCESS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/config/config.h"
#include "common/journal/journal.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/server.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace waymark::process {

// The settings that every service has.
struct Options {
  rpc::ServerOptions server;
  sql::Options database;
  std::string credentials_file;
  bool auth = true;
  std::string service_key_file;  // The own credential, shown to services that are followed.
  std::string tls_ca_file;       // Who signed the certificates of services that are followed.
  std::string log_format = "text";
  // How long calls are still taken after SIGTERM, when health says already that none should come: so long clients and
  // load balancers have to go elsewhere. (gRPC 1.51 cancels a call that comes while it shuts down.)
  absl::Duration linger = absl::Seconds(1);
  bool migrate = true;  // Bring the database's schemas up to date before serving.
};

// What a program is asked to do: the words before its settings.
struct Verb {
  enum class Kind {
    kServe,          // None.
    kMigrateUp,      // migrate up
    kMigrateStatus,  // migrate status: prints how far each schema is.
    kMigratePlan,    // migrate plan: prints what is still to be applied.
    kRenewJournal,   // journal renew: after a backup was restored, a new epoch begins, by which followers know.
    kFollowAnew,     // follow anew SOURCE: what was followed of a restored SOURCE is let go of and read once more.
  };
  Kind kind = Kind::kServe;
  std::string source;
};
// Takes the verb out of the arguments. `sources`: whom the service follows. Errors: INVALID_ARGUMENT  it is none.
absl::StatusOr<Verb> TakeVerb(int& argc, char** argv, const std::vector<std::string>& sources);

// Lets go, in a transaction, of what was concluded from a source's journal and would be counted twice.
using Forget = std::function<absl::Status(sql::Transaction& tx, absl::string_view source)>;

// Does what was asked for, all but serving, and tells it on the standard output. Errors: FAILED_PRECONDITION  the
// database has a migration that this binary does not know, or is not up to date. UNAVAILABLE  it cannot be reached.
absl::Status Operate(const Verb& verb, const Options& options, absl::Span<const sql::Schema> schemas,
                     const Forget& forget);

// The database, its schemas up to date: brought there with `migrate`, else checked. Errors: as above, and
// FAILED_PRECONDITION  a schema is not up to date.
absl::StatusOr<std::unique_ptr<sql::Database>> OpenDatabase(const Options& options,
                                                            absl::Span<const sql::Schema> schemas);

// With the ports of contracts.md: gRPC on `port`, health on port + 100, metrics on port + 200.
Options Defaults(absl::string_view service, int port);
void Declare(config::Settings& settings, Options& options);

// Errors: INVALID_ARGUMENT  the credentials file is missing or malformed, or auth is off on an address that is not
// loopback.
absl::StatusOr<std::unique_ptr<rpc::Authorizer>> MakeAuthorizer(const Options& options);

// A channel to a service that is followed, and the key to show it.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const Options& options, const std::string& address);
absl::StatusOr<std::string> ReadServiceKey(const Options& options);

// How long a follower's RunOnce may wait for news in a process of its own.
inline constexpr absl::Duration kFollowWait = absl::Seconds(20);

// What is served.
struct Served {
  std::vector<grpc::Service*> services;
  std::vector<journal::Journal*> journals;
  std::vector<Loop> loops;
  std::function<void()> cancel;  // Ends what waits for other services; called before the loops are stopped.
};

// Serves until SIGTERM or SIGINT, then ends in order: waits end, calls under way finish, loops stop. PrepareMain()
// must have been called before any thread started. Errors: of rpc::Server::Start.
absl::Status Serve(const Options& options, const rpc::Authorizer& authorizer, Served served);

// The end of main(): prints an error on one line, and gives the exit code.
int Main(absl::string_view program, absl::Status status);

}  // namespace waymark::process

#endif  // WAYMARK_COMMON_PROCESS_PROCESS_H_
