// Keeps each customer's dossier.
#ifndef WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"
#include "services/milestone/history_store.h"

namespace waymark::milestone {

// The customers of these names; absent where there is none.
absl::StatusOr<std::vector<std::optional<Customer>>> LoadCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names);

// Stores customers, each with its workspace.
absl::Status SaveCustomers(sql::Transaction& tx,
                           absl::Span<const std::pair<absl::string_view, const Customer*>> customers);

// Customers of a workspace by id (bytewise), after `after`, at most `limit`.
absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit);

// How many customers after `after` were last evaluated under a catalog revision below `revision`.
absl::StatusOr<int64_t> CountCustomersBehind(sql::Transaction& tx, absl::string_view workspace, absl::string_view after,
                                             int64_t revision);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
