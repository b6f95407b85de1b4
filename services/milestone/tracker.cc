#include "services/milestone/tracker.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history_store.h"

namespace waymark::milestone {
namespace {

// How many customers a sweep evaluates in one transaction: enough to be quick, few enough that ingest waits little.
constexpr int kSweepPage = 200;

// An event on its way through Record.
struct Item {
  size_t batch;  // Which batch …
  size_t index;  // … and which event of it.
  const Batch* of;
  const IncomingEvent* incoming;
  int64_t position = 0;

  const rules::Event& event() const { return incoming->event; }
  EventName name() const { return {of->workspace, incoming->customer_id, incoming->event.id}; }
};

// A customer to be evaluated.
struct Task {
  absl::string_view workspace;
  CatalogPtr catalog;
  Customer customer;                  // As it was.
  std::vector<const Item*> news;      // In history order.
  std::vector<rules::Event> history;  // All stored events, where they are needed; in no order.
  bool anew = false;                  // The whole history is to be folded.
  std::vector<JourneyPtr> journeys;   // Of each enrollment afterwards.
  std::vector<journal::NewEntry> facts;
};

bool IsHistorical(const Task& task, const rules::Conclusion& conclusion, absl::Time now) {
  if (conclusion.now.time < now - kEffectHorizon) return true;
  // Whether it was sent as history is a matter of the event that made it true; where that was stored before, of those
  // that made it be seen now.
  bool all = true;
  for (const Item* item : task.news) {
    if (item->event().id == conclusion.now.event_id) return item->of->backfill;
    all = all && item->of->backfill;
  }
  return all;
}

// Loads the histories of the tasks that need them. `kept` owns what the events view.
absl::Status LoadHistories(sql::Transaction& tx, journal::Journal& journal, std::vector<Task>& tasks,
                           std::deque<journal::Entry>& kept) {
  std::vector<Task*> wanting;
  std::vector<CustomerName> names;
  for (Task& task : tasks) {
    if (!task.anew || task.customer.dossier.event_count == 0) continue;
    wanting.push_back(&task);
    names.push_back({task.workspace, task.customer.customer_id});
  }
  if (wanting.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::vector<int64_t>> positions, ListEventPositions(tx, names));
  std::vector<journal::Place> places;
  for (size_t i = 0; i < wanting.size(); ++i) {
    const int lane = journal::LaneOf(names[i].workspace, names[i].customer_id);
    for (const int64_t position : positions[i]) places.push_back({lane, position});
  }
  ASSIGN_OR_RETURN(std::vector<journal::Entry> entries, journal.ReadPlaces(tx, places));
  size_t next = 0;
  for (size_t i = 0; i < wanting.size(); ++i) {
    for (size_t k = 0; k < positions[i].size(); ++k) {
      kept.push_back(std::move(entries[next++]));
      const std::optional<rules::Event> event = ReadEvent(kept.back().payload);
      if (!event.has_value()) return absl::InternalError("a stored event cannot be read");
      wanting[i]->history.push_back(*event);
    }
  }
  return absl::OkStatus();
}

// Folds a task's news, or its whole history, under every journey, and notes what is to be told.
absl::Status Evaluate(sql::Transaction& tx, Shelf& shelf, absl::Time now, Task& task) {
  std::vector<rules::Event> events = std::move(task.history);
  for (const Item* item : task.news) events.push_back(item->event());
  if (task.anew) std::sort(events.begin(), events.end(), rules::Before);

  Dossier& dossier = task.customer.dossier;
  std::vector<Enrollment> before = std::move(dossier.enrollments);
  dossier.enrollments.clear();
  for (const JourneyPtr& latest : task.catalog->latest) {
    const std::string& journey_id = latest->version().journey_id;
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const Enrollment& enrollment) { return enrollment.journey_id == journey_id; });
    JourneyPtr journey = latest;
    rules::Progress known;
    if (was != before.end()) {
      known = was->progress;
      if (known.enrolled()) {
        // The version was decided when the customer got in.
        ASSIGN_OR_RETURN(journey, shelf.GetJourney(tx, task.workspace, journey_id, was->version));
      }
    }
    rules::Progress progress = rules::Fold(*journey, task.anew ? rules::Progress() : known, events);
    for (const rules::Conclusion& conclusion : rules::Compare(*journey, known, progress)) {
      const FactContext context{.customer_id = task.customer.customer_id,
                                .journey_id = journey_id,
                                .version = journey->version().number,
                                .historical = IsHistorical(task, conclusion, now)};
      journal::NewEntry& fact = task.facts.emplace_back(ToFact(*journey, context, conclusion));
      fact.workspace = std::string(task.workspace);
      fact.key = task.customer.customer_id;
      fact.depth = 1;
    }
    if (rules::IsBlank(progress)) continue;
    dossier.enrollments.push_back(
        {.journey_id = journey_id, .version = journey->version().number, .progress = std::move(progress)});
    task.journeys.push_back(std::move(journey));
  }
  dossier.event_count += static_cast<int64_t>(task.news.size());
  if (!events.empty() && IsAfter(events.back(), dossier.last)) dossier.last = KeyOf(events.back());
  task.customer.revision = task.catalog->revision;
  return absl::OkStatus();
}

std::vector<std::pair<absl::string_view, const Customer*>> CustomersOf(const std::vector<Task>& tasks) {
  std::vector<std::pair<absl::string_view, const Customer*>> customers;
  customers.reserve(tasks.size());
  for (const Task& task : tasks) customers.push_back({task.workspace, &task.customer});
  return customers;
}

// The customers as they were left; the tasks have them no more.
std::vector<std::pair<std::string, Customer>> TakeCustomers(std::vector<Task>& tasks) {
  std::vector<std::pair<std::string, Customer>> customers;
  customers.reserve(tasks.size());
  for (Task& task : tasks) customers.push_back({std::string(task.workspace), std::move(task.customer)});
  return customers;
}

// Appends the tasks' facts, saves the customers and remembers where their conclusions are.
absl::Status Save(sql::Transaction& tx, journal::Journal& journal, journal::Lanes& lanes, std::vector<Task>& tasks) {
  std::vector<journal::NewEntry> facts;
  std::vector<CustomerName> concluded;
  for (Task& task : tasks) {
    for (journal::NewEntry& fact : task.facts) {
      facts.push_back(std::move(fact));
      concluded.push_back({task.workspace, task.customer.customer_id});
    }
  }
  std::vector<int64_t> positions;
  for (const journal::Place& place : lanes.Append(std::move(facts))) positions.push_back(place.position);
  for (Task& task : tasks) {
    // The customer's version is its lane's end in this transaction.
    task.customer.version_position = lanes.Head(journal::LaneOf(task.workspace, task.customer.customer_id));
  }
  RETURN_IF_ERROR(StoreConclusions(tx, concluded, positions));
  RETURN_IF_ERROR(SaveCustomers(tx, CustomersOf(tasks)));
  return journal.Store(tx, lanes);
}

std::vector<v1::CustomerStages> ToValues(const std::vector<Task>& tasks, int64_t epoch) {
  std::vector<v1::CustomerStages> values;
  values.reserve(tasks.size());
  for (const Task& task : tasks) {
    std::vector<const rules::Journey*> journeys;
    for (const JourneyPtr& journey : task.journeys) journeys.push_back(journey.get());
    values.push_back(ToStages(task.customer, journeys, epoch));
    values.back().set_workspace(std::string(task.workspace));
  }
  return values;
}

// The part of the journal that a transaction has written.
std::vector<StageCache::Stretch> ToStretches(const journal::Lanes& lanes) {
  std::map<int, StageCache::Stretch> stretches;
  for (const auto& [place, entry] : lanes.appended()) {
    if (place.position == 0) continue;
    StageCache::Stretch& stretch =
        stretches.try_emplace(place.lane, StageCache::Stretch{place.lane, place.position - 1, 0}).first->second;
    stretch.through = place.position;
  }
  std::vector<StageCache::Stretch> list;
  for (const auto& [lane, stretch] : stretches) list.push_back(stretch);
  return list;
}

// Sorts out which events are new: answers the others, and returns the new ones by customer.
absl::StatusOr<std::vector<Task>> FindNews(sql::Transaction& tx, Shelf& shelf, CustomerMemory& memory,
                                           const journal::Lanes& lanes, std::vector<Item>& items,
                                           std::vector<Receipt>& receipts) {
  std::vector<Task> tasks;
  std::vector<std::pair<size_t, size_t>> ranges;  // Of each customer's items.
  std::vector<CustomerName> names;
  for (size_t begin = 0; begin < items.size();) {
    const EventName first = items[begin].name();
    size_t end = begin + 1;
    while (end < items.size() && items[end].incoming->customer_id == first.customer_id &&
           items[end].of->workspace == first.workspace) {
      ++end;
    }
    ranges.push_back({begin, end});
    names.push_back({first.workspace, first.customer_id});
    begin = end;
  }
  std::vector<std::optional<Customer>> customers(names.size());
  std::vector<CustomerName> unknown;
  std::vector<std::optional<Customer>*> asked;
  for (size_t i = 0; i < names.size(); ++i) {
    customers[i] = memory.Take(lanes, names[i].workspace, names[i].customer_id);
    if (customers[i].has_value()) continue;
    unknown.push_back(names[i]);
    asked.push_back(&customers[i]);
  }
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> loaded, LoadCustomers(tx, unknown));
  for (size_t i = 0; i < loaded.size(); ++i) *asked[i] = std::move(loaded[i]);

  // A customer seen for the first time has no stored events to look for.
  std::vector<EventName> events;
  std::vector<std::optional<EventRow>*> wanted;
  std::vector<std::optional<EventRow>> rows(items.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (!customers[i].has_value()) continue;
    for (size_t k = ranges[i].first; k < ranges[i].second; ++k) {
      events.push_back(items[k].name());
      wanted.push_back(&rows[k]);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<EventRow>> found, FindEvents(tx, events));
  for (size_t i = 0; i < found.size(); ++i) *wanted[i] = found[i];

  std::map<absl::string_view, CatalogPtr> catalogs;
  for (size_t i = 0; i < ranges.size(); ++i) {
    CatalogPtr& catalog = catalogs[names[i].workspace];
    if (catalog == nullptr) {
      ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, names[i].workspace));
      ASSIGN_OR_RETURN(catalog, shelf.GetCatalog(tx, names[i].workspace, revision));
    }
    Task task{.workspace = names[i].workspace, .catalog = catalog};
    std::optional<uint64_t> stored_hash;  // Of the id that the items at hand share.
    for (size_t k = ranges[i].first; k < ranges[i].second; ++k) {
      const Item& item = items[k];
      const bool same_id = k > ranges[i].first && items[k - 1].event().id == item.event().id;
      if (!same_id) {
        stored_hash = rows[k].has_value() ? std::optional<uint64_t>(rows[k]->content_hash) : std::nullopt;
      }
      Novelty& novelty = receipts[item.batch].novelties[item.index];
      if (!stored_hash.has_value()) {
        novelty = Novelty::kAccepted;
        stored_hash = item.incoming->content_hash;
        task.news.push_back(&item);
      } else {
        novelty = *stored_hash == item.incoming->content_hash ? Novelty::kDuplicate : Novelty::kConflict;
      }
    }
    if (task.news.empty()) continue;
    std::sort(task.news.begin(), task.news.end(),
              [](const Item* a, const Item* b) { return rules::Before(a->event(), b->event()); });
    const bool known = customers[i].has_value();
    task.customer = known ? *std::move(customers[i]) : Customer{.customer_id = std::string(names[i].customer_id)};
    task.anew = known && (task.customer.revision != catalog->revision ||
                          !IsAfter(task.news.front()->event(), task.customer.dossier.last));
    tasks.push_back(std::move(task));
  }
  return tasks;
}

// Appends the new events to the journal, in the order they came, and stores their rows.
absl::Status StoreNews(sql::Transaction& tx, journal::Lanes& lanes, std::vector<Item>& items,
                       const std::vector<Receipt>& receipts) {
  std::vector<Item*> accepted;  // In the order in which tables keep them.
  for (Item& item : items) {
    if (receipts[item.batch].novelties[item.index] == Novelty::kAccepted) accepted.push_back(&item);
  }
  std::vector<Item*> arrived = accepted;
  std::sort(arrived.begin(), arrived.end(),
            [](const Item* a, const Item* b) { return std::tie(a->batch, a->index) < std::tie(b->batch, b->index); });
  std::vector<journal::NewEntry> entries;
  entries.reserve(arrived.size());
  for (const Item* item : arrived) {
    entries.push_back({.workspace = item->of->workspace,
                       .key = std::string(item->incoming->customer_id),
                       .type = "waymark.milestone.v1.EventAccepted",
                       .payload = ToPayload(*item->incoming, item->of->backfill)});
  }
  const std::vector<journal::Place> places = lanes.Append(std::move(entries));
  for (size_t i = 0; i < arrived.size(); ++i) arrived[i]->position = places[i].position;

  std::vector<EventName> names;
  std::vector<EventRow> rows;
  names.reserve(accepted.size());
  rows.reserve(accepted.size());
  for (const Item* item : accepted) {
    names.push_back(item->name());
    rows.push_back({.position = item->position, .content_hash = item->incoming->content_hash});
  }
  return StoreEvents(tx, names, rows);
}

std::set<int> AllLanes() {
  std::set<int> lanes;
  for (int lane = 0; lane < journal::kLanes; ++lane) lanes.insert(lane);
  return lanes;
}

}  // namespace

Tracker::Tracker(journal::Journal& journal, Shelf& shelf, StageCache& cache, const Clock& clock)
    : journal_(journal), shelf_(shelf), cache_(cache), clock_(clock) {}

absl::StatusOr<Tracker::Recorded> Tracker::Record(absl::Span<const Batch* const> batches) {
  std::vector<Item> items;
  std::set<int> lane_numbers;
  std::vector<std::set<int>> lanes_of(batches.size());
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    for (size_t index = 0; index < batches[batch]->events.size(); ++index) {
      const IncomingEvent& event = batches[batch]->events[index];
      if (!event.wrong_field.empty()) continue;
      items.push_back({.batch = batch, .index = index, .of = batches[batch], .incoming = &event});
      lanes_of[batch].insert(journal::LaneOf(batches[batch]->workspace, event.customer_id));
    }
    lane_numbers.insert(lanes_of[batch].begin(), lanes_of[batch].end());
  }
  // Customers together, and in the order in which tables keep them; equal ids in the order they came.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.of->workspace, a.incoming->customer_id, a.incoming->event.id) <
           std::tie(b.of->workspace, b.incoming->customer_id, b.incoming->event.id);
  });

  Recorded recorded{.receipts = std::vector<Receipt>(batches.size())};
  std::vector<Receipt>& receipts = recorded.receipts;
  std::vector<Task> tasks;
  std::deque<journal::Entry> kept;
  std::optional<journal::Lanes> lanes;
  const absl::Time now = clock_.Now();
  const auto record = [&](sql::Transaction& tx) -> absl::Status {
    for (size_t i = 0; i < batches.size(); ++i) {
      receipts[i] = {.novelties = std::vector<Novelty>(batches[i]->events.size(), Novelty::kInvalid)};
    }
    kept.clear();
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, lane_numbers));
    ASSIGN_OR_RETURN(tasks, FindNews(tx, shelf_, memory_, *lanes, items, receipts));

    RETURN_IF_ERROR(LoadHistories(tx, journal_, tasks, kept));
    RETURN_IF_ERROR(StoreNews(tx, *lanes, items, receipts));
    for (Task& task : tasks) RETURN_IF_ERROR(Evaluate(tx, shelf_, now, task));
    return Save(tx, journal_, *lanes, tasks);
  };
  RETURN_IF_ERROR(journal_.db().Transact(record));
  journal_.Announce(*lanes);
  recorded.values = ToValues(tasks, journal_.epoch());
  recorded.stretches = ToStretches(*lanes);
  memory_.Remember(*lanes, TakeCustomers(tasks));
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    std::vector<journal::TokenPosition> positions;
    for (const int lane : lanes_of[batch]) {
      positions.push_back(
          {.service = journal_.name(), .epoch = journal_.epoch(), .lane = lane, .position = lanes->Head(lane)});
    }
    receipts[batch].consistency_token = journal::MakeToken(positions);
  }
  return recorded;
}

void Tracker::Tell(Recorded& recorded) { cache_.Put(std::move(recorded.values), std::move(recorded.stretches)); }

absl::StatusOr<bool> Tracker::Sweep() {
  std::vector<Task> tasks;
  std::deque<journal::Entry> kept;
  std::optional<journal::Lanes> lanes;
  std::optional<milestone::Sweep> way;
  const absl::Time now = clock_.Now();
  const auto sweep = [&](sql::Transaction& tx) -> absl::Status {
    tasks.clear();
    kept.clear();
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, AllLanes()));
    ASSIGN_OR_RETURN(way, TakeSweep(tx));
    if (!way.has_value()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, way->workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf_.GetCatalog(tx, way->workspace, revision));
    ASSIGN_OR_RETURN(std::vector<Customer> customers, ListCustomers(tx, way->workspace, way->after, kSweepPage));
    if (customers.empty()) return EndSweep(tx, way->workspace);
    way->after = customers.back().customer_id;
    for (Customer& customer : customers) {
      if (customer.revision == revision) continue;
      tasks.push_back({.workspace = way->workspace, .catalog = catalog, .customer = std::move(customer), .anew = true});
    }
    RETURN_IF_ERROR(LoadHistories(tx, journal_, tasks, kept));
    for (Task& task : tasks) RETURN_IF_ERROR(Evaluate(tx, shelf_, now, task));
    RETURN_IF_ERROR(MoveSweep(tx, *way));
    return Save(tx, journal_, *lanes, tasks);
  };
  RETURN_IF_ERROR(journal_.db().Transact(sweep));
  if (!way.has_value()) return false;
  memory_.Clear();  // What a sweep changes may leave the lanes where they were.
  journal_.Announce(*lanes);
  cache_.Put(ToValues(tasks, journal_.epoch()), ToStretches(*lanes));
  return true;
}

absl::Status ApplyJourneyFacts(sql::Transaction& tx, journal::Lanes&, absl::Span<const journal::Entry> entries) {
  for (const journal::Entry& entry : entries) {
    ASSIGN_OR_RETURN(const PublishedVersion version, ToPublishedVersion(entry));
    RETURN_IF_ERROR(AddVersion(tx, entry.workspace, version));
  }
  return absl::OkStatus();
}

}  // namespace waymark::milestone
