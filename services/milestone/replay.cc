#include "services/milestone/replay.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "common/base/hash.h"
#include "common/base/packed.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

using rules::DateKind;
using rules::Reached;
using rules::RunDifference;

constexpr int kMostDates = 50;

// Finds events by their numbers.
class EventIds {
 public:
  explicit EventIds(absl::Span<const rules::Event> events) {
    ids_.reserve(events.size());
    for (const rules::Event& event : events) ids_.push_back({event.number, event.id});
    std::sort(ids_.begin(), ids_.end());
  }
  // Empty where time alone did it.
  absl::string_view Of(int64_t number) const {
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), std::make_pair(number, absl::string_view()));
    return found != ids_.end() && found->first == number ? found->second : absl::string_view();
  }

 private:
  std::vector<std::pair<int64_t, absl::string_view>> ids_;
};

v1::EnrollmentState ToProto(rules::RunState state) {
  switch (state) {
    case rules::RunState::kActive:
      return v1::ENROLLMENT_STATE_ACTIVE;
    case rules::RunState::kCompleted:
      return v1::ENROLLMENT_STATE_COMPLETED;
    case rules::RunState::kExited:
      return v1::ENROLLMENT_STATE_EXITED;
  }
  return v1::ENROLLMENT_STATE_UNSPECIFIED;
}

void Fill(absl::string_view stage, rules::RunState state, absl::string_view exit, v1::Standing* to) {
  to->set_state(ToProto(state));
  to->set_stage_key(std::string(stage));
  to->set_exit_key(std::string(exit));
}

v1::DateKind ToProto(DateKind kind) {
  switch (kind) {
    case DateKind::kEnrolled:
      return v1::DATE_KIND_ENROLLED;
    case DateKind::kStageEntered:
      return v1::DATE_KIND_STAGE_ENTERED;
    case DateKind::kStageCompleted:
      return v1::DATE_KIND_STAGE_COMPLETED;
    case DateKind::kMilestoneAchieved:
      return v1::DATE_KIND_MILESTONE_ACHIEVED;
    case DateKind::kCompleted:
      return v1::DATE_KIND_JOURNEY_COMPLETED;
    case DateKind::kExited:
      return v1::DATE_KIND_EXITED;
  }
  return v1::DATE_KIND_UNSPECIFIED;
}

// What tells it; nothing does that a stage is completed.
v1::ConclusionKind FactOf(DateKind kind) {
  switch (kind) {
    case DateKind::kEnrolled:
      return v1::CONCLUSION_KIND_ENROLLED;
    case DateKind::kStageEntered:
      return v1::CONCLUSION_KIND_STAGE_ENTERED;
    case DateKind::kMilestoneAchieved:
      return v1::CONCLUSION_KIND_MILESTONE_ACHIEVED;
    case DateKind::kCompleted:
      return v1::CONCLUSION_KIND_JOURNEY_COMPLETED;
    case DateKind::kExited:
      return v1::CONCLUSION_KIND_EXITED;
    case DateKind::kStageCompleted:
      return v1::CONCLUSION_KIND_UNSPECIFIED;
  }
  return v1::CONCLUSION_KIND_UNSPECIFIED;
}

void Count(const rules::DatedDifference& dated, v1::DateCounts& counts) {
  if (!dated.before.has_value()) {
    counts.set_gained(counts.gained() + 1);
  } else if (!dated.after.has_value()) {
    counts.set_lost(counts.lost() + 1);
  } else if (dated.after->moment.time < dated.before->moment.time) {
    counts.set_earlier(counts.earlier() + 1);
  } else if (dated.after->moment.time > dated.before->moment.time) {
    counts.set_later(counts.later() + 1);
  } else {
    counts.set_otherwise(counts.otherwise() + 1);
  }
}

void Raise(const Reached& reached, v1::DateDifference& to, google::protobuf::Timestamp* time) {
  to.set_kind(ToProto(reached.kind));
  to.set_key(std::string(reached.key));
  SetTime(reached.moment.time, time);
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* to) {
  to->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  to->set_nanos(static_cast<int32_t>(absl::IDivDuration(duration, absl::Nanoseconds(1), &duration)));
}

// The keys of the journey's stages in their order, then the others that `known` has.
template <typename Map>
std::vector<std::string> StageOrder(const rules::Journey& journey, const Map& known) {
  std::vector<std::string> order;
  std::set<absl::string_view> there;
  for (const rules::Stage& stage : journey.stages()) {
    order.push_back(stage.key);
    there.insert(stage.key);
  }
  for (const auto& [key, value] : known) {
    if (!there.contains(key)) order.push_back(key);
  }
  return order;
}

}  // namespace

Digest DigestOf(absl::string_view customer_id, const rules::Journey& journey, const rules::Progress& progress,
                absl::Span<const rules::Event> events) {
  const absl::Span<const rules::Run> runs = progress.enrollments();
  if (runs.empty()) return {};
  const EventIds ids(events);
  std::string bytes;
  PutText(customer_id, bytes);
  PutNumber(runs.size(), bytes);
  for (const rules::Run& run : runs) {
    const rules::Standing standing = rules::StandingOf(journey, run);
    PutText(run.key, bytes);
    PutText(standing.stage, bytes);
    PutNumber(static_cast<uint64_t>(standing.state), bytes);
    PutText(standing.exit, bytes);
    const std::vector<Reached> all = rules::AllReached(journey, run);
    PutNumber(all.size(), bytes);
    for (const Reached& reached : all) {
      PutNumber(static_cast<uint64_t>(reached.kind), bytes);
      PutText(reached.key, bytes);
      PutNumber(reached.occurrence, bytes);
      PutSigned(absl::ToUnixNanos(reached.moment.time), bytes);
      PutText(ids.Of(reached.moment.item), bytes);
      PutNumber(reached.earlier, bytes);
    }
  }
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::string HashOf(absl::Span<const Digest> digests) {
  std::string bytes;
  bytes.reserve(digests.size() * 16);
  for (const Digest& digest : digests) {
    if (digest == Digest{}) continue;
    for (const uint64_t half : digest) {
      for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(half >> shift));
    }
  }
  return Sha256Hex(bytes);
}

v1::CustomerDifference ToProto(absl::string_view customer_id, absl::string_view journey_id,
                               absl::Span<const RunDifference> differences) {
  v1::CustomerDifference shown;
  shown.set_customer_id(std::string(customer_id));
  for (const RunDifference& difference : differences) {
    v1::EnrollmentDifference* to = shown.add_enrollments();
    to->set_journey_id(std::string(journey_id));
    to->set_entry_key(difference.key);
    to->set_ordinal(difference.ordinal);
    const auto fill = [](const std::optional<rules::Standing>& standing, v1::Standing* message) {
      if (standing.has_value()) Fill(standing->stage, standing->state, standing->exit, message);
    };
    fill(difference.from, to->mutable_from());
    fill(difference.to, to->mutable_to());
    for (const rules::DatedDifference& dated : difference.dates) {
      if (to->dates_size() == kMostDates) break;
      v1::DateDifference* date = to->add_dates();
      if (dated.before.has_value()) Raise(*dated.before, *date, date->mutable_from_time());
      if (dated.after.has_value()) Raise(*dated.after, *date, date->mutable_to_time());
    }
  }
  return shown;
}

PreviewSum::PreviewSum(const rules::Journey& candidate, size_t customers, size_t most_changes)
    : candidate_(candidate), most_changes_(most_changes), digests_(customers), base_digests_(customers) {}

void PreviewSum::Add(const Replayed& replayed) {
  // Of nothing any journey tells as little.
  const rules::Journey& base = replayed.base != nullptr ? *replayed.base : *replayed.candidate;
  counts_.set_customers(counts_.customers() + 1);
  if (replayed.stays) counts_.set_customers_staying(counts_.customers_staying() + 1);
  if (!replayed.unmapped_stage.empty()) unmapped_stages_.insert(replayed.unmapped_stage);
  digests_[replayed.place] = DigestOf(replayed.customer_id, *replayed.candidate, replayed.after, replayed.events);
  base_digests_[replayed.place] = DigestOf(replayed.customer_id, base, replayed.before, replayed.events);
  const std::vector<RunDifference> differences =
      rules::FindDifferences(base, replayed.before, *replayed.candidate, replayed.after);
  if (differences.empty()) return;
  counts_.set_customers_changed(counts_.customers_changed() + 1);
  for (const RunDifference& difference : differences) Add(difference, replayed);
  if (most_changes_ == 0) return;
  if (changes_.size() == most_changes_) {
    if (replayed.place > changes_.rbegin()->first) return;
    changes_.erase(std::prev(changes_.end()));
  }
  changes_[replayed.place] = milestone::ToProto(replayed.customer_id, candidate_.version().journey_id, differences);
}

void PreviewSum::Add(const RunDifference& difference, const Replayed& replayed) {
  const auto stand = [](const std::optional<rules::Standing>& standing) -> OptionalStand {
    if (!standing.has_value()) return {false, {}};
    return {true, {std::string(standing->stage), standing->state, std::string(standing->exit)}};
  };
  if (difference.from != difference.to) ++flows_[{stand(difference.from), stand(difference.to)}];
  if (!difference.from.has_value()) {
    counts_.set_enrolled(counts_.enrolled() + 1);
  } else if (!difference.to.has_value()) {
    counts_.set_unenrolled(counts_.unenrolled() + 1);
  } else if (difference.from != difference.to) {
    counts_.set_moved(counts_.moved() + 1);
  }
  for (const rules::DatedDifference& dated : difference.dates) {
    const Reached& reached = dated.either();
    const std::string key(reached.key);
    switch (reached.kind) {
      case DateKind::kStageEntered:
        Count(dated, stages_[key].entered);
        break;
      case DateKind::kStageCompleted:
        Count(dated, stages_[key].completed);
        break;
      case DateKind::kMilestoneAchieved: {
        MilestoneCounts& counts = milestones_[key];
        if (counts.stage.empty() && !dated.after.has_value()) counts.stage = replayed.base->stages()[reached.stage].key;
        Count(dated, counts.achieved);
        break;
      }
      case DateKind::kEnrolled:
      case DateKind::kCompleted:
      case DateKind::kExited:
        break;
    }
    if (!dated.before.has_value() && reached.kind != DateKind::kStageCompleted) ++facts_[{reached.kind, key}];
  }
}

v1::PreviewReport PreviewSum::ToReport() const {
  v1::PreviewReport report = counts_;
  AddFlows(report);
  AddStages(report);
  AddMilestones(report);
  AddFacts(report);
  report.mutable_unmapped_stage_keys()->Assign(unmapped_stages_.begin(), unmapped_stages_.end());
  for (const auto& [place, change] : changes_) *report.add_changes() = change;
  report.set_outcome_hash(HashOf(digests_));
  report.set_base_outcome_hash(HashOf(base_digests_));
  return report;
}

void PreviewSum::AddFlows(v1::PreviewReport& report) const {
  const auto fill = [](const OptionalStand& stand, v1::Standing* to) {
    const auto& [stage, state, exit] = stand.second;
    if (stand.first) Fill(stage, state, exit, to);
  };
  for (const auto& [flow, count] : flows_) {
    v1::EnrollmentFlow* shown = report.add_flows();
    fill(flow.first, shown->mutable_from());
    fill(flow.second, shown->mutable_to());
    shown->set_enrollments(count);
  }
  std::stable_sort(
      report.mutable_flows()->begin(), report.mutable_flows()->end(),
      [](const v1::EnrollmentFlow& a, const v1::EnrollmentFlow& b) { return a.enrollments() > b.enrollments(); });
}

void PreviewSum::AddStages(v1::PreviewReport& report) const {
  for (const std::string& key : StageOrder(candidate_, stages_)) {
    const auto counts = stages_.find(key);
    if (counts == stages_.end()) continue;
    v1::StageDifference* shown = report.add_stages();
    shown->set_stage_key(key);
    *shown->mutable_entered() = counts->second.entered;
    *shown->mutable_completed() = counts->second.completed;
  }
}

void PreviewSum::AddMilestones(v1::PreviewReport& report) const {
  std::set<absl::string_view> there;
  const auto add = [&](const std::string& key, const std::string& stage, const MilestoneCounts& counts) {
    v1::MilestoneDifference* shown = report.add_milestones();
    shown->set_stage_key(stage);
    shown->set_milestone_key(key);
    *shown->mutable_achieved() = counts.achieved;
  };
  for (const rules::Stage& stage : candidate_.stages()) {
    for (const rules::Milestone& milestone : stage.milestones) {
      there.insert(milestone.key);
      const auto counts = milestones_.find(milestone.key);
      if (counts != milestones_.end()) add(milestone.key, stage.key, counts->second);
    }
  }
  for (const auto& [key, counts] : milestones_) {
    if (!there.contains(key)) add(key, counts.stage, counts);
  }
}

void PreviewSum::AddFacts(v1::PreviewReport& report) const {
  const auto add = [&](DateKind kind, const std::string& key) {
    const auto count = facts_.find({kind, key});
    if (count == facts_.end()) return;
    v1::FactCount* shown = report.add_facts();
    shown->set_kind(FactOf(kind));
    shown->set_key(key);
    shown->set_count(count->second);
  };
  add(DateKind::kEnrolled, "");
  for (const rules::Stage& stage : candidate_.stages()) add(DateKind::kStageEntered, stage.key);
  for (const rules::Stage& stage : candidate_.stages()) {
    for (const rules::Milestone& milestone : stage.milestones) add(DateKind::kMilestoneAchieved, milestone.key);
  }
  add(DateKind::kCompleted, "");
  for (const rules::Exit& exit : candidate_.version().definition.exits) add(DateKind::kExited, exit.key);
  add(DateKind::kExited, "");
}

WhatIfSum::WhatIfSum(const rules::Journey& candidate) : candidate_(candidate) {
  Add(candidate, rules::Progress(), side_);  // Its stages are there, whoever comes.
}

void WhatIfSum::Add(const Replayed& replayed) {
  ++customers_;
  if (replayed.base != nullptr) Add(*replayed.base, replayed.before, base_);
  Add(*replayed.candidate, replayed.after, side_);
}

void WhatIfSum::Add(const rules::Journey& journey, const rules::Progress& progress, Side& side) {
  for (const rules::Stage& stage : journey.stages()) {
    Figures& figures = side.stages[stage.key];
    if (figures.there) continue;
    figures.there = true;
    side.titles[stage.key] = stage.title.empty() ? stage.key : stage.title;
  }
  if (!progress.enrolled()) return;
  const rules::Run& run = progress.latest();
  side.totals.set_enrolled(side.totals.enrolled() + 1);
  if (run.completed.has_value()) side.totals.set_completed(side.totals.completed() + 1);
  if (run.exited.has_value()) side.totals.set_exited(side.totals.exited() + 1);
  std::vector<bool> entered(journey.stages().size()), completed(journey.stages().size());
  for (size_t i = 0; i < run.entered.size(); ++i) {
    const rules::Passage& passage = run.entered[i];
    Figures& figures = side.stages[journey.stages()[passage.stage].key];
    if (!entered[passage.stage]) ++figures.entered;
    entered[passage.stage] = true;
    if (passage.completed.has_value() && !completed[passage.stage]) {
      ++figures.completed;
      completed[passage.stage] = true;
    }
    std::optional<absl::Time> left;
    if (i + 1 < run.entered.size()) {
      left = run.entered[i + 1].time;
    } else if (run.completed.has_value()) {
      left = run.completed->time;
    } else if (run.exited.has_value()) {
      left = run.exited->moment.time;
    }
    if (left.has_value()) figures.dwells.push_back(*left - passage.time);
  }
  if (!run.ended()) ++side.stages[journey.stages()[run.stage()].key].present;
}

v1::StageFigures WhatIfSum::ToProto(const Figures& figures, int64_t enrolled) {
  v1::StageFigures shown;
  shown.set_entered(figures.entered);
  shown.set_completed(figures.completed);
  shown.set_present(figures.present);
  if (enrolled > 0) shown.set_conversion(static_cast<double>(figures.completed) / static_cast<double>(enrolled));
  if (!figures.dwells.empty()) {
    SetDuration(NearestRank(figures.dwells, 0.5), shown.mutable_dwell_p50());
    SetDuration(NearestRank(figures.dwells, 0.9), shown.mutable_dwell_p90());
  }
  return shown;
}

v1::WhatIfReport WhatIfSum::ToReport() const {
  v1::WhatIfReport report;
  report.set_customers(customers_);
  *report.mutable_base() = base_.totals;
  *report.mutable_candidate() = side_.totals;
  for (const std::string& key : StageOrder(candidate_, base_.stages)) {
    v1::StageComparison* shown = report.add_stages();
    shown->set_stage_key(key);
    const auto is = side_.stages.find(key);
    const auto was = base_.stages.find(key);
    if (was != base_.stages.end()) {
      shown->set_title(base_.titles.at(key));
      *shown->mutable_base() = ToProto(was->second, base_.totals.enrolled());
    }
    if (is != side_.stages.end()) {
      shown->set_title(side_.titles.at(key));
      *shown->mutable_candidate() = ToProto(is->second, side_.totals.enrolled());
    }
  }
  return report;
}

absl::Duration NearestRank(std::vector<absl::Duration> values, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace waymark::milestone
