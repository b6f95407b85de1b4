#include "services/milestone/moving.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "services/milestone/completions.h"
#include "services/milestone/mapping.h"
#include "services/milestone/records.h"
#include "services/rules/translation.h"

namespace waymark::milestone {
namespace {

template <typename Enrollments>
auto FindBehind(const rules::JourneyVersion& to, Enrollments& enrollments) -> decltype(&enrollments.front()) {
  for (auto& enrollment : enrollments) {
    if (enrollment.journey_id != to.journey_id) continue;
    return enrollment.progress.enrolled() && enrollment.version < to.number ? &enrollment : nullptr;
  }
  return nullptr;
}

}  // namespace

bool IsBehind(const Task& task) {
  return FindBehind(task.moving->version(), task.customer.dossier.enrollments) != nullptr;
}

absl::Status Repin(sql::Transaction& tx, Shelf& shelf, Task& task) {
  const rules::JourneyVersion& to = task.moving->version();
  Enrollment& enrollment = *FindBehind(to, task.customer.dossier.enrollments);
  ASSIGN_OR_RETURN(const JourneyPtr from,
                   shelf.GetJourney(tx, task.name.workspace, enrollment.journey_id, enrollment.version));
  rules::Translation translation = rules::Translate(*from, enrollment.progress, *task.moving);
  for (rules::Conclusion& conclusion : translation.retractions) {
    task.tellings.push_back({from, std::move(conclusion)});
  }
  enrollment.version = to.number;
  enrollment.progress = std::move(translation.told);
  return absl::OkStatus();
}

absl::StatusOr<rules::Placements::Fate> MapRecords::Add(sql::Transaction& tx, Shelf& shelf, const rules::KeyMap& map,
                                                        absl::Time as_of, Task& task) {
  const rules::Journey& to = *task.moving;
  const Dossier& dossier = task.customer.dossier;
  const Enrollment& enrollment = *FindBehind(to.version(), dossier.enrollments);
  ASSIGN_OR_RETURN(const JourneyPtr from,
                   shelf.GetJourney(tx, task.name.workspace, enrollment.journey_id, enrollment.version));
  std::vector<rules::Item> items = task.items;
  std::sort(items.begin(), items.end(), rules::Before);
  AddCompletions({from.get(), &to}, dossier, items);
  while (!items.empty() && items.back().time > as_of) items.pop_back();
  const rules::Placements placements = rules::PlaceByMap(map, *from, to, items, as_of);
  if (placements.fate != rules::Placements::Fate::kGoes) return placements.fate;
  for (const v1::RecordAccepted& record : ToRecords(task.customer.customer_id, placements, *from, to, as_of)) {
    const Batch& batch = *batches_.emplace_back(ToBatch(task.name.workspace, record));
    items_.push_back({.batch = batches_.size() - 1, .index = 0, .of = &batch, .incoming = batch.events.data()});
    task.news.push_back(&items_.back());
  }
  std::sort(task.news.begin(), task.news.end(),
            [](const Item* a, const Item* b) { return rules::Before(a->event(), b->event()); });
  return placements.fate;
}

}  // namespace waymark::milestone
