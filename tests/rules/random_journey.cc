#include "tests/rules/random_journey.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::rules {
namespace {

constexpr const char* kMilestoneKeys[] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"};

class Maker {
 public:
  explicit Maker(std::mt19937& random) : random_(random) {}

  JourneyVersion Make() {
    JourneyVersion version{.journey_id = "random", .number = 1};
    Definition& definition = version.definition;
    definition.time_zone = Pick<std::string>({"UTC", "Etc/GMT+6", "Etc/GMT-6"});
    version.segments = {{"big", RandomSegmentCriterion(random_)}, {"vip", RandomSegmentCriterion(random_, 1)}};
    definition.segments = {{"big", 1}, {"vip", 1}};

    const size_t stages = 1 + Below(4);
    for (size_t s = 0; s < stages; ++s) definition.stages.push_back(RandomStage(s));
    const std::vector<std::string> all = known_;
    for (size_t s = 0; s < stages; ++s) {
      if (Chance(20)) definition.stages[s].entry_criterion = RandomCriterion(2, all, false);
      if (Chance(10)) definition.stages[s].required_answers = {"owner"};
    }
    definition.entry = RandomEntry();
    if (Chance(15)) definition.enroll_from = FirstTick() + static_cast<int>(Below(kHistoryTicks / 2)) * kTick;
    if (Chance(15)) definition.lateness = static_cast<int>(1 + Below(8)) * kTick;
    for (size_t i = Chance(50) ? 0 : 1 + Below(2); i > 0; --i) {
      definition.exits.push_back({.key = absl::StrCat("x", i), .criterion = RandomCriterion(2, all, false)});
    }
    if (Chance(50)) AddTransitions(definition, all);
    return version;
  }

  Criterion RandomCriterion(int levels, const std::vector<std::string>& milestones, bool attestable) {
    const size_t kind = Below(levels > 0 ? 20 : 13);
    const auto children = [&] {
      std::vector<Criterion> criteria;
      for (size_t i = 1 + Below(3); i > 0; --i) criteria.push_back(RandomCriterion(levels - 1, milestones, attestable));
      return criteria;
    };
    switch (kind) {
      case 0:
      case 1:
      case 2:
        return {RandomCount()};
      case 3:
        return {RandomSequence()};
      case 4:
        return {Absence{.events = RandomPattern(true),
                        .lasting = RandomDuration(),
                        .since = Pick<Anchor>({Anchor::kStageEntered, Anchor::kEnrolled, Anchor::kFirstEvent})}};
      case 5:
      case 6:
        return {AttributeIs{RandomCondition({"plan", "plan.name", "seats"})}};
      case 7:
        return {InSegment{Pick<std::string>({"big", "vip"})}};
      case 8:
        if (!milestones.empty()) return {MilestoneMet{milestones[Below(milestones.size())]}};
        return {RandomCount()};
      case 9:
        return {InBand{"health", {Pick<std::string>({"red", "green"})}}};
      case 10:
        if (attestable) return {Attested{Pick<std::string>({"", "csm"})}};
        return {RandomCount()};
      case 11:
        return {RandomDate()};
      case 12:
        return {RandomCount()};
      case 13:
      case 14:
        return {Some{.quorum = Quorum::kAll, .criteria = children()}};
      case 15:
      case 16:
        return {Some{.quorum = Quorum::kAny, .criteria = children()}};
      case 17: {
        std::vector<Criterion> criteria = children();
        const auto at_least = static_cast<uint32_t>(1 + Below(criteria.size()));
        return {Some{.quorum = Quorum::kAtLeast, .at_least = at_least, .criteria = std::move(criteria)}};
      }
      default:
        return {NoneOf{children()}};
    }
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename T>
  T Pick(std::initializer_list<T> of) {
    return *(of.begin() + Below(of.size()));
  }

  std::string RandomType() { return absl::StrCat("t", Below(4)); }
  absl::Duration RandomDuration() { return Pick<int>({1, 2, 3, 4, 6, 8, 12}) * kTick; }
  Value RandomValue() { return Pick<Value>({std::string("free"), std::string("pro"), 1.0, 2.0, true}); }

  ValueCondition RandomCondition(std::initializer_list<std::string> names) {
    ValueCondition condition{.name = Pick<std::string>(names)};
    condition.comparison = static_cast<Comparison>(Below(10));
    switch (condition.comparison) {
      case Comparison::kEquals:
        condition.values = {RandomValue()};
        break;
      case Comparison::kOneOf:
      case Comparison::kNotOneOf:
        condition.values = {RandomValue(), RandomValue()};
        break;
      case Comparison::kAtLeast:
      case Comparison::kAtMost:
      case Comparison::kMoreThan:
      case Comparison::kLessThan:
        condition.values = {Pick<double>({1, 2})};
        break;
      case Comparison::kContains:
        condition.values = {Pick<std::string>({"r", "free"})};
        break;
      case Comparison::kExists:
      case Comparison::kNotExists:
        break;
    }
    return condition;
  }

  EventPattern RandomPattern(bool any = false) {
    EventPattern pattern;
    if (!any || Chance(50)) pattern.event_types = {RandomType()};
    if (!pattern.event_types.empty() && Chance(30)) pattern.event_types.push_back(RandomType());
    if (Chance(20)) pattern.where.push_back(RandomCondition({"plan", "n"}));
    return pattern;
  }

  EventCount RandomCount() {
    EventCount count{.events = RandomPattern(), .at_least = static_cast<uint32_t>(1 + Below(3))};
    if (Chance(40)) count.within = RandomDuration();
    if (Chance(40)) count.distinct = Pick<Distinct>({Distinct::kUsers, Distinct::kDays, Distinct::kProperty});
    if (count.distinct == Distinct::kProperty) count.distinct_property = Pick<std::string>({"plan", "n"});
    return count;
  }

  Sequence RandomSequence() {
    Sequence sequence;
    for (size_t i = 2 + Below(2); i > 0; --i) sequence.steps.push_back(RandomPattern());
    if (Chance(40)) sequence.max_gap = RandomDuration();
    if (Chance(40)) sequence.max_span = RandomDuration();
    return sequence;
  }

  DateReached RandomDate() {
    return {.attribute = "renewal",
            .offset_months = Pick<int32_t>({0, 0, -1}),
            .offset_days = static_cast<int32_t>(Below(5)) - 2};
  }

  Milestone RandomMilestone() {
    Milestone milestone{
        .key = kMilestoneKeys[known_.size()],
        .scope =
            Pick<Scope>({Scope::kFromStage, Scope::kFromStage, Scope::kFromEntry, Scope::kAllHistory, Scope::kWindow}),
        .criterion = Chance(40) ? Criterion{PlainCount()} : RandomCriterion(2, known_, true),
        .required = Chance(80),
        .latching =
            Pick<Latching>({Latching::kLatched, Latching::kLatched, Latching::kRevocable, Latching::kRecurring})};
    if (milestone.scope == Scope::kWindow) milestone.scope_window = RandomDuration();
    if (milestone.latching == Latching::kRecurring) milestone.period = RandomDuration();
    if (!known_.empty() && Chance(15)) milestone.depends_on = {known_[Below(known_.size())]};
    if (Chance(15)) milestone.variants.push_back({"vip", RandomCriterion(1, known_, true)});
    if (Chance(10)) milestone.variants.push_back({"big", RandomCriterion(1, known_, true)});
    known_.push_back(milestone.key);
    return milestone;
  }

  EventCount PlainCount() { return {.events = RandomPattern(), .at_least = static_cast<uint32_t>(1 + Below(3))}; }

  Stage RandomStage(size_t number) {
    Stage stage{.key = absl::StrCat("s", number), .regress = Chance(50)};
    const size_t milestones = Below(3);
    for (size_t m = 0; m < milestones; ++m) stage.milestones.push_back(RandomMilestone());
    if (milestones > 0 && Chance(30)) stage.exit_at_least = static_cast<uint32_t>(1 + Below(milestones));
    return stage;
  }

  Entry RandomEntry() {
    Entry entry{.re_entry = Pick<ReEntry>({ReEntry::kNever, ReEntry::kAfterExit, ReEntry::kAlways})};
    for (size_t i = 1 + Below(2); i > 0; --i) {
      switch (Below(8)) {
        case 0:
        case 1:
          entry.triggers.push_back(AnyEvent{});
          break;
        case 2:
        case 3:
          entry.triggers.push_back(FirstEvent{RandomPattern()});
          break;
        case 4:
          entry.triggers.push_back(InSegment{Pick<std::string>({"big", "vip"})});
          break;
        case 5:
          entry.triggers.push_back(RandomDate());
          break;
        case 6:
          entry.triggers.push_back(JourneyCompletion{"other"});
          break;
        default:
          entry.triggers.push_back(ByCall{});
      }
    }
    if (Chance(40)) entry.cooldown = RandomDuration();
    if (Chance(20)) entry.entry_key = "contract";
    return entry;
  }

  void AddTransitions(Definition& definition, const std::vector<std::string>& milestones) {
    const size_t stages = definition.stages.size();
    for (size_t from = 0; from < stages; ++from) {
      for (size_t i = Below(3); i > 0; --i) {
        Transition transition{.key = absl::StrCat("w", definition.transitions.size()),
                              .from_stage = definition.stages[from].key,
                              .priority = static_cast<int32_t>(Below(3))};
        if (!Chance(20)) transition.to_stage = definition.stages[Below(stages)].key;
        if (Chance(60)) transition.criterion = RandomCriterion(1, milestones, false);
        definition.transitions.push_back(std::move(transition));
      }
    }
  }

  std::mt19937& random_;
  std::vector<std::string> known_;  // The milestones made so far.
};

}  // namespace

absl::Time FirstTick() { return absl::FromUnixSeconds(1'767'571'200); }

JourneyVersion RandomJourney(std::mt19937& random) { return Maker(random).Make(); }

Criterion RandomSegmentCriterion(std::mt19937& random, int levels) {
  while (true) {
    Criterion criterion = Maker(random).RandomCriterion(levels, {}, false);
    const auto names_segment = [](const auto& self, const Criterion& part) -> bool {
      const std::vector<Criterion>* inner = nullptr;
      if (const Some* some = std::get_if<Some>(&part.kind)) inner = &some->criteria;
      if (const NoneOf* none = std::get_if<NoneOf>(&part.kind)) inner = &none->criteria;
      if (inner == nullptr) return std::holds_alternative<InSegment>(part.kind);
      return std::any_of(inner->begin(), inner->end(), [&](const Criterion& child) { return self(self, child); });
    };
    if (!names_segment(names_segment, criterion)) return criterion;
  }
}

RandomHistory::RandomHistory(std::mt19937& random, int most) {
  const auto below = [&](size_t n) { return static_cast<int>(random() % n); };
  const auto value = [&]() -> Value {
    const Value values[] = {std::string("free"), std::string("pro"), 1.0, 2.0, true, std::monostate()};
    return values[below(6)];
  };
  const int count = below(most + 1);
  for (int i = 0; i < count; ++i) {
    Item item{.time = FirstTick() + below(kHistoryTicks) * kTick, .sequence = below(2)};
    item.id = Own(absl::StrCat("i", below(1000), "-", i));
    item.number = i + 1;
    std::vector<Property>& properties = properties_.emplace_back();
    switch (below(12)) {
      case 0:
      case 1:
        item.kind = ItemKind::kAttributes;
        if (below(2) == 0) properties.push_back({"plan", value()});
        if (below(4) == 0) {
          properties = {{.path = "plan", .composite = true}, {"plan.name", value()}};
        }
        if (below(2) == 0) properties.push_back({"seats", value()});
        if (below(2) == 0) {
          properties.push_back(
              {"renewal", std::string(Own(absl::FormatTime("%Y-%m-%d", FirstTick() + below(40) * absl::Hours(24),
                                                           absl::UTCTimeZone())))});
        }
        if (below(3) == 0) properties.push_back({"owner", value()});
        if (below(3) == 0) properties.push_back({"contract", value()});
        break;
      case 2:
        item.kind = ItemKind::kBand;
        item.type = "health";
        item.key = below(2) == 0 ? "red" : "green";
        break;
      case 3:
        item.kind = ItemKind::kAttestation;
        item.type = "random";
        item.key = kMilestoneKeys[below(4)];
        item.role = below(2) == 0 ? "csm" : "sales";
        break;
      case 4: {
        const ItemKind kinds[] = {ItemKind::kEnrollCall, ItemKind::kEnrollCall, ItemKind::kExitCall,
                                  ItemKind::kCompletion, ItemKind::kOverride};
        item.kind = kinds[below(5)];
        if (item.kind == ItemKind::kOverride) item.key = Own(absl::StrCat("s", below(4)));
        const char* entry_keys[] = {"", "", "free", "pro", "1", "true"};
        if (item.kind == ItemKind::kOverride || item.kind == ItemKind::kExitCall) item.entry_key = entry_keys[below(6)];
        item.type = item.kind == ItemKind::kCompletion ? "other" : "random";
        if (item.kind == ItemKind::kOverride) {
          for (int n = below(3); n > 0; --n)
            properties.push_back({.path = kMilestoneKeys[below(4)], .composite = true});
        } else if (below(2) == 0) {
          properties.push_back({"contract", value()});
        }
        break;
      }
      default:
        item.type = Own(absl::StrCat("t", below(5)));
        if (below(3) == 0) item.received = item.time + below(16) * kTick;
        if (below(4) != 0) item.user = Own(absl::StrCat("u", below(3)));
        if (below(2) == 0) properties.push_back({"plan", value()});
        if (below(2) == 0) properties.push_back({"n", value()});
        if (below(2) == 0) properties.push_back({"contract", value()});
    }
    item.properties = properties;
    items_.push_back(item);
  }
  std::sort(items_.begin(), items_.end(), Before);
}

}  // namespace waymark::rules
