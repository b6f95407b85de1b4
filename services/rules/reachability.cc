#include "services/rules/reachability.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "services/rules/journey.h"
#include "services/rules/outlook.h"
#include "services/rules/places.h"

namespace waymark::rules {
namespace {

// How often the whole way is gone anew because something was left out on it.
constexpr int kMostRounds = 4;

class Exploration {
 public:
  explicit Exploration(const JourneyVersion& version)
      : outlook_(version.definition, version.segments), journey_(version) {
    const Definition& definition = version.definition;
    found_.stages.resize(definition.stages.size());
    found_.milestones.resize(outlook_.milestones());
    found_.exits.resize(definition.exits.size());
    wanted_.resize(outlook_.milestones());
  }

  Reachability Explore() {
    Exclude();
    for (int round = 0; round < kMostRounds && !outlook_.definition().stages.empty(); ++round) {
      if (!GoRound()) break;
    }
    TryMilestones();
    TryExits();
    return std::move(found_);
  }

 private:
  // What never happens.
  void Exclude() {
    for (size_t i = 0; i < found_.stages.size(); ++i) {
      if (!outlook_.may_enter(i)) found_.stages[i] = {.answer = Answer::kNo, .why = outlook_.WhyNotEnter(i)};
    }
    for (size_t i = 0; i < found_.milestones.size(); ++i) {
      if (!outlook_.may_achieve(i)) found_.milestones[i] = {.answer = Answer::kNo, .why = outlook_.WhyNotAchieve(i)};
    }
    for (size_t i = 0; i < found_.exits.size(); ++i) {
      if (!outlook_.may_exit(i)) found_.exits[i] = {.answer = Answer::kNo, .why = outlook_.WhyNotExit(i)};
    }
  }

  void Learn(Verdict& verdict, const Traveller& traveller) {
    if (verdict.answer != Answer::kUndecided) return;
    verdict.answer = Answer::kYes;
    verdict.trail = traveller.trail();
    verdict.at = traveller.now() - ScenarioStart();
  }

  // Notes everything that a traveller has come to.
  void Note(const Traveller& traveller) {
    const Run& run = traveller.run();
    for (const Passage& passage : run.entered) Learn(found_.stages[passage.stage], traveller);
    for (size_t i = 0; i < run.milestones.size(); ++i) {
      if (run.milestones[i].achieved.has_value()) Learn(found_.milestones[i], traveller);
    }
    if (run.exited.has_value() && run.exited->exit.has_value()) Learn(found_.exits[*run.exited->exit], traveller);
  }

  // Goes from stage to stage by every way once. True where it should be tried again, with more milestones achieved.
  bool GoRound() {
    arrivals_.assign(found_.stages.size(), std::nullopt);
    Traveller traveller(outlook_, journey_);
    if (!outlook_.may_enter(0) || !traveller.Enroll()) return false;
    Note(traveller);
    std::deque<size_t> open;
    const auto arrive = [&](const Traveller& at) {
      if (at.run().ended()) return;
      const size_t stage = at.run().stage();
      if (arrivals_[stage].has_value()) return;
      arrivals_[stage] = at;
      open.push_back(stage);
    };
    arrive(traveller);
    bool again = false;
    while (!open.empty()) {
      const size_t stage = open.front();
      open.pop_front();
      for (size_t i = 0; i < outlook_.ways().size(); ++i) {
        const WayOut& way = outlook_.ways()[i];
        if (way.from != stage || !outlook_.may_take(i)) continue;
        if (way.to.has_value() && arrivals_[*way.to].has_value()) continue;
        Traveller next = *arrivals_[stage];
        const bool taken = next.Take(way, wanted_);
        if (taken) {
          Note(next);
          arrive(next);
        } else if (next.missed().has_value() && !wanted_[*next.missed()]) {
          wanted_[*next.missed()] = true;
          again = true;
        }
      }
    }
    return again;
  }

  void TryMilestones() {
    for (size_t i = 0; i < found_.milestones.size(); ++i) {
      if (found_.milestones[i].answer != Answer::kUndecided) continue;
      std::vector<size_t> starts = {outlook_.stage_of(i)};
      if (outlook_.milestone(i).scope != Scope::kFromStage) {
        starts.push_back(0);
        starts.push_back(found_.stages.size() - 1);
      }
      for (const size_t start : starts) {
        if (start >= arrivals_.size() || !arrivals_[start].has_value()) continue;
        Traveller traveller = *arrivals_[start];
        if (!traveller.Achieve(i)) continue;
        Note(traveller);
        break;
      }
      if (found_.milestones[i].answer != Answer::kUndecided) continue;
      Traveller newcomer(outlook_, journey_);
      if (newcomer.Achieve(i) || newcomer.EnrollAchieving(i)) Note(newcomer);
    }
  }

  // Exits may be taken anywhere; those that look at milestones where these are achieved.
  void TryExits() {
    for (size_t i = 0; i < found_.exits.size(); ++i) {
      std::vector<size_t> starts = {0};
      VisitParts(outlook_.definition().exits[i].criterion, "", [&](const Criterion& part, const std::string&) {
        const MilestoneMet* met = std::get_if<MilestoneMet>(&part.kind);
        const auto milestone = met == nullptr ? std::nullopt : outlook_.FindMilestone(met->milestone_key);
        if (milestone.has_value()) starts.push_back(outlook_.stage_of(*milestone));
        return true;
      });
      for (const size_t start : starts) {
        if (found_.exits[i].answer != Answer::kUndecided) break;
        if (start >= arrivals_.size() || !arrivals_[start].has_value()) continue;
        Traveller traveller = *arrivals_[start];
        if (traveller.TakeExit(i)) Note(traveller);
      }
      if (found_.exits[i].answer != Answer::kUndecided) continue;
      Traveller newcomer(outlook_, journey_);
      if (newcomer.EnrollTakingExit(i)) Note(newcomer);
    }
  }

  const Outlook outlook_;
  const Journey journey_;
  Reachability found_;
  std::vector<bool> wanted_;
  std::vector<std::optional<Traveller>> arrivals_;  // Who has come into each stage, by whichever way.
};

}  // namespace

Reachability FindReachability(const JourneyVersion& version) { return Exploration(version).Explore(); }

Scenario ExampleOf(const Verdict& verdict) {
  Scenario scenario{.key = "example", .title = "example"};
  for (const Trail* trail = verdict.trail.get(); trail != nullptr; trail = trail->before.get()) {
    scenario.steps.push_back(trail->step);
  }
  std::reverse(scenario.steps.begin(), scenario.steps.end());
  return scenario;
}

}  // namespace waymark::rules
