// Which items of a transaction are new.
#ifndef WAYMARK_SERVICES_MILESTONE_NEWS_H_
#define WAYMARK_SERVICES_MILESTONE_NEWS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/milestone/checkpoint_store.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_memory.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// An item of history on its way through a transaction.
struct Item {
  size_t batch;  // Which batch …
  size_t index;  // … and which event of it.
  const Batch* of;
  const IncomingItem* incoming;
  std::array<uint64_t, 3> beginning;     // Of the customer's id: what most comparisons need.
  int64_t position = 0;                  // Where the journal keeps it, once it does.
  std::shared_ptr<const Batch> amended;  // What `of` is, where it is not as it came.

  const rules::Item& event() const { return incoming->event; }
  bool is_record() const { return event().kind != rules::ItemKind::kEvent; }
  CustomerName customer() const { return {of->workspace, incoming->customer_id}; }
};

// The well-formed items of all batches whose lanes are wanted: customers together and in the order in which tables keep
// them, events before records, equal ids together and in the order they came.
std::vector<Item> ToItems(absl::Span<const Batch* const> batches, absl::FunctionRef<bool(int lane)> wanted);

// A customer with news.
struct News {
  CustomerName name;
  bool known = false;        // Whether the customer was stored before.
  Customer customer;         // As it was.
  std::vector<Item*> items;  // The new ones, in history order.
};

// Finds what is new among `items` (of ToItems), and answers each in `receipts`: ACCEPTED, DUPLICATE, CONFLICT or, of a
// customer that was deleted or merged, DELETED or MERGED. The
// customers' lanes must be locked by `lanes`. Exact, however long ago an id was first used: history_index.h tells how.
absl::StatusOr<std::vector<News>> FindNews(sql::Transaction& tx, journal::Journal& journal, CustomerMemory& memory,
                                           const journal::Lanes& lanes, absl::Span<Item> items,
                                           std::vector<Receipt>& receipts);

// The items of each customer's history, numbered by their positions, in no particular order; `entries` and `pool` own
// what they view.
struct Histories {
  std::vector<journal::Entry> entries;
  ItemPool pool;
  std::vector<std::vector<rules::Item>> items;
};
// All items of each customer, events with their properties where so asked. What `tx` itself has stored is left out
// where it is not in the customers yet.
absl::StatusOr<Histories> LoadHistories(sql::Transaction& tx, journal::Journal& journal,
                                        absl::Span<const CustomerName> names,
                                        absl::Span<const Customer* const> customers, bool with_properties);
// The same of those alone that are still to be folded into the i-th customer's checkpoint, where it has one.
absl::StatusOr<Histories> LoadHistoriesAfter(sql::Transaction& tx, journal::Journal& journal,
                                             absl::Span<const CustomerName> names,
                                             absl::Span<const Customer* const> customers,
                                             absl::Span<const Checkpoint* const> checkpoints, bool with_properties);

// The item in the payload of a journal's entry recorded at an instant, which `pool` and the payload own. Errors:
// INTERNAL  it is none.
absl::StatusOr<rules::Item> ReadItem(absl::string_view payload, absl::Time record_time, bool is_record,
                                     bool with_properties, ItemPool& pool);

// The entries of the customer's items, in the order in which they came.
absl::StatusOr<std::vector<journal::Entry>> LoadItems(sql::Transaction& tx, journal::Journal& journal,
                                                      CustomerName name, const Customer& customer);

// The conclusions told of the customer, in the order in which they were.
absl::StatusOr<std::vector<journal::Entry>> LoadConclusions(sql::Transaction& tx, journal::Journal& journal,
                                                            CustomerName name, const Customer& customer);

// The customer's records, in the order of history.
absl::StatusOr<std::vector<v1::Record>> LoadRecords(sql::Transaction& tx, journal::Journal& journal, CustomerName name,
                                                    const Customer& customer);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_NEWS_H_
