#include "services/rules/reasons.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "services/rules/folding.h"

namespace waymark::rules {
namespace {

// So many items besides those counted are thought to matter: attributes, calls and the like.
constexpr size_t kMostRecords = 200;

// Takes items away, in ever smaller pieces, while the claim holds.
class Shrinking {
 public:
  Shrinking(const Journey& journey, absl::Span<const Item> history, absl::Time now,
            absl::FunctionRef<bool(const Progress&)> claim, int64_t& budget)
      : journey_(journey), history_(history), now_(now), claim_(claim), budget_(budget) {}

  bool Holds(const std::vector<size_t>& items) {
    budget_ -= static_cast<int64_t>(items.size()) + 1;
    chosen_.clear();
    for (const size_t i : items) chosen_.push_back(history_[i]);
    return claim_(Fold(journey_, {}, chosen_, now_));
  }

  Witnesses Shrink(std::vector<size_t> items) {
    for (size_t piece = (items.size() + 1) / 2; piece > 1; piece = (piece + 1) / 2) {
      if (!TakeAway(piece, items)) return {std::move(items), false};
    }
    // What could not be spared may be once something else is gone.
    for (size_t before = items.size() + 1; items.size() < before;) {
      before = items.size();
      if (!TakeAway(1, items)) return {std::move(items), false};
    }
    return {std::move(items), true};
  }

 private:
  // Tries to do without each piece, the last first: what came early tends to be what the rest stands on. False where
  // the budget ended.
  bool TakeAway(size_t piece, std::vector<size_t>& items) {
    for (size_t end = items.size(); end > 0;) {
      if (budget_ <= 0) return false;
      const size_t begin = end > piece ? end - piece : 0;
      std::vector<size_t> rest(items.begin(), items.begin() + static_cast<ptrdiff_t>(begin));
      rest.insert(rest.end(), items.begin() + static_cast<ptrdiff_t>(end), items.end());
      if (Holds(rest)) items = std::move(rest);
      end = begin;
    }
    return true;
  }

  const Journey& journey_;
  const absl::Span<const Item> history_;
  const absl::Time now_;
  const absl::FunctionRef<bool(const Progress&)> claim_;
  int64_t& budget_;
  std::vector<Item> chosen_;
};

// The transition by which each passage of each run was entered, if it was by one.
class Ways : public FoldingListener {
 public:
  explicit Ways(const Progress& progress) : progress_(progress) {}
  void Counted(size_t, size_t, const Leaf*, const Item&) override {}
  void Achieved(size_t, size_t, const Item&) override {}
  void BeganAnew(size_t, size_t) override {}
  void Opened(size_t) override {}
  void Took(size_t run, const Way& way) override {
    taken_[{run, progress_.runs[run].completed.has_value() ? kEnd : progress_.runs[run].entered.size() - 1}] =
        way.transition;
  }
  std::optional<size_t> Into(size_t run, size_t passage) const {
    const auto found = taken_.find({run, passage});
    return found == taken_.end() ? std::nullopt : found->second;
  }
  static constexpr size_t kEnd = SIZE_MAX;

 private:
  const Progress& progress_;
  std::map<std::pair<size_t, size_t>, std::optional<size_t>> taken_;
};

// The enrollment of a replay that stands for one of the whole history's: the one of its key that was opened at its
// moment.
const Run* Counterpart(const Progress& progress, const Run& run) {
  for (const Run& other : progress.enrollments()) {
    if (other.key == run.key && other.entered.front().moment() == run.entered.front().moment()) return &other;
  }
  return nullptr;
}

class Explaining {
 public:
  Explaining(const Journey& journey, absl::Span<const Item> history, absl::Time now, size_t enrollment, int64_t budget)
      : journey_(journey), history_(history), now_(now), index_(enrollment), budget_(budget), ways_(progress_) {
    Folding folding(journey, progress_, &ways_);
    for (const Item& item : history) {
      while (progress_.next < item.time) folding.Fire(progress_.next);
      folding.Apply(item);
    }
    while (progress_.next <= now) folding.Fire(progress_.next);
  }

  std::vector<Reason> Explain() {
    if (index_ >= progress_.enrollments().size()) return {};
    run_ = &progress_.runs[index_];
    FindLikely();
    const Passage& first = run_->entered.front();
    Add({.kind = ReasonKind::kEnrolled, .stage = first.stage, .moment = first.moment()},
        [](const Run&) { return true; });
    for (size_t i = 1; i < run_->entered.size(); ++i) {
      const Passage& passage = run_->entered[i];
      Add({.kind = ReasonKind::kStageEntered,
           .stage = passage.stage,
           .moment = passage.moment(),
           .transition = ways_.Into(index_, i),
           .by_call = IsOf(passage.moment(), ItemKind::kOverride)},
          [&](const Run& run) {
            return std::any_of(run.entered.begin(), run.entered.end(), [&](const Passage& other) {
              return other.stage == passage.stage && other.moment() == passage.moment();
            });
          });
    }
    for (size_t rule = 0; rule < run_->milestones.size(); ++rule) {
      const std::optional<Moment>& achieved = run_->milestones[rule].achieved;
      if (!achieved.has_value()) continue;
      Add({.kind = ReasonKind::kMilestoneAchieved,
           .stage = journey_.rules()[rule].stage,
           .milestone = rule,
           .moment = *achieved,
           .by_call = IsNamed(*achieved, journey_.milestone(rule).key)},
          [&](const Run& run) { return run.milestones[rule].achieved == achieved; });
    }
    if (run_->completed.has_value()) {
      Add({.kind = ReasonKind::kCompleted,
           .stage = run_->stage(),
           .moment = *run_->completed,
           .transition = ways_.Into(index_, Ways::kEnd)},
          [&](const Run& run) { return run.completed == run_->completed; });
    }
    if (run_->exited.has_value()) {
      Add({.kind = ReasonKind::kExited,
           .stage = run_->stage(),
           .moment = run_->exited->moment,
           .exit = run_->exited->exit,
           .by_call = !run_->exited->exit.has_value()},
          [&](const Run& run) { return run.exited == run_->exited; });
    }
    std::stable_sort(reasons_.begin(), reasons_.end(),
                     [](const Reason& a, const Reason& b) { return a.moment.time < b.moment.time; });
    return std::move(reasons_);
  }

 private:
  bool IsOf(const Moment& moment, ItemKind kind) const {
    const auto found = place_.find(moment.item);
    return found != place_.end() && history_[found->second].kind == kind;
  }

  // Whether a milestone was achieved because an override names it.
  bool IsNamed(const Moment& moment, absl::string_view milestone_key) const {
    return IsOf(moment, ItemKind::kOverride) &&
           Find(history_[place_.at(moment.item)].properties, milestone_key) != nullptr;
  }

  // What was counted for the milestones, what moved the enrollment on, and what is known of the customer.
  void FindLikely() {
    std::map<absl::string_view, size_t> by_id;
    size_t records = 0;
    for (size_t i = 0; i < history_.size(); ++i) {
      const Item& item = history_[i];
      place_[item.number] = i;
      by_id.emplace(item.id, i);
      if (item.kind != ItemKind::kEvent && records++ < kMostRecords) likely_.insert(i);
    }
    const auto add = [&](const Moment& moment) {
      if (const auto found = place_.find(moment.item); found != place_.end()) likely_.insert(found->second);
    };
    for (const Passage& passage : run_->entered) add(passage.moment());
    if (run_->completed.has_value()) add(*run_->completed);
    if (run_->exited.has_value()) add(run_->exited->moment);
    for (const MilestoneProgress& milestone : run_->milestones) {
      if (milestone.achieved.has_value()) add(*milestone.achieved);
    }
    for (const auto& witnesses : FindWitnesses(journey_, history_, now_, index_)) {
      for (const absl::string_view id : witnesses) likely_.insert(by_id.at(id));
    }
  }

  void Add(Reason reason, absl::FunctionRef<bool(const Run&)> holds) {
    const auto claim = [&](const Progress& progress) {
      const Run* run = Counterpart(progress, *run_);
      return run != nullptr && holds(*run);
    };
    // What comes later has not happened yet, and time has come so far. Milestones may be older than the enrollment.
    const absl::Time until = std::max(reason.moment.time, run_->entered.front().time);
    size_t end = 0;
    while (end < history_.size() && history_[end].time <= until) ++end;
    std::vector<size_t> likely;
    for (const size_t i : likely_) {
      if (i < end) likely.push_back(i);
    }
    reason.witnesses = FindSmallest(journey_, history_.first(end), until, claim, std::move(likely), budget_);
    reasons_.push_back(std::move(reason));
  }

  const Journey& journey_;
  const absl::Span<const Item> history_;
  const absl::Time now_;
  const size_t index_;
  int64_t budget_;
  Progress progress_;
  Ways ways_;
  const Run* run_ = nullptr;
  std::map<int64_t, size_t> place_;  // Of an item's number.
  std::set<size_t> likely_;
  std::vector<Reason> reasons_;
};

}  // namespace

Witnesses FindSmallest(const Journey& journey, absl::Span<const Item> history, absl::Time now,
                       absl::FunctionRef<bool(const Progress&)> claim, std::vector<size_t> likely, int64_t& budget) {
  Shrinking shrinking(journey, history, now, claim, budget);
  if (shrinking.Holds(likely)) return shrinking.Shrink(std::move(likely));
  std::vector<size_t> all(history.size());
  std::iota(all.begin(), all.end(), 0);
  return shrinking.Shrink(std::move(all));
}

std::vector<Reason> FindReasons(const Journey& journey, absl::Span<const Item> history, absl::Time now,
                                size_t enrollment, int64_t budget) {
  return Explaining(journey, history, now, enrollment, budget).Explain();
}

namespace {

// Collects the patterns whose silence a criterion asks for.
class Silence {
 public:
  explicit Silence(const Journey& journey) : journey_(journey) {}

  // `inverted`: it is asked for that the criterion is not met.
  void Look(const Criterion& criterion, bool inverted) {
    if (const auto* absence = std::get_if<Absence>(&criterion.kind)) {
      if (!inverted) Add(absence->events);
    } else if (const auto* count = std::get_if<EventCount>(&criterion.kind)) {
      if (inverted) Add(count->events);
    } else if (const auto* sequence = std::get_if<Sequence>(&criterion.kind)) {
      if (!inverted) return;
      for (const EventPattern& step : sequence->steps) Add(step);
    } else if (const auto* some = std::get_if<Some>(&criterion.kind)) {
      for (const Criterion& child : some->criteria) Look(child, inverted);
    } else if (const auto* none = std::get_if<NoneOf>(&criterion.kind)) {
      for (const Criterion& child : none->criteria) Look(child, !inverted);
    } else if (const auto* segment = std::get_if<InSegment>(&criterion.kind)) {
      for (const SegmentRule& rule : journey_.version().segments) {
        if (rule.segment_id == segment->segment_id) Look(rule.criterion, inverted);
      }
    }
  }

  Absent Take() { return {.event_types = {types_.begin(), types_.end()}, .any_event = any_}; }

 private:
  void Add(const EventPattern& events) {
    types_.insert(events.event_types.begin(), events.event_types.end());
    any_ = any_ || events.event_types.empty();
  }

  const Journey& journey_;
  std::set<std::string> types_;
  bool any_ = false;
};

}  // namespace

Absent FindAbsent(const Journey& journey, const Reason& reason) {
  const Definition& definition = journey.version().definition;
  Silence silence(journey);
  if (reason.milestone.has_value()) {
    const Milestone& milestone = journey.milestone(*reason.milestone);
    silence.Look(milestone.criterion, false);
    for (const Variant& variant : milestone.variants) silence.Look(variant.criterion, false);
  }
  if (reason.transition.has_value() && definition.transitions[*reason.transition].criterion.has_value()) {
    silence.Look(*definition.transitions[*reason.transition].criterion, false);
  }
  if (reason.exit.has_value()) silence.Look(definition.exits[*reason.exit].criterion, false);
  return silence.Take();
}

}  // namespace waymark::rules
