// The health service put together, for its own process (main.cc) and for `waymark dev`. services/journey/parts.h tells
// the shape.
#ifndef WAYMARK_SERVICES_HEALTH_PARTS_H_
#define WAYMARK_SERVICES_HEALTH_PARTS_H_

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
#include "services/health/catalog.h"
#include "services/health/editor.h"
#include "services/health/reader.h"
#include "services/health/scorer.h"

namespace grpc {
class ChannelInterface;
class Service;
}  // namespace grpc

namespace waymark::health {

// Thread-safe.
class Parts {
 public:
  // Every schema that the service's database holds.
  static std::vector<sql::Schema> schemas();

  // Lets go of what was counted of a source's journal, so that it can be read once more. Scores and bands stay.
  static absl::Status Forget(sql::Transaction& tx, absl::string_view source);

  // What is given must outlive the parts. Errors: any of Database::Migrate and Journal::Open.
  static absl::StatusOr<std::unique_ptr<Parts>> Start(sql::Database& db, const Clock& clock,
                                                      const rpc::Authorizer& authorizer);

  // The gRPC services; the parts keep them.
  std::vector<grpc::Service*> services();
  // Follows `milestone`. Once, before loops().
  void Follow(std::shared_ptr<grpc::ChannelInterface> milestone, const std::string& service_key,
              absl::Duration max_wait);
  // Background work; it refers to the parts, which must outlive it.
  std::vector<Loop> loops();
  // Ends what waits for other services, before the loops are stopped.
  void Cancel();
  journal::Journal& journal() { return *journal_; }
  Scorer& scorer() { return scorer_; }

 private:
  Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer,
        std::unique_ptr<journal::Journal> journal);

  sql::Database& db_;
  const Clock& clock_;
  const std::unique_ptr<journal::Journal> journal_;
  Editor editor_;
  Catalog catalog_;
  Scorer scorer_;
  Reader reader_;
  // Shared only so that this header needs no gRPC header to destroy them; nobody else holds them.
  const std::vector<std::shared_ptr<grpc::Service>> services_;
  std::unique_ptr<journal::Follower> follower_;
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_PARTS_H_
