#include "services/rules/way_to.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/rules/outlook.h"
#include "services/rules/traveller.h"

namespace waymark::rules {
namespace {

// How often the whole way is gone anew because something was left out on it.
constexpr int kMostRounds = 4;
// So many steps are gone again to find out which of them are needless.
constexpr int64_t kMostFolded = 100'000;

class Search {
 public:
  Search(const JourneyVersion& version, const Journey& journey, const Progress& progress, absl::Time now, size_t stage)
      : outlook_(version.definition, version.segments),
        journey_(journey),
        start_(outlook_, journey, progress, now),
        stage_(stage),
        wanted_(outlook_.milestones()) {}

  WayTo Find() {
    WayTo way{.start = start_.now()};
    if (std::string why = WhyNever(); !why.empty()) {
      way.answer = Answer::kNo;
      way.why = std::move(why);
      return way;
    }
    for (int round = 0; round < kMostRounds; ++round) {
      if (const std::optional<Traveller> there = Go()) {
        way.answer = Answer::kYes;
        way.arrival = there->now();
        for (const Trail* trail = there->trail().get(); trail != nullptr; trail = trail->before.get()) {
          way.steps.push_back(trail->step);
        }
        std::reverse(way.steps.begin(), way.steps.end());
        LeaveOutNeedless(way);
        for (ScenarioStep& step : way.steps) step.at -= start_.now() - ScenarioStart();
        return way;
      }
      if (!again_) break;
    }
    return way;
  }

 private:
  const std::string& KeyOf(size_t stage) const { return outlook_.definition().stages[stage].key; }

  // Why no history from here on leads there; empty: it may.
  std::string WhyNever() const {
    if (!outlook_.may_enter(stage_)) return outlook_.WhyNotEnter(stage_);
    const bool open = start_.run().enrolled() && !start_.run().ended();
    if (!open && start_.run().ended()) return "the enrollment has ended, and the journey is not entered anew";
    if (!open && !outlook_.may_enter(0)) return outlook_.WhyNotEnter(0);
    // Which stages the ways lead to from here.
    std::vector<bool> reached(outlook_.definition().stages.size());
    std::deque<size_t> from = {open ? start_.run().stage() : 0};
    if (!open) reached[0] = true;
    while (!from.empty()) {
      for (size_t i = 0; i < outlook_.ways().size(); ++i) {
        const WayOut& way = outlook_.ways()[i];
        if (way.from != from.front() || !way.to.has_value() || !outlook_.may_take(i) || reached[*way.to]) continue;
        reached[*way.to] = true;
        from.push_back(*way.to);
      }
      from.pop_front();
    }
    if (reached[stage_]) return "";
    return open ? absl::StrCat("no way leads from ", KeyOf(start_.run().stage()), " to ", KeyOf(stage_))
                : absl::StrCat("no way leads to ", KeyOf(stage_));
  }

  // Whether it has come there since it started.
  bool IsThere(const Traveller& traveller) const { return IsThere(traveller.progress()); }
  bool IsThere(const Progress& progress) const {
    const size_t passages = start_.run().entered.size();
    const std::vector<Passage>& entered = progress.runs[start_.run_index()].entered;
    return std::any_of(entered.begin() + static_cast<ptrdiff_t>(std::min(passages, entered.size())), entered.end(),
                       [&](const Passage& passage) { return passage.stage == stage_; });
  }

  // A traveller does all that a criterion asks for, as though nothing of it had happened.
  void LeaveOutNeedless(WayTo& way) const {
    int64_t budget = kMostFolded;
    for (size_t i = way.steps.size(); i-- > 0 && budget > 0;) {
      std::vector<ScenarioStep> rest = way.steps;
      rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
      budget -= static_cast<int64_t>(rest.size()) + 1;
      if (IsThere(start_.After(rest, way.arrival))) way.steps = std::move(rest);
    }
  }

  // Goes from stage to stage by every way once, until it is there.
  std::optional<Traveller> Go() {
    again_ = false;
    std::vector<std::optional<Traveller>> arrivals(outlook_.definition().stages.size());
    Traveller traveller = start_;
    if (!traveller.run().enrolled() && !traveller.Enroll()) return std::nullopt;
    if (IsThere(traveller)) return traveller;
    if (traveller.run().ended()) return std::nullopt;
    std::deque<size_t> open = {traveller.run().stage()};
    arrivals[traveller.run().stage()] = std::move(traveller);
    while (!open.empty()) {
      const size_t stage = open.front();
      open.pop_front();
      for (size_t i = 0; i < outlook_.ways().size(); ++i) {
        const WayOut& way = outlook_.ways()[i];
        if (way.from != stage || !way.to.has_value() || !outlook_.may_take(i)) continue;
        if (arrivals[*way.to].has_value() && *way.to != stage_) continue;
        Traveller next = *arrivals[stage];
        if (!next.Take(way, wanted_)) {
          if (next.missed().has_value() && !wanted_[*next.missed()]) {
            wanted_[*next.missed()] = true;
            again_ = true;
          }
          continue;
        }
        if (IsThere(next)) return next;
        if (next.run().ended() || arrivals[next.run().stage()].has_value()) continue;
        open.push_back(next.run().stage());
        arrivals[next.run().stage()] = std::move(next);
      }
    }
    return std::nullopt;
  }

  const Outlook outlook_;
  const Journey& journey_;
  const Traveller start_;
  const size_t stage_;
  std::vector<bool> wanted_;
  bool again_ = false;
};

}  // namespace

WayTo FindWayTo(const JourneyVersion& version, const Journey& journey, const Progress& progress, absl::Time now,
                size_t stage) {
  return Search(version, journey, progress, now, stage).Find();
}

}  // namespace waymark::rules
