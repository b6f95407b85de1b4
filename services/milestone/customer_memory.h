// Keeps the customers of recent events in memory, and knows without asking for each whether they are still as the
// database has them.
//
// Whoever changes a customer appends to its lane's journal in the same transaction. So where a locked lane ends at the
// position at which this process left it, no other replica has changed any of its customers since.
#ifndef WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_
#define WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// Thread-safe.
class CustomerMemory {
 public:
  // What is remembered of a customer: its row as it is, the smallest form there is of it, and the fingerprints of what
  // is sealed, where they have been loaded.
  struct Memory {
    CustomerRow row;
    std::optional<std::vector<uint32_t>> sealed_fingerprints;
  };

  // Takes at most about `most_bytes`. What has not been used for longest goes first, roughly.
  explicit CustomerMemory(size_t most_bytes = size_t{256} << 20) : most_of_lane_(most_bytes / journal::kLanes) {}

  // The customers as the database has them, where that is known; `lanes` must have their lanes locked. They are no
  // longer remembered: the transaction changes them, or, where that fails, the database is asked again.
  std::vector<std::optional<Memory>> Take(const journal::Lanes& lanes, absl::Span<const CustomerName> names);

  // Says that the transaction which locked `lanes`, and asked for at least one customer of each, has committed and left
  // these customers so; memories[i] is of customers[i].
  void Remember(const journal::Lanes& lanes, absl::Span<const CustomerName> customers, std::vector<Memory> memories);

  // Forgets everything.
  void Clear();

  // About how much is taken.
  size_t bytes() const;

 private:
  struct Name {
    std::string workspace;
    std::string customer_id;
  };
  static CustomerName View(const CustomerName& name) { return name; }
  static CustomerName View(const Name& name) { return {name.workspace, name.customer_id}; }
  struct Hash {
    using is_transparent = void;
    template <typename T>
    size_t operator()(const T& name) const {
      return absl::HashOf(View(name).workspace, View(name).customer_id);
    }
  };
  struct Equal {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return View(a) == View(b);
    }
  };
  struct Kept {
    Memory memory;
    bool taken = false;  // Its place is kept: it is likely to come back.
  };
  using Customers = absl::flat_hash_map<Name, Kept, Hash, Equal>;
  struct Lane {
    int64_t head = -1;  // Where this process left the lane.
    // Used since `old` was begun; once they take half of what there is, they become `old`, and those go.
    Customers young;
    Customers old;
    size_t young_bytes = 0;
    size_t old_bytes = 0;
  };

  const size_t most_of_lane_;
  mutable absl::Mutex mutex_;
  std::vector<Lane> lanes_ ABSL_GUARDED_BY(mutex_){journal::kLanes};
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_
