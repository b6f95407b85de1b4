// Knows the customers that were deleted, by a hash of their ids that is keyed with a secret of this database; and
// erases what the tables hold of a customer.
#ifndef WAYMARK_SERVICES_MILESTONE_TOMBSTONE_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_TOMBSTONE_STORE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// Erases every row about a customer, whose lane is locked. The journal is the caller's.
absl::Status EraseRows(sql::Transaction& tx, const CustomerName& customer);

// Leaves a tombstone of a customer.
absl::Status Bury(sql::Transaction& tx, const CustomerName& customer);

// Which of these customers were deleted. Costs one query where nobody ever was.
absl::StatusOr<std::vector<bool>> AreBuried(sql::Transaction& tx, absl::Span<const CustomerName> customers);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_TOMBSTONE_STORE_H_
