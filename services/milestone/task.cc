#include "services/milestone/task.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "common/base/status.h"
#include "services/milestone/convert.h"
#include "services/milestone/facts.h"
#include "services/milestone/history_store.h"
#include "services/milestone/records.h"

namespace waymark::milestone {
namespace {

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

}  // namespace

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
    const bool moves = task.moving != nullptr && task.moving->version().journey_id == journey_id;
    if (moves) {
      journey = task.moving;
    } else if (known.enrolled() && was->version != latest->version().number) {
      // The version was decided when the customer got in.
      ASSIGN_OR_RETURN(journey, shelf.GetJourney(tx, task.name.workspace, journey_id, was->version));
    }
    if (!moves && !known.enrolled() && task.catalog->closed.contains(journey_id)) continue;
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

absl::Status Evaluate(sql::Transaction& tx, journal::Journal& journal, Shelf& shelf, absl::Time now,
                      std::vector<Task>& tasks) {
  for (Task& task : tasks) RETURN_IF_ERROR(Evaluate(tx, shelf, now, task));
  return MakeFacts(tx, journal, now, tasks);
}

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

}  // namespace waymark::milestone
