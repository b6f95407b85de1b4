#include "services/milestone/completions.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <set>

namespace waymark::milestone {
namespace {

void MergeInto(std::vector<rules::Item>& history, const std::vector<rules::Item>& more) {
  const auto old_size = static_cast<ptrdiff_t>(history.size());
  history.insert(history.end(), more.begin(), more.end());
  std::inplace_merge(history.begin(), history.begin() + old_size, history.end(), rules::Before);
}

}  // namespace

std::vector<rules::Item> CompletionsBetween(absl::string_view journey_id, const rules::Progress& before,
                                            const rules::Progress& after) {
  std::vector<rules::Item> completions;
  for (size_t i = 0; i < after.runs.size(); ++i) {
    if (!after.runs[i].completed.has_value()) continue;
    if (i < before.runs.size() && before.runs[i].completed.has_value()) continue;
    completions.push_back({.time = after.runs[i].completed->time,
                           .sequence = INT64_MAX,
                           .id = journey_id,
                           .number = after.runs[i].completed->item,
                           .type = journey_id,
                           .kind = rules::ItemKind::kCompletion});
  }
  std::stable_sort(completions.begin(), completions.end(), rules::Before);
  return completions;
}

void AddCompletions(absl::Span<const rules::Journey* const> journeys, const Dossier& dossier,
                    std::vector<rules::Item>& history) {
  std::set<absl::string_view> awaited;
  for (const rules::Journey* journey : journeys) awaited.insert(journey->awaits().begin(), journey->awaits().end());
  for (const absl::string_view journey_id : awaited) {
    for (const Enrollment& enrollment : dossier.enrollments) {
      if (enrollment.journey_id != journey_id) continue;
      MergeInto(history, CompletionsBetween(journey_id, {}, enrollment.progress));
    }
  }
}

std::vector<size_t> InOrderOfWaiting(absl::Span<const JourneyPtr> journeys) {
  std::vector<size_t> order;
  std::vector<bool> seen(journeys.size());
  const std::function<void(size_t)> visit = [&](size_t i) {
    if (seen[i]) return;
    seen[i] = true;
    for (const std::string& journey_id : journeys[i]->awaits()) {
      for (size_t k = 0; k < journeys.size(); ++k) {
        if (journeys[k]->version().journey_id == journey_id) visit(k);
      }
    }
    order.push_back(i);
  };
  for (size_t i = 0; i < journeys.size(); ++i) visit(i);
  return order;
}

}  // namespace waymark::milestone
