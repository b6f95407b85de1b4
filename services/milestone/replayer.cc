#include "services/milestone/replayer.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/completions.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/item_pool.h"
#include "services/milestone/lane_histories.h"
#include "services/milestone/mapping.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/news.h"

namespace waymark::milestone {
namespace {

// How many customers one transaction lists.
constexpr int kListed = 1'000;
// Histories in memory at once come to about so many events, at some 300 bytes each; one customer's are never parted.
constexpr int64_t kMostEventsAtOnce = 500'000;
// How many chosen customers' histories are looked up at once.
constexpr size_t kChosenAtOnce = 50;
// How often progress is told.
constexpr int64_t kTellEvery = 500;
// How many customers a recomputation takes at once, and how many of those that differ it names.
constexpr int kRecomputed = 500;
constexpr int kMostDifferences = 1'000;

absl::Status NobodyWaits() { return absl::CancelledError("the call was cancelled"); }

absl::Status NoVersion(absl::string_view journey_id, uint32_t number) {
  return NotFound(absl::StrCat("published version ", number, " of journey \"", journey_id, "\""));
}

// A published version. Errors: NOT_FOUND.
absl::StatusOr<JourneyPtr> FindJourney(sql::Transaction& tx, Shelf& shelf, absl::string_view workspace,
                                       absl::string_view journey_id, uint32_t number) {
  ASSIGN_OR_RETURN(const std::optional<PublishedVersion> version, FindVersion(tx, workspace, journey_id, number));
  if (!version.has_value()) return NoVersion(journey_id, number);
  return shelf.GetJourney(tx, workspace, journey_id, number);
}

}  // namespace

struct Replayer::Course {
  std::string workspace;
  std::vector<journal::Place> ends;  // Of each lane: what comes after is not looked at.
  int64_t revision = 0;
  absl::Time as_of;
  JourneyPtr candidate;
  JourneyPtr latest;                      // In force for who is not in the journey; nullptr: nothing is.
  JourneyPtr base;                        // For everybody; nullptr: what is in force.
  std::map<uint32_t, JourneyPtr> pinned;  // Those that customers are pinned to.
  bool keeps_pins = false;
  std::optional<rules::KeyMap> map;
  bool looks_inside = false;
};

struct Replayer::Subject {
  std::string customer_id;
  uint32_t pin = 0;                      // The version it is pinned to; 0: to none.
  int64_t event_count = 0;               // About.
  std::vector<rules::Item> completions;  // Of the journeys that those of the course wait for.
};

namespace {

// Adds what is kept otherwise than it should be, customer by customer.
void Note(const std::vector<std::string>& customer_ids, const std::vector<Tracker::Discrepancy>& found,
          v1::RecomputeReport& report) {
  v1::CustomerDifference* shown = nullptr;
  for (size_t i = 0; i < found.size(); ++i) {
    const Tracker::Discrepancy& one = found[i];
    if (i == 0 || found[i - 1].customer != one.customer) {
      report.set_customers_differing(report.customers_differing() + 1);
      shown = report.differences_size() < kMostDifferences ? report.add_differences() : nullptr;
      if (shown != nullptr) shown->set_customer_id(customer_ids[one.customer]);
    }
    if (shown == nullptr) continue;
    const rules::Journey& kept = *(one.kept_journey != nullptr ? one.kept_journey : one.journey);
    const rules::Journey& anew = *(one.journey != nullptr ? one.journey : one.kept_journey);
    const v1::CustomerDifference difference = ToProto(shown->customer_id(), anew.version().journey_id,
                                                      rules::FindDifferences(kept, one.kept, anew, one.anew));
    shown->mutable_enrollments()->MergeFrom(difference.enrollments());
  }
}

// Moves a customer by map, who was folded under both versions; the pool owns what that adds to the events.
template <typename Course>
void MoveByMap(const Course& course, const rules::Journey& from, std::vector<rules::Event>& events, ItemPool& pool,
               Replayed& replayed) {
  using Fate = rules::Placements::Fate;
  const rules::Journey& to = *replayed.candidate;
  rules::Placements placements;
  if (from.version().number != to.version().number) {
    placements = rules::PlaceByMap(*course.map, from, to, events, course.as_of);
  }
  if (placements.fate != Fate::kGoes) {
    replayed.stays = placements.fate != Fate::kNotUnderWay;
    replayed.unmapped_stage = placements.unmapped_stage;
    replayed.candidate = &from;
    replayed.after = replayed.before;
    return;
  }
  if (placements.overrides.empty()) return;
  int64_t number = INT64_MAX;  // Past all that are stored.
  for (const v1::RecordAccepted& record : ToRecords(replayed.customer_id, placements, from, to, course.as_of)) {
    events.push_back(*pool.AddRecord(record.SerializeAsString()));
    events.back().number = number--;
  }
  std::sort(events.begin(), events.end(), rules::Before);
  replayed.events = events;
  replayed.after = rules::Fold(to, {}, events, course.as_of);
}

// Folds a customer's history under both versions. False where there is none up to then. The pool owns what that adds
// to the events.
template <typename Course, typename Subject>
bool Fold(const Course& course, const Subject& subject, size_t place, std::vector<rules::Event>& events, ItemPool& pool,
          Replayed& replayed) {
  events.insert(events.end(), subject.completions.begin(), subject.completions.end());
  std::sort(events.begin(), events.end(), rules::Before);
  while (!events.empty() && events.back().time > course.as_of) events.pop_back();
  if (events.empty()) return false;
  const JourneyPtr& in_force = subject.pin != 0 ? course.pinned.at(subject.pin) : course.latest;
  const JourneyPtr& base = course.base != nullptr ? course.base : in_force;
  const bool stays = course.keeps_pins && subject.pin != 0;
  const JourneyPtr& candidate = stays ? in_force : course.candidate;
  replayed = {.place = place,
              .customer_id = subject.customer_id,
              .base = base.get(),
              .candidate = candidate.get(),
              .after = rules::Fold(*candidate, {}, events, course.as_of),
              .events = events};
  if (base != nullptr) replayed.before = rules::Fold(*base, {}, events, course.as_of);
  if (course.map.has_value() && subject.pin != 0) MoveByMap(course, *in_force, events, pool, replayed);
  return true;
}

}  // namespace

Replayer::Replayer(journal::Journal& journal, Shelf& shelf, Tracker& tracker, const Clock& clock)
    : journal_(journal), shelf_(shelf), tracker_(tracker), clock_(clock) {}

absl::StatusOr<Replayer::Course> Replayer::Begin(const ReplayOrder& order) {
  Course course;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    course = {.workspace = order.workspace,
              // As precise as what is stored.
              .as_of = absl::FromUnixMicros(absl::ToUnixMicros(order.as_of.value_or(clock_.Now()))),
              .keeps_pins = order.keeps_pins,
              .map = order.map};
    ASSIGN_OR_RETURN(course.ends, journal_.Heads(tx));
    ASSIGN_OR_RETURN(course.revision, GetRevision(tx, order.workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf_.GetCatalog(tx, order.workspace, course.revision));
    const auto latest = std::find_if(catalog->latest.begin(), catalog->latest.end(), [&](const JourneyPtr& journey) {
      return journey->version().journey_id == order.journey_id;
    });
    if (latest != catalog->latest.end() && !catalog->closed.contains(order.journey_id)) course.latest = *latest;
    if (order.candidate.has_value()) {
      course.candidate = std::make_shared<const rules::Journey>(*order.candidate);
    } else if (latest == catalog->latest.end()) {
      return NotFound(absl::StrCat("published journey \"", order.journey_id, "\""));
    } else if (order.number == 0) {
      course.candidate = *latest;
    } else {
      ASSIGN_OR_RETURN(course.candidate, FindJourney(tx, shelf_, order.workspace, order.journey_id, order.number));
    }
    if (order.base_number != 0) {
      ASSIGN_OR_RETURN(course.base, FindJourney(tx, shelf_, order.workspace, order.journey_id, order.base_number));
    }
    return absl::OkStatus();
  }));
  for (const JourneyPtr& journey : {course.candidate, course.latest, course.base}) {
    if (journey != nullptr) course.looks_inside = course.looks_inside || journey->looks_inside_events();
  }
  return course;
}

absl::Status Replayer::ListSubjects(const ReplayOrder& order, Course& course, std::vector<Subject>& subjects) {
  const auto add = [&](sql::Transaction& tx, const std::vector<Customer>& customers) -> absl::Status {
    for (const Customer& customer : customers) {
      Subject& subject = subjects.emplace_back();
      subject.customer_id = customer.customer_id;
      subject.event_count = customer.dossier.event_count;
      for (const Enrollment& enrollment : customer.dossier.enrollments) {
        if (enrollment.journey_id != order.journey_id || !enrollment.progress.enrolled()) continue;
        subject.pin = enrollment.version;
        JourneyPtr& pinned = course.pinned[subject.pin];
        if (pinned != nullptr) continue;
        ASSIGN_OR_RETURN(pinned, shelf_.GetJourney(tx, order.workspace, order.journey_id, subject.pin));
        course.looks_inside = course.looks_inside || pinned->looks_inside_events();
      }
      const JourneyPtr pinned = subject.pin != 0 ? course.pinned.at(subject.pin) : nullptr;
      std::set<absl::string_view> awaited;
      for (const JourneyPtr& journey : {course.candidate, course.latest, course.base, pinned}) {
        if (journey != nullptr) awaited.insert(journey->awaits().begin(), journey->awaits().end());
      }
      for (const absl::string_view journey_id : awaited) {
        for (const Enrollment& enrollment : customer.dossier.enrollments) {
          if (enrollment.journey_id != journey_id) continue;
          const std::vector<rules::Item> some = CompletionsBetween(journey_id, {}, enrollment.progress);
          subject.completions.insert(subject.completions.end(), some.begin(), some.end());
        }
      }
    }
    return absl::OkStatus();
  };
  if (!order.customer_ids.empty()) {
    return journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      subjects.clear();
      std::vector<CustomerName> names;
      for (const std::string& customer_id : order.customer_ids) names.push_back({order.workspace, customer_id});
      ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, FindCustomers(tx, names));
      std::vector<Customer> customers;
      for (std::optional<Customer>& customer : found) {
        if (customer.has_value()) customers.push_back(*std::move(customer));
      }
      return add(tx, customers);
    });
  }
  for (bool more = true; more;) {
    const size_t before = subjects.size();
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      subjects.resize(before);
      const std::string after = before == 0 ? "" : subjects.back().customer_id;
      ASSIGN_OR_RETURN(const std::vector<Customer> customers, ListCustomers(tx, order.workspace, after, kListed));
      more = customers.size() == kListed;
      return add(tx, customers);
    }));
  }
  return absl::OkStatus();
}

absl::Status Replayer::ReplayAll(const Course& course, const std::vector<Subject>& subjects, Tell tell, Take take) {
  const auto all = static_cast<int64_t>(subjects.size());
  int64_t done = 0;
  std::vector<std::vector<size_t>> lanes(journal::kLanes);
  for (size_t i = 0; i < subjects.size(); ++i) {
    lanes[journal::LaneOf(course.workspace, subjects[i].customer_id)].push_back(i);
  }
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    const std::vector<size_t>& members = lanes[lane];
    for (size_t begin = 0; begin < members.size();) {
      std::vector<absl::string_view> customer_ids;
      int64_t events = 0;
      size_t end = begin;
      for (; end < members.size() && (end == begin || events < kMostEventsAtOnce); ++end) {
        customer_ids.push_back(subjects[members[end]].customer_id);
        events += subjects[members[end]].event_count;
      }
      ASSIGN_OR_RETURN(LaneHistories histories,
                       LaneHistories::Read(journal_, lane, course.ends[lane].position, course.workspace, customer_ids,
                                           course.looks_inside));
      ItemPool pool;
      for (size_t i = begin; i < end; ++i) {
        Replayed replayed;
        if (Fold(course, subjects[members[i]], members[i], histories.of(i - begin), pool, replayed)) take(replayed);
        if (++done % kTellEvery == 0 && !tell(done, all)) return NobodyWaits();
      }
      begin = end;
      if (!tell(done, all)) return NobodyWaits();
    }
  }
  return absl::OkStatus();
}

absl::Status Replayer::ReplayChosen(const Course& course, const std::vector<Subject>& subjects, Tell tell, Take take) {
  const auto all = static_cast<int64_t>(subjects.size());
  for (size_t begin = 0; begin < subjects.size(); begin += kChosenAtOnce) {
    const auto some = absl::MakeConstSpan(subjects).subspan(begin, kChosenAtOnce);
    Histories histories;
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      std::vector<CustomerName> names;
      for (const Subject& subject : some) names.push_back({course.workspace, subject.customer_id});
      ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, LoadCustomers(tx, names));
      std::vector<const Customer*> customers;
      static const Customer& nobody = *new Customer();  // Erased since it was listed.
      for (const std::optional<Customer>& customer : found) {
        customers.push_back(customer.has_value() ? &*customer : &nobody);
      }
      ASSIGN_OR_RETURN(histories, LoadHistories(tx, journal_, names, customers, course.looks_inside));
      return absl::OkStatus();
    }));
    for (size_t i = 0; i < some.size(); ++i) {
      std::vector<rules::Item>& events = histories.items[i];
      const int64_t last = course.ends[journal::LaneOf(course.workspace, some[i].customer_id)].position;
      events.erase(
          std::remove_if(events.begin(), events.end(), [&](const rules::Event& event) { return event.number > last; }),
          events.end());
      Replayed replayed;
      if (Fold(course, some[i], begin + i, events, histories.pool, replayed)) take(replayed);
    }
    if (!tell(static_cast<int64_t>(begin + some.size()), all)) return NobodyWaits();
  }
  return absl::OkStatus();
}

absl::Status Replayer::CheckMap(const Course& course) {
  if (!course.map.has_value()) return absl::OkStatus();
  const rules::Journey& candidate = *course.candidate;
  for (const auto& [from, to] : course.map->stages) {
    if (candidate.FindStage(to).has_value()) continue;
    return InvalidField(absl::StrCat("replay.map.stages[\"", from, "\"]"),
                        absl::StrCat("names stage \"", to, "\", which the candidate does not have"));
  }
  for (const auto& [from, to] : course.map->milestones) {
    if (candidate.FindMilestone(to).has_value()) continue;
    return InvalidField(absl::StrCat("replay.map.milestones[\"", from, "\"]"),
                        absl::StrCat("names milestone \"", to, "\", which the candidate does not have"));
  }
  return absl::OkStatus();
}

absl::Status Replayer::CheckHolds(const Course& course) {
  return journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t revision, GetRevision(tx, course.workspace));
    if (revision != course.revision) {
      return WrongState("a version was published or retired while the history was replayed: ask again");
    }
    ASSIGN_OR_RETURN(const std::optional<Migration> migration,
                     FindOpenMigrationOf(tx, course.workspace, course.candidate->version().journey_id));
    if (!migration.has_value()) return absl::OkStatus();
    return WrongState(absl::StrCat("customers are being moved to version ", migration->number, " of journey \"",
                                   migration->journey_id, "\": ask again when they have been"));
  });
}

absl::StatusOr<v1::PreviewReport> Replayer::PreviewVersion(const ReplayOrder& order, size_t most_changes, Tell tell) {
  ASSIGN_OR_RETURN(Course course, Begin(order));
  RETURN_IF_ERROR(CheckMap(course));
  RETURN_IF_ERROR(CheckHolds(course));
  std::vector<Subject> subjects;
  RETURN_IF_ERROR(ListSubjects(order, course, subjects));
  if (!tell(0, static_cast<int64_t>(subjects.size()))) return NobodyWaits();
  PreviewSum sum(*course.candidate, subjects.size(), most_changes);
  const auto take = [&](const Replayed& replayed) { sum.Add(replayed); };
  RETURN_IF_ERROR(order.customer_ids.empty() ? ReplayAll(course, subjects, tell, take)
                                             : ReplayChosen(course, subjects, tell, take));
  RETURN_IF_ERROR(CheckHolds(course));
  v1::PreviewReport report = sum.ToReport();
  SetTime(course.as_of, report.mutable_as_of());
  if (!order.customer_ids.empty() || order.base_number != 0 || order.as_of.has_value()) return report;
  if (!report.unmapped_stage_keys().empty()) return report;
  journey::v1::MigrationPlan& plan = *report.mutable_plan();
  plan.set_migration(order.map.has_value() ? journey::v1::MIGRATION_MAP
                     : order.keeps_pins    ? journey::v1::MIGRATION_PIN
                                           : journey::v1::MIGRATION_REPLAY);
  if (order.map.has_value()) *plan.mutable_map() = ToProto(*order.map);
  plan.set_content_hash(course.candidate->version().content_hash);
  *plan.mutable_as_of() = report.as_of();
  plan.set_epoch(journal_.epoch());
  for (const journal::Place& end : course.ends) plan.add_lane_positions(end.position);
  plan.set_outcome_hash(report.outcome_hash());
  return report;
}

absl::StatusOr<v1::WhatIfReport> Replayer::WhatIf(const ReplayOrder& order, Tell tell) {
  ASSIGN_OR_RETURN(Course course, Begin(order));
  RETURN_IF_ERROR(CheckMap(course));
  RETURN_IF_ERROR(CheckHolds(course));
  std::vector<Subject> subjects;
  RETURN_IF_ERROR(ListSubjects(order, course, subjects));
  if (!tell(0, static_cast<int64_t>(subjects.size()))) return NobodyWaits();
  WhatIfSum sum(*course.candidate);
  const auto take = [&](const Replayed& replayed) { sum.Add(replayed); };
  RETURN_IF_ERROR(order.customer_ids.empty() ? ReplayAll(course, subjects, tell, take)
                                             : ReplayChosen(course, subjects, tell, take));
  RETURN_IF_ERROR(CheckHolds(course));
  v1::WhatIfReport report = sum.ToReport();
  SetTime(course.as_of, report.mutable_as_of());
  return report;
}

absl::StatusOr<std::string> Replayer::ComputeOutcome(const ReplayOrder& order, absl::Span<const int64_t> ends) {
  ASSIGN_OR_RETURN(Course course, Begin(order));
  for (size_t lane = 0; lane < ends.size(); ++lane) course.ends[lane].position = ends[lane];
  std::vector<Subject> subjects;
  RETURN_IF_ERROR(ListSubjects(order, course, subjects));
  course.latest = nullptr;  // Where anybody stands is not asked for, but of who moves by map.
  if (!course.map.has_value()) {
    for (Subject& subject : subjects) subject.pin = 0;
  }
  std::vector<Digest> digests(subjects.size());
  RETURN_IF_ERROR(ReplayAll(
      course, subjects, [](int64_t, int64_t) { return true; },
      [&](const Replayed& replayed) {
        digests[replayed.place] = DigestOf(replayed.customer_id, *replayed.candidate, replayed.after, replayed.events);
      }));
  return HashOf(digests);
}

absl::StatusOr<v1::RecomputeReport> Replayer::Recompute(const RecomputeOrder& order, Tell tell) {
  ReplayOrder listing{.workspace = order.workspace, .customer_ids = order.customer_ids};
  Course course;
  std::vector<Subject> subjects;
  RETURN_IF_ERROR(ListSubjects(listing, course, subjects));
  const auto all = static_cast<int64_t>(subjects.size());
  v1::RecomputeReport report;
  report.set_customers(all);
  if (!tell(0, all)) return NobodyWaits();
  for (size_t begin = 0; begin < subjects.size(); begin += kRecomputed) {
    std::vector<std::string> customer_ids;
    for (size_t i = begin; i < std::min(subjects.size(), begin + kRecomputed); ++i) {
      customer_ids.push_back(subjects[i].customer_id);
    }
    ASSIGN_OR_RETURN(const std::vector<Tracker::Discrepancy> found,
                     tracker_.Recompute(order.workspace, customer_ids, order.repair));
    Note(customer_ids, found, report);
    if (!tell(std::min(all, static_cast<int64_t>(begin) + kRecomputed), all)) return NobodyWaits();
  }
  if (order.repair) report.set_customers_repaired(report.customers_differing());
  return report;
}

}  // namespace waymark::milestone
