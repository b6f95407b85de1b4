// The notification service put together, for its own process (main.cc) and for `waymark dev`, which runs all of them in
// one. services/journey/parts.h tells the shape that all services have.
#ifndef WAYMARK_SERVICES_NOTIFICATION_PARTS_H_
#define WAYMARK_SERVICES_NOTIFICATION_PARTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/journal/follower.h"
#include "common/journal/journal.h"
#include "common/rpc/authorizer.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"
#include "services/notification/catalog.h"
#include "services/notification/dispatcher.h"
#include "services/notification/editor.h"
#include "services/notification/planner.h"

namespace grpc {
class ChannelInterface;
class Service;
}  // namespace grpc

namespace waymark::notification {

struct Options {
  // Networks that webhooks may go to though they are not public, such as `10.20.0.0/16`.
  std::vector<std::string> webhook_allow;
  absl::Duration webhook_timeout = absl::Seconds(15);
};

// Thread-safe.
class Parts {
 public:
  // Every schema that the service's database holds.
  static std::vector<sql::Schema> schemas();

  // What is given must outlive the parts. Errors: INVALID_ARGUMENT  a network is malformed, or the timeout is not 100
  // ms to 30 s. Any of Database::Migrate and Journal::Open.
  static absl::StatusOr<std::unique_ptr<Parts>> Start(sql::Database& db, const Clock& clock,
                                                      const rpc::Authorizer& authorizer, const Options& options);

  // The gRPC services; the parts keep them.
  std::vector<grpc::Service*> services();
  // Follows `milestone` and `health`. Once, before loops().
  void Follow(std::shared_ptr<grpc::ChannelInterface> milestone, std::shared_ptr<grpc::ChannelInterface> health,
              const std::string& service_key, absl::Duration max_wait);
  // Background work; it refers to the parts, which must outlive it.
  std::vector<Loop> loops();
  // Ends what waits for other services, before the loops are stopped.
  void Cancel();
  journal::Journal& journal() { return *journal_; }

 private:
  Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer, Dispatcher::Options options,
        std::unique_ptr<journal::Journal> journal);

  sql::Database& db_;
  const Clock& clock_;
  const std::unique_ptr<journal::Journal> journal_;
  Editor editor_;
  Catalog catalog_;
  Planner planner_;
  Dispatcher dispatcher_;
  // Shared only so that this header needs no gRPC header to destroy them; nobody else holds them.
  const std::vector<std::shared_ptr<grpc::Service>> services_;
  std::map<std::string, std::unique_ptr<journal::Follower>> followers_;  // By whose journal.
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_PARTS_H_
