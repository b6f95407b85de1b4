// All services in one process, on SQLite, with nothing else installed: what `waymark dev` and flow tests run.
#ifndef WAYMARK_SERVICES_CLI_SUITE_H_
#define WAYMARK_SERVICES_CLI_SUITE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/redis/redis.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/server.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"
#include "services/health/parts.h"
#include "services/journey/parts.h"
#include "services/milestone/parts.h"
#include "services/notification/parts.h"

namespace waymark::journal {
class JournalServiceImpl;
}

namespace waymark::cli {

struct SuiteOptions {
  std::string data_dir = "waymark-data";  // One database file per service; created where missing.
  rpc::ServerOptions server;
  std::string redis_url;                   // Empty: the stage cache is in this process.
  std::vector<std::string> webhook_allow;  // Networks that webhooks may go to though they are not public.
  // How long a follower may wait for news; zero where loops are run by hand.
  absl::Duration follow_wait = absl::ZeroDuration();
};

// Thread-safe. Authentication is off: serve on loopback alone.
class Suite {
 public:
  // Opens the databases and serves. Errors: INVALID_ARGUMENT  the folder cannot be made. Those of Database::Open,
  // Parts::Start and Server::Start.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(const SuiteOptions& options, const Clock& clock);
  // Stop() first, and end whoever runs loops.
  ~Suite();

  rpc::Server& server() { return *server_; }
  // Background work, for Workers or, in tests, to be called by hand; it refers to the suite.
  std::vector<Loop> loops();
  // A consistency token of everything that the milestone service has recorded until now.
  absl::StatusOr<std::string> RecordedSoFar();
  // Ends what waits for news, then the server.
  void Stop();

 private:
  Suite();

  // In the order of making: each needs those before it.
  std::unique_ptr<rpc::Authorizer> authorizer_;
  std::unique_ptr<redis::Client> redis_;
  std::vector<std::unique_ptr<sql::Database>> databases_;
  std::unique_ptr<journey::Parts> journey_;
  std::unique_ptr<milestone::Parts> milestone_;
  std::unique_ptr<health::Parts> health_;
  std::unique_ptr<notification::Parts> notification_;
  std::unique_ptr<journal::JournalServiceImpl> journals_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SUITE_H_
