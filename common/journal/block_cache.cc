#include "common/journal/block_cache.h"

#include <iterator>
#include <utility>

namespace waymark::journal {
namespace {

// Beside its own bytes a block costs a node in the list and one in the map.
constexpr size_t kNodes = 160;

Place FirstOf(const Block& block) { return {block.lane(), block.first_position()}; }

}  // namespace

std::vector<std::shared_ptr<const Block>> BlockCache::Find(absl::Span<const Place> places) {
  std::vector<std::shared_ptr<const Block>> found(places.size());
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < places.size(); ++i) {
    auto after = by_first_.upper_bound(places[i]);
    if (after == by_first_.begin()) continue;
    const Recent::iterator block = std::prev(after)->second;
    if (!(*block)->Holds(places[i])) continue;
    recent_.splice(recent_.begin(), recent_, block);
    found[i] = *block;
  }
  return found;
}

void BlockCache::Add(std::shared_ptr<const Block> block) {
  absl::MutexLock lock(&mutex_);
  if (by_first_.contains(FirstOf(*block))) return;
  bytes_ += block->bytes() + kNodes;
  recent_.push_front(std::move(block));
  by_first_[FirstOf(*recent_.front())] = recent_.begin();
  while (bytes_ > most_bytes_) {
    bytes_ -= recent_.back()->bytes() + kNodes;
    by_first_.erase(FirstOf(*recent_.back()));
    recent_.pop_back();
  }
}

void BlockCache::Replace(std::shared_ptr<const Block> block) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto old = by_first_.find(FirstOf(*block)); old != by_first_.end()) {
      bytes_ -= (*old->second)->bytes() + kNodes;
      recent_.erase(old->second);
      by_first_.erase(old);
    }
  }
  Add(std::move(block));
}

size_t BlockCache::bytes() const {
  absl::MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace waymark::journal
