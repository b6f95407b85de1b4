// Customers on their way to the version of a migration.
#ifndef WAYMARK_SERVICES_MILESTONE_MOVING_H_
#define WAYMARK_SERVICES_MILESTONE_MOVING_H_

#include <deque>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"
#include "services/milestone/news.h"
#include "services/milestone/shelf.h"
#include "services/milestone/task.h"
#include "services/rules/placement.h"

namespace waymark::milestone {

// Whether the customer is, or was, on its way through an earlier version of the journey that the task moves in.
bool IsBehind(const Task& task);

// Pins a customer that is behind to the version it moves to: what was told of it is put into the words of that version,
// and what it has none for is told to be retracted.
absl::Status Repin(sql::Transaction& tx, Shelf& shelf, Task& task);

// What is recorded of customers that move by map. It must live as long as their tasks.
class MapRecords {
 public:
  // Finds out what the map comes to for a customer that is behind, whose items are loaded. Where it goes, the records
  // are its news.
  absl::StatusOr<rules::Placements::Fate> Add(sql::Transaction& tx, Shelf& shelf, const rules::KeyMap& map,
                                              absl::Time as_of, Task& task);

 private:
  std::vector<std::unique_ptr<const Batch>> batches_;
  std::deque<Item> items_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MOVING_H_
