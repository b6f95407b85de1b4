// The milestone service put together, for its own process (main.cc) and for `waymark dev`. services/journey/parts.h
// tells the shape.
#ifndef WAYMARK_SERVICES_MILESTONE_PARTS_H_
#define WAYMARK_SERVICES_MILESTONE_PARTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/journal/follower.h"
#include "common/journal/journal.h"
#include "common/redis/redis.h"
#include "common/rpc/authorizer.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"
#include "services/milestone/analyst.h"
#include "services/milestone/bands.h"
#include "services/milestone/committer.h"
#include "services/milestone/explainer.h"
#include "services/milestone/migrator.h"
#include "services/milestone/open_streams.h"
#include "services/milestone/reader.h"
#include "services/milestone/redis_stage_cache.h"
#include "services/milestone/replayer.h"
#include "services/milestone/shelf.h"
#include "services/milestone/stage_cache.h"
#include "services/milestone/stage_reader.h"
#include "services/milestone/tracker.h"

namespace grpc {
class ChannelInterface;
class Service;
}  // namespace grpc

namespace waymark::milestone {

// Thread-safe.
class Parts {
 public:
  // Every schema that the service's database holds.
  static std::vector<sql::Schema> schemas();

  // What is given must outlive the parts. `redis` keeps the stage cache; null keeps it in process, which is right for a
  // single replica. Errors: any of Database::Migrate and Journal::Open.
  static absl::StatusOr<std::unique_ptr<Parts>> Start(sql::Database& db, const Clock& clock,
                                                      const rpc::Authorizer& authorizer, redis::Client* redis);

  // The gRPC services; the parts keep them.
  std::vector<grpc::Service*> services();
  // Follows `journey`, whose versions customers travel, and `health`, whose bands are part of their histories. Once,
  // before loops().
  void Follow(std::shared_ptr<grpc::ChannelInterface> journey, std::shared_ptr<grpc::ChannelInterface> health,
              const std::string& service_key, absl::Duration max_wait);
  // Background work; it refers to the parts, which must outlive it.
  std::vector<Loop> loops();
  // Ends what waits for other services, and the streams of this one, before the loops and the server are stopped.
  void Cancel();
  journal::Journal& journal() { return *journal_; }
  Tracker& tracker() { return tracker_; }

 private:
  Parts(const Clock& clock, const rpc::Authorizer& authorizer, redis::Client* redis,
        std::unique_ptr<journal::Journal> journal);

  const std::unique_ptr<journal::Journal> journal_;
  Shelf shelf_;
  Reader reader_;
  const std::unique_ptr<RedisStageCache> redis_cache_;  // One of the two.
  const std::unique_ptr<StageCache> process_cache_;
  StageReader stages_;
  Tracker tracker_;
  Committer committer_;
  Analyst analyst_;
  Explainer explainer_;
  Replayer replayer_;
  Migrator migrator_;
  // Each watch keeps a thread of the server's; what all streams of events may have under way is below what the
  // committer lets wait.
  OpenStreams watches_{16, 64};
  OpenStreams event_streams_{8, 16};
  // Shared only so that this header needs no gRPC header to destroy them; nobody else holds them.
  const std::vector<std::shared_ptr<grpc::Service>> services_;
  BandRecorder bands_;
  std::vector<std::unique_ptr<journal::Follower>> followers_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_PARTS_H_
