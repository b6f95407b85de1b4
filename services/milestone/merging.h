// Two customers become one: the histories of both, as if they had been recorded under one id from the start.
#ifndef WAYMARK_SERVICES_MILESTONE_MERGING_H_
#define WAYMARK_SERVICES_MILESTONE_MERGING_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"
#include "services/milestone/item_pool.h"
#include "services/milestone/task.h"

namespace waymark::milestone {

// A customer to be evaluated anew, and what its items view.
struct Merged {
  Task task;
  std::vector<std::string> payloads;
  std::unique_ptr<ItemPool> pool;
};

// Erases both customers, whose lanes are locked, from the tables and from the journal, makes one another name of the
// other, and appends the items of both, told anew as of the other, to the journal. Of those with one id the one that
// was received first stands; each keeps when that was. A journey that either was enrolled in stays pinned to the
// version that was the latest when the first of them was. The customer is still to be evaluated and saved. Errors:
// INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION  as MergeCustomers tells. Nothing where they were merged before.
absl::StatusOr<std::optional<Merged>> Merge(sql::Transaction& tx, journal::Journal& journal, journal::Lanes& lanes,
                                            absl::string_view workspace, const std::string& customer_id,
                                            const std::string& into);

// Whom each of some names leads to.
using Aliases = std::map<std::pair<std::string, std::string>, std::string>;  // By workspace and name.

// The batch as it is to be recorded where some of its customers have another name; nullptr: as it is.
std::shared_ptr<const Batch> Redirect(const Batch& batch, const Aliases& aliases);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MERGING_H_
