#include "services/milestone/friction.h"

#include <algorithm>
#include <utility>

#include "services/milestone/analytics_convert.h"

namespace waymark::milestone {
namespace {

// How long a stage should take at most.
std::optional<absl::Duration> LimitOf(const rules::Stage& stage) {
  return stage.target.has_value()         ? stage.target
         : stage.behind_after.has_value() ? stage.behind_after
                                          : stage.stuck_after;
}

double ShareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What a point is ranked by; what is not measured comes after everything that is.
double RankOf(const v1::FrictionPoint& point, v1::FrictionOrder order) {
  constexpr double kNotMeasured = -1;
  switch (order) {
    case v1::FRICTION_ORDER_OVERDUE:
      return point.has_overdue_share() ? point.overdue_share() : kNotMeasured;
    case v1::FRICTION_ORDER_DWELL:
      return point.has_dwell_against_target() ? point.dwell_against_target() : kNotMeasured;
    default:
      return point.drop_off();
  }
}

}  // namespace

Friction::Friction(const rules::Journey& shown)
    : shown_(shown), counterparts_(shown), stages_(shown.stages().size()), milestones_(shown.rules().size()) {}

void Friction::Add(const Traveller& traveller) {
  for (const rules::Run* run : traveller.runs) {
    ++enrolled_;
    AddRun(*run, traveller.journey, traveller.now);
  }
}

void Friction::Add(const Came& came, const Stay& stay, std::optional<absl::Duration> limit, Point& point) {
  ++point.entered;
  if (came.completed) ++point.completed;
  if (!came.completed && came.waiting) ++point.waiting;
  Note(stay.entered, stay.until, stay.moved_on, point.times);
  if (!limit.has_value()) return;
  const absl::Duration took = stay.until - stay.entered;
  // Who finishes on the dot is on time; who has not finished then is not.
  if (stay.moved_on ? took > *limit : took >= *limit) ++point.overdue;
}

void Friction::AddRun(const rules::Run& run, const rules::Journey& version, absl::Time now) {
  const Counterparts::Places& places = counterparts_.Of(version);
  const std::vector<std::optional<Stay>> stays = LatestStays(run, version.stages().size(), now);
  for (size_t i = 0; i < stays.size(); ++i) {
    if (!stays[i].has_value() || !places.stages[i].has_value()) continue;
    const bool completed = std::any_of(run.entered.begin(), run.entered.end(), [&](const rules::Passage& passage) {
      return passage.stage == i && passage.completed.has_value();
    });
    const bool here = !run.ended() && run.stage() == i;
    Add({.completed = completed, .waiting = here}, *stays[i], LimitOf(version.stages()[i]), stages_[*places.stages[i]]);
  }
  for (size_t i = 0; i < run.milestones.size(); ++i) {
    const size_t stage = version.rules()[i].stage;
    if (!stays[stage].has_value() || !places.rules[i].has_value()) continue;
    const std::optional<rules::Moment>& achieved = run.milestones[i].achieved;
    Stay stay = *stays[stage];
    if (achieved.has_value()) stay.until = std::max(achieved->time, stay.entered);
    stay.moved_on = achieved.has_value();
    const bool here = !run.ended() && run.stage() == stage;
    Add({.completed = achieved.has_value(), .waiting = here}, stay, version.milestone(i).deadline,
        milestones_[*places.rules[i]]);
  }
}

void Friction::Write(Point& point, std::optional<absl::Duration> target, v1::FrictionPoint& to) {
  to.set_entered(point.entered);
  to.set_completed(point.completed);
  to.set_waiting(point.waiting);
  to.set_left(point.entered - point.completed - point.waiting);
  to.set_drop_off(ShareOf(point.entered - point.completed, point.entered));
  const TimesSummary dwell = Summarise(point.times);
  *to.mutable_dwell() = ToProto(dwell);
  if (!target.has_value()) return;
  SetDuration(*target, to.mutable_target());
  to.set_overdue(point.overdue);
  to.set_overdue_share(ShareOf(point.overdue, point.entered));
  if (dwell.p50.has_value() && *target > absl::ZeroDuration()) {
    to.set_dwell_against_target(absl::FDivDuration(*dwell.p50, *target));
  }
}

void Friction::Write(v1::FrictionOrder order, v1::GetFrictionResponse& to) {
  to.set_enrolled(enrolled_);
  std::vector<v1::FrictionPoint> points;
  for (size_t i = 0; i < stages_.size(); ++i) {
    const rules::Stage& stage = shown_.stages()[i];
    v1::FrictionPoint& point = points.emplace_back();
    point.set_stage_key(stage.key);
    point.set_title(TitleOf(stage));
    Write(stages_[i], LimitOf(stage), point);
    for (size_t rule = shown_.first_rule(i); rule < shown_.first_rule(i + 1); ++rule) {
      v1::FrictionPoint& inside = points.emplace_back();
      inside.set_stage_key(stage.key);
      inside.set_milestone_key(shown_.milestone(rule).key);
      inside.set_title(TitleOf(shown_.milestone(rule)));
      Write(milestones_[rule], shown_.milestone(rule).deadline, inside);
    }
  }
  std::stable_sort(points.begin(), points.end(), [&](const v1::FrictionPoint& one, const v1::FrictionPoint& other) {
    return RankOf(one, order) > RankOf(other, order);
  });
  for (v1::FrictionPoint& point : points) *to.add_points() = std::move(point);
}

}  // namespace waymark::milestone
