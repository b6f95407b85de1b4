// Which events of a transaction are new.
#ifndef WAYMARK_SERVICES_MILESTONE_NEWS_H_
#define WAYMARK_SERVICES_MILESTONE_NEWS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_memory.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// An event on its way through a transaction.
struct Item {
  size_t batch;  // Which batch …
  size_t index;  // … and which event of it.
  const Batch* of;
  const IncomingEvent* incoming;
  std::array<uint64_t, 3> beginning;  // Of the customer's id: what most comparisons need.
  int64_t position = 0;               // Where the journal keeps it, once it does.

  const rules::Event& event() const { return incoming->event; }
  CustomerName customer() const { return {of->workspace, incoming->customer_id}; }
};

// The well-formed events of all batches: customers together and in the order in which tables keep them, equal ids
// together and in the order they came.
std::vector<Item> ToItems(absl::Span<const Batch* const> batches);

// A customer with new events.
struct News {
  CustomerName name;
  bool known = false;        // Whether the customer was stored before.
  Customer customer;         // As it was.
  std::vector<Item*> items;  // The new events, in history order.
};

// Finds what is new among `items` (of ToItems), and answers each in `receipts`: ACCEPTED, DUPLICATE or CONFLICT. The
// customers' lanes must be locked by `lanes`. Exact, however long ago an id was first used: history_index.h tells how.
absl::StatusOr<std::vector<News>> FindNews(sql::Transaction& tx, journal::Journal& journal, CustomerMemory& memory,
                                           const journal::Lanes& lanes, absl::Span<Item> items,
                                           std::vector<Receipt>& receipts);

// All events of each customer, numbered by their positions, in no particular order, with their properties where so
// asked; `entries` and `properties` own what they view. What `tx` itself has stored is left out where it is not in the
// customers yet.
struct Histories {
  std::vector<journal::Entry> entries;
  PropertyPool properties;
  std::vector<std::vector<rules::Event>> events;
};
absl::StatusOr<Histories> LoadHistories(sql::Transaction& tx, journal::Journal& journal,
                                        absl::Span<const CustomerName> names,
                                        absl::Span<const Customer* const> customers, bool with_properties);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_NEWS_H_
