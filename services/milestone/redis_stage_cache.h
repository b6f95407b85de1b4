// The stage cache in Redis, shared by all replicas.
//
// Each lane of milestone's journal has a *tail* in Redis: the position up to which the cache tells everything, when
// that was last sure, and a generation that every value of the lane carries. The tail lives beside the values, so
// whatever happens to Redis happens to both: emptied, there is no tail and nothing is trusted until Tail() has begun a
// new generation; restored from an older snapshot, the tail is as old as the values and Tail() takes up from there. A
// write after commit is a shortcut; where it fails, Tail() finds the gap. A tail not renewed for 5 s sends readers to
// the database.
#ifndef WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_
#define WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/redis/redis.h"
#include "services/milestone/reader.h"
#include "services/milestone/stage_cache.h"

namespace waymark::milestone {

// Thread-safe.
class RedisStageCache final : public StageCache {
 public:
  // What is given must outlive the cache.
  RedisStageCache(redis::Client& client, journal::Journal& journal, Reader& reader, const Clock& clock);

  // Waits for the answers under way, which the client bounds.
  ~RedisStageCache() override;

  void Put(std::vector<v1::CustomerStages> values, std::vector<Stretch> stretches) override;
  void Get(absl::string_view workspace, absl::string_view customer_id, Done done) override;

  // Brings every lane's tail to the journal's end, writing what no shortcut has written, and renews it; every replica
  // may do so. True where it wrote something. Errors: of Redis and of the database; the tails then stay as they are.
  absl::StatusOr<bool> Tail();

 private:
  // Sends a command whose answer the destructor waits for.
  void Send(redis::Client::Command command, redis::Client::Done done);
  absl::StatusOr<bool> TailLane(int lane, int64_t head, const std::optional<std::string>& kept);
  // How far the shortcuts of this process reach from `position`.
  int64_t FollowShortcuts(int lane, int64_t position);

  redis::Client& client_;
  journal::Journal& journal_;
  Reader& reader_;
  const Clock& clock_;
  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  // What shortcuts have written, by lane: after → through.
  std::vector<std::map<int64_t, int64_t>> shortcuts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_
