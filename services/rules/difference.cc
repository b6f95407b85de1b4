#include "services/rules/difference.h"

#include <algorithm>
#include <tuple>

namespace waymark::rules {
namespace {

auto PlaceOf(const Reached& reached) { return std::make_tuple(reached.kind, reached.key, reached.occurrence); }

bool IsSame(const Reached& a, const Reached& b) { return a.moment == b.moment && a.earlier == b.earlier; }

std::vector<DatedDifference> CompareDates(const std::vector<Reached>& before, const std::vector<Reached>& after) {
  std::vector<DatedDifference> differences;
  auto was = before.begin();
  auto is = after.begin();
  while (was != before.end() || is != after.end()) {
    if (is == after.end() || (was != before.end() && PlaceOf(*was) < PlaceOf(*is))) {
      differences.push_back({.before = *was++});
    } else if (was == before.end() || PlaceOf(*is) < PlaceOf(*was)) {
      differences.push_back({.after = *is++});
    } else {
      if (!IsSame(*was, *is)) differences.push_back({.before = *was, .after = *is});
      ++was;
      ++is;
    }
  }
  return differences;
}

}  // namespace

std::vector<Reached> AllReached(const Journey& journey, const Run& run) {
  std::vector<Reached> all;
  if (!run.enrolled()) return all;
  all.reserve(2 * run.entered.size() + run.milestones.size() + 2);
  all.push_back(
      {.kind = DateKind::kEnrolled, .moment = run.entered.front().moment(), .stage = run.entered.front().stage});
  std::vector<uint32_t> stays(journey.stages().size(), 0);
  for (const Passage& passage : run.entered) {
    const uint32_t stay = ++stays[passage.stage];
    const Reached entered{.kind = DateKind::kStageEntered,
                          .key = journey.stages()[passage.stage].key,
                          .occurrence = stay,
                          .moment = passage.moment(),
                          .stage = passage.stage};
    all.push_back(entered);
    if (!passage.completed.has_value()) continue;
    all.push_back(entered);
    all.back().kind = DateKind::kStageCompleted;
    all.back().moment = {.time = *passage.completed};
  }
  for (size_t rule = 0; rule < run.milestones.size(); ++rule) {
    const MilestoneProgress& milestone = run.milestones[rule];
    if (!milestone.achieved.has_value()) continue;
    all.push_back({.kind = DateKind::kMilestoneAchieved,
                   .key = journey.milestone(rule).key,
                   .moment = *milestone.achieved,
                   .earlier = milestone.earlier,
                   .stage = journey.rules()[rule].stage,
                   .index = rule});
  }
  if (run.completed.has_value()) {
    all.push_back({.kind = DateKind::kCompleted, .moment = *run.completed, .stage = run.stage()});
  }
  if (run.exited.has_value()) {
    all.push_back({.kind = DateKind::kExited,
                   .key = StandingOf(journey, run).exit,
                   .moment = run.exited->moment,
                   .stage = run.stage(),
                   .index = run.exited->exit});
  }
  std::sort(all.begin(), all.end(), [](const Reached& a, const Reached& b) { return PlaceOf(a) < PlaceOf(b); });
  return all;
}

Standing StandingOf(const Journey& journey, const Run& run) {
  Standing standing{.stage = journey.stages()[run.stage()].key};
  if (run.completed.has_value()) standing.state = RunState::kCompleted;
  if (run.exited.has_value()) {
    standing.state = RunState::kExited;
    if (run.exited->exit.has_value()) standing.exit = journey.version().definition.exits[*run.exited->exit].key;
  }
  return standing;
}

std::vector<RunDifference> FindDifferences(const Journey& base, const Progress& before, const Journey& candidate,
                                           const Progress& after) {
  std::vector<RunDifference> differences;
  const auto compare = [&](const Run* was, const Run* is, uint32_t ordinal) {
    RunDifference difference{.key = (is != nullptr ? is : was)->key, .ordinal = ordinal, .before = was, .after = is};
    if (was != nullptr) difference.from = StandingOf(base, *was);
    if (is != nullptr) difference.to = StandingOf(candidate, *is);
    difference.dates = CompareDates(was != nullptr ? AllReached(base, *was) : std::vector<Reached>(),
                                    is != nullptr ? AllReached(candidate, *is) : std::vector<Reached>());
    if (difference.from != difference.to || !difference.dates.empty()) differences.push_back(std::move(difference));
  };
  const absl::Span<const Run> were = before.enrollments();
  const absl::Span<const Run> are = after.enrollments();
  for (size_t i = 0; i < are.size(); ++i) {
    const uint32_t ordinal = OrdinalOf(are, i);
    compare(FindRun(were, are[i].key, ordinal), &are[i], ordinal);
  }
  for (size_t i = 0; i < were.size(); ++i) {
    const uint32_t ordinal = OrdinalOf(were, i);
    if (FindRun(are, were[i].key, ordinal) == nullptr) compare(&were[i], nullptr, ordinal);
  }
  return differences;
}

uint32_t OrdinalOf(absl::Span<const Run> runs, size_t index) {
  return static_cast<uint32_t>(std::count_if(runs.begin(), runs.begin() + index + 1,
                                             [&](const Run& run) { return run.key == runs[index].key; }));
}

const Run* FindRun(absl::Span<const Run> runs, absl::string_view key, uint32_t ordinal) {
  for (const Run& run : runs) {
    if (run.key == key && --ordinal == 0) return &run;
  }
  return nullptr;
}

}  // namespace waymark::rules
