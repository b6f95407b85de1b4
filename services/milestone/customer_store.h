// Keeps each customer: its dossier, and the open part of its history.
#ifndef WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// A customer as its row has it, but for the names.
struct CustomerRow {
  int64_t revision = 0;
  int64_t version_position = 0;
  std::string checkpoint;  // checkpoint.h
  int64_t sealed_items = 0;
  std::string open_items;                           // history_index.h
  absl::Time next_change = absl::InfiniteFuture();  // When time alone may change the dossier.
};

CustomerRow ToRow(const Customer& customer);
// Without the fingerprints of what is sealed. Errors: INTERNAL  the row cannot be read.
absl::StatusOr<Customer> ToCustomer(absl::string_view customer_id, const CustomerRow& row);

// The customers of these names; absent where there is none.
absl::StatusOr<std::vector<std::optional<Customer>>> LoadCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names);

// Stores rows; rows[i] is of customers[i].
absl::Status SaveCustomers(sql::Transaction& tx, absl::Span<const CustomerName> customers,
                           absl::Span<const CustomerRow> rows);

// Customers of a workspace by id (bytewise), after `after`, at most `limit`.
absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit);

// The customers, each with its workspace, whose dossiers time may change by `now`, the longest due first; at most
// `limit`.
struct DueCustomer {
  std::string workspace;
  std::string customer_id;
};
absl::StatusOr<std::vector<DueCustomer>> ListDueCustomers(sql::Transaction& tx, absl::Time now, int limit);

// How many customers after `after` were last evaluated under a catalog revision below `revision`.
absl::StatusOr<int64_t> CountCustomersBehind(sql::Transaction& tx, absl::string_view workspace, absl::string_view after,
                                             int64_t revision);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CUSTOMER_STORE_H_
