// The stage cache in Redis, shared by all replicas.
//
// Each lane of milestone's journal has a *tail* in Redis: the position up to which the cache tells everything, when
// that was last sure, and a generation that every value of the lane carries. The tail lives beside the values, so
// whatever happens to Redis happens to both: emptied, there is no tail and nothing is trusted until Tail() has begun a
// new generation; restored from an older snapshot, the tail is as old as the values and Tail() takes up from there. A
// tail moves only together with the values that it tells of. A write after commit is a shortcut, which moves the tail
// where it joins on; where it fails or comes out of turn, Tail() finds the gap. A tail not renewed for 5 s sends
// readers to the database.
#ifndef WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_
#define WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
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
  // may do so. True where there was more to do than to renew it. Errors: of Redis and of the database; what is not told
  // is then not said to be.
  absl::StatusOr<bool> Tail();

 private:
  // Sends a command whose answer the destructor waits for.
  void Send(redis::Client::Command command, redis::Client::Done done);
  // What was sure at the moment `sure`: the lane ended at `head`.
  absl::StatusOr<bool> TailLane(int lane, int64_t head, absl::Time sure, const std::optional<std::string>& kept);
  // Lets every value of a lane be forgotten; `kept` is the tail that was seen.
  absl::StatusOr<bool> BeginAnew(int lane, int64_t head, absl::Time sure, const std::optional<std::string>& kept);
  // Writes the values of whoever a stretch of the journal concerns.
  absl::Status Tell(int lane, const journal::Journal::Stretch& stretch, int64_t after);

  redis::Client& client_;
  journal::Journal& journal_;
  Reader& reader_;
  const Clock& clock_;
  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REDIS_STAGE_CACHE_H_
