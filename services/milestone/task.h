// Customers in a transaction: what is loaded of each, what its history comes to, what is told of that, and how it is
// kept. The steps that recording, sweeping, moving and the passing of time have in common.
#ifndef WAYMARK_SERVICES_MILESTONE_TASK_H_
#define WAYMARK_SERVICES_MILESTONE_TASK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/milestone/checkpoint_store.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history.h"
#include "services/milestone/item_pool.h"
#include "services/milestone/news.h"
#include "services/milestone/shelf.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// What is to be told of a customer in a journey.
struct Telling {
  JourneyPtr journey;
  rules::Conclusion conclusion;
};

// A customer to be evaluated.
struct Task {
  CustomerName name;
  CatalogPtr catalog;
  Customer customer;                     // As it was.
  std::vector<Item*> news;               // In history order.
  std::vector<rules::Item> items;        // What is folded: the news, after all that is stored where it is needed.
  bool anew = false;                     // The whole history is to be folded …
  std::optional<Checkpoint> from;        // … or what comes after this state.
  std::vector<Checkpoint> passed;        // States on the way that are worth keeping.
  bool sweeping = false;                 // Because a version was published.
  JourneyPtr moving;                     // To this version of its journey, whatever it was pinned to.
  std::map<std::string, uint32_t> pins;  // The versions of journeys, by journey_id, that were decided elsewhere.
  ItemPool pool;                         // Of the news.
  std::vector<JourneyPtr> journeys;      // Of each enrollment afterwards.
  std::vector<Telling> tellings;
  // The news that came too late for a journey, with its journey_id.
  std::vector<std::pair<const Item*, std::string>> late;
  std::vector<journal::NewEntry> facts;
};

// Loads the histories of the tasks that need them, each from the newest state on that is kept of it and comes before
// all news; the answer owns what the items view.
absl::StatusOr<Histories> LoadHistoriesOf(sql::Transaction& tx, journal::Journal& journal, std::vector<Task>& tasks);

// Folds a task's news, or its whole history, under every journey, and notes what is to be told. The news have
// positions, and are received `now`.
absl::Status Evaluate(sql::Transaction& tx, Shelf& shelf, absl::Time now, Task& task);
// Makes facts of what the tasks note.
absl::Status MakeFacts(sql::Transaction& tx, journal::Journal& journal, absl::Time now, std::vector<Task>& tasks);
// Both, of all of them.
absl::Status Evaluate(sql::Transaction& tx, journal::Journal& journal, Shelf& shelf, absl::Time now,
                      std::vector<Task>& tasks);

// Appends the news to the journal, in the order they came.
void AppendNews(journal::Lanes& lanes, std::vector<Task>& tasks);
// Appends the tasks' facts to the journal, and adds news and facts to the customers' histories.
void AppendFacts(journal::Lanes& lanes, std::vector<Task>& tasks);

// Saves the customers and their histories; returns the rows, one per task.
absl::StatusOr<std::vector<CustomerRow>> Save(sql::Transaction& tx, std::vector<Task>& tasks);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_TASK_H_
