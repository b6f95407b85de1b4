#include "tests/rules/brute_force.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rules/random_journey.h"

namespace waymark::rules {
namespace {

bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

// What there is under a name: the value, and whether it is a list or an object.
using Found = std::optional<std::pair<Value, bool>>;

Found Look(absl::Span<const Property> properties, const std::string& name) {
  for (const Property& property : properties) {
    if (property.path == name && (property.composite || !IsNull(property.value))) {
      return std::make_pair(property.value, property.composite);
    }
  }
  return std::nullopt;
}

bool Holds(const Found& found, const ValueCondition& condition) {
  const auto& values = condition.values;
  const bool simple = found.has_value() && !found->second;
  const bool listed = simple && std::count(values.begin(), values.end(), found->first) > 0;
  const auto number = [&](auto compare) {
    return simple && std::holds_alternative<double>(found->first) &&
           compare(std::get<double>(found->first), std::get<double>(values[0]));
  };
  switch (condition.comparison) {
    case Comparison::kEquals:
    case Comparison::kOneOf:
      return listed;
    case Comparison::kNotOneOf:
      return !listed;
    case Comparison::kAtLeast:
      return number(std::greater_equal<double>());
    case Comparison::kAtMost:
      return number(std::less_equal<double>());
    case Comparison::kMoreThan:
      return number(std::greater<double>());
    case Comparison::kLessThan:
      return number(std::less<double>());
    case Comparison::kContains:
      return simple && std::holds_alternative<std::string>(found->first) &&
             absl::StrContains(std::get<std::string>(found->first), std::get<std::string>(values[0]));
    case Comparison::kExists:
      return found.has_value();
    case Comparison::kNotExists:
      return !found.has_value();
  }
  return false;
}

bool Matches(const Item& item, const EventPattern& pattern) {
  if (item.kind != ItemKind::kEvent) return false;
  if (!pattern.event_types.empty() &&
      std::count(pattern.event_types.begin(), pattern.event_types.end(), item.type) == 0) {
    return false;
  }
  for (const ValueCondition& condition : pattern.where) {
    if (!Holds(Look(item.properties, condition.name), condition)) return false;
  }
  return true;
}

std::string KeyText(const Value& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const double* number = std::get_if<double>(&value)) return absl::StrCat(static_cast<int>(*number));
  return std::get<std::string>(value);
}

class Oracle {
 public:
  Oracle(const JourneyVersion& version, const std::vector<Item>& history)
      : version_(version), definition_(version.definition), history_(history) {
    absl::LoadTimeZone(definition_.time_zone, &zone_);
    for (size_t s = 0; s < definition_.stages.size(); ++s) {
      for (const Milestone& milestone : definition_.stages[s].milestones) milestones_.push_back({s, &milestone});
    }
    prelude_.milestones.resize(milestones_.size());
    was_true_.resize(definition_.entry.triggers.size(), false);
  }

  std::vector<ExpectedRun> Run(absl::Time until) {
    for (absl::Time tick = FirstTick(); tick <= until; tick += kTick) {
      now_ = tick;
      while (seen_ < history_.size() && history_[seen_].time == tick) {
        item_ = &history_[seen_++];
        Step();
      }
      item_ = nullptr;
      if (seen_ > 0) Step();
    }
    return runs_;
  }

 private:
  // What a criterion is asked for: from which item on things count, within which window, of which enrollment.
  struct Asked {
    size_t from = 0;
    size_t silence_from = 0;  // For absences, which no period cuts off.
    std::optional<absl::Duration> window;
    const ExpectedRun* run = nullptr;
    std::string milestone;
  };

  When Now() const { return {now_, item_ == nullptr ? 0 : item_->number}; }
  // The items so far that came before this step's.
  size_t Before() const { return item_ == nullptr ? seen_ : seen_ - 1; }

  Found Attribute(const std::string& name) const {
    const std::string first = name.substr(0, name.find('.'));
    for (size_t i = seen_; i-- > 0;) {
      if (history_[i].kind != ItemKind::kAttributes) continue;
      for (const Property& property : history_[i].properties) {
        if (property.path == first || absl::StartsWith(property.path, first + ".")) {
          return Look(history_[i].properties, name);
        }
      }
    }
    return std::nullopt;
  }

  bool DateHasCome(const DateReached& date) const {
    const Found found = Attribute(date.attribute);
    if (!found.has_value() || !std::holds_alternative<std::string>(found->first)) return false;
    int year = 0;
    int month = 0;
    int day = 0;
    if (sscanf(std::get<std::string>(found->first).c_str(), "%d-%d-%d", &year, &month, &day) != 3) return false;
    month += date.offset_months;
    while (month < 1) month += 12, --year;
    while (month > 12) month -= 12, ++year;
    absl::CivilDay moved(year, month, day);
    while (moved.month() != month) moved = absl::CivilDay(year, month, --day);
    return absl::FromCivil(moved + date.offset_days, zone_) <= now_;
  }

  bool Asks(const EventCount& count, const Asked& asked) const {
    std::set<std::string> values;
    for (size_t i = asked.from; i < seen_; ++i) {
      const Item& item = history_[i];
      if (!Matches(item, count.events)) continue;
      if (count.within.has_value() && item.time <= now_ - *count.within) continue;
      if (asked.window.has_value() && item.time <= now_ - *asked.window) continue;
      switch (count.distinct) {
        case Distinct::kEvents:
          values.insert(absl::StrCat(i));
          break;
        case Distinct::kUsers:
          if (!item.user.empty()) values.insert(std::string(item.user));
          break;
        case Distinct::kDays:
          values.insert(absl::FormatTime("%F", item.time, zone_));
          break;
        case Distinct::kProperty: {
          const Found found = Look(item.properties, count.distinct_property);
          if (found.has_value()) values.insert(absl::StrCat(found->first.index(), KeyText(found->first)));
          break;
        }
      }
    }
    return values.size() >= count.at_least;
  }

  // Whether the steps from `step` on are found after the item `last`, which with its first was at `start`.
  bool Continues(const Sequence& sequence, size_t step, size_t from, absl::Time start, absl::Time last,
                 const Asked& asked) const {
    if (step == sequence.steps.size()) return true;
    for (size_t i = from; i < seen_; ++i) {
      if (!Matches(history_[i], sequence.steps[step])) continue;
      const absl::Time time = history_[i].time;
      if (asked.window.has_value() && time <= now_ - *asked.window) continue;
      if (step > 0 && sequence.max_gap.has_value() && time - last > *sequence.max_gap) continue;
      if (step > 0 && sequence.max_span.has_value() && time - start > *sequence.max_span) continue;
      if (Continues(sequence, step + 1, i + 1, step == 0 ? time : start, time, asked)) return true;
    }
    return false;
  }

  bool Asks(const Absence& absence, const Asked& asked) const {
    std::optional<absl::Time> since;
    if (absence.since == Anchor::kFirstEvent) {
      for (size_t i = 0; i < seen_ && !since.has_value(); ++i) {
        if (history_[i].kind == ItemKind::kEvent) since = history_[i].time;
      }
    } else if (asked.run != nullptr && !asked.run->stays.empty()) {
      since =
          absence.since == Anchor::kEnrolled ? asked.run->stays.front().when.first : asked.run->stays.back().when.first;
    }
    for (size_t i = asked.silence_from; i < seen_; ++i) {
      if (Matches(history_[i], absence.events)) since = history_[i].time;
    }
    return since.has_value() && now_ - *since >= absence.lasting;
  }

  bool Asks(const Criterion& criterion, const Asked& asked) const {
    const auto met = [&](const std::vector<Criterion>& criteria) {
      size_t count = 0;
      for (const Criterion& part : criteria) count += Asks(part, asked);
      return count;
    };
    if (const auto* count = std::get_if<EventCount>(&criterion.kind)) return Asks(*count, asked);
    if (const auto* sequence = std::get_if<Sequence>(&criterion.kind)) {
      return Continues(*sequence, 0, asked.from, {}, {}, asked);
    }
    if (const auto* absence = std::get_if<Absence>(&criterion.kind)) return Asks(*absence, asked);
    if (const auto* none = std::get_if<NoneOf>(&criterion.kind)) return met(none->criteria) == 0;
    if (const auto* some = std::get_if<Some>(&criterion.kind)) {
      if (some->quorum == Quorum::kAll) return met(some->criteria) == some->criteria.size();
      return met(some->criteria) >= (some->quorum == Quorum::kAny ? 1 : some->at_least);
    }
    if (const auto* attribute = std::get_if<AttributeIs>(&criterion.kind)) {
      return Holds(Attribute(attribute->condition.name), attribute->condition);
    }
    if (const auto* segment = std::get_if<InSegment>(&criterion.kind)) return Belongs(segment->segment_id);
    if (const auto* milestone = std::get_if<MilestoneMet>(&criterion.kind)) {
      return asked.run != nullptr && MilestoneOf(*asked.run, milestone->milestone_key).achieved.has_value();
    }
    if (const auto* band = std::get_if<InBand>(&criterion.kind)) {
      for (size_t i = seen_; i-- > 0;) {
        if (history_[i].kind != ItemKind::kBand || history_[i].type != band->scorecard_id) continue;
        return std::count(band->bands.begin(), band->bands.end(), history_[i].key) > 0;
      }
      return false;
    }
    if (const auto* attested = std::get_if<Attested>(&criterion.kind)) {
      for (size_t i = asked.from; i < seen_; ++i) {
        const Item& item = history_[i];
        if (item.kind != ItemKind::kAttestation || item.key != asked.milestone) continue;
        if (!attested->role.empty() && item.role != attested->role) continue;
        if (!asked.window.has_value() || item.time > now_ - *asked.window) return true;
      }
      return false;
    }
    return DateHasCome(std::get<DateReached>(criterion.kind));
  }

  bool Belongs(const std::string& segment_id) const {
    for (const SegmentRule& segment : version_.segments) {
      if (segment.segment_id == segment_id) return Asks(segment.criterion, {});
    }
    return false;
  }

  const ExpectedMilestone& MilestoneOf(const ExpectedRun& run, const std::string& key) const {
    for (size_t m = 0; m < milestones_.size(); ++m) {
      if (milestones_[m].second->key == key) return run.milestones[m];
    }
    abort();
  }

  // From which item on things count for an enrollment, or for the stage it stands in.
  struct Starts {
    size_t entry = 0;
    size_t stage = 0;
    std::set<size_t> entered = {0};  // The stages stood in since the last item.
  };

  bool MilestoneIsMet(const ExpectedRun& run, const Starts& starts, size_t m) const {
    const Milestone& milestone = *milestones_[m].second;
    Asked asked{.run = &run, .milestone = milestone.key};
    if (milestone.scope == Scope::kFromStage) asked.from = starts.stage;
    if (milestone.scope == Scope::kFromEntry) asked.from = starts.entry;
    if (milestone.scope == Scope::kWindow) asked.window = milestone.scope_window;
    if (milestone.latching == Latching::kRecurring) {
      asked.from = std::max(asked.from, starts.entry);
      asked.silence_from = asked.from;
      // Items up to the end of the period before.
      const absl::Time entered = run.stays.front().when.first;
      absl::Time start = entered;
      while (start + *milestone.period < now_ || (item_ == nullptr && start + *milestone.period == now_)) {
        start += *milestone.period;
      }
      if (start > entered) {
        while (asked.from < seen_ && history_[asked.from].time <= start) ++asked.from;
      }
    } else {
      asked.silence_from = asked.from;
    }
    for (const std::string& other : milestone.depends_on) {
      if (!MilestoneOf(run, other).achieved.has_value()) return false;
    }
    for (const Variant& variant : milestone.variants) {
      if (Belongs(variant.segment_id)) return Asks(variant.criterion, asked);
    }
    return Asks(milestone.criterion, asked);
  }

  bool IsLookedAt(const ExpectedRun& run, size_t m) const {
    const Milestone& milestone = *milestones_[m].second;
    if (run.stays.empty()) {
      return milestone.latching != Latching::kRecurring &&
             (milestone.scope == Scope::kAllHistory || milestone.scope == Scope::kWindow);
    }
    return milestone.scope != Scope::kFromStage || run.stays.back().stage == milestones_[m].first;
  }

  void UpdateMilestones(ExpectedRun& run, const Starts& starts) {
    for (size_t m = 0; m < milestones_.size(); ++m) {
      if (!IsLookedAt(run, m)) continue;
      ExpectedMilestone& state = run.milestones[m];
      if (state.achieved.has_value() && milestones_[m].second->latching != Latching::kRevocable) continue;
      const bool met = MilestoneIsMet(run, starts, m);
      if (met == state.achieved.has_value()) continue;
      if (met) {
        state.achieved = Now();
      } else {
        state.achieved.reset();
        ++state.earlier;
      }
    }
  }

  bool MayEnter(const ExpectedRun& run, size_t stage) const {
    const Stage& next = definition_.stages[stage];
    for (const std::string& answer : next.required_answers) {
      if (!Attribute(answer).has_value()) return false;
    }
    return !next.entry_criterion.has_value() || Asks(*next.entry_criterion, {.run = &run});
  }

  size_t StageOf(const std::string& key) const {
    size_t stage = 0;
    while (definition_.stages[stage].key != key) ++stage;
    return stage;
  }

  // The stage that is entered next; the number of stages: the end; nothing: none.
  std::optional<size_t> Next(const ExpectedRun& run, const Starts& starts, const std::set<size_t>& entered) const {
    const size_t here = run.stays.back().stage;
    const bool completed = run.stays.back().completed.has_value();
    const size_t end = definition_.stages.size();
    std::vector<const Transition*> ways;
    for (const Transition& transition : definition_.transitions) {
      if (transition.from_stage == definition_.stages[here].key) ways.push_back(&transition);
    }
    if (ways.empty()) {
      if (!completed) return std::nullopt;
      const size_t next = definition_.transitions.empty() ? here + 1 : end;
      if (next == end || (entered.count(next) == 0 && MayEnter(run, next))) return next;
      return std::nullopt;
    }
    std::stable_sort(ways.begin(), ways.end(),
                     [](const Transition* a, const Transition* b) { return a->priority > b->priority; });
    for (const Transition* way : ways) {
      const bool open = way->criterion.has_value()
                            ? Asks(*way->criterion, {.from = starts.stage, .silence_from = starts.stage, .run = &run})
                            : completed;
      if (!open) continue;
      if (way->to_stage.empty()) return end;
      const size_t next = StageOf(way->to_stage);
      if (next < here && !definition_.stages[next].regress) continue;
      if (entered.count(next) == 0 && MayEnter(run, next)) return next;
    }
    return std::nullopt;
  }

  void Settle(ExpectedRun& run, Starts& starts) {
    if (item_ != nullptr) starts.entered = {run.stays.back().stage};
    while (true) {
      UpdateMilestones(run, starts);
      ExpectedRun::Stay& stay = run.stays.back();
      if (!stay.completed.has_value()) {
        uint32_t achieved = 0;
        bool all = true;
        for (size_t m = 0; m < milestones_.size(); ++m) {
          if (milestones_[m].first != stay.stage) continue;
          const bool is = run.milestones[m].achieved.has_value();
          achieved += is;
          if (!is && milestones_[m].second->required) all = false;
        }
        const std::optional<uint32_t> needed = definition_.stages[stay.stage].exit_at_least;
        if (needed.has_value() ? achieved >= *needed : all) stay.completed = now_;
      }
      for (size_t e = 0; e < definition_.exits.size(); ++e) {
        if (!Asks(definition_.exits[e].criterion, {.from = starts.entry, .silence_from = starts.entry, .run = &run})) {
          continue;
        }
        run.exited.emplace(Now(), e);
        return;
      }
      const std::optional<size_t> next = Next(run, starts, starts.entered);
      if (!next.has_value()) return;
      if (*next == definition_.stages.size()) {
        run.completed = Now();
        return;
      }
      Stand(run, starts, *next);
    }
  }

  // From now on in a stage.
  void Stand(ExpectedRun& run, Starts& starts, size_t stage) {
    const bool anew = std::any_of(run.stays.begin(), run.stays.end(),
                                  [&](const ExpectedRun::Stay& before) { return before.stage == stage; });
    run.stays.push_back({stage, Now(), std::nullopt});
    starts.stage = seen_;
    starts.entered.insert(stage);
    for (size_t m = 0; m < milestones_.size() && anew; ++m) {
      if (milestones_[m].first == stage && milestones_[m].second->scope == Scope::kFromStage) {
        BeginAnew(run.milestones[m]);
      }
    }
  }

  static void BeginAnew(ExpectedMilestone& milestone) {
    if (milestone.achieved.has_value()) ++milestone.earlier;
    milestone.achieved.reset();
  }

  bool Triggers() {
    bool any = false;
    for (size_t i = 0; i < definition_.entry.triggers.size(); ++i) {
      const Trigger& trigger = definition_.entry.triggers[i];
      const bool is_event = item_ != nullptr && item_->kind == ItemKind::kEvent;
      if (std::holds_alternative<AnyEvent>(trigger)) any |= is_event;
      if (const auto* first = std::get_if<FirstEvent>(&trigger)) any |= is_event && Matches(*item_, first->events);
      if (std::holds_alternative<ByCall>(trigger)) any |= item_ != nullptr && item_->kind == ItemKind::kEnrollCall;
      if (const auto* other = std::get_if<JourneyCompletion>(&trigger)) {
        any |= item_ != nullptr && item_->kind == ItemKind::kCompletion && item_->type == other->journey_id;
      }
      bool is_true = false;
      if (const auto* segment = std::get_if<InSegment>(&trigger)) is_true = Belongs(segment->segment_id);
      if (const auto* date = std::get_if<DateReached>(&trigger)) is_true = DateHasCome(*date);
      any |= is_true && !was_true_[i];
      was_true_[i] = is_true;
    }
    return any;
  }

  std::optional<std::string> Key() const {
    const std::string& name = definition_.entry.entry_key;
    if (name.empty()) return "";
    Found found;
    if (item_ != nullptr && item_->kind != ItemKind::kAttributes) found = Look(item_->properties, name);
    if (!found.has_value()) found = Attribute(name);
    if (!found.has_value() || found->second) return std::nullopt;
    return KeyText(found->first);
  }

  // Whether an enrollment of this key may be opened, as things stood before this step.
  bool MayOpen(const std::string& key) const {
    if (definition_.enroll_from.has_value() && now_ < *definition_.enroll_from) return false;
    const ExpectedRun* last = nullptr;
    for (const ExpectedRun& run : runs_) {
      if (run.key == key) last = &run;
    }
    if (last == nullptr) return true;
    if (!last->completed.has_value() && !last->exited.has_value()) return false;
    const absl::Time end = last->completed.has_value() ? last->completed->first : last->exited->first.first;
    if (now_ < end + definition_.entry.cooldown) return false;
    return definition_.entry.re_entry == ReEntry::kAlways ||
           (definition_.entry.re_entry == ReEntry::kAfterExit && last->exited.has_value());
  }

  void Step() {
    const bool triggers = Triggers();
    const std::optional<std::string> key = triggers ? Key() : std::nullopt;
    const bool opens = key.has_value() && MayOpen(*key);
    // A call takes out of everything, or of the enrollment that it names.
    if (item_ != nullptr && item_->kind == ItemKind::kExitCall) {
      for (ExpectedRun& run : runs_) {
        const bool ended = run.completed.has_value() || run.exited.has_value();
        if (!ended && (item_->entry_key.empty() || item_->entry_key == run.key))
          run.exited.emplace(Now(), std::nullopt);
      }
    }
    if (item_ != nullptr && item_->kind == ItemKind::kOverride) Override();
    for (size_t r = 0; r < runs_.size(); ++r) {
      if (runs_[r].completed.has_value() || runs_[r].exited.has_value()) continue;
      BeginPeriods(runs_[r]);
      Settle(runs_[r], starts_[r]);
    }
    UpdateMilestones(prelude_, {});
    if (!opens || !MayEnter(prelude_, 0)) return;
    ExpectedRun run = prelude_;
    run.key = *key;
    run.stays.push_back({0, Now(), std::nullopt});
    Starts starts{.entry = Before(), .stage = Before(), .entered = {0}};
    Settle(run, starts);
    runs_.push_back(run);
    starts_.push_back(starts);
  }

  // Puts every open enrollment, or the one that is named, into a stage.
  void Override() {
    for (size_t stage = 0; stage < definition_.stages.size(); ++stage) {
      if (definition_.stages[stage].key != item_->key) continue;
      for (size_t r = 0; r < runs_.size(); ++r) {
        ExpectedRun& run = runs_[r];
        if (run.completed.has_value() || run.exited.has_value()) continue;
        if (!item_->entry_key.empty() && item_->entry_key != run.key) continue;
        if (run.stays.back().stage != stage) Stand(run, starts_[r], stage);
        for (const Property& named : item_->properties) {
          for (size_t m = 0; m < milestones_.size(); ++m) {
            const Milestone& milestone = *milestones_[m].second;
            if (milestone.key != named.path || milestone.latching == Latching::kRevocable) continue;
            if (!run.milestones[m].achieved.has_value()) run.milestones[m].achieved = Now();
          }
        }
      }
    }
  }

  void BeginPeriods(ExpectedRun& run) {
    if (item_ != nullptr) return;
    for (size_t m = 0; m < milestones_.size(); ++m) {
      const Milestone& milestone = *milestones_[m].second;
      if (milestone.latching != Latching::kRecurring || !IsLookedAt(run, m)) continue;
      const absl::Duration since = now_ - run.stays.front().when.first;
      if (since > absl::ZeroDuration() && since % *milestone.period == absl::ZeroDuration()) {
        BeginAnew(run.milestones[m]);
      }
    }
  }

  const JourneyVersion& version_;
  const Definition& definition_;
  const std::vector<Item>& history_;
  absl::TimeZone zone_;
  std::vector<std::pair<size_t, const Milestone*>> milestones_;  // Each with its stage.
  size_t seen_ = 0;                                              // How many items have come.
  const Item* item_ = nullptr;                                   // The one at hand; nullptr: a tick.
  absl::Time now_;
  std::vector<bool> was_true_;
  ExpectedRun prelude_;  // What an enrollment begins with.
  std::vector<ExpectedRun> runs_;
  std::vector<Starts> starts_;
};

}  // namespace

std::vector<ExpectedRun> BruteForce(const JourneyVersion& version, const std::vector<Item>& history, absl::Time until) {
  std::vector<Item> in_time;
  for (const Item& item : history) {
    const absl::Duration late = item.received - item.time;
    if (!version.definition.lateness.has_value() || late <= *version.definition.lateness) in_time.push_back(item);
  }
  return Oracle(version, in_time).Run(until);
}

}  // namespace waymark::rules
