// The current stage of each customer, kept at hand: in Redis, shared by all replicas, or in process where Redis is not
// configured.
//
// It is honest about being a cache. A value carries its workspace, customer and version; a newer version is never
// overwritten by an older one, whether it comes from a write or from the fill after a miss; readers check all three.
// Whatever is wrong with it costs latency, never a wrong answer. The layout of keys and values in Redis is in
// services/milestone/README.md.
#ifndef WAYMARK_SERVICES_MILESTONE_STAGE_CACHE_H_
#define WAYMARK_SERVICES_MILESTONE_STAGE_CACHE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/redis/redis.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::milestone {

// Thread-safe.
class StageCache {
 public:
  virtual ~StageCache() = default;

  // A stretch of a lane: the positions behind `after` up to `through`.
  struct Stretch {
    int lane = 0;
    int64_t after = 0;
    int64_t through = 0;
  };
  // Keeps each value unless a newer one is kept; `workspace` is set in every value. `stretches` says which part of the
  // journal the values are all the news of; empty for the fill after a miss. Does not wait and reports nothing: what
  // could not be written is put right by the cache itself.
  virtual void Put(std::vector<v1::CustomerStages> values, std::vector<Stretch> stretches) = 0;

  // Calls `done` once with the value, or nullopt where there is none that may be used. May call it before returning;
  // must not be blocked in.
  using Done = std::function<void(std::optional<v1::CustomerStages>)>;
  virtual void Get(absl::string_view workspace, absl::string_view customer_id, Done done) = 0;
};

// Values of at most `most` customers; older ones go first. Right for one replica of `milestone` alone.
std::unique_ptr<StageCache> MakeProcessStageCache(size_t most = 1'000'000);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_STAGE_CACHE_H_
