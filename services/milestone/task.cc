#include "services/milestone/task.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "common/base/status.h"
#include "services/milestone/completions.h"
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

// Settles what the states do not say, whether an occurrence of a milestone was told before, by looking at what was.
absl::Status SettleDoubts(sql::Transaction& tx, journal::Journal& journal, Task& task) {
  const auto is_doubtful = [](const Telling& telling) { return telling.conclusion.perhaps; };
  if (std::none_of(task.tellings.begin(), task.tellings.end(), is_doubtful)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<journal::Entry> told, LoadConclusions(tx, journal, task.name, task.customer));
  const std::map<std::string, absl::Time> standing = StandingAchievements(told);
  std::vector<Telling> settled;
  for (Telling& telling : task.tellings) {
    rules::Conclusion& conclusion = telling.conclusion;
    if (conclusion.perhaps) {
      const auto found = standing.find(MilestoneEffectKey(*telling.journey, task.name.customer_id, conclusion));
      if (conclusion.kind == rules::ConclusionKind::kMilestoneRetracted) {
        if (found == standing.end()) continue;
        conclusion.now = {.time = found->second};
        conclusion.previous = found->second;
      } else if (found != standing.end()) {
        if (found->second == conclusion.now.time) continue;
        conclusion.kind = rules::ConclusionKind::kMilestoneRevised;
        conclusion.previous = found->second;
      }
    }
    settled.push_back(std::move(telling));
  }
  task.tellings = std::move(settled);
  return absl::OkStatus();
}

const Enrollment* FindEnrollment(const Dossier& dossier, absl::string_view journey_id) {
  for (const Enrollment& enrollment : dossier.enrollments) {
    if (enrollment.journey_id == journey_id) return &enrollment;
  }
  return nullptr;
}

// Whether a kept state was folded under the versions under which the task is.
bool IsOfItsVersions(const Checkpoint& checkpoint, const Task& task) {
  return std::all_of(task.catalog->latest.begin(), task.catalog->latest.end(), [&](const JourneyPtr& journey) {
    const rules::JourneyVersion& latest = journey->version();
    const Enrollment* was = FindEnrollment(checkpoint.dossier, latest.journey_id);
    const Enrollment* is = FindEnrollment(task.customer.dossier, latest.journey_id);
    const uint32_t wanted = is != nullptr && is->progress.enrolled() ? is->version : latest.number;
    return (was != nullptr ? was->version : latest.number) == wanted;
  });
}

// Finds each task the state to begin with.
absl::Status FindCheckpoints(sql::Transaction& tx, absl::Span<Task* const> tasks) {
  std::vector<Task*> asking;
  std::vector<CheckpointQuery> queries;
  for (Task* task : tasks) {
    if (!MayHaveCheckpoints(task->customer) || task->sweeping || task->moving != nullptr || task->news.empty())
      continue;
    asking.push_back(task);
    queries.push_back({task->name, task->catalog->revision, task->news.front()->event().time});
  }
  ASSIGN_OR_RETURN(std::vector<std::optional<Checkpoint>> found, LoadCheckpoints(tx, queries));
  for (size_t i = 0; i < asking.size(); ++i) {
    if (found[i].has_value() && IsOfItsVersions(*found[i], *asking[i])) asking[i]->from = std::move(found[i]);
  }
  return absl::OkStatus();
}

// Where the fold of a task's items is interrupted; a state is then kept of each.
std::vector<Checkpoint> PassedOnTheWay(const Task& task) {
  std::vector<Checkpoint> passed;
  if (!task.anew) return passed;
  int64_t through = task.customer.version_position;
  for (const Item* item : task.news) through = std::max(through, item->position);
  const std::vector<rules::Item>& items = task.items;
  int64_t events = task.from.has_value() ? task.from->dossier.event_count : 0;
  size_t begin = 0;
  for (size_t cut : CutsOf(items.size())) {
    // Between instants: completions stand at the end of theirs.
    while (cut < items.size() && items[cut].time == items[cut - 1].time) ++cut;
    if (cut == items.size() || cut <= begin) continue;
    Checkpoint& checkpoint = passed.emplace_back();
    checkpoint.revision = task.catalog->revision;
    checkpoint.through = through;
    for (size_t i = cut; i < items.size(); ++i) checkpoint.pending.push_back(items[i].number);
    std::sort(checkpoint.pending.begin(), checkpoint.pending.end());
    for (; begin < cut; ++begin) events += items[begin].kind == rules::ItemKind::kEvent;
    checkpoint.dossier.event_count = events;
    checkpoint.dossier.last = KeyOf(items[cut - 1]);
  }
  return passed;
}

// A journey under which a task's items are folded.
struct Way {
  JourneyPtr journey;
  const rules::Progress* known;  // What was told of.
  const rules::Progress* start;  // What the items are folded into.
  rules::Progress after;
};

// Where the items up to and including an instant end. Completions that time alone brings about come after those.
size_t EndOf(absl::Span<const rules::Item> items, size_t begin, absl::Time instant) {
  const auto is_beyond = [&](const rules::Item& item) {
    return item.time > instant ||
           (item.time == instant && item.kind == rules::ItemKind::kCompletion && item.number == 0);
  };
  return std::find_if(items.begin() + begin, items.end(), is_beyond) - items.begin();
}

// Folds the items and the completions of other journeys, and notes what that comes to on the way.
rules::Progress FoldOn(const Way& way, const std::vector<rules::Item>& completions, absl::Time now, Task& task) {
  const rules::Journey& journey = *way.journey;
  absl::Span<const rules::Item> items = task.items;
  std::vector<rules::Item> merged;
  if (!completions.empty()) {
    std::merge(task.items.begin(), task.items.end(), completions.begin(), completions.end(), std::back_inserter(merged),
               rules::Before);
    items = merged;
  }
  rules::Progress progress = *way.start;
  size_t begin = 0;
  for (Checkpoint& passed : task.passed) {
    const size_t cut = EndOf(items, begin, task.items[task.items.size() - passed.pending.size() - 1].time);
    progress = rules::Fold(journey, std::move(progress), items.subspan(begin, cut - begin));
    begin = cut;
    if (rules::IsBlank(progress)) continue;
    passed.dossier.enrollments.push_back(
        {.journey_id = journey.version().journey_id, .version = journey.version().number, .progress = progress});
  }
  return rules::Fold(journey, std::move(progress), items.subspan(begin), now);
}

// The journeys under which a task is folded, by journey_id, each in the version that counts for the customer.
absl::StatusOr<std::vector<Way>> FindWays(sql::Transaction& tx, Shelf& shelf, const Task& task,
                                          const std::vector<Enrollment>& before) {
  static const rules::Progress& none = *new rules::Progress();
  std::vector<Way> ways;
  for (const JourneyPtr& latest : task.catalog->latest) {
    const std::string& journey_id = latest->version().journey_id;
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const Enrollment& enrollment) { return enrollment.journey_id == journey_id; });
    Way way{.journey = latest, .known = was != before.end() ? &was->progress : &none, .start = &none};
    const bool moves = task.moving != nullptr && task.moving->version().journey_id == journey_id;
    const auto pin = task.pins.find(journey_id);
    if (moves) {
      way.journey = task.moving;
    } else if (pin != task.pins.end()) {
      ASSIGN_OR_RETURN(way.journey, shelf.GetJourney(tx, task.name.workspace, journey_id, pin->second));
    } else if (was != before.end() && was->version != latest->version().number &&
               (way.known->enrolled() || !task.anew)) {
      // The version was decided when the customer got in; where that was retracted since, what is known was folded
      // under it all the same.
      ASSIGN_OR_RETURN(way.journey, shelf.GetJourney(tx, task.name.workspace, journey_id, was->version));
    }
    if (!moves && pin == task.pins.end() && !way.known->enrolled() && task.catalog->closed.contains(journey_id)) {
      continue;
    }
    if (!task.anew) {
      way.start = way.known;
    } else if (task.from.has_value()) {
      if (const Enrollment* from = FindEnrollment(task.from->dossier, journey_id)) way.start = &from->progress;
    }
    ways.push_back(std::move(way));
  }
  return ways;
}

// Folds the task's items under each of its journeys, those that others wait for first.
void FoldAll(absl::Time now, Task& task, std::vector<Way>& ways) {
  if (std::all_of(ways.begin(), ways.end(), [](const Way& way) { return way.journey->awaits().empty(); })) {
    for (Way& way : ways) way.after = FoldOn(way, {}, now, task);
    return;
  }
  std::vector<JourneyPtr> journeys;
  for (const Way& way : ways) journeys.push_back(way.journey);
  for (const size_t i : InOrderOfWaiting(journeys)) {
    std::vector<rules::Item> completions;
    for (const std::string& journey_id : ways[i].journey->awaits()) {
      for (const Way& other : ways) {
        if (other.journey->version().journey_id != journey_id) continue;
        const std::vector<rules::Item> some = CompletionsBetween(journey_id, *other.start, other.after);
        completions.insert(completions.end(), some.begin(), some.end());
      }
    }
    std::sort(completions.begin(), completions.end(), rules::Before);
    ways[i].after = FoldOn(ways[i], completions, now, task);
  }
  // In the order of the dossier, in which the states on the way were not noted.
  for (Checkpoint& passed : task.passed) {
    std::sort(passed.dossier.enrollments.begin(), passed.dossier.enrollments.end(),
              [](const Enrollment& one, const Enrollment& other) { return one.journey_id < other.journey_id; });
  }
}

// Notes which news came too late for a journey.
void NoteLate(const rules::Journey& journey, absl::Time now, Task& task) {
  if (!journey.version().definition.lateness.has_value()) return;
  for (const Item* news : task.news) {
    if (news->is_record() || news->of->backfill) continue;
    rules::Item received = news->event();
    received.received = now;
    if (journey.IsTooLate(received)) task.late.emplace_back(news, journey.version().journey_id);
  }
}

// Keeps the states passed on the way, and drops those that what came late has undone.
absl::Status KeepCheckpoints(sql::Transaction& tx, absl::Span<const Task> tasks) {
  std::vector<CheckpointsDropped> dropped;
  std::vector<std::pair<CustomerName, const Checkpoint*>> kept;
  for (const Task& task : tasks) {
    if (task.anew && MayHaveCheckpoints(task.customer)) {
      dropped.push_back({task.name, task.from.has_value() ? task.from->dossier.event_count : -1});
    }
    for (size_t i = 0; i < task.passed.size(); ++i) {
      const bool replaced =
          i + 1 < task.passed.size() && task.passed[i].dossier.event_count == task.passed[i + 1].dossier.event_count;
      if (!replaced) kept.push_back({task.name, &task.passed[i]});
    }
  }
  RETURN_IF_ERROR(DropCheckpoints(tx, dropped));
  return SaveCheckpoints(tx, kept);
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
  RETURN_IF_ERROR(FindCheckpoints(tx, wanting));
  std::vector<const Checkpoint*> checkpoints;
  for (const Task* task : wanting) checkpoints.push_back(task->from.has_value() ? &*task->from : nullptr);
  ASSIGN_OR_RETURN(Histories histories, LoadHistoriesAfter(tx, journal, names, customers, checkpoints, inside));
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
    if (!item->is_record() && !item->of->backfill) items.back().received = now;
  }
  if (task.anew) std::sort(items.begin(), items.end(), rules::Before);

  Dossier& dossier = task.customer.dossier;
  const int64_t events_before = dossier.event_count;
  task.passed = PassedOnTheWay(task);
  const std::vector<Enrollment> before = std::move(dossier.enrollments);
  dossier.enrollments.clear();
  ASSIGN_OR_RETURN(std::vector<Way> ways, FindWays(tx, shelf, task, before));
  FoldAll(now, task, ways);
  for (Way& way : ways) {
    NoteLate(*way.journey, now, task);
    for (rules::Conclusion& conclusion : rules::Compare(*way.journey, *way.known, way.after)) {
      task.tellings.push_back({way.journey, std::move(conclusion)});
    }
    if (rules::IsBlank(way.after)) continue;
    dossier.enrollments.push_back({.journey_id = way.journey->version().journey_id,
                                   .version = way.journey->version().number,
                                   .progress = std::move(way.after)});
    task.journeys.push_back(std::move(way.journey));
  }
  dossier.event_count +=
      std::count_if(task.news.begin(), task.news.end(), [](const Item* item) { return !item->is_record(); });
  if (!items.empty() && IsAfter(items.back(), dossier.last)) dossier.last = KeyOf(items.back());
  task.customer.revision = task.catalog->revision;
  if (dossier.event_count / kCheckpointEvery > events_before / kCheckpointEvery) {
    int64_t through = 0;
    for (const Item* item : task.news) through = std::max(through, item->position);
    task.passed.push_back({.dossier = dossier, .revision = task.customer.revision, .through = through});
  }
  return absl::OkStatus();
}

absl::Status MakeFacts(sql::Transaction& tx, journal::Journal& journal, absl::Time now, std::vector<Task>& tasks) {
  for (Task& task : tasks) RETURN_IF_ERROR(SettleDoubts(tx, journal, task));
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
  RETURN_IF_ERROR(KeepCheckpoints(tx, tasks));
  std::vector<CustomerRow> rows;
  rows.reserve(tasks.size());
  for (const Task& task : tasks) rows.push_back(ToRow(task.customer));
  RETURN_IF_ERROR(SaveCustomers(tx, names, rows));
  return rows;
}

}  // namespace waymark::milestone
