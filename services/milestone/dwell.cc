#include "services/milestone/dwell.h"

#include "services/milestone/analytics_convert.h"
#include "services/milestone/stays.h"

namespace waymark::milestone {

Dwell::Dwell(const rules::Journey& shown, std::optional<size_t> from_stage)
    : shown_(shown),
      from_stage_(from_stage),
      counterparts_(shown),
      stays_(shown.stages().size()),
      since_start_(shown.stages().size()),
      milestones_(shown.rules().size()) {}

void Dwell::Add(const Traveller& traveller) {
  const Counterparts::Places& places = counterparts_.Of(traveller.journey);
  for (const rules::Run* run : traveller.runs) {
    ++enrolled_;
    Add(*run, traveller.journey, places, traveller.now);
  }
}

std::optional<absl::Time> Dwell::StartOf(const rules::Run& run, const Counterparts::Places& places) const {
  if (!from_stage_.has_value()) return run.entered.front().time;
  for (const rules::Passage& passage : run.entered) {
    if (places.stages[passage.stage] == from_stage_) return passage.time;
  }
  return std::nullopt;
}

void Dwell::Add(const rules::Run& run, const rules::Journey& version, const Counterparts::Places& places,
                absl::Time now) {
  const std::optional<absl::Time> start = StartOf(run, places);
  const absl::Time last_seen = LastSeen(run, now);
  const std::vector<std::optional<Stay>> stays = LatestStays(run, version.stages().size(), now);
  for (size_t i = 0; i < stays.size(); ++i) {
    if (!places.stages[i].has_value()) continue;
    const size_t stage = *places.stages[i];
    const std::optional<Stay>& stay = stays[i];
    if (stay.has_value()) Note(stay->entered, stay->until, stay->moved_on, stays_[stage]);
    if (!start.has_value() || stage < from_stage_.value_or(0)) continue;
    const bool behind = stay.has_value() && stay->moved_on && stay->until >= *start;
    Note(*start, behind ? stay->until : last_seen, behind, since_start_[stage]);
  }
  if (!start.has_value()) return;
  for (size_t i = 0; i < run.milestones.size(); ++i) {
    if (!places.rules[i].has_value()) continue;
    const size_t rule = *places.rules[i];
    if (shown_.rules()[rule].stage < from_stage_.value_or(0)) continue;
    const std::optional<rules::Moment>& achieved = run.milestones[i].achieved;
    Note(*start, achieved.has_value() ? achieved->time : last_seen, achieved.has_value(), milestones_[rule]);
  }
}

void Dwell::Write(v1::GetDwellResponse& to) {
  to.set_enrolled(enrolled_);
  for (size_t i = 0; i < stays_.size(); ++i) {
    const rules::Stage& stage = shown_.stages()[i];
    v1::StageDwell& dwell = *to.add_stages();
    dwell.set_stage_key(stage.key);
    dwell.set_title(TitleOf(stage));
    *dwell.mutable_stay() = ToProto(Summarise(stays_[i]));
    *dwell.mutable_since_start() = ToProto(Summarise(since_start_[i]));
    if (stage.target.has_value()) SetDuration(*stage.target, dwell.mutable_target());
  }
  for (size_t i = 0; i < milestones_.size(); ++i) {
    v1::MilestoneDwell& dwell = *to.add_milestones();
    dwell.set_milestone_key(shown_.milestone(i).key);
    dwell.set_title(TitleOf(shown_.milestone(i)));
    dwell.set_stage_key(shown_.stages()[shown_.rules()[i].stage].key);
    *dwell.mutable_since_start() = ToProto(Summarise(milestones_[i]));
  }
}

}  // namespace waymark::milestone
