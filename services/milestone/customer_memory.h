// Keeps the customers of recent events in memory, and knows without asking for each whether they are still as the
// database has them.
//
// Whoever changes a customer appends to its lane's journal in the same transaction. So where a locked lane ends at the
// position at which this process left it, no other replica has changed any of its customers since.
#ifndef WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_
#define WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// Thread-safe.
class CustomerMemory {
 public:
  // Of at most about `most` customers.
  explicit CustomerMemory(size_t most = 128'000) : most_of_lane_(most / journal::kLanes) {}

  // The customer as the database has it, where that is known; `lanes` must have its lane locked. It is no longer
  // remembered: the transaction changes it, or, where that fails, the database is asked again.
  std::optional<Customer> Take(const journal::Lanes& lanes, absl::string_view workspace, absl::string_view customer_id);

  // Says that the transaction which locked `lanes` has committed and left these customers, each with its workspace, so.
  void Remember(const journal::Lanes& lanes, std::vector<std::pair<std::string, Customer>> customers);

  // Forgets everything.
  void Clear();

 private:
  struct Lane {
    int64_t head = -1;  // Where this process left the lane.
    absl::flat_hash_map<std::pair<std::string, std::string>, Customer> customers;
  };
  const size_t most_of_lane_;
  absl::Mutex mutex_;
  std::vector<Lane> lanes_ ABSL_GUARDED_BY(mutex_){journal::kLanes};
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CUSTOMER_MEMORY_H_
