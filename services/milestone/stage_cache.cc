#include "services/milestone/stage_cache.h"

#include <list>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace waymark::milestone {
namespace {

// Least recently written goes first: a value is written whenever its customer does something, so those are the ones
// asked for least.
class ProcessStageCache final : public StageCache {
 public:
  explicit ProcessStageCache(size_t most) : most_(most) {}

  void Put(std::vector<v1::CustomerStages> values, std::vector<Stretch>) override {
    absl::MutexLock lock(&mutex_);
    for (v1::CustomerStages& value : values) {
      auto key = std::make_pair(value.workspace(), value.customer_id());
      if (const auto kept = index_.find(key); kept != index_.end()) {
        v1::CustomerStages& old = *kept->second;
        if (std::make_pair(old.version_epoch(), old.version_position()) >=
            std::make_pair(value.version_epoch(), value.version_position())) {
          continue;
        }
        old = std::move(value);
        values_.splice(values_.begin(), values_, kept->second);
        continue;
      }
      values_.push_front(std::move(value));
      index_[std::move(key)] = values_.begin();
      if (values_.size() <= most_) continue;
      index_.erase(std::make_pair(values_.back().workspace(), values_.back().customer_id()));
      values_.pop_back();
    }
  }

  void Get(absl::string_view workspace, absl::string_view customer_id, Done done) override {
    std::optional<v1::CustomerStages> found;
    {
      absl::MutexLock lock(&mutex_);
      const auto kept = index_.find(std::make_pair(std::string(workspace), std::string(customer_id)));
      if (kept != index_.end()) found = *kept->second;
    }
    done(std::move(found));
  }

 private:
  const size_t most_;
  absl::Mutex mutex_;
  std::list<v1::CustomerStages> values_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::pair<std::string, std::string>, std::list<v1::CustomerStages>::iterator> index_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<StageCache> MakeProcessStageCache(size_t most) { return std::make_unique<ProcessStageCache>(most); }

}  // namespace waymark::milestone
