// Knows the customers that were merged into others: names that lead to a customer of another name.
#ifndef WAYMARK_SERVICES_MILESTONE_ALIAS_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_ALIAS_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// Makes a customer another name of `into`, and whatever was another name of it, too. Both lanes are locked.
absl::Status AddAlias(sql::Transaction& tx, const CustomerName& customer, absl::string_view into);

// Whom each name leads to, where it is another name of somebody. Costs one query where nobody was ever merged.
absl::StatusOr<std::vector<std::optional<std::string>>> FindAliases(sql::Transaction& tx,
                                                                    absl::Span<const CustomerName> names);

// Forgets the other names of a customer, and returns them.
absl::StatusOr<std::vector<std::string>> TakeAliases(sql::Transaction& tx, const CustomerName& customer);

// The customers of these names, also by another name: then under the id that they have now. Absent where there is none.
absl::StatusOr<std::vector<std::optional<Customer>>> FindCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_ALIAS_STORE_H_
