#include "services/milestone/stage_cache.h"

#include <list>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

// Least recently written goes first: a value is written whenever its customer does something, so those are the ones
// asked for least. Values are kept serialised: one piece of memory each, where a message has one for each of its texts.
class ProcessStageCache final : public StageCache {
 public:
  explicit ProcessStageCache(size_t most) : most_(most) {}

  void Put(std::vector<v1::CustomerStages> values, std::vector<Stretch>) override {
    absl::MutexLock lock(&mutex_);
    for (v1::CustomerStages& value : values) {
      Shorten(value);
      const Version version = {value.version_epoch(), value.version_position()};
      const auto kept = index_.find(Key(value.workspace(), value.customer_id()));
      if (kept == index_.end()) {
        kept_.push_front({value.workspace(), value.customer_id(), version, value.SerializeAsString()});
        index_[KeyOf(kept_.front())] = kept_.begin();
        if (kept_.size() <= most_) continue;
        index_.erase(KeyOf(kept_.back()));
        kept_.pop_back();
      } else if (kept->second->version < version) {
        kept->second->version = version;
        value.SerializeToString(&kept->second->stages);
        kept_.splice(kept_.begin(), kept_, kept->second);
      }
    }
  }

  void Get(absl::string_view workspace, absl::string_view customer_id, Done done) override {
    std::optional<v1::CustomerStages> found;
    {
      absl::MutexLock lock(&mutex_);
      const auto kept = index_.find(Key(workspace, customer_id));
      if (kept != index_.end()) found.emplace().ParseFromString(kept->second->stages);
    }
    done(std::move(found));
  }

 private:
  using Version = std::pair<int64_t, int64_t>;  // Epoch and position.
  struct Kept {
    std::string workspace;
    std::string customer_id;
    Version version;
    std::string stages;
  };
  using Key = std::pair<absl::string_view, absl::string_view>;
  static Key KeyOf(const Kept& kept) { return {kept.workspace, kept.customer_id}; }

  const size_t most_;
  absl::Mutex mutex_;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Key, std::list<Kept>::iterator> index_ ABSL_GUARDED_BY(mutex_);  // The keys view what is kept.
};

}  // namespace

std::unique_ptr<StageCache> MakeProcessStageCache(size_t most) { return std::make_unique<ProcessStageCache>(most); }

}  // namespace waymark::milestone
