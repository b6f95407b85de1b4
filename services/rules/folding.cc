#include "services/rules/folding.h"

#include <algorithm>
#include <utility>

namespace waymark::rules {
namespace {

absl::string_view FirstName(absl::string_view path) { return path.substr(0, path.find('.')); }

// The first end of a period, counted from `start`, at or after `time`.
absl::Time EndOfPeriod(absl::Time start, absl::Duration period, absl::Time time) {
  absl::Duration rest;
  int64_t periods = absl::IDivDuration(time - start, period, &rest);
  if (rest > absl::ZeroDuration() || periods == 0) ++periods;
  return start + periods * period;
}

LeafState& StateAt(std::vector<LeafState>& states, size_t slot, size_t slots) {
  if (states.empty()) states.resize(slots);
  return states[slot];
}

}  // namespace

Folding::Folding(const Journey& journey, Progress& progress, FoldingListener* listener)
    : journey_(journey), progress_(progress), listener_(listener) {
  if (progress_.runs.empty()) progress_.runs.emplace_back().milestones.resize(journey_.rules().size());
}

bool Folding::over() const {
  return std::all_of(progress_.runs.begin(), progress_.runs.end(), [](const Run& run) { return run.ended(); });
}

void Folding::Apply(const Item& item) {
  if (over() || journey_.IsTooLate(item)) return;
  time_ = item.time;
  item_ = &item;
  // What time alone changes at this very instant is seen by every item of it, whatever that is.
  const bool matters = Take(item) || progress_.next <= item.time || !progress_.begun || journey_.leads_back();
  progress_.begun = true;
  if (matters) Conclude();
}

void Folding::Fire(absl::Time time) {
  time_ = time;
  item_ = nullptr;
  progress_.timer = time;
  for (size_t run = 0; run < progress_.runs.size(); ++run) BeginPeriods(run);
  Conclude();
}

bool Folding::Take(const Item& item) {
  const bool of_this_journey = item.type == journey_.version().journey_id;
  switch (item.kind) {
    case ItemKind::kEvent:
      return TakeEvent(item);
    case ItemKind::kAttributes:
      return TakeAttributes(item);
    case ItemKind::kBand:
      return TakeBand(item);
    case ItemKind::kAttestation:
      return of_this_journey && TakeAttestation(item);
    case ItemKind::kEnrollCall:
      return of_this_journey && MayOpen();
    case ItemKind::kExitCall:
      return of_this_journey && TakeExitCall(item);
    case ItemKind::kCompletion:
      return MayOpen();
    case ItemKind::kOverride:
      return of_this_journey && TakeOverride(item);
  }
  return false;
}

bool Folding::TakeEvent(const Item& item) {
  bool matters = false;
  if (journey_.looks_at_first_event() && !progress_.first_event.has_value()) {
    progress_.first_event = item.time;
    matters = true;
  }
  const Journey::Interest& interest = journey_.InterestIn(item.type);
  if (interest.empty()) return matters;
  if (!interest.leaves.empty()) matters |= CountInHistory(interest.leaves, item);
  for (size_t run = 0; run < progress_.runs.size(); ++run) {
    if (progress_.runs[run].ended()) continue;
    matters |= CountPlain(run, interest.plain_rules, item, /*opening=*/false);
    if (!interest.leaves.empty()) matters |= CountInRun(run, interest.leaves, item);
  }
  return matters || (interest.opens && MayOpen());
}

bool Folding::TakeAttributes(const Item& item) {
  bool matters = false;
  for (size_t i = 0; i < journey_.attributes().size(); ++i) {
    const std::string& path = journey_.attributes()[i];
    // A change replaces the whole attribute, also where only another part of it was looked at.
    const bool changes = std::any_of(item.properties.begin(), item.properties.end(), [&](const Property& property) {
      return FirstName(property.path) == FirstName(path);
    });
    if (!changes) continue;
    const Property* property = Find(item.properties, path);
    matters = true;
    if (progress_.attributes.empty()) progress_.attributes.resize(journey_.attributes().size());
    progress_.attributes[i] = property == nullptr ? Known{} : Known{property->value, property->composite};
    if (listener_ == nullptr) continue;
    for (size_t run = 0; run < progress_.runs.size(); ++run) {
      for (const size_t rule : journey_.evaluated_rules()) {
        const std::vector<size_t>& watched = journey_.rules()[rule].attributes;
        if (std::find(watched.begin(), watched.end(), i) == watched.end()) continue;
        if (!progress_.runs[run].ended()) listener_->Counted(run, rule, nullptr, item);
      }
    }
  }
  return matters;
}

bool Folding::TakeBand(const Item& item) {
  const auto found = std::find(journey_.scorecards().begin(), journey_.scorecards().end(), item.type);
  if (found == journey_.scorecards().end()) return false;
  if (progress_.bands.empty()) progress_.bands.resize(journey_.scorecards().size());
  progress_.bands[found - journey_.scorecards().begin()] = std::string(item.key);
  return true;
}

bool Folding::TakeAttestation(const Item& item) {
  const std::vector<size_t>* leaves = journey_.AttestationsOf(item.key);
  if (leaves == nullptr) return false;
  bool matters = CountInHistory(*leaves, item);
  for (size_t run = 0; run < progress_.runs.size(); ++run) {
    if (!progress_.runs[run].ended()) matters |= CountInRun(run, *leaves, item);
  }
  return matters;
}

std::vector<size_t> Folding::RunsMeantBy(const Item& call) const {
  std::vector<size_t> runs;
  for (size_t i = 0; i < progress_.runs.size(); ++i) {
    const Run& run = progress_.runs[i];
    if (run.enrolled() && !run.ended() && (call.entry_key.empty() || run.key == call.entry_key)) runs.push_back(i);
  }
  return runs;
}

bool Folding::TakeExitCall(const Item& item) {
  const std::vector<size_t> runs = RunsMeantBy(item);
  for (const size_t index : runs) {
    Run& run = progress_.runs[index];
    run.exited = Departure{.moment = Now()};
    run.leaves = {};
  }
  return !runs.empty();
}

bool Folding::TakeOverride(const Item& item) {
  const std::optional<size_t> stage = journey_.FindStage(item.key);
  if (!stage.has_value()) return false;
  bool matters = false;
  for (const size_t index : RunsMeantBy(item)) {
    Run& run = progress_.runs[index];
    if (run.stage() != *stage && run.entered.size() < kMostPassages) {
      Enter(index, *stage);
      run.since_item = run.entered.size() - 1;  // What was stood in before may be stood in again.
      matters = true;
    }
    matters |= AchieveByCall(index, item);
  }
  return matters;
}

bool Folding::AchieveByCall(size_t index, const Item& item) {
  Run& run = progress_.runs[index];
  bool matters = false;
  for (size_t rule = 0; rule < journey_.rules().size() && !item.properties.empty(); ++rule) {
    MilestoneProgress& milestone = run.milestones[rule];
    if (milestone.achieved.has_value() || journey_.rules()[rule].latching == Latching::kRevocable) continue;
    if (Find(item.properties, journey_.milestone(rule).key) == nullptr) continue;
    if (listener_ != nullptr) listener_->Achieved(index, rule, item);
    milestone.achieved = Now();
    matters = true;
  }
  return matters;
}

bool Folding::CountInHistory(const std::vector<size_t>& leaves, const Item& item) {
  bool matters = false;
  for (const size_t index : leaves) {
    const Leaf& leaf = journey_.leaves()[index];
    if (leaf.reach != Reach::kHistory || !Concerns(leaf, item)) continue;
    matters = true;
    Remember(leaf, item, journey_.calendar(), StateAt(progress_.leaves, leaf.slot, journey_.history_slots()));
    if (listener_ == nullptr || !leaf.milestone.has_value()) continue;
    for (size_t run = 0; run < progress_.runs.size(); ++run) {
      if (!progress_.runs[run].ended()) listener_->Counted(run, *leaf.milestone, &leaf, item);
    }
  }
  return matters;
}

bool Folding::CountInRun(size_t index, const std::vector<size_t>& leaves, const Item& item) {
  Run& run = progress_.runs[index];
  bool matters = false;
  if (!run.enrolled()) return matters;
  for (const size_t leaf_index : leaves) {
    const Leaf& leaf = journey_.leaves()[leaf_index];
    const bool in_reach = leaf.reach == Reach::kEntry || (leaf.reach == Reach::kStage && run.stage() == leaf.stage);
    if (!in_reach || !Concerns(leaf, item)) continue;
    matters = true;
    Remember(leaf, item, journey_.calendar(), StateAt(run.leaves, leaf.slot, journey_.run_slots()));
    if (listener_ != nullptr && leaf.milestone.has_value()) listener_->Counted(index, *leaf.milestone, &leaf, item);
  }
  return matters;
}

bool Folding::CountPlain(size_t index, const std::vector<size_t>& plain_rules, const Item& item, bool opening) {
  Run& run = progress_.runs[index];
  bool matters = false;
  for (const size_t rule_index : plain_rules) {
    const Rule& rule = journey_.rules()[rule_index];
    MilestoneProgress& milestone = run.milestones[rule_index];
    // Before it was opened everything but what begins with it was counted already.
    const bool in_scope = rule.scope == Scope::kAllHistory ? !opening : IsActive(run, rule);
    if (!in_scope || milestone.achieved.has_value()) continue;
    if (!rule.pattern.where.empty() && !Fits(item, rule.pattern)) continue;
    // A count that is not reached yet says nothing to anyone.
    if (++milestone.counted >= rule.needed) {
      milestone.achieved = Now();
      matters = true;
    }
    if (listener_ != nullptr) listener_->Counted(index, rule_index, nullptr, item);
  }
  return matters;
}

bool Folding::IsActive(const Run& run, const Rule& rule) const {
  switch (rule.scope) {
    case Scope::kFromStage:
      return run.enrolled() && run.stage() == rule.stage;
    case Scope::kFromEntry:
      return run.enrolled();
    case Scope::kAllHistory:
    case Scope::kWindow:
      return run.enrolled() || rule.latching != Latching::kRecurring;
  }
  return false;
}

void Folding::Conclude() {
  std::optional<std::string> key = MayOpen() ? Opening() : std::nullopt;
  for (size_t run = 0; run < progress_.runs.size(); ++run) {
    if (progress_.runs[run].ended()) continue;
    if (progress_.runs[run].enrolled()) {
      Settle(run);
    } else {
      UpdateMilestones(run);
    }
  }
  if (key.has_value()) Open(*std::move(key));
  if (journey_.plain()) return;
  if (over()) {
    progress_.leaves = {};
    progress_.attributes = {};
    progress_.bands = {};
    progress_.next = absl::InfiniteFuture();
  } else if (journey_.timed()) {
    progress_.next = Plan();
  }
}

std::optional<std::string> Folding::Opening() {
  const Definition& definition = journey_.version().definition;
  if (journey_.stages().empty() || !Triggered()) return std::nullopt;
  if (definition.enroll_from.has_value() && time_ < *definition.enroll_from) return std::nullopt;
  if (progress_.enrollments().size() >= kMostRuns) return std::nullopt;
  std::optional<std::string> key = EntryKey();
  if (!key.has_value()) return std::nullopt;
  // The latest enrollment of the key decides.
  for (size_t i = progress_.enrollments().size(); i-- > 0;) {
    const Run& run = progress_.runs[i];
    if (run.key != *key) continue;
    // What an exit call ended at this very item is over, but only now.
    if (!run.ended() || (run.exited.has_value() && run.exited->moment == Now())) return std::nullopt;
    const absl::Time end = run.completed.has_value() ? run.completed->time : run.exited->moment.time;
    if (time_ < end + definition.entry.cooldown) return std::nullopt;
    switch (definition.entry.re_entry) {
      case ReEntry::kNever:
        return std::nullopt;
      case ReEntry::kAfterExit:
        if (!run.exited.has_value()) return std::nullopt;
        break;
      case ReEntry::kAlways:
        break;
    }
    break;
  }
  return key;
}

bool Folding::Triggered() {
  const std::vector<Trigger>& triggers = journey_.version().definition.entry.triggers;
  bool triggered = false;
  for (size_t i = 0; i < triggers.size(); ++i) {
    if (const std::optional<size_t>& node = journey_.triggers()[i]; node.has_value()) {
      const uint32_t bit = uint32_t{1} << i;
      const bool met = Evaluation(journey_, progress_, nullptr, time_).Met(*node);
      if (met && (progress_.triggered & bit) == 0) triggered = true;
      progress_.triggered = met ? progress_.triggered | bit : progress_.triggered & ~bit;
    } else if (item_ == nullptr) {
      continue;
    } else if (std::holds_alternative<AnyEvent>(triggers[i])) {
      triggered |= item_->kind == ItemKind::kEvent;
    } else if (const FirstEvent* first = std::get_if<FirstEvent>(&triggers[i])) {
      triggered |= item_->kind == ItemKind::kEvent && Fits(*item_, first->events);
    } else if (const JourneyCompletion* other = std::get_if<JourneyCompletion>(&triggers[i])) {
      triggered |= item_->kind == ItemKind::kCompletion && item_->type == other->journey_id;
    } else if (std::holds_alternative<ByCall>(triggers[i])) {
      triggered |= item_->kind == ItemKind::kEnrollCall && item_->type == journey_.version().journey_id;
    }
  }
  return triggered;
}

std::optional<std::string> Folding::EntryKey() const {
  const std::optional<size_t> attribute = journey_.entry_key_attribute();
  if (!attribute.has_value()) return "";
  if (item_ != nullptr && item_->kind != ItemKind::kAttributes) {
    const Property* property = Find(item_->properties, journey_.attributes()[*attribute]);
    if (property != nullptr) return TextOf(property->value);
  }
  const Known* known = Look(progress_.runs.back()).attribute(*attribute);
  return known == nullptr ? std::nullopt : TextOf(known->value);
}

void Folding::Open(std::string key) {
  const size_t index = progress_.runs.size() - 1;
  if (!Look(progress_.runs[index]).MayEnter(0)) return;
  if (journey_.may_enter_again()) progress_.runs.push_back(progress_.runs[index]);
  Run& run = progress_.runs[index];
  run.key = std::move(key);
  run.entered.push_back({.time = time_, .item = Now().item});
  if (listener_ != nullptr) listener_->Opened(index);
  if (item_ != nullptr && item_->kind == ItemKind::kEvent) {
    const Journey::Interest& interest = journey_.InterestIn(item_->type);
    CountPlain(index, interest.plain_rules, *item_, /*opening=*/true);
    CountInRun(index, interest.leaves, *item_);
  }
  if (item_ != nullptr && item_->kind == ItemKind::kAttestation && item_->type == journey_.version().journey_id) {
    if (const std::vector<size_t>* leaves = journey_.AttestationsOf(item_->key)) CountInRun(index, *leaves, *item_);
  }
  Settle(index);
}

void Folding::Settle(size_t index) {
  Run& run = progress_.runs[index];
  if (item_ != nullptr && journey_.leads_back()) run.since_item = run.entered.size() - 1;
  while (true) {
    UpdateMilestones(index);
    CompleteStage(run);
    for (size_t exit = 0; exit < journey_.exits().size(); ++exit) {
      if (!Look(run).Met(journey_.exits()[exit])) continue;
      run.exited = Departure{.moment = Now(), .exit = exit};
      run.leaves = {};
      return;
    }
    const Way* way = OpenWay(run);
    if (way == nullptr) return;
    if (way->to.has_value()) {
      Enter(index, *way->to);
    } else {
      run.completed = Now();
      run.leaves = {};
    }
    if (listener_ != nullptr) listener_->Took(index, *way);
    if (run.completed.has_value()) return;
  }
}

void Folding::UpdateMilestones(size_t index) {
  Run& run = progress_.runs[index];
  for (const size_t rule_index : journey_.evaluated_rules()) {
    const Rule& rule = journey_.rules()[rule_index];
    MilestoneProgress& milestone = run.milestones[rule_index];
    if (!IsActive(run, rule)) continue;
    if (milestone.achieved.has_value() && rule.latching != Latching::kRevocable) continue;
    const bool met = Look(run).Met(rule);
    if (met == milestone.achieved.has_value()) continue;
    const auto revocation = std::find_if(run.revoked.begin(), run.revoked.end(),
                                         [&](const Revocation& revoked) { return revoked.milestone == rule_index; });
    if (met) {
      milestone.achieved = Now();
    } else {
      milestone.achieved.reset();
      ++milestone.earlier;
      if (revocation != run.revoked.end()) {
        revocation->moment = Now();
      } else {
        run.revoked.push_back({rule_index, Now()});
      }
      if (listener_ != nullptr) listener_->BeganAnew(index, rule_index);
    }
  }
}

void Folding::CompleteStage(Run& run) {
  Passage& passage = run.entered.back();
  if (passage.completed.has_value()) return;
  const Stage& stage = journey_.stages()[passage.stage];
  const size_t first = journey_.first_rule(passage.stage);
  uint32_t achieved = 0;
  bool all = true;
  for (size_t i = 0; i < stage.milestones.size(); ++i) {
    const bool is_achieved = run.milestones[first + i].achieved.has_value();
    achieved += is_achieved ? 1 : 0;
    all = all && (is_achieved || !stage.milestones[i].required);
  }
  if (stage.exit_at_least.has_value() ? achieved >= *stage.exit_at_least : all) passage.completed = time_;
}

const Way* Folding::OpenWay(const Run& run) const {
  const bool completed = run.entered.back().completed.has_value();
  const auto visited = [&](size_t stage) {
    return std::any_of(run.entered.begin() + run.since_item, run.entered.end(),
                       [&](const Passage& passage) { return passage.stage == stage; });
  };
  for (const Way& way : journey_.ways(run.stage())) {
    if (way.criterion.has_value() ? !Look(run).Met(*way.criterion) : !completed) continue;
    if (!way.to.has_value()) return &way;
    if (visited(*way.to)) continue;
    if (run.entered.size() >= kMostPassages || !Look(run).MayEnter(*way.to)) continue;
    return &way;
  }
  return nullptr;
}

void Folding::Enter(size_t index, size_t stage) {
  Run& run = progress_.runs[index];
  const bool anew = std::any_of(run.entered.begin(), run.entered.end(),
                                [&](const Passage& passage) { return passage.stage == stage; });
  run.entered.push_back({.time = time_, .item = Now().item, .stage = stage});
  if (!anew) return;
  for (size_t rule = journey_.first_rule(stage); rule < journey_.first_rule(stage + 1); ++rule) {
    if (journey_.rules()[rule].scope == Scope::kFromStage) BeginAnew(index, rule);
  }
  for (const Leaf& leaf : journey_.leaves()) {
    if (leaf.reach == Reach::kStage && leaf.stage == stage && !run.leaves.empty()) run.leaves[leaf.slot] = {};
  }
}

void Folding::BeginAnew(size_t index, size_t rule) {
  Run& run = progress_.runs[index];
  MilestoneProgress& milestone = run.milestones[rule];
  if (milestone.achieved.has_value()) ++milestone.earlier;
  milestone.achieved.reset();
  milestone.counted = 0;
  run.revoked.erase(std::remove_if(run.revoked.begin(), run.revoked.end(),
                                   [&](const Revocation& revoked) { return revoked.milestone == rule; }),
                    run.revoked.end());
  if (listener_ != nullptr) listener_->BeganAnew(index, rule);
}

void Folding::BeginPeriods(size_t index) {
  Run& run = progress_.runs[index];
  if (!run.enrolled() || run.ended()) return;
  for (const size_t rule_index : journey_.evaluated_rules()) {
    const Rule& rule = journey_.rules()[rule_index];
    if (!rule.period.has_value() || !IsActive(run, rule)) continue;
    if (EndOfPeriod(run.entered.front().time, *rule.period, time_) != time_) continue;
    BeginAnew(index, rule_index);
    for (const size_t leaf : rule.leaves) {
      if (!run.leaves.empty()) run.leaves[journey_.leaves()[leaf].slot] = {};
    }
  }
}

absl::Time Folding::Plan() const {
  absl::Time next = absl::InfiniteFuture();
  const auto look_at = [&](const Evaluation& evaluation, std::optional<size_t> node) {
    if (node.has_value()) next = std::min(next, evaluation.NextChange(*node));
  };
  for (const Run& run : progress_.runs) {
    if (run.ended()) continue;
    const Evaluation evaluation = Look(run);
    for (const size_t rule_index : journey_.evaluated_rules()) {
      const Rule& rule = journey_.rules()[rule_index];
      const bool achieved = run.milestones[rule_index].achieved.has_value();
      if (!IsActive(run, rule)) continue;
      if (!achieved || rule.latching == Latching::kRevocable) next = std::min(next, evaluation.NextChange(rule));
      const bool resets =
          rule.period.has_value() && (achieved || std::any_of(rule.leaves.begin(), rule.leaves.end(), [&](size_t leaf) {
                                        return !evaluation.state(journey_.leaves()[leaf]).blank();
                                      }));
      if (!resets) continue;
      // An item at the very end of a period still belongs to it.
      const absl::Time end = EndOfPeriod(run.entered.front().time, *rule.period, time_);
      next = std::min(next, end > time_ || item_ != nullptr ? end : end + *rule.period);
    }
    if (!run.enrolled()) {
      for (const std::optional<size_t>& trigger : journey_.triggers()) look_at(evaluation, trigger);
      continue;
    }
    for (const size_t exit : journey_.exits()) look_at(evaluation, exit);
    for (const Way& way : journey_.ways(run.stage())) {
      look_at(evaluation, way.criterion);
      if (way.to.has_value()) look_at(evaluation, journey_.entry_criterion(*way.to));
    }
  }
  return next;
}

}  // namespace waymark::rules
