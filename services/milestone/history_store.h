// Keeps the sealed part of the customers' histories: segments (history_index.h). The open part is in each customer's
// row (customer_store.h), the events and conclusions themselves in the journal, written once.
#ifndef WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// The tables of `milestone`.
sql::Schema schema();

// A customer and the number of an item of it.
struct FirstItem {
  CustomerName customer;
  int64_t first = 0;
};

// The sealed items of each customer from `first` on, which a segment must begin with, in order.
absl::StatusOr<std::vector<std::vector<HistoryItem>>> LoadSealed(sql::Transaction& tx,
                                                                 absl::Span<const FirstItem> wanted);

// Seals the oldest open items of customers, each with its workspace, that have kSealedAtOnce or more of them. The
// customers are to be saved after that. Errors: INTERNAL  a segment is missing: the database is damaged.
absl::Status SealItems(sql::Transaction& tx, absl::Span<const std::pair<absl::string_view, Customer*>> customers);

// Positions of a customer's events and conclusions after `after`, ascending, at least `enough` of them where there are
// as many.
absl::StatusOr<std::vector<int64_t>> ListTimelinePositions(sql::Transaction& tx, absl::string_view workspace,
                                                           const Customer& customer, int64_t after, int enough);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_
