#include "services/rules/traveller.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "services/rules/evaluation.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

// An example longer than this convinces nobody; a large journey has a thousand steps to its end.
constexpr int64_t kMostSteps = 2'000;
// So many items are folded for one journey. A large one takes some thousand.
constexpr int kMostItems = 30'000;
// What a customer did before has lower numbers.
constexpr int64_t kFirstNumber = int64_t{1} << 62;
// So many ways to meet one criterion are tried.
constexpr int kMostTries = 4;
constexpr int kMostLevels = 8;  // Of milestones that need milestones.

template <typename Kind>
const Kind* Wanted(const Demand& fact, bool met) {
  return fact.met == met ? std::get_if<Kind>(&fact.criterion->kind) : nullptr;
}

std::vector<Wish> WishesFor(absl::Span<const ValueCondition> conditions, const std::string& name) {
  std::vector<Wish> wishes;
  for (const ValueCondition& condition : conditions) {
    if (condition.name == name) wishes.push_back({&condition});
  }
  return wishes;
}

bool FulfilsAll(const Value& value, absl::Span<const Wish> wishes) {
  return std::all_of(wishes.begin(), wishes.end(),
                     [&](const Wish& wish) { return Fulfils(value, false, *wish.condition) == wish.fulfilled; });
}

Item ItemOf(const ScenarioStep& step, absl::Time time, int64_t number, const std::string& id,
            const std::string& journey_id, const std::vector<Property>& properties) {
  const bool of_journey = step.kind == ItemKind::kAttestation || step.kind == ItemKind::kEnrollCall;
  return {.time = time,
          .sequence = number,
          .id = id,
          .number = kFirstNumber + number,
          .type = of_journey ? absl::string_view(journey_id) : absl::string_view(step.type),
          .kind = step.kind,
          .user = step.user,
          .key = step.key,
          .role = step.role,
          .properties = properties};
}

}  // namespace

Traveller::Traveller(const Outlook& outlook, const Journey& journey)
    : outlook_(&outlook),
      journey_(&journey),
      progress_(Fold(journey, {}, {})),
      now_(ScenarioStart()),
      items_left_(std::make_shared<int>(kMostItems)) {
  const Definition& definition = outlook.definition();
  if (definition.enroll_from.has_value()) {
    const absl::Duration later = absl::Ceil(*definition.enroll_from - now_, absl::Seconds(1));
    now_ += std::max(later, absl::ZeroDuration());
  }
  if (definition.entry.entry_key.empty()) return;
  attributes_[definition.entry.entry_key] = std::string("run-1");
  Do({.kind = ItemKind::kAttributes,
      .properties = {{.path = definition.entry.entry_key, .value = std::string("run-1")}}});
}

Traveller::Traveller(const Outlook& outlook, const Journey& journey, Progress progress, absl::Time now)
    : outlook_(&outlook),
      journey_(&journey),
      progress_(Fold(journey, std::move(progress), {}, now)),
      run_(progress_.runs.size() - 1),
      now_(absl::FromUnixSeconds(absl::ToUnixSeconds(now) + 1)),
      items_left_(std::make_shared<int>(kMostItems)) {
  progress_ = Fold(journey, std::move(progress_), {}, now_);
  // Where another enrollment may follow the last is what that would begin with.
  while (run_ > 0 && !progress_.runs[run_].enrolled() && !progress_.runs[run_ - 1].ended()) --run_;
  for (size_t i = 0; i < progress_.attributes.size(); ++i) {
    if (!progress_.attributes[i].composite) attributes_[journey.attributes()[i]] = progress_.attributes[i].value;
  }
  for (size_t i = 0; i < progress_.bands.size(); ++i) {
    if (!progress_.bands[i].empty()) bands_[journey.scorecards()[i]] = progress_.bands[i];
  }
}

void Traveller::Do(ScenarioStep step) {
  const int64_t number = trail_ == nullptr ? 1 : trail_->number + 1;
  if (number > kMostSteps || *items_left_ <= 0) return;
  --*items_left_;
  if (trail_ != nullptr) now_ += absl::Seconds(1);
  step.at = now_ - ScenarioStart();
  const std::string id = absl::StrFormat("step %03d", number);
  std::vector<Property> properties;
  for (const StepProperty& property : step.properties) {
    properties.push_back({property.path, property.value, property.composite});
  }
  const Item item = ItemOf(step, now_, number, id, journey_->version().journey_id, properties);
  progress_ = Fold(*journey_, std::move(progress_), absl::MakeConstSpan(&item, 1), now_);
  trail_ = std::make_shared<Trail>(Trail{std::move(step), trail_, number});
}

Progress Traveller::After(absl::Span<const ScenarioStep> steps, absl::Time until) const {
  Progress progress = progress_;
  for (size_t i = 0; i < steps.size(); ++i) {
    const int64_t number = static_cast<int64_t>(i) + 1;
    const std::string id = absl::StrFormat("step %03d", number);
    std::vector<Property> properties;
    for (const StepProperty& property : steps[i].properties) {
      properties.push_back({property.path, property.value, property.composite});
    }
    const Item item =
        ItemOf(steps[i], ScenarioStart() + steps[i].at, number, id, journey_->version().journey_id, properties);
    progress = Fold(*journey_, std::move(progress), absl::MakeConstSpan(&item, 1));
  }
  return Fold(*journey_, std::move(progress), {}, until);
}

void Traveller::Wait(absl::Duration duration) {
  now_ += absl::Ceil(duration, absl::Seconds(1));
  progress_ = Fold(*journey_, std::move(progress_), {}, now_);
  --*items_left_;
}

bool Traveller::Pursue(std::vector<Demand> demands, const Circumstances& circumstances, std::optional<size_t> milestone,
                       absl::FunctionRef<bool()> done, absl::FunctionRef<void()> finish) {
  if (depth_ >= kMostLevels || *items_left_ <= 0) return false;
  const Traveller start = *this;
  int tries = 0;
  return CanBeMet(demands, circumstances, [&](absl::Span<const Demand> facts) {
           if (tries++ >= kMostTries) return false;
           ++depth_;
           Act(facts, milestone, done);
           finish();
           --depth_;
           if (done()) return true;
           const std::optional<size_t> missed = missed_;
           *this = start;
           missed_ = missed;
           return false;
         }) == Answer::kYes;
}

void Traveller::Act(absl::Span<const Demand> facts, std::optional<size_t> milestone, absl::FunctionRef<bool()> done) {
  for (const Demand& fact : facts) {
    const MilestoneMet* met = Wanted<MilestoneMet>(fact, true);
    const std::optional<size_t> needed = met == nullptr ? std::nullopt : outlook_->FindMilestone(met->milestone_key);
    if (needed.has_value() && needed != milestone) Achieve(*needed);
  }
  // What stays, what has to be waited for, what is known, and last what must have happened just now.
  for (const Demand& fact : facts) {
    const EventCount* count = Wanted<EventCount>(fact, true);
    if (count != nullptr && !count->within.has_value()) Count(*count, facts);
    if (const Sequence* sequence = Wanted<Sequence>(fact, true)) {
      for (const EventPattern& step : sequence->steps) DoEvent(step, facts, "", nullptr);
    }
  }
  if (done()) return;
  absl::Duration silence;
  for (const Demand& fact : facts) {
    const Absence* absence = Wanted<Absence>(fact, true);
    if (absence == nullptr) continue;
    // Where there is nothing else to count from, from an event of the kind.
    const bool anchored = fact.view != View::kSegment && run().enrolled() && absence->since != Anchor::kFirstEvent;
    if (!anchored) DoEvent(absence->events, {}, "", nullptr);
    silence = std::max(silence, absence->lasting);
  }
  if (silence > absl::ZeroDuration()) Wait(silence);
  SetAttributes(facts);
  SetBands(facts);
  for (const Demand& fact : facts) {
    if (const Attested* attested = Wanted<Attested>(fact, true); attested != nullptr && milestone.has_value()) {
      Do({.kind = ItemKind::kAttestation,
          .key = outlook_->milestone(*milestone).key,
          .user = "someone",
          .role = attested->role});
    }
  }
  for (const Demand& fact : facts) {
    const EventCount* count = Wanted<EventCount>(fact, true);
    if (count != nullptr && count->within.has_value()) Count(*count, facts);
  }
  if (done()) return;
  for (const Demand& fact : facts) {
    if (const Absence* absence = Wanted<Absence>(fact, false)) DoEvent(absence->events, facts, "", nullptr);
  }
}

std::optional<std::string> Traveller::DayFor(absl::Span<const Demand> facts, const std::string& attribute) const {
  const auto fits = [&](const std::string& day) {
    const Known known{.value = day};
    return std::all_of(facts.begin(), facts.end(), [&](const Demand& fact) {
      const DateReached* date = std::get_if<DateReached>(&fact.criterion->kind);
      if (date != nullptr && date->attribute == attribute) {
        const std::optional<absl::Time> instant = InstantOf(*date, &known, journey_->calendar());
        return (instant.has_value() && *instant <= now_) == fact.met;
      }
      const AttributeIs* is = std::get_if<AttributeIs>(&fact.criterion->kind);
      return is == nullptr || is->condition.name != attribute || Fulfils(known.value, false, is->condition) == fact.met;
    });
  };
  for (const Demand& fact : facts) {
    const DateReached* date = Wanted<DateReached>(fact, true);
    if (date == nullptr || date->attribute != attribute) continue;
    const absl::CivilDay today = absl::ToCivilDay(now_, journey_->calendar());
    for (int back = -3; back < 40; ++back) {
      const absl::CivilDay day = today - date->offset_days - date->offset_months * 31 - back;
      if (std::string text = absl::FormatCivilTime(day); fits(text)) return text;
    }
  }
  return std::nullopt;
}

void Traveller::SetAttributes(absl::Span<const Demand> facts) {
  std::map<std::string, std::vector<Wish>> wishes;
  std::set<std::string> dates;
  for (const Demand& fact : facts) {
    if (const AttributeIs* is = std::get_if<AttributeIs>(&fact.criterion->kind)) {
      wishes[is->condition.name].push_back({&is->condition, fact.met});
    } else if (const DateReached* date = Wanted<DateReached>(fact, true)) {
      wishes[date->attribute];
      dates.insert(date->attribute);
    }
  }
  bool changes = false;
  for (const auto& [name, wished] : wishes) {
    Value& value = attributes_[name];
    if (dates.contains(name)) {
      std::optional<std::string> day = DayFor(facts, name);
      if (!day.has_value()) continue;
      changes = true;
      value = *std::move(day);
    } else if (!FulfilsAll(value, wished)) {
      const Choice choice = ChooseValue(wished);
      if (!choice.value.has_value()) continue;
      changes = true;
      value = *choice.value;
    }
  }
  if (!changes) return;
  // A change replaces whole attributes, so all that is known is said again.
  ScenarioStep step{.kind = ItemKind::kAttributes};
  for (const auto& [name, value] : attributes_) step.properties.push_back({.path = name, .value = value});
  Do(std::move(step));
}

void Traveller::SetBands(absl::Span<const Demand> facts) {
  std::map<std::string, std::vector<std::string>> candidates;
  for (const bool met : {true, false}) {
    for (const Demand& fact : facts) {
      const InBand* band = Wanted<InBand>(fact, met);
      if (band == nullptr) continue;
      std::vector<std::string>& open =
          candidates.try_emplace(band->scorecard_id, met ? band->bands : std::vector<std::string>{"", "other"})
              .first->second;
      open.erase(std::remove_if(open.begin(), open.end(),
                                [&](const std::string& candidate) {
                                  return (std::find(band->bands.begin(), band->bands.end(), candidate) !=
                                          band->bands.end()) != met;
                                }),
                 open.end());
    }
  }
  for (const auto& [scorecard, open] : candidates) {
    std::string& band = bands_[scorecard];
    if (open.empty() || std::find(open.begin(), open.end(), band) != open.end()) continue;
    // A customer who had a band has one for ever.
    band = open[0].empty() ? open.back() : open[0];
    Do({.kind = ItemKind::kBand, .type = scorecard, .key = band});
  }
}

void Traveller::DoEvent(const EventPattern& pattern, absl::Span<const Demand> facts, const std::string& user,
                        const StepProperty* value) {
  ScenarioStep step{.user = user};
  std::set<std::string> names;
  for (const ValueCondition& condition : pattern.where) {
    if (!names.insert(condition.name).second || (value != nullptr && value->path == condition.name)) continue;
    const Choice choice = ChooseValue(WishesFor(pattern.where, condition.name));
    if (!choice.value.has_value() || std::holds_alternative<std::monostate>(*choice.value)) continue;
    step.properties.push_back({.path = condition.name, .value = *choice.value});
  }
  if (value != nullptr) step.properties.push_back(*value);
  std::vector<Property> properties;
  for (const StepProperty& property : step.properties) properties.push_back({property.path, property.value});
  const auto is_forbidden = [&](const std::string& type) {
    const Item item{.type = type, .properties = properties};
    return std::any_of(facts.begin(), facts.end(), [&](const Demand& fact) {
      if (const EventCount* count = Wanted<EventCount>(fact, false)) return Fits(item, count->events);
      const Absence* absence = Wanted<Absence>(fact, true);
      return absence != nullptr && Fits(item, absence->events);
    });
  };
  std::vector<std::string> types = pattern.event_types;
  if (types.empty()) types.push_back("something");
  const auto type = std::find_if_not(types.begin(), types.end(), is_forbidden);
  step.type = type == types.end() ? types[0] : *type;
  Do(std::move(step));
}

void Traveller::Count(const EventCount& count, absl::Span<const Demand> facts) {
  if (count.at_least > kMostSteps) return;
  // What is done is done a second after now, so these are a day's last two.
  constexpr absl::Duration kLate = absl::Seconds(2);
  if (count.distinct == Distinct::kDays && count.within.has_value() && count.at_least > 1 &&
      (count.at_least - 1) * absl::Hours(24) + kLate >= *count.within) {
    // Late on the first day: on all others something is done right after midnight.
    Wait(UntilNextDay(now_ + kLate));
  }
  const std::vector<Wish> wishes = WishesFor(count.events.where, count.distinct_property);
  std::vector<Value> values;
  for (const Wish& wish : wishes)
    values.insert(values.end(), wish.condition->values.begin(), wish.condition->values.end());
  for (uint32_t i = 1; count.distinct == Distinct::kProperty && i <= 2 * count.at_least + 2; ++i) {
    values.push_back(absl::StrCat(count.distinct_property, "-", i));
    for (const Wish& wish : wishes) {
      if (wish.condition->values.empty()) continue;
      const double* limit = std::get_if<double>(&wish.condition->values[0]);
      if (limit != nullptr) values.insert(values.end(), {*limit + i, *limit - i});
    }
  }
  std::set<Value> used;
  for (uint32_t i = 0; i < count.at_least; ++i) {
    switch (count.distinct) {
      case Distinct::kEvents:
        DoEvent(count.events, facts, "", nullptr);
        break;
      case Distinct::kUsers:
        DoEvent(count.events, facts, absl::StrCat("user-", i + 1), nullptr);
        break;
      case Distinct::kDays:
        if (i > 0) Wait(UntilNextDay(now_));
        DoEvent(count.events, facts, "", nullptr);
        break;
      case Distinct::kProperty: {
        const auto value = std::find_if(values.begin(), values.end(), [&](const Value& candidate) {
          return !std::holds_alternative<std::monostate>(candidate) && FulfilsAll(candidate, wishes) &&
                 !used.contains(candidate);
        });
        if (value == values.end()) return;
        used.insert(*value);
        const StepProperty property{.path = count.distinct_property, .value = *value};
        DoEvent(count.events, facts, "", &property);
        break;
      }
    }
  }
}

absl::Duration Traveller::UntilNextDay(absl::Time time) const {
  return absl::FromCivil(absl::ToCivilDay(time, journey_->calendar()) + 1, journey_->calendar()) - time;
}

bool Traveller::EnrollWith(const std::vector<Demand>& demands, std::optional<size_t> milestone,
                           absl::FunctionRef<bool()> done) {
  const std::vector<Trigger>& triggers = outlook_->definition().entry.triggers;
  for (size_t i = 0; i < triggers.size(); ++i) {
    if (!outlook_->may_trigger(i)) continue;
    const auto call = [&] {
      if (const JourneyCompletion* other = std::get_if<JourneyCompletion>(&triggers[i])) {
        Do({.kind = ItemKind::kCompletion, .type = other->journey_id});
      } else if (std::holds_alternative<ByCall>(triggers[i])) {
        Do({.kind = ItemKind::kEnrollCall});
      }
    };
    std::vector<Demand> all = demands;
    for (const Demand& demand : outlook_->DemandsOfTrigger(i)) all.push_back(demand);
    if (Pursue(std::move(all), outlook_->circumstances(), milestone, done, call)) return true;
  }
  return false;
}

bool Traveller::Enroll() {
  const auto done = [&] { return run().enrolled(); };
  // One who has not left again, if that can be.
  return EnrollWith(outlook_->DemandsOfNoExit(), std::nullopt, done) || EnrollWith({}, std::nullopt, done);
}

bool Traveller::EnrollAchieving(size_t milestone) {
  return EnrollWith(outlook_->DemandsOf(milestone, std::nullopt), milestone,
                    [&] { return run().enrolled() && run().milestones[milestone].achieved.has_value(); });
}

bool Traveller::EnrollTakingExit(size_t exit) {
  return EnrollWith({{&outlook_->definition().exits[exit].criterion, true, View::kEntry}}, std::nullopt,
                    [&] { return run().exited.has_value() && run().exited->exit == exit; });
}

bool Traveller::Achieve(size_t milestone) {
  const auto done = [&] { return run().milestones[milestone].achieved.has_value(); };
  if (done()) return true;
  if (!outlook_->may_achieve(milestone)) return false;
  const Milestone& wanted = outlook_->milestone(milestone);
  if (wanted.scope == Scope::kFromStage && (!run().enrolled() || run().stage() != outlook_->stage_of(milestone))) {
    missed_ = milestone;
    return false;
  }
  for (size_t i = 0; i <= wanted.variants.size(); ++i) {
    // The usual criterion first.
    const std::optional<size_t> variant = i == 0 ? std::nullopt : std::optional<size_t>(i - 1);
    std::vector<Demand> demands = outlook_->DemandsOfNoExit();
    for (const Demand& demand : outlook_->DemandsOf(milestone, variant)) demands.push_back(demand);
    if (Pursue(std::move(demands), outlook_->CircumstancesOf(wanted), milestone, done, [] {})) return true;
  }
  return false;
}

bool Traveller::TakeExit(size_t exit) {
  const auto done = [&] { return run().exited.has_value() && run().exited->exit == exit; };
  if (run().ended()) return done();
  std::vector<Demand> demands = outlook_->DemandsOfNoExit();
  demands.erase(demands.begin() + exit, demands.end());
  demands.push_back({&outlook_->definition().exits[exit].criterion, true, View::kEntry});
  return Pursue(std::move(demands), outlook_->circumstances(), std::nullopt, done, [] {});
}

bool Traveller::AchieveAll(const WayOut& way, const std::vector<bool>& wanted) {
  const Stage& stage = outlook_->definition().stages[way.from];
  const size_t first = outlook_->first_milestone(way.from);
  const auto here = [&] { return !run().ended() && run().stage() == way.from; };
  for (size_t i = 0; i < stage.milestones.size() && here(); ++i) {
    if (wanted[first + i]) Achieve(first + i);
  }
  if (way.criterion != nullptr) return here();
  uint32_t left = stage.exit_at_least.value_or(0);
  for (size_t i = 0; i < stage.milestones.size() && here(); ++i) {
    if (stage.exit_at_least.has_value() ? left == 0 : !stage.milestones[i].required) continue;
    if (!Achieve(first + i) && !stage.exit_at_least.has_value()) return false;
    if (run().milestones[first + i].achieved.has_value() && left > 0) --left;
  }
  return true;
}

bool Traveller::Take(const WayOut& way, const std::vector<bool>& wanted) {
  missed_.reset();
  const Traveller start = *this;
  const size_t passages = run().entered.size();
  const auto done = [&] {
    if (!way.to.has_value()) return run().completed.has_value();
    const std::vector<Passage>& entered = run().entered;
    return std::any_of(entered.begin() + passages, entered.end(),
                       [&](const Passage& passage) { return passage.stage == *way.to; });
  };
  const auto here = [&] { return !run().ended() && run().entered.size() == passages; };
  const std::vector<Demand> entry = way.to.has_value() ? outlook_->DemandsOfEntry(*way.to) : std::vector<Demand>();
  // What the next stage asks for first, since completing this one may lead elsewhere at once; if that does not help,
  // afterwards.
  if (way.criterion == nullptr && !entry.empty()) {
    std::vector<Demand> demands = outlook_->DemandsOfNoExit();
    demands.insert(demands.end(), entry.begin(), entry.end());
    Pursue(
        std::move(demands), outlook_->circumstances(), std::nullopt, [] { return true; }, [] {});
  }
  if (here()) AchieveAll(way, wanted);
  for (int attempt = 0; attempt < 2 && here(); ++attempt) {
    // Ways that go before are not to be open; if that cannot be, then let them.
    std::vector<Demand> demands = outlook_->DemandsOfNoExit();
    for (const WayOut& other : outlook_->ways()) {
      const bool before = other.from == way.from && other.priority > way.priority && other.criterion != nullptr;
      if (before && attempt == 0) demands.push_back({other.criterion, false, View::kStage});
    }
    for (const Demand& demand : outlook_->DemandsOfWay(way)) demands.push_back(demand);
    if (way.criterion == nullptr && entry.empty()) break;
    if (Pursue(std::move(demands), outlook_->circumstances(), std::nullopt, done, [] {})) return true;
  }
  if (done()) return true;
  const std::optional<size_t> missed = missed_;
  *this = start;
  missed_ = missed;
  return false;
}

}  // namespace waymark::rules
