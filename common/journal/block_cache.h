// Blocks used of late, in memory.
#ifndef WAYMARK_COMMON_JOURNAL_BLOCK_CACHE_H_
#define WAYMARK_COMMON_JOURNAL_BLOCK_CACHE_H_

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/journal/block.h"

namespace waymark::journal {

// Keeps committed blocks, at most `most_bytes` of them; what was used longest ago goes first. Only what is committed
// may be added: positions of a transaction that was rolled back are given again, to other entries. Thread-safe.
class BlockCache {
 public:
  explicit BlockCache(size_t most_bytes) : most_bytes_(most_bytes) {}

  // For each place the block that holds it, or null.
  std::vector<std::shared_ptr<const Block>> Find(absl::Span<const Place> places);

  void Add(std::shared_ptr<const Block> block);
  // Lets go of the block that begins where this one does, whose entries were partly erased, and adds this one.
  void Replace(std::shared_ptr<const Block> block);

  // What all blocks kept take.
  size_t bytes() const;

 private:
  using Recent = std::list<std::shared_ptr<const Block>>;

  const size_t most_bytes_;
  mutable absl::Mutex mutex_;
  Recent recent_ ABSL_GUARDED_BY(mutex_);                               // The last used first.
  std::map<Place, Recent::iterator> by_first_ ABSL_GUARDED_BY(mutex_);  // By the first place of each block.
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_BLOCK_CACHE_H_
