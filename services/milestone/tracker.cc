#include "services/milestone/tracker.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <set>
#include <utility>

#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/facts.h"
#include "services/milestone/history_store.h"
#include "services/milestone/news.h"
#include "services/milestone/records.h"

namespace waymark::milestone {
namespace {

// How many customers a sweep evaluates in one transaction: enough to be quick, few enough that ingest waits little.
constexpr int kSweepPage = 200;
// The same of customers whose time has come.
constexpr int kTimerPage = 200;

// What is to be told of a customer in a journey.
struct Telling {
  JourneyPtr journey;
  rules::Conclusion conclusion;
};

// A customer to be evaluated.
struct Task {
  CustomerName name;
  CatalogPtr catalog;
  Customer customer;                 // As it was.
  std::vector<Item*> news;           // In history order.
  std::vector<rules::Item> items;    // What is folded: the news, after all that is stored where it is needed.
  bool anew = false;                 // The whole history is to be folded.
  bool sweeping = false;             // Because a version was published.
  ItemPool pool;                     // Of the news.
  std::vector<JourneyPtr> journeys;  // Of each enrollment afterwards.
  std::vector<Telling> tellings;
  std::vector<journal::NewEntry> facts;
};

// Something became true longer ago than the journey's effect_horizon, or was sent as history.
bool IsHistorical(const Task& task, const rules::Conclusion& conclusion, absl::Duration horizon, absl::Time now) {
  if (conclusion.now.time < now - horizon || task.sweeping) return true;
  if (task.news.empty()) return false;
  // Whether it was sent as history is a matter of the event that made it true; where that was stored before, of those
  // that made it be seen now.
  bool all = true;
  for (const Item* item : task.news) {
    if (item->position == conclusion.now.item) return item->of->backfill;
    all = all && item->of->backfill;
  }
  return all;
}

// Whether events' properties are needed: the journeys in force, or perhaps an older version, look at them.
bool LooksInsideEvents(const Task& task) {
  const std::vector<JourneyPtr>& latest = task.catalog->latest;
  return std::any_of(latest.begin(), latest.end(),
                     [](const JourneyPtr& journey) { return journey->looks_inside_events(); }) ||
         std::any_of(task.customer.dossier.enrollments.begin(), task.customer.dossier.enrollments.end(),
                     [&](const Enrollment& enrollment) {
                       return std::none_of(latest.begin(), latest.end(), [&](const JourneyPtr& journey) {
                         return journey->version().journey_id == enrollment.journey_id &&
                                journey->version().number == enrollment.version;
                       });
                     });
}

// Whether an item comes before an instant at which time alone was looked at already.
bool IsBeforeATimer(const rules::Item& item, const Dossier& dossier) {
  return std::any_of(dossier.enrollments.begin(), dossier.enrollments.end(),
                     [&](const Enrollment& enrollment) { return item.time <= enrollment.progress.timer; });
}

// Loads the histories of the tasks that need them; the answer owns what the items view.
absl::StatusOr<Histories> LoadHistoriesOf(sql::Transaction& tx, journal::Journal& journal, std::vector<Task>& tasks) {
  std::vector<Task*> wanting;
  std::vector<CustomerName> names;
  std::vector<const Customer*> customers;
  bool inside = false;
  for (Task& task : tasks) {
    if (!task.anew || (task.customer.sealed == 0 && task.customer.open.empty())) continue;
    wanting.push_back(&task);
    names.push_back(task.name);
    customers.push_back(&task.customer);
    inside = inside || LooksInsideEvents(task);
  }
  ASSIGN_OR_RETURN(Histories histories, LoadHistories(tx, journal, names, customers, inside));
  for (size_t i = 0; i < wanting.size(); ++i) wanting[i]->items = std::move(histories.items[i]);
  return histories;
}

// The journey that a record is about: the version the customer travels or, before that, the one it would; nullptr: none
// is published.
absl::StatusOr<JourneyPtr> FindJourney(sql::Transaction& tx, Shelf& shelf, const Catalog& catalog,
                                       absl::string_view workspace, const Dossier& dossier,
                                       absl::string_view journey_id) {
  for (const Enrollment& enrollment : dossier.enrollments) {
    if (enrollment.journey_id == journey_id && enrollment.progress.enrolled()) {
      return shelf.GetJourney(tx, workspace, journey_id, enrollment.version);
    }
  }
  for (const JourneyPtr& journey : catalog.latest) {
    if (journey->version().journey_id == journey_id) return journey;
  }
  return JourneyPtr();
}

// Folds a task's news, or its whole history, under every journey, and notes what is to be told. The news have
// positions.
absl::Status Evaluate(sql::Transaction& tx, Shelf& shelf, absl::Time now, Task& task) {
  std::vector<rules::Item>& items = task.items;
  items.reserve(items.size() + task.news.size());
  const bool inside = LooksInsideEvents(task);
  for (const Item* item : task.news) {
    items.push_back(inside && !item->is_record() ? WithProperties(*item->incoming, task.pool) : item->event());
    items.back().number = item->position;
  }
  if (task.anew) std::sort(items.begin(), items.end(), rules::Before);

  const rules::Progress none;
  Dossier& dossier = task.customer.dossier;
  std::vector<Enrollment> before = std::move(dossier.enrollments);
  dossier.enrollments.clear();
  for (const JourneyPtr& latest : task.catalog->latest) {
    const std::string& journey_id = latest->version().journey_id;
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const Enrollment& enrollment) { return enrollment.journey_id == journey_id; });
    JourneyPtr journey = latest;
    const rules::Progress& known = was != before.end() ? was->progress : none;
    if (known.enrolled() && was->version != latest->version().number) {
      // The version was decided when the customer got in.
      ASSIGN_OR_RETURN(journey, shelf.GetJourney(tx, task.name.workspace, journey_id, was->version));
    }
    if (!known.enrolled() && task.catalog->closed.contains(journey_id)) continue;
    rules::Progress progress = rules::Fold(*journey, task.anew ? none : known, items, now);
    for (rules::Conclusion& conclusion : rules::Compare(*journey, known, progress)) {
      task.tellings.push_back({journey, std::move(conclusion)});
    }
    if (rules::IsBlank(progress)) continue;
    dossier.enrollments.push_back(
        {.journey_id = journey_id, .version = journey->version().number, .progress = std::move(progress)});
    task.journeys.push_back(std::move(journey));
  }
  dossier.event_count +=
      std::count_if(task.news.begin(), task.news.end(), [](const Item* item) { return !item->is_record(); });
  if (!items.empty() && IsAfter(items.back(), dossier.last)) dossier.last = KeyOf(items.back());
  task.customer.revision = task.catalog->revision;
  return absl::OkStatus();
}

// The ids of the items that the tellings name, in their order. Most are among what was folded; the others were
// counted long ago, for what only now has become worth telling.
absl::StatusOr<std::vector<std::string>> NameWitnesses(sql::Transaction& tx, journal::Journal& journal,
                                                       absl::Span<const Task> tasks) {
  std::vector<std::string> names;
  std::vector<journal::Place> places;
  std::vector<size_t> unnamed;
  for (const Task& task : tasks) {
    for (const Telling& telling : task.tellings) {
      std::string& name = names.emplace_back();
      const int64_t number = telling.conclusion.now.item;
      if (number == 0) continue;
      const auto folded = std::find_if(task.items.rbegin(), task.items.rend(),
                                       [&](const rules::Item& item) { return item.number == number; });
      if (folded != task.items.rend()) {
        name = std::string(folded->id);
        continue;
      }
      unnamed.push_back(names.size() - 1);
      places.push_back({journal::LaneOf(task.name.workspace, task.name.customer_id), number});
    }
  }
  ASSIGN_OR_RETURN(const std::vector<journal::Entry> entries, journal.ReadPlaces(tx, places));
  for (size_t i = 0; i < entries.size(); ++i) {
    std::optional<StoredIdentity> identity = ReadIdentity(entries[i]);
    if (!identity.has_value()) return absl::InternalError("a stored item of history cannot be read");
    names[unnamed[i]] = std::move(identity->id);
  }
  return names;
}

// Makes facts of the tasks' tellings.
absl::Status MakeFacts(sql::Transaction& tx, journal::Journal& journal, absl::Time now, std::vector<Task>& tasks) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, NameWitnesses(tx, journal, tasks));
  auto name = names.begin();
  for (Task& task : tasks) {
    int depth = 1;
    for (const Item* item : task.news) depth = std::max(depth, item->of->depth + 1);
    task.facts.reserve(task.tellings.size());
    for (const Telling& telling : task.tellings) {
      const rules::JourneyVersion& version = telling.journey->version();
      const FactContext context{
          .customer_id = task.customer.customer_id,
          .journey_id = version.journey_id,
          .version = version.number,
          .witness_event_id = std::move(*name++),
          .historical = IsHistorical(task, telling.conclusion, version.definition.effect_horizon, now)};
      journal::NewEntry& fact = task.facts.emplace_back(ToFact(*telling.journey, context, telling.conclusion));
      fact.workspace = std::string(task.name.workspace);
      fact.key = task.customer.customer_id;
      fact.depth = depth;
    }
  }
  return absl::OkStatus();
}

// Evaluates all tasks.
absl::Status Evaluate(sql::Transaction& tx, journal::Journal& journal, Shelf& shelf, absl::Time now,
                      std::vector<Task>& tasks) {
  for (Task& task : tasks) RETURN_IF_ERROR(Evaluate(tx, shelf, now, task));
  return MakeFacts(tx, journal, now, tasks);
}

// Appends the news to the journal, in the order they came.
void AppendNews(journal::Lanes& lanes, std::vector<Task>& tasks) {
  std::vector<Item*> arrived;
  for (const Task& task : tasks) arrived.insert(arrived.end(), task.news.begin(), task.news.end());
  std::sort(arrived.begin(), arrived.end(),
            [](const Item* a, const Item* b) { return std::tie(a->batch, a->index) < std::tie(b->batch, b->index); });
  std::vector<journal::NewEntry> entries;
  entries.reserve(arrived.size());
  for (const Item* item : arrived) {
    entries.push_back(
        {.workspace = item->of->workspace,
         .key = std::string(item->incoming->customer_id),
         .type = item->is_record() ? "waymark.milestone.v1.RecordAccepted" : "waymark.milestone.v1.EventAccepted",
         .payload =
             item->is_record() ? std::string(item->incoming->message) : ToPayload(*item->incoming, item->of->backfill),
         .depth = item->of->depth});
  }
  const std::vector<journal::Place> places = lanes.Append(std::move(entries));
  for (size_t i = 0; i < arrived.size(); ++i) arrived[i]->position = places[i].position;
}

// Appends the tasks' facts to the journal, and adds news and facts to the customers' histories.
void AppendFacts(journal::Lanes& lanes, std::vector<Task>& tasks) {
  std::vector<journal::NewEntry> facts;
  for (Task& task : tasks) {
    for (journal::NewEntry& fact : task.facts) facts.push_back(std::move(fact));
  }
  const std::vector<journal::Place> places = lanes.Append(std::move(facts));
  auto place = places.begin();
  for (Task& task : tasks) {
    std::vector<HistoryItem>& open = task.customer.open;
    const auto old_size = static_cast<ptrdiff_t>(open.size());
    for (const Item* item : task.news) {
      open.push_back({.position = item->position,
                      .kind = item->is_record() ? EntryKind::kRecord : EntryKind::kEvent,
                      .fingerprint = item->incoming->fingerprint});
    }
    std::sort(open.begin() + old_size, open.end(),
              [](const HistoryItem& a, const HistoryItem& b) { return a.position < b.position; });
    // Facts come after all news of the transaction. One that was set aside is nowhere.
    for (size_t i = 0; i < task.facts.size(); ++i, ++place) {
      if (place->position > 0) open.push_back({.position = place->position, .kind = EntryKind::kConclusion});
    }
    // The customer's version is its lane's end in this transaction.
    task.customer.version_position = lanes.Head(journal::LaneOf(task.name.workspace, task.name.customer_id));
  }
}

// Saves the customers and their histories; returns the rows, one per task.
absl::StatusOr<std::vector<CustomerRow>> Save(sql::Transaction& tx, std::vector<Task>& tasks) {
  std::vector<std::pair<absl::string_view, Customer*>> customers;
  std::vector<CustomerName> names;
  for (Task& task : tasks) {
    customers.push_back({task.name.workspace, &task.customer});
    names.push_back(task.name);
  }
  RETURN_IF_ERROR(SealItems(tx, customers));
  std::vector<CustomerRow> rows;
  rows.reserve(tasks.size());
  for (const Task& task : tasks) rows.push_back(ToRow(task.customer));
  RETURN_IF_ERROR(SaveCustomers(tx, names, rows));
  return rows;
}

std::vector<Tracker::Change> ToChanges(std::vector<Task> tasks) {
  std::vector<Tracker::Change> changes;
  changes.reserve(tasks.size());
  for (Task& task : tasks) {
    changes.push_back({std::string(task.name.workspace), std::move(task.customer), std::move(task.journeys)});
  }
  return changes;
}

std::vector<v1::CustomerStages> ToValues(absl::Span<const Tracker::Change> changes, int64_t epoch) {
  std::vector<v1::CustomerStages> values;
  values.reserve(changes.size());
  std::vector<const rules::Journey*> journeys;
  for (const Tracker::Change& change : changes) {
    journeys.clear();
    for (const JourneyPtr& journey : change.journeys) journeys.push_back(journey.get());
    values.push_back(ToStages(change.customer, journeys, epoch));
    values.back().set_workspace(change.workspace);
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

// Leaves out the records that may not be told of the customer, and answers them in `receipts`.
absl::Status RefuseRecords(sql::Transaction& tx, Shelf& shelf, const Catalog& catalog, News& news,
                           std::vector<Receipt>& receipts) {
  std::vector<Item*> kept;
  for (Item* item : news.items) {
    if (item->is_record()) {
      ASSIGN_OR_RETURN(const JourneyPtr journey,
                       FindJourney(tx, shelf, catalog, news.name.workspace, news.customer.dossier, item->event().type));
      absl::Status status =
          CheckRecord(item->event(), news.customer.dossier, journey.get(), catalog.closed.contains(item->event().type));
      if (!status.ok()) {
        receipts[item->batch].novelties[item->index] = Novelty::kRefused;
        receipts[item->batch].refusal = std::move(status);
        continue;
      }
    }
    kept.push_back(item);
  }
  news.items = std::move(kept);
  return absl::OkStatus();
}

// The customers to evaluate for their news.
absl::StatusOr<std::vector<Task>> ToTasks(sql::Transaction& tx, Shelf& shelf, std::vector<News> all,
                                          std::vector<Receipt>& receipts) {
  std::vector<Task> tasks;
  tasks.reserve(all.size());
  CatalogPtr catalog;
  absl::string_view workspace;
  for (News& news : all) {
    // Customers of a workspace are together.
    if (workspace != news.name.workspace) {
      workspace = news.name.workspace;
      ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, workspace));
      ASSIGN_OR_RETURN(catalog, shelf.GetCatalog(tx, workspace, revision));
    }
    if (std::any_of(news.items.begin(), news.items.end(), [](const Item* item) { return item->is_record(); })) {
      RETURN_IF_ERROR(RefuseRecords(tx, shelf, *catalog, news, receipts));
      if (news.items.empty()) continue;
    }
    const bool anew = news.known && (news.customer.revision != catalog->revision ||
                                     !IsAfter(news.items.front()->event(), news.customer.dossier.last) ||
                                     IsBeforeATimer(news.items.front()->event(), news.customer.dossier));
    tasks.push_back({.name = news.name,
                     .catalog = catalog,
                     .customer = std::move(news.customer),
                     .news = std::move(news.items),
                     .anew = anew});
  }
  return tasks;
}

std::vector<Receipt> BlankReceipts(absl::Span<const Batch* const> batches) {
  std::vector<Receipt> receipts(batches.size());
  for (size_t i = 0; i < batches.size(); ++i) {
    receipts[i].novelties.resize(batches[i]->events.size(), Novelty::kInvalid);
  }
  return receipts;
}

std::set<int> AllLanes() {
  std::set<int> lanes;
  for (int lane = 0; lane < journal::kLanes; ++lane) lanes.insert(lane);
  return lanes;
}

}  // namespace

Tracker::Tracker(journal::Journal& journal, Shelf& shelf, StageCache& cache, const Clock& clock)
    : journal_(journal), shelf_(shelf), cache_(cache), clock_(clock) {}

absl::StatusOr<Tracker::Written> Tracker::Write(sql::Transaction& tx, journal::Lanes& lanes, absl::Span<Item> items,
                                                std::vector<Receipt>& receipts, absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<News> news, FindNews(tx, journal_, memory_, lanes, items, receipts));
  ASSIGN_OR_RETURN(std::vector<Task> tasks, ToTasks(tx, shelf_, std::move(news), receipts));
  ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
  AppendNews(lanes, tasks);
  RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, now, tasks));
  AppendFacts(lanes, tasks);
  ASSIGN_OR_RETURN(std::vector<CustomerRow> rows, Save(tx, tasks));
  return Written{ToChanges(std::move(tasks)), std::move(rows)};
}

void Tracker::Remember(const journal::Lanes& lanes, Written& written) {
  std::vector<CustomerName> names;
  std::vector<CustomerMemory::Memory> memories;
  names.reserve(written.changes.size());
  memories.reserve(written.changes.size());
  for (size_t i = 0; i < written.changes.size(); ++i) {
    Change& change = written.changes[i];
    names.push_back({change.workspace, change.customer.customer_id});
    memories.push_back({std::move(written.rows[i]), std::move(change.customer.sealed_fingerprints)});
  }
  memory_.Remember(lanes, names, std::move(memories));
}

absl::StatusOr<Tracker::Written> Tracker::RecordWithin(sql::Transaction& tx, journal::Lanes& lanes,
                                                       absl::Span<const Batch* const> batches) {
  std::vector<Item> items = ToItems(batches);
  std::vector<Receipt> receipts = BlankReceipts(batches);
  return Write(tx, lanes, absl::MakeSpan(items), receipts, clock_.Now());
}

void Tracker::Settle(const journal::Lanes& lanes, Written written) {
  Remember(lanes, written);
  cache_.Put(ToValues(written.changes, journal_.epoch()), ToStretches(lanes));
}

absl::StatusOr<Tracker::Recorded> Tracker::Record(absl::Span<const Batch* const> batches) {
  std::vector<Item> items = ToItems(batches);
  std::set<int> lane_numbers;
  std::vector<std::bitset<journal::kLanes>> lanes_of(batches.size());
  for (const Item& item : items) lanes_of[item.batch].set(item.incoming->lane);
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    if (std::any_of(lanes_of.begin(), lanes_of.end(), [&](const auto& lanes) { return lanes[lane]; })) {
      lane_numbers.insert(lane);
    }
  }

  Recorded recorded{.receipts = std::vector<Receipt>(batches.size())};
  std::vector<Receipt>& receipts = recorded.receipts;
  Written written;
  std::optional<journal::Lanes> lanes;
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    receipts = BlankReceipts(batches);
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, lane_numbers));
    ASSIGN_OR_RETURN(written, Write(tx, *lanes, absl::MakeSpan(items), receipts, now));
    return journal_.Store(tx, *lanes);
  }));
  journal_.Announce(*lanes);
  recorded.stretches = ToStretches(*lanes);
  Remember(*lanes, written);
  recorded.changes = std::move(written.changes);
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    std::vector<journal::TokenPosition> positions;
    for (const int lane : lane_numbers) {
      if (!lanes_of[batch][lane]) continue;
      positions.push_back(
          {.service = journal_.name(), .epoch = journal_.epoch(), .lane = lane, .position = lanes->Head(lane)});
    }
    receipts[batch].consistency_token = journal::MakeToken(positions);
  }
  return recorded;
}

void Tracker::Tell(Recorded& recorded) {
  cache_.Put(ToValues(recorded.changes, journal_.epoch()), std::move(recorded.stretches));
}

absl::StatusOr<bool> Tracker::Sweep() {
  std::vector<Task> tasks;
  std::optional<journal::Lanes> lanes;
  std::optional<milestone::Sweep> way;
  const absl::Time now = clock_.Now();
  const auto sweep = [&](sql::Transaction& tx) -> absl::Status {
    tasks.clear();
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
      Task& task =
          tasks.emplace_back(Task{.catalog = catalog, .customer = std::move(customer), .anew = true, .sweeping = true});
      task.name.workspace = way->workspace;
    }
    for (Task& task : tasks) task.name.customer_id = task.customer.customer_id;
    ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
    RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, now, tasks));
    AppendFacts(*lanes, tasks);
    RETURN_IF_ERROR(MoveSweep(tx, *way));
    RETURN_IF_ERROR(Save(tx, tasks).status());
    return journal_.Store(tx, *lanes);
  };
  RETURN_IF_ERROR(journal_.db().Transact(sweep));
  if (!way.has_value()) return false;
  memory_.Clear();  // What a sweep changes may leave the lanes where they were.
  journal_.Announce(*lanes);
  const std::vector<StageCache::Stretch> stretches = ToStretches(*lanes);
  cache_.Put(ToValues(ToChanges(std::move(tasks)), journal_.epoch()), stretches);
  return true;
}

absl::StatusOr<bool> Tracker::PassTime() {
  std::vector<DueCustomer> due;
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(due, ListDueCustomers(tx, now, kTimerPage));
    return absl::OkStatus();
  }));
  if (due.empty()) return false;
  // Customers of a workspace together, and in the order in which tables keep them.
  std::sort(due.begin(), due.end(), [](const DueCustomer& a, const DueCustomer& b) {
    return std::tie(a.workspace, a.customer_id) < std::tie(b.workspace, b.customer_id);
  });
  std::set<int> lane_numbers;
  std::vector<CustomerName> names;
  for (const DueCustomer& customer : due) {
    names.push_back({customer.workspace, customer.customer_id});
    lane_numbers.insert(journal::LaneOf(customer.workspace, customer.customer_id));
  }
  std::vector<Task> tasks;
  Written written;
  std::optional<journal::Lanes> lanes;
  const auto pass = [&](sql::Transaction& tx) -> absl::Status {
    tasks.clear();
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, lane_numbers));
    memory_.Take(*lanes, names);  // What is remembered of them is soon as old as the rows read here.
    ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> customers, LoadCustomers(tx, names));
    CatalogPtr catalog;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!customers[i].has_value()) continue;
      if (tasks.empty() || tasks.back().name.workspace != names[i].workspace) {
        ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, names[i].workspace));
        ASSIGN_OR_RETURN(catalog, shelf_.GetCatalog(tx, names[i].workspace, revision));
      }
      const bool anew = customers[i]->revision != catalog->revision;
      tasks.push_back(
          {.name = names[i], .catalog = catalog, .customer = *std::move(customers[i]), .anew = anew, .sweeping = anew});
    }
    ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
    RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, now, tasks));
    AppendFacts(*lanes, tasks);
    ASSIGN_OR_RETURN(written.rows, Save(tx, tasks));
    return journal_.Store(tx, *lanes);
  };
  RETURN_IF_ERROR(journal_.db().Transact(pass));
  journal_.Announce(*lanes);
  written.changes = ToChanges(std::move(tasks));
  Settle(*lanes, std::move(written));
  return true;
}

absl::Status ApplyJourneyFacts(sql::Transaction& tx, journal::Lanes&, absl::Span<const journal::Entry> entries) {
  for (const journal::Entry& entry : entries) {
    ASSIGN_OR_RETURN(const JourneyFact fact, ToJourneyFact(entry));
    if (const auto* version = std::get_if<PublishedVersion>(&fact)) {
      RETURN_IF_ERROR(AddVersion(tx, entry.workspace, *version));
    } else {
      RETURN_IF_ERROR(CloseVersions(tx, entry.workspace, std::get<ClosedVersions>(fact)));
    }
  }
  return absl::OkStatus();
}

}  // namespace waymark::milestone
