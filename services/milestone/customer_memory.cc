#include "services/milestone/customer_memory.h"

#include <utility>

namespace waymark::milestone {
namespace {

// What a customer costs besides its row's bytes: its place in the map, which is never quite full, its names, and what
// the allocator rounds up.
constexpr size_t kOverhead = 320;

size_t BytesOf(const CustomerMemory::Memory& memory) {
  return kOverhead + memory.row.checkpoint.size() + memory.row.open_items.size() +
         (memory.sealed_fingerprints.has_value() ? memory.sealed_fingerprints->capacity() * sizeof(uint32_t) : 0);
}

}  // namespace

std::vector<std::optional<CustomerMemory::Memory>> CustomerMemory::Take(const journal::Lanes& lanes,
                                                                        absl::Span<const CustomerName> names) {
  std::vector<std::optional<Memory>> found(names.size());
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < names.size(); ++i) {
    const int number = journal::LaneOf(names[i].workspace, names[i].customer_id);
    Lane& lane = lanes_[number];
    if (lane.head != lanes.Head(number)) {
      lane = {.head = lanes.Head(number)};
      continue;
    }
    const auto take = [&](Customers& customers, size_t& bytes) {
      const auto kept = customers.find(names[i]);
      if (kept == customers.end() || kept->second.taken) return false;
      bytes -= BytesOf(kept->second.memory);
      found[i] = std::move(kept->second.memory);
      kept->second = {.taken = true};
      return true;
    };
    if (!take(lane.young, lane.young_bytes)) take(lane.old, lane.old_bytes);
  }
  return found;
}

void CustomerMemory::Remember(const journal::Lanes& lanes, absl::Span<const CustomerName> customers,
                              std::vector<Memory> memories) {
  absl::MutexLock lock(&mutex_);
  // What another replica has changed meanwhile was cleared by Take.
  for (int number = 0; number < journal::kLanes; ++number) {
    if (lanes.Has(number)) lanes_[number].head = lanes.Head(number);
  }
  for (size_t i = 0; i < memories.size(); ++i) {
    const CustomerName& name = customers[i];
    Lane& lane = lanes_[journal::LaneOf(name.workspace, name.customer_id)];
    lane.young_bytes += BytesOf(memories[i]);
    if (const auto kept = lane.young.find(name); kept != lane.young.end()) {
      kept->second = {.memory = std::move(memories[i])};
    } else {
      lane.young.emplace(Name{std::string(name.workspace), std::string(name.customer_id)},
                         Kept{.memory = std::move(memories[i])});
    }
    if (lane.young_bytes <= most_of_lane_ / 2) continue;
    lane.old = std::exchange(lane.young, {});
    lane.old_bytes = std::exchange(lane.young_bytes, 0);
  }
}

void CustomerMemory::Clear() {
  absl::MutexLock lock(&mutex_);
  for (Lane& lane : lanes_) lane = {};
}

size_t CustomerMemory::bytes() const {
  absl::MutexLock lock(&mutex_);
  size_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += lane.young_bytes + lane.old_bytes;
  return bytes;
}

}  // namespace waymark::milestone
