// Keeps each customer's dossier.
#ifndef WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_

#include <optional>
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

// Stores customers; customers[i] belongs to workspaces[i].
absl::Status SaveCustomers(sql::Transaction& tx, absl::Span<const absl::string_view> workspaces,
                           absl::Span<const Customer> customers);

// Customers of a workspace by id (bytewise), after `after`, at most `limit`.
absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit);

// How many customers after `after` were last evaluated under a catalog revision below `revision`.
absl::StatusOr<int64_t> CountCustomersBehind(sql::Transaction& tx, absl::string_view workspace, absl::string_view after,
                                             int64_t revision);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
