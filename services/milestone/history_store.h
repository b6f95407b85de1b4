// Keeps which events a customer has, and what was concluded: one row per event (workspace, customer, event id →
// position, content hash), clustered in that order, so that it deduplicates and finds a customer's events. The events
// themselves are in the journal, written once.
#ifndef WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"

namespace waymark::milestone {

// The tables of `milestone`.
sql::Schema schema();

// Names an event. Views outlive the call.
struct EventName {
  absl::string_view workspace;
  absl::string_view customer_id;
  absl::string_view event_id;
};

// Where an event is kept, and what it is compared by.
struct EventRow {
  int64_t position = 0;
  uint64_t content_hash = 0;
};

// Names a customer.
struct CustomerName {
  absl::string_view workspace;
  absl::string_view customer_id;
  friend bool operator==(const CustomerName&, const CustomerName&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const CustomerName& name) {
    return H::combine(std::move(h), name.workspace, name.customer_id);
  }
};

// The stored row of each event, absent where it is not stored.
absl::StatusOr<std::vector<std::optional<EventRow>>> FindEvents(sql::Transaction& tx,
                                                                absl::Span<const EventName> events);

// Stores rows; rows[i] belongs to events[i]. The caller has the customers' lanes locked and none of them is stored yet.
absl::Status StoreEvents(sql::Transaction& tx, absl::Span<const EventName> events, absl::Span<const EventRow> rows);

// The positions of all of each customer's events, in no particular order.
absl::StatusOr<std::vector<std::vector<int64_t>>> ListEventPositions(sql::Transaction& tx,
                                                                     absl::Span<const CustomerName> customers);

// Remembers where a customer's conclusions are; positions[i] belongs to customers[i].
absl::Status StoreConclusions(sql::Transaction& tx, absl::Span<const CustomerName> customers,
                              absl::Span<const int64_t> positions);

// Positions of a customer's events and conclusions after `after`, ascending, at most `limit`.
absl::StatusOr<std::vector<int64_t>> ListTimelinePositions(sql::Transaction& tx, const CustomerName& customer,
                                                           int64_t after, int limit);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_HISTORY_STORE_H_
