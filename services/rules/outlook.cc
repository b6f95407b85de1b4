#include "services/rules/outlook.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/rules/places.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

// Large journeys take some ten thousand.
constexpr int kMostSteps = 300'000;

std::string Quoted(const std::string& key) { return absl::StrCat("\"", key, "\""); }

void Append(std::vector<Demand>& demands, std::vector<Demand> more) {
  demands.insert(demands.end(), more.begin(), more.end());
}

}  // namespace

Outlook::Outlook(const Definition& definition, const std::vector<SegmentRule>& segments) : definition_(definition) {
  for (const SegmentRule& segment : segments) circumstances_.segments[segment.segment_id] = &segment.criterion;
  circumstances_.steps_left = std::make_shared<int>(kMostSteps);
  circumstances_.all_days_have_24_hours = definition.time_zone == "UTC";
  circumstances_.can_be_achieved = [this](const std::string& key) {
    const std::optional<size_t> milestone = FindMilestone(key);
    return !milestone.has_value() || milestones_[*milestone];
  };
  for (size_t i = 0; i < definition.stages.size(); ++i) {
    stage_of_key_.emplace(definition.stages[i].key, i);
    first_milestone_.push_back(stage_of_.size());
    for (const Milestone& milestone : definition.stages[i].milestones) {
      milestone_of_key_.emplace(milestone.key, stage_of_.size());
      stage_of_.push_back(i);
      for (const std::string& key : milestone.depends_on) milestone_criteria_[key] = Keep({MilestoneMet{key}});
      for (const Variant& variant : milestone.variants) {
        segment_criteria_[variant.segment_id] = Keep({InSegment{variant.segment_id}});
      }
    }
    std::vector<const Criterion*>& answers = answer_criteria_.emplace_back();
    for (const std::string& attribute : definition.stages[i].required_answers) {
      answers.push_back(Keep({AttributeIs{{.name = attribute, .comparison = Comparison::kExists}}}));
    }
  }
  first_milestone_.push_back(stage_of_.size());
  for (const Trigger& trigger : definition.entry.triggers) {
    const Criterion* criterion = nullptr;
    // What is seen at the very instant.
    const auto event = [&](const EventPattern& pattern) {
      return Keep({EventCount{.events = pattern, .within = absl::Nanoseconds(1)}});
    };
    if (std::holds_alternative<AnyEvent>(trigger)) criterion = event({});
    if (const FirstEvent* first = std::get_if<FirstEvent>(&trigger)) criterion = event(first->events);
    if (const InSegment* segment = std::get_if<InSegment>(&trigger)) criterion = Keep({*segment});
    if (const DateReached* date = std::get_if<DateReached>(&trigger)) criterion = Keep({*date});
    trigger_criteria_.push_back(criterion);
  }
  MakeWays();
  FindShadows();
  Explore();
}

const Criterion* Outlook::Keep(Criterion criterion) { return &kept_.emplace_back(std::move(criterion)); }

std::optional<size_t> Outlook::FindMilestone(const std::string& key) const {
  const auto found = milestone_of_key_.find(key);
  return found == milestone_of_key_.end() ? std::nullopt : std::optional<size_t>(found->second);
}

std::optional<size_t> Outlook::FindStage(const std::string& key) const {
  const auto found = stage_of_key_.find(key);
  return found == stage_of_key_.end() ? std::nullopt : std::optional<size_t>(found->second);
}

void Outlook::MakeWays() {
  const std::vector<Stage>& stages = definition_.stages;
  std::vector<bool> left(stages.size(), false);
  for (size_t i = 0; i < definition_.transitions.size(); ++i) {
    const Transition& transition = definition_.transitions[i];
    const std::optional<size_t> from = FindStage(transition.from_stage);
    if (!from.has_value()) continue;
    left[*from] = true;
    WayOut way{.from = *from, .transition = i, .priority = transition.priority};
    if (!transition.to_stage.empty()) {
      way.to = FindStage(transition.to_stage);
      if (!way.to.has_value() || *way.to == *from || (*way.to < *from && !stages[*way.to].regress)) continue;
    }
    if (transition.criterion.has_value()) way.criterion = &*transition.criterion;
    ways_.push_back(way);
  }
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    if (left[stage]) continue;
    // Where no transition leaves a stage, completing it completes the journey.
    const bool on = definition_.transitions.empty() && stage + 1 < stages.size();
    ways_.push_back({.from = stage, .to = on ? std::optional<size_t>(stage + 1) : std::nullopt});
  }
}

// Whether ways lead from `to` to `from`. No stage is entered twice for one item: where a customer may just have come
// from a stage, a way there is not always taken.
bool Outlook::MayComeBack(size_t to, size_t from) const {
  std::vector<bool> seen(definition_.stages.size(), false);
  std::vector<size_t> open = {to};
  while (!open.empty()) {
    const size_t stage = open.back();
    open.pop_back();
    if (stage == from) return true;
    if (seen[stage]) continue;
    seen[stage] = true;
    for (const WayOut& way : ways_) {
      if (way.from == stage && way.to.has_value()) open.push_back(*way.to);
    }
  }
  return false;
}

// Whether nobody stays in a stage longer than the item that enters it: it is completed at once, and one may go on. In
// the first stage that item counts, so it is another case.
bool Outlook::IsLeftAtOnce(size_t stage) const {
  const Stage& of = definition_.stages[stage];
  if (stage == 0 || of.exit_at_least.has_value()) return false;
  for (const Milestone& milestone : of.milestones) {
    if (milestone.required) return false;
  }
  return std::any_of(ways_.begin(), ways_.end(), [&](const WayOut& way) {
    if (way.from != stage || way.criterion != nullptr) return false;
    return !way.to.has_value() || (DemandsOfEntry(*way.to).empty() && !MayComeBack(*way.to, stage));
  });
}

// Whether `way`, which goes before `other`, is open whenever that is.
bool Outlook::Shadows(const WayOut& way, const WayOut& other) const {
  if (way.to.has_value() && (!DemandsOfEntry(*way.to).empty() || MayComeBack(*way.to, way.from))) return false;
  if (way.criterion == nullptr) return other.criterion == nullptr;
  std::vector<Demand> demands = DemandsOfWay(other);
  demands.push_back({way.criterion, false, View::kStage});
  return Ask(std::move(demands), circumstances_) == Answer::kNo;
}

void Outlook::FindShadows() {
  // As the fold takes them: by priority, then as given. Nothing is known to be impossible yet.
  milestones_.assign(stage_of_.size(), true);
  for (WayOut& other : ways_) {
    for (size_t i = 0; i < ways_.size() && !other.shadowed_by.has_value(); ++i) {
      const WayOut& way = ways_[i];
      const bool before = way.priority > other.priority || (way.priority == other.priority && &way < &other);
      if (&way == &other || way.from != other.from || !before) continue;
      if (Shadows(way, other)) other.shadowed_by = i;
    }
  }
}

View Outlook::ViewOf(const Milestone& milestone) {
  if (milestone.latching == Latching::kRecurring) return View::kOwn;
  switch (milestone.scope) {
    case Scope::kFromStage:
      return View::kStage;
    case Scope::kFromEntry:
      return View::kEntry;
    case Scope::kAllHistory:
      return View::kHistory;
    case Scope::kWindow:
      return View::kOwn;
  }
  return View::kOwn;
}

Circumstances Outlook::CircumstancesOf(const Milestone& milestone) const {
  Circumstances circumstances = circumstances_;
  if (milestone.scope == Scope::kWindow) circumstances.scope_window = milestone.scope_window;
  return circumstances;
}

std::vector<Demand> Outlook::DemandsOfEntry(size_t stage) const {
  std::vector<Demand> demands;
  const std::optional<Criterion>& criterion = definition_.stages[stage].entry_criterion;
  if (criterion.has_value()) demands.push_back({&*criterion});
  for (const Criterion* answer : answer_criteria_[stage]) demands.push_back({answer});
  return demands;
}

std::vector<Demand> Outlook::DemandsOfTrigger(size_t trigger) const {
  std::vector<Demand> demands;
  if (!definition_.stages.empty()) demands = DemandsOfEntry(0);
  if (trigger_criteria_[trigger] != nullptr) demands.push_back({trigger_criteria_[trigger]});
  return demands;
}

std::vector<Demand> Outlook::DemandsOfWay(const WayOut& way) const {
  std::vector<Demand> demands;
  if (way.criterion != nullptr) demands.push_back({way.criterion, true, View::kStage});
  if (way.to.has_value()) Append(demands, DemandsOfEntry(*way.to));
  return demands;
}

std::vector<Demand> Outlook::DemandsOfNoExit() const {
  std::vector<Demand> demands;
  for (const Exit& exit : definition_.exits) demands.push_back({&exit.criterion, false, View::kEntry});
  return demands;
}

std::vector<Demand> Outlook::DemandsOf(size_t index, std::optional<size_t> variant) const {
  const Milestone& milestone = this->milestone(index);
  std::vector<Demand> demands;
  for (const std::string& key : milestone.depends_on) demands.push_back({MilestoneCriterion(key)});
  for (size_t i = 0; i < milestone.variants.size() && i <= variant.value_or(milestone.variants.size()); ++i) {
    demands.push_back({SegmentCriterion(milestone.variants[i].segment_id), i == variant});
  }
  const Criterion& criterion = variant.has_value() ? milestone.variants[*variant].criterion : milestone.criterion;
  demands.push_back({&criterion, true, ViewOf(milestone)});
  return demands;
}

Answer Outlook::Ask(std::vector<Demand> demands, const Circumstances& circumstances) const {
  // The search resolves the last demand first; the simple ones are at the end of each list already.
  return CanBeMet(demands, circumstances);
}

bool Outlook::may_complete(size_t stage) const {
  const Stage& of = definition_.stages[stage];
  uint32_t possible = 0;
  bool all = true;
  for (size_t i = 0; i < of.milestones.size(); ++i) {
    const bool may = milestones_[first_milestone_[stage] + i];
    possible += may ? 1 : 0;
    all = all && (may || !of.milestones[i].required);
  }
  return stages_[stage] && (of.exit_at_least.has_value() ? possible >= *of.exit_at_least : all);
}

bool Outlook::ExploreMilestone(size_t index) const {
  const Milestone& milestone = this->milestone(index);
  const bool entered = stages_[0];
  if (milestone.scope == Scope::kFromStage && !stages_[stage_of_[index]]) return false;
  if ((milestone.scope == Scope::kFromEntry || milestone.latching == Latching::kRecurring) && !entered) return false;
  Circumstances circumstances = CircumstancesOf(milestone);
  circumstances.stage_is_empty = milestone.scope == Scope::kFromStage && IsLeftAtOnce(stage_of_[index]);
  if (Ask(DemandsOf(index, std::nullopt), circumstances) != Answer::kNo) return true;
  for (size_t variant = 0; variant < milestone.variants.size(); ++variant) {
    if (Ask(DemandsOf(index, variant), circumstances) != Answer::kNo) return true;
  }
  return false;
}

// From nothing on, what can come of what can be: until nothing more can.
void Outlook::Explore() {
  triggers_.assign(definition_.entry.triggers.size(), false);
  stages_.assign(definition_.stages.size(), false);
  milestones_.assign(stage_of_.size(), false);
  exits_.assign(definition_.exits.size(), false);
  taken_.assign(ways_.size(), false);
  const std::vector<Demand> no_exit = DemandsOfNoExit();
  bool more = !definition_.stages.empty();
  const auto learn = [&](std::vector<bool>::reference known, bool now) {
    if (known || !now) return;
    known = true;
    more = true;
  };
  while (std::exchange(more, false)) {
    for (size_t trigger = 0; trigger < triggers_.size(); ++trigger) {
      if (triggers_[trigger]) continue;
      learn(triggers_[trigger], Ask(DemandsOfTrigger(trigger), circumstances_) != Answer::kNo);
      learn(stages_[0], triggers_[trigger]);
    }
    for (size_t stage = 0; stage < stages_.size(); ++stage) {
      for (size_t index = first_milestone_[stage]; index < first_milestone_[stage + 1]; ++index) {
        if (!milestones_[index]) learn(milestones_[index], ExploreMilestone(index));
      }
      for (size_t i = 0; i < ways_.size(); ++i) {
        const WayOut& way = ways_[i];
        if (way.from != stage || taken_[i] || !stages_[stage] || way.shadowed_by.has_value()) continue;
        if (way.criterion == nullptr && !may_complete(stage)) continue;
        std::vector<Demand> demands = no_exit;
        Append(demands, DemandsOfWay(way));
        learn(taken_[i], Ask(std::move(demands), circumstances_) != Answer::kNo);
        if (taken_[i] && way.to.has_value()) learn(stages_[*way.to], true);
      }
    }
    for (size_t exit = 0; exit < exits_.size(); ++exit) {
      if (exits_[exit] || !stages_[0]) continue;
      // Those before it go first.
      std::vector<Demand> demands(no_exit.begin(), no_exit.begin() + exit);
      demands.push_back({&definition_.exits[exit].criterion, true, View::kEntry});
      learn(exits_[exit], Ask(std::move(demands), circumstances_) != Answer::kNo);
    }
  }
}

namespace {

// A milestone that a criterion names and that can never be achieved.
std::string ImpossiblePart(const Criterion& criterion, const Circumstances& circumstances) {
  std::string found;
  VisitParts(criterion, "", [&](const Criterion& part, const std::string&) {
    const MilestoneMet* met = std::get_if<MilestoneMet>(&part.kind);
    if (met != nullptr && !circumstances.can_be_achieved(met->milestone_key) && found.empty()) {
      found = met->milestone_key;
    }
    return !std::holds_alternative<NoneOf>(part.kind);
  });
  return found;
}

std::string WhyNotMet(const Criterion& criterion, const Circumstances& circumstances) {
  const std::string part = ImpossiblePart(criterion, circumstances);
  return part.empty() ? "its criterion can never be met"
                      : absl::StrCat("its criterion needs ", Quoted(part), ", which can never be achieved");
}

}  // namespace

std::string Outlook::WhyNotAchieve(size_t index) const {
  const Milestone& milestone = this->milestone(index);
  const size_t stage = stage_of_[index];
  const bool needs_entry = milestone.scope == Scope::kFromEntry || milestone.latching == Latching::kRecurring;
  if (needs_entry && !stages_[0]) return "nobody ever gets into the journey";
  if (milestone.scope == Scope::kFromStage && !stages_[stage]) {
    return absl::StrCat("it counts from its stage on, and the stage ", Quoted(definition_.stages[stage].key),
                        " can never be entered");
  }
  for (const std::string& key : milestone.depends_on) {
    if (circumstances_.can_be_achieved(key)) continue;
    return key == milestone.key ? "it depends on itself"
                                : absl::StrCat("it depends on ", Quoted(key), ", which can never be achieved");
  }
  if (milestone.scope == Scope::kFromStage && IsLeftAtOnce(stage)) {
    return absl::StrCat("it counts from its stage on, and nothing keeps a customer in ",
                        Quoted(definition_.stages[stage].key), ": it is left the moment it is entered");
  }
  return WhyNotMet(milestone.criterion, circumstances_);
}

std::string Outlook::WhyNotExit(size_t exit) const {
  if (stages_.empty() || !stages_[0]) return "nobody ever gets into the journey";
  const Criterion& criterion = definition_.exits[exit].criterion;
  if (CanBeMet({{&criterion, true, View::kEntry}}, circumstances_) != Answer::kNo) {
    return "whenever it could be taken, one before it is";
  }
  return WhyNotMet(criterion, circumstances_);
}

std::string Outlook::WhyNotEnter(size_t stage) const {
  const std::vector<Stage>& stages = definition_.stages;
  if (stage == 0) {
    const bool triggered =
        std::any_of(trigger_criteria_.begin(), trigger_criteria_.end(), [&](const Criterion* criterion) {
          return criterion == nullptr || CanBeMet({{criterion}}, circumstances_) != Answer::kNo;
        });
    if (!triggered) return "none of the entry's triggers can ever come";
    const std::optional<Criterion>& criterion = stages[0].entry_criterion;
    if (!criterion.has_value()) return "its hand-off can never be answered when a customer gets in";
    return absl::StrCat("when a customer gets in, ", WhyNotMet(*criterion, circumstances_));
  }
  std::optional<size_t> from;
  const WayOut* closed = nullptr;
  for (const WayOut& way : ways_) {
    if (way.to != stage) continue;
    if (!from.has_value()) from = way.from;
    if (closed == nullptr && stages_[way.from]) closed = &way;
  }
  if (!from.has_value()) return "nothing leads there";
  if (closed == nullptr)
    return absl::StrCat("the stage before it, ", Quoted(stages[*from].key), ", can never be entered");
  const std::string before = Quoted(stages[closed->from].key);
  if (closed->shadowed_by.has_value())
    return absl::StrCat("another transition from ", before, " is always taken instead");
  if (closed->criterion == nullptr && !may_complete(closed->from)) {
    for (size_t index = first_milestone_[closed->from]; index < first_milestone_[closed->from + 1]; ++index) {
      if (milestones_[index] || !milestone(index).required) continue;
      return absl::StrCat(before, " can never be completed: ", Quoted(milestone(index).key), " can never be achieved");
    }
    return absl::StrCat(before, " can never be completed");
  }
  const std::vector<Demand> entry = DemandsOfEntry(stage);
  if (CanBeMet(entry, circumstances_) == Answer::kNo) {
    const std::optional<Criterion>& criterion = stages[stage].entry_criterion;
    const std::string part = criterion.has_value() ? ImpossiblePart(*criterion, circumstances_) : "";
    return part.empty() ? "its entry criterion can never be met"
                        : absl::StrCat("its entry criterion needs ", Quoted(part), ", which can never be achieved");
  }
  if (closed->criterion != nullptr &&
      CanBeMet({{closed->criterion, true, View::kStage}}, circumstances_) == Answer::kNo) {
    return absl::StrCat("the criterion of the transition from ", before, " can never be met");
  }
  if (CanBeMet(DemandsOfWay(*closed), circumstances_) == Answer::kNo) {
    return absl::StrCat("its entry criterion never holds together with the criterion of the transition from ", before);
  }
  return absl::StrCat("whenever a customer could come from ", before, ", it has left the journey by an exit");
}

}  // namespace waymark::rules
