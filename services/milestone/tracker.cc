#include "services/milestone/tracker.h"

#include <algorithm>
#include <bitset>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "common/metrics/metrics.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history_store.h"
#include "services/milestone/mapping.h"
#include "services/milestone/moving.h"
#include "services/milestone/news.h"
#include "services/milestone/records.h"
#include "services/milestone/shared_transaction.h"
#include "services/milestone/task.h"
#include "services/milestone/tombstone_store.h"
#include "waymark/journey/v1/migration.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// How many customers a sweep evaluates in one transaction: enough to be quick, few enough that ingest waits little.
constexpr int kSweepPage = 200;
// The same of customers whose time has come.
constexpr int kTimerPage = 200;
// With so many events a second thread gains more than it costs to wake it …
constexpr size_t kWorthSharing = 500;
// … and more threads than these would wait for the database, which does a third of the work and one thing at a time.
constexpr unsigned kMostShares = 4;
// How often names may lead on while a transaction is tried, and how many are kept in mind.
constexpr int kMostRedirections = 20;
constexpr size_t kMostAliasesKept = 100'000;
// How many customers with news since the preview a migration remembers by name.
constexpr size_t kMostChangedTold = 1'000;

// Whether an item comes before an instant at which time alone was looked at already.
bool IsBeforeATimer(const rules::Item& item, const Dossier& dossier) {
  return std::any_of(dossier.enrollments.begin(), dossier.enrollments.end(),
                     [&](const Enrollment& enrollment) { return item.time <= enrollment.progress.timer; });
}

// Whether a journey may wait for the completion of another. A completion stands at the end of its instant, so that
// another item of that instant comes before it.
bool MayAwaitOthers(const Catalog& catalog, const Dossier& dossier) {
  const auto is_latest = [&](const Enrollment& enrollment) {
    return std::any_of(catalog.latest.begin(), catalog.latest.end(), [&](const JourneyPtr& journey) {
      return journey->version().journey_id == enrollment.journey_id && journey->version().number == enrollment.version;
    });
  };
  return std::any_of(catalog.latest.begin(), catalog.latest.end(),
                     [](const JourneyPtr& journey) { return !journey->awaits().empty(); }) ||
         !std::all_of(dossier.enrollments.begin(), dossier.enrollments.end(), is_latest);
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
      if (std::shared_ptr<const Batch> later = AfterAll(*item->of, news.customer.dossier)) {
        item->amended = std::move(later);
        item->of = item->amended.get();
        item->incoming = &item->of->events[0];
      }
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
  // A record that was put after everything known may come after news that it was before.
  std::sort(news.items.begin(), news.items.end(),
            [](const Item* a, const Item* b) { return rules::Before(a->event(), b->event()); });
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
    const bool anew =
        news.known && (news.customer.revision != catalog->revision ||
                       !IsAfter(news.items.front()->event(), news.customer.dossier.last) ||
                       IsBeforeATimer(news.items.front()->event(), news.customer.dossier) ||
                       (absl::ToUnixMicros(news.items.front()->event().time) == news.customer.dossier.last.time &&
                        MayAwaitOthers(*catalog, news.customer.dossier)));
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

// Where what is kept of a customer is not what its whole history, just folded, comes to. Whether there was anything.
absl::StatusOr<bool> FindDiscrepancies(sql::Transaction& tx, Shelf& shelf, absl::Time now, const Dossier& kept,
                                       const Task& task, size_t customer,
                                       std::vector<Tracker::Discrepancy>& discrepancies) {
  std::map<absl::string_view, Tracker::Discrepancy> by_journey;
  for (const Enrollment& enrollment : kept.enrollments) {
    Tracker::Discrepancy& one = by_journey[enrollment.journey_id];
    ASSIGN_OR_RETURN(one.kept_journey,
                     shelf.GetJourney(tx, task.name.workspace, enrollment.journey_id, enrollment.version));
    one.kept = rules::Fold(*one.kept_journey, enrollment.progress, {}, now);
  }
  const std::vector<Enrollment>& anew = task.customer.dossier.enrollments;
  for (size_t i = 0; i < anew.size(); ++i) {
    Tracker::Discrepancy& one = by_journey[anew[i].journey_id];
    one.journey = task.journeys[i];
    one.anew = anew[i].progress;
  }
  bool found = false;
  for (auto& [journey_id, one] : by_journey) {
    if (one.kept_journey == one.journey && one.kept == one.anew) continue;
    one.customer = customer;
    discrepancies.push_back(std::move(one));
    found = true;
  }
  return found;
}

bool AnyMerged(absl::Span<const Receipt> receipts) {
  return std::any_of(receipts.begin(), receipts.end(), [](const Receipt& receipt) {
    return std::find(receipt.novelties.begin(), receipt.novelties.end(), Novelty::kMerged) != receipt.novelties.end();
  });
}

std::set<int> AllLanes() {
  std::set<int> lanes;
  for (int lane = 0; lane < journal::kLanes; ++lane) lanes.insert(lane);
  return lanes;
}

}  // namespace

Tracker::Tracker(journal::Journal& journal, Shelf& shelf, StageCache& cache, const Clock& clock)
    : journal_(journal),
      shelf_(shelf),
      cache_(cache),
      clock_(clock),
      shares_(static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostShares))),
      sharing_(shares_ - 1) {}

absl::StatusOr<Tracker::Written> Tracker::Write(sql::Transaction& tx, journal::Lanes& lanes,
                                                absl::Span<const Batch* const> batches,
                                                std::vector<Receipt>& receipts) {
  std::vector<Item> items = ToItems(batches, [&](int lane) { return lanes.Has(lane); });
  ASSIGN_OR_RETURN(std::vector<News> news, FindNews(tx, journal_, memory_, lanes, absl::MakeSpan(items), receipts));
  ASSIGN_OR_RETURN(std::vector<Task> tasks, ToTasks(tx, shelf_, std::move(news), receipts));
  ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
  AppendNews(lanes, tasks);
  // When the lanes were locked is the record_time of all that is appended, so it is when the news were received, too.
  RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, lanes.record_time(), tasks));
  AppendFacts(lanes, tasks);
  Written written;
  ASSIGN_OR_RETURN(written.rows, Save(tx, tasks));
  for (Task& task : tasks) {
    for (auto& [item, journey_id] : task.late)
      written.late.push_back({item->batch, item->index, std::move(journey_id)});
  }
  written.changes = ToChanges(std::move(tasks));
  return written;
}

absl::StatusOr<Tracker::Written> Tracker::WriteAtOnce(sql::Transaction& tx, journal::Lanes& lanes,
                                                      absl::Span<const Batch* const> batches,
                                                      std::vector<Receipt>& receipts) {
  const auto write = [&](sql::Transaction& part_tx, journal::Lanes& part) -> absl::StatusOr<Written> {
    ASSIGN_OR_RETURN(Written written, Write(part_tx, part, batches, receipts));
    RETURN_IF_ERROR(journal_.Store(part_tx, part));
    return written;
  };
  size_t items = 0;
  for (const Batch* batch : batches) items += batch->events.size();
  if (shares_ == 1 || items < kWorthSharing) return write(tx, lanes);

  SharedTransaction shared(tx);
  std::vector<journal::Lanes> parts(shares_);
  std::vector<absl::StatusOr<Written>> done(shares_);
  for (int i = 0; i < shares_; ++i) parts[i] = lanes.Split([&](int lane) { return lane % shares_ == i; });
  absl::BlockingCounter others(shares_ - 1);
  for (int i = 1; i < shares_; ++i) {
    sharing_.Run([&, i] {
      done[i] = write(shared, parts[i]);
      others.DecrementCount();
    });
  }
  done[0] = write(shared, parts[0]);
  others.Wait();
  Written written;
  for (int i = 0; i < shares_; ++i) {
    lanes.Join(std::move(parts[i]));
    RETURN_IF_ERROR(done[i].status());
    std::move(done[i]->changes.begin(), done[i]->changes.end(), std::back_inserter(written.changes));
    std::move(done[i]->rows.begin(), done[i]->rows.end(), std::back_inserter(written.rows));
    std::move(done[i]->late.begin(), done[i]->late.end(), std::back_inserter(written.late));
  }
  return written;
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
  std::vector<Receipt> receipts = BlankReceipts(batches);
  return Write(tx, lanes, batches, receipts);
}

void Tracker::Settle(const journal::Lanes& lanes, Written written) {
  Remember(lanes, written);
  cache_.Put(ToValues(written.changes, journal_.epoch()), ToStretches(lanes));
}

absl::StatusOr<Tracker::Recorded> Tracker::Record(absl::Span<const Batch* const> batches) {
  // Each time round a name leads further: more merges than these do not happen meanwhile.
  for (int round = 0; round < kMostRedirections; ++round) {
    std::shared_ptr<const Aliases> aliases;
    {
      const absl::MutexLock lock(&mutex_);
      aliases = aliases_;
    }
    std::vector<const Batch*> named(batches.begin(), batches.end());
    std::vector<std::shared_ptr<const Batch>> redirected;
    for (size_t i = 0; i < named.size() && !aliases->empty(); ++i) {
      if (std::shared_ptr<const Batch> other = Redirect(*named[i], *aliases)) {
        named[i] = redirected.emplace_back(std::move(other)).get();
      }
    }
    ASSIGN_OR_RETURN(Recorded recorded, RecordAsNamed(named));
    if (!AnyMerged(recorded.receipts)) return recorded;
    RETURN_IF_ERROR(LearnAliases(named, recorded.receipts));
  }
  return absl::UnavailableError("customers are merged again and again: send this again later");
}

absl::Status Tracker::LearnAliases(absl::Span<const Batch* const> batches, absl::Span<const Receipt> receipts) {
  std::vector<CustomerName> names;
  for (size_t i = 0; i < batches.size(); ++i) {
    for (size_t k = 0; k < batches[i]->events.size(); ++k) {
      if (receipts[i].novelties[k] != Novelty::kMerged) continue;
      names.push_back({batches[i]->workspace, batches[i]->events[k].customer_id});
    }
  }
  std::vector<std::optional<std::string>> found;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(found, FindAliases(tx, names));
    return absl::OkStatus();
  }));
  const absl::MutexLock lock(&mutex_);
  // What names lead to may change, so that each is looked up anew from where it is wrong; few are in use at a time.
  auto aliases = std::make_shared<Aliases>(aliases_->size() < kMostAliasesKept ? *aliases_ : Aliases());
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string workspace(names[i].workspace), name(names[i].customer_id);
    if (!found[i].has_value()) continue;  // Deleted since.
    // Who was led to that name is led on.
    for (auto& [from, into] : *aliases) {
      if (from.first == workspace && into == name) into = *found[i];
    }
    (*aliases)[{workspace, name}] = *found[i];
  }
  aliases_ = std::move(aliases);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Tracker::Merge(absl::string_view workspace, const std::string& customer_id,
                                           const std::string& into) {
  const int from_lane = journal::LaneOf(workspace, customer_id), into_lane = journal::LaneOf(workspace, into);
  const CustomerName names[] = {{workspace, customer_id}, {workspace, into}};
  std::vector<Task> tasks;
  std::optional<journal::Lanes> lanes;
  std::optional<Merged> merged;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    tasks.clear();
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {from_lane, into_lane}));
    memory_.Take(*lanes, names);
    ASSIGN_OR_RETURN(merged, milestone::Merge(tx, journal_, *lanes, workspace, customer_id, into));
    if (!merged.has_value()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, workspace));
    ASSIGN_OR_RETURN(merged->task.catalog, shelf_.GetCatalog(tx, workspace, revision));
    merged->task.name = names[1];
    tasks.push_back(std::move(merged->task));
    RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, lanes->record_time(), tasks));
    AppendFacts(*lanes, tasks);
    RETURN_IF_ERROR(Save(tx, tasks).status());
    return journal_.Store(tx, *lanes);
  }));
  if (merged.has_value()) {
    journal_.Announce(*lanes);
    memory_.Remember(*lanes, {}, {});
    std::vector<v1::CustomerStages> values = ToValues(ToChanges(std::move(tasks)), journal_.epoch());
    values.push_back(AnotherName(workspace, customer_id, journal_.epoch(), lanes->Head(from_lane)));
    cache_.Put(std::move(values), ToStretches(*lanes));
  }
  const journal::TokenPosition position{
      .service = journal_.name(), .epoch = journal_.epoch(), .lane = into_lane, .position = lanes->Head(into_lane)};
  return journal::MakeToken({&position, 1});
}

absl::StatusOr<Tracker::Recorded> Tracker::RecordAsNamed(absl::Span<const Batch* const> batches) {
  static metrics::Counter& late_events = metrics::GetCounter(
      "waymark_ingest_late_events_total", "Events that came too late for a journey, once for each such journey.");
  std::set<int> lane_numbers;
  std::vector<std::bitset<journal::kLanes>> lanes_of(batches.size());
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    for (const IncomingItem& item : batches[batch]->events) {
      if (item.wrong_field.empty()) lanes_of[batch].set(item.lane);
    }
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      if (lanes_of[batch][lane]) lane_numbers.insert(lane);
    }
  }

  Recorded recorded{.receipts = std::vector<Receipt>(batches.size())};
  std::vector<Receipt>& receipts = recorded.receipts;
  Written written;
  std::optional<journal::Lanes> lanes;
  const absl::Status status = journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    receipts = BlankReceipts(batches);
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, lane_numbers));
    ASSIGN_OR_RETURN(written, WriteAtOnce(tx, *lanes, batches, receipts));
    return AnyMerged(receipts) ? absl::CancelledError() : absl::OkStatus();
  });
  if (absl::IsCancelled(status) && AnyMerged(receipts)) return recorded;
  RETURN_IF_ERROR(status);
  journal_.Announce(*lanes);
  recorded.stretches = ToStretches(*lanes);
  Remember(*lanes, written);
  for (Late& late : written.late) {
    receipts[late.batch].late_for[late.index].push_back(std::move(late.journey_id));
  }
  late_events.Add(static_cast<double>(written.late.size()));
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

absl::StatusOr<std::string> Tracker::Delete(absl::string_view workspace, absl::string_view customer_id) {
  const CustomerName name{workspace, customer_id};
  const int lane = journal::LaneOf(workspace, customer_id);
  std::optional<journal::Lanes> lanes;
  bool found = false;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {lane}));
    memory_.Take(*lanes, {&name, 1});
    ASSIGN_OR_RETURN(const std::vector<std::optional<Customer>> customers, LoadCustomers(tx, {&name, 1}));
    found = customers[0].has_value();
    if (!found) {
      ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> aliases, FindAliases(tx, {&name, 1}));
      if (aliases[0].has_value()) {
        return WrongState(
            absl::StrCat("customer \"", customer_id, "\" was merged into \"", *aliases[0], "\": name that one"));
      }
      ASSIGN_OR_RETURN(const std::vector<bool> buried, AreBuried(tx, {&name, 1}));
      return buried[0] ? absl::OkStatus() : NotFound(absl::StrCat("customer \"", customer_id, "\""));
    }
    ASSIGN_OR_RETURN(const std::vector<int64_t> positions,
                     ListTimelinePositions(tx, workspace, *customers[0], 0, std::numeric_limits<int>::max()));
    std::vector<journal::Place> places;
    for (const int64_t position : positions) places.push_back({lane, position});
    RETURN_IF_ERROR(journal_.Erase(tx, *lanes, std::move(places)));
    RETURN_IF_ERROR(ForgetCustomer(tx, workspace, customer_id));
    RETURN_IF_ERROR(EraseRows(tx, name));
    RETURN_IF_ERROR(Bury(tx, name));
    ASSIGN_OR_RETURN(const std::vector<std::string> other_names, TakeAliases(tx, name));
    for (const std::string& other : other_names) RETURN_IF_ERROR(Bury(tx, {workspace, other}));
    v1::CustomerDeleted fact;
    fact.set_salt(RandomBytes(16));
    fact.set_customer_hash(HmacSha256Hex(fact.salt(), customer_id));
    lanes->Append({{.workspace = std::string(workspace),
                    .type = fact.GetDescriptor()->full_name(),
                    .payload = fact.SerializeAsString(),
                    .lane = lane}});
    return journal_.Store(tx, *lanes);
  }));
  if (found) {
    journal_.Announce(*lanes);
    memory_.Remember(*lanes, {}, {});
    // As of somebody who was never there.
    v1::CustomerStages gone = ToStages({.customer_id = std::string(customer_id), .version_position = lanes->Head(lane)},
                                       {}, journal_.epoch());
    gone.set_workspace(std::string(workspace));
    cache_.Put({std::move(gone)}, ToStretches(*lanes));
  }
  const journal::TokenPosition position{
      .service = journal_.name(), .epoch = journal_.epoch(), .lane = lane, .position = lanes->Head(lane)};
  return journal::MakeToken({&position, 1});
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

absl::Status Tracker::Move(const Migration& migration) {
  journey::v1::MigrationPlan plan;
  if (!plan.ParseFromString(migration.plan)) return absl::InternalError("a stored migration plan cannot be read");
  const rules::KeyMap map = FromProto(plan.map());
  const absl::Time as_of = ToTime(plan.as_of());
  std::vector<Task> tasks;
  std::optional<journal::Lanes> lanes;
  const absl::Time now = clock_.Now();
  const auto move = [&](sql::Transaction& tx) -> absl::Status {
    tasks.clear();
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, AllLanes()));
    ASSIGN_OR_RETURN(std::optional<Migration> way,
                     TakeMigration(tx, migration.workspace, migration.journey_id, migration.number));
    if (!way.has_value() || way->state != MigrationState::kApplying) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t revision, HoldRevision(tx, way->workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf_.GetCatalog(tx, way->workspace, revision));
    ASSIGN_OR_RETURN(const JourneyPtr target, shelf_.GetJourney(tx, way->workspace, way->journey_id, way->number));
    ASSIGN_OR_RETURN(std::vector<Customer> customers, ListCustomers(tx, way->workspace, way->after, kSweepPage));
    if (customers.empty()) {
      way->state = MigrationState::kDone;
      way->after.clear();
      return SaveMigration(tx, *way);
    }
    way->after = customers.back().customer_id;
    for (Customer& customer : customers) {
      Task task{.catalog = catalog, .customer = std::move(customer), .anew = true, .sweeping = true, .moving = target};
      task.name.workspace = migration.workspace;
      if (IsBehind(task)) tasks.push_back(std::move(task));
    }
    for (Task& task : tasks) task.name.customer_id = task.customer.customer_id;
    ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
    MapRecords records;
    if (plan.migration() == journey::v1::MIGRATION_MAP) {
      std::vector<Task> going;
      for (Task& task : tasks) {
        ASSIGN_OR_RETURN(const rules::Placements::Fate fate, records.Add(tx, shelf_, map, as_of, task));
        if (fate == rules::Placements::Fate::kGoes) {
          going.push_back(std::move(task));
        } else if (fate != rules::Placements::Fate::kNotUnderWay) {
          ++way->stayed;
        }
      }
      tasks = std::move(going);
      for (Task& task : tasks) task.name.customer_id = task.customer.customer_id;
    }
    for (Task& task : tasks) RETURN_IF_ERROR(Repin(tx, shelf_, task));
    for (const Task& task : tasks) {
      const int64_t seen = plan.lane_positions(journal::LaneOf(task.name.workspace, task.name.customer_id));
      if (std::none_of(task.items.begin(), task.items.end(),
                       [&](const rules::Item& item) { return item.number > seen; })) {
        continue;
      }
      ++way->changed_since;
      if (way->changed_customers.size() < kMostChangedTold) way->changed_customers.push_back(task.customer.customer_id);
    }
    way->moved += static_cast<int64_t>(tasks.size());
    RETURN_IF_ERROR(SaveMigration(tx, *way));
    if (tasks.empty()) return absl::OkStatus();
    AppendNews(*lanes, tasks);
    RETURN_IF_ERROR(Evaluate(tx, journal_, shelf_, now, tasks));
    AppendFacts(*lanes, tasks);
    RETURN_IF_ERROR(Save(tx, tasks).status());
    return journal_.Store(tx, *lanes);
  };
  RETURN_IF_ERROR(journal_.db().Transact(move));
  if (tasks.empty()) return absl::OkStatus();
  memory_.Clear();
  journal_.Announce(*lanes);
  const std::vector<StageCache::Stretch> stretches = ToStretches(*lanes);
  cache_.Put(ToValues(ToChanges(std::move(tasks)), journal_.epoch()), stretches);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Tracker::Discrepancy>> Tracker::Recompute(absl::string_view workspace,
                                                                     absl::Span<const std::string> customer_ids,
                                                                     bool repair) {
  std::vector<CustomerName> names;
  std::set<int> lane_numbers;
  for (const std::string& customer_id : customer_ids) {
    names.push_back({workspace, customer_id});
    lane_numbers.insert(journal::LaneOf(workspace, customer_id));
  }
  std::vector<Discrepancy> discrepancies;
  std::vector<Task> tasks;
  std::optional<journal::Lanes> lanes;
  const absl::Time now = clock_.Now();
  const auto recompute = [&](sql::Transaction& tx) -> absl::Status {
    discrepancies.clear();
    tasks.clear();
    if (repair) {
      ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, lane_numbers));
    }
    ASSIGN_OR_RETURN(const int64_t revision, repair ? HoldRevision(tx, workspace) : GetRevision(tx, workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf_.GetCatalog(tx, workspace, revision));
    ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> customers, LoadCustomers(tx, names));
    std::vector<size_t> numbers;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!customers[i].has_value() || customers[i]->revision != revision) continue;
      numbers.push_back(i);
      tasks.push_back(
          {.name = names[i], .catalog = catalog, .customer = *std::move(customers[i]), .anew = true, .sweeping = true});
    }
    ASSIGN_OR_RETURN(const Histories histories, LoadHistoriesOf(tx, journal_, tasks));
    std::vector<Task> differing;
    for (size_t i = 0; i < tasks.size(); ++i) {
      const Dossier kept = tasks[i].customer.dossier;
      RETURN_IF_ERROR(Evaluate(tx, shelf_, now, tasks[i]));
      ASSIGN_OR_RETURN(const bool differs,
                       FindDiscrepancies(tx, shelf_, now, kept, tasks[i], numbers[i], discrepancies));
      if (differs) differing.push_back(std::move(tasks[i]));
    }
    tasks = std::move(differing);
    if (!repair || tasks.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(MakeFacts(tx, journal_, now, tasks));
    AppendFacts(*lanes, tasks);
    RETURN_IF_ERROR(Save(tx, tasks).status());
    return journal_.Store(tx, *lanes);
  };
  RETURN_IF_ERROR(repair ? journal_.db().Transact(recompute) : journal_.db().Read(recompute));
  if (!repair || tasks.empty()) return discrepancies;
  memory_.Clear();  // What was mended may have left the lanes where they were.
  journal_.Announce(*lanes);
  const std::vector<StageCache::Stretch> stretches = ToStretches(*lanes);
  cache_.Put(ToValues(ToChanges(std::move(tasks)), journal_.epoch()), stretches);
  return discrepancies;
}

absl::Status ApplyJourneyFacts(sql::Transaction& tx, journal::Lanes&, absl::Span<const journal::Entry> entries) {
  for (const journal::Entry& entry : entries) {
    ASSIGN_OR_RETURN(const JourneyFact fact, ToJourneyFact(entry));
    if (const auto* version = std::get_if<PublishedVersion>(&fact)) {
      RETURN_IF_ERROR(AddVersion(tx, entry.workspace, *version));
      if (version->plan.empty()) continue;
      RETURN_IF_ERROR(AddMigration(tx, entry.workspace, version->journey_id, version->number, version->plan));
    } else {
      RETURN_IF_ERROR(CloseVersions(tx, entry.workspace, std::get<ClosedVersions>(fact)));
    }
  }
  return absl::OkStatus();
}

}  // namespace waymark::milestone
