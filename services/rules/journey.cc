#include "services/rules/journey.h"

#include <algorithm>
#include <utility>

namespace waymark::rules {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// The shortest period: a definition that asks for less is as one that asks for this.
constexpr absl::Duration kShortestPeriod = absl::Hours(1);

void AddOnce(std::vector<size_t>& list, size_t index) {
  if (std::find(list.begin(), list.end(), index) == list.end()) list.push_back(index);
}

size_t IndexOf(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return found - names.begin();
  names.push_back(name);
  return names.size() - 1;
}

bool IsPlain(const Milestone& milestone) {
  const EventCount* count = std::get_if<EventCount>(&milestone.criterion.kind);
  return count != nullptr && !count->within.has_value() && count->distinct == Distinct::kEvents &&
         milestone.scope != Scope::kWindow && milestone.latching == Latching::kLatched && milestone.variants.empty() &&
         milestone.depends_on.empty();
}

}  // namespace

// Goes through a definition once and fills a Journey.
class JourneyMaker {
 public:
  explicit JourneyMaker(Journey& journey) : to_(journey), from_(journey.version_) {}

  void Make() {
    const Definition& definition = from_.definition;
    if (!absl::LoadTimeZone(definition.time_zone, &to_.calendar_)) to_.calendar_ = absl::UTCTimeZone();
    size_t rule = 0;
    for (size_t stage = 0; stage < definition.stages.size(); ++stage) {
      for (const Milestone& milestone : definition.stages[stage].milestones) {
        rule_of_key_.emplace(milestone.key, rule++);
      }
      stage_of_key_.emplace(definition.stages[stage].key, stage);
    }
    MakeRules();
    MakeEntry(definition.entry);
    for (const Exit& exit : definition.exits) to_.exits_.push_back(Compile(exit.criterion, {.reach = Reach::kEntry}));
    MakeWays();
    for (const Stage& stage : definition.stages) {
      to_.entry_criteria_.push_back(stage.entry_criterion.has_value()
                                        ? std::optional<size_t>(Compile(*stage.entry_criterion, {}))
                                        : std::nullopt);
      std::vector<size_t>& answers = to_.required_answers_.emplace_back();
      for (const std::string& attribute : stage.required_answers) AddOnce(answers, IndexOf(to_.attributes_, attribute));
    }
    SortRules();
    MakeInterests();
  }

 private:
  // Where a criterion stands.
  struct Place {
    Reach reach = Reach::kHistory;
    size_t stage = 0;
    std::optional<absl::Duration> window;  // Of the scope.
    std::optional<size_t> rule;            // The milestone it belongs to.
  };

  void MakeRules() {
    const std::vector<Stage>& stages = from_.definition.stages;
    for (size_t stage = 0; stage < stages.size(); ++stage) {
      to_.first_rule_.push_back(to_.rules_.size());
      for (size_t index = 0; index < stages[stage].milestones.size(); ++index) {
        to_.rules_.push_back({.stage = stage, .index = index});
        MakeRule(stages[stage].milestones[index]);
      }
    }
    to_.first_rule_.push_back(to_.rules_.size());
  }

  void MakeRule(const Milestone& milestone) {
    const size_t rule_index = to_.rules_.size() - 1;
    Rule rule = to_.rules_.back();
    rule.scope = milestone.scope;
    rule.latching = milestone.latching;
    rule.plain = IsPlain(milestone);
    if (const EventCount* count = std::get_if<EventCount>(&milestone.criterion.kind)) rule.needed = count->at_least;
    if (rule.plain) {
      rule.pattern = std::get<EventCount>(milestone.criterion.kind).events;
      Note(rule.pattern, [&](Journey::Interest& interest) { AddOnce(interest.plain_rules, rule_index); });
      to_.rules_.back() = std::move(rule);
      return;
    }
    looks_at_.resize(to_.rules_.size());
    Place place{.stage = rule.stage, .rule = rule_index};
    if (milestone.scope == Scope::kFromStage) {
      place.reach = Reach::kStage;
    } else if (milestone.scope == Scope::kFromEntry || milestone.latching == Latching::kRecurring) {
      place.reach = Reach::kEntry;
    }
    if (milestone.scope == Scope::kWindow) place.window = milestone.scope_window;
    if (milestone.latching == Latching::kRecurring) {
      rule.period = std::max(milestone.period.value_or(kShortestPeriod), kShortestPeriod);
      to_.timed_ = true;
    }
    const size_t first_leaf = to_.leaves_.size();
    rule.criterion = Compile(milestone.criterion, place);
    for (const Variant& variant : milestone.variants) {
      rule.variants.push_back(
          {.segment = SegmentNode(variant.segment_id), .criterion = Compile(variant.criterion, place)});
    }
    for (size_t leaf = first_leaf; leaf < to_.leaves_.size(); ++leaf) {
      if (to_.leaves_[leaf].milestone == rule_index && to_.leaves_[leaf].kind != Leaf::Kind::kAbsence) {
        rule.leaves.push_back(leaf);
      }
    }
    for (const std::string& key : milestone.depends_on) {
      const auto found = rule_of_key_.find(key);
      if (found == rule_of_key_.end()) continue;
      rule.depends_on.push_back(found->second);
      AddOnce(looks_at_[rule_index], found->second);
    }
    rule.attributes = std::move(attributes_seen_);
    attributes_seen_.clear();
    to_.rules_.back() = std::move(rule);
    to_.evaluated_rules_.push_back(rule_index);
  }

  void MakeEntry(const Entry& entry) {
    to_.may_enter_again_ = entry.re_entry != ReEntry::kNever || !entry.entry_key.empty();
    if (!entry.entry_key.empty()) {
      to_.entry_key_attribute_ = IndexOf(to_.attributes_, entry.entry_key);
      to_.looks_inside_events_ = true;
    }
    for (const Trigger& trigger : entry.triggers) {
      std::optional<size_t> node;
      if (std::holds_alternative<AnyEvent>(trigger)) {
        to_.any_event_.opens = true;
      } else if (const FirstEvent* first = std::get_if<FirstEvent>(&trigger)) {
        Note(first->events, [](Journey::Interest& interest) { interest.opens = true; });
      } else if (const InSegment* segment = std::get_if<InSegment>(&trigger)) {
        node = SegmentNode(segment->segment_id);
      } else if (const DateReached* date = std::get_if<DateReached>(&trigger)) {
        node = Compile({*date}, {});
      }
      to_.triggers_.push_back(node);
    }
  }

  void MakeWays() {
    const Definition& definition = from_.definition;
    to_.ways_.resize(definition.stages.size());
    std::vector<bool> left(definition.stages.size(), false);
    for (size_t i = 0; i < definition.transitions.size(); ++i) {
      const Transition& transition = definition.transitions[i];
      const auto stage = stage_of_key_.find(transition.from_stage);
      if (stage == stage_of_key_.end()) continue;
      const size_t from = stage->second;
      left[from] = true;
      Way way{.transition = i};
      if (!transition.to_stage.empty()) {
        const auto to = stage_of_key_.find(transition.to_stage);
        if (to == stage_of_key_.end()) continue;
        way.to = to->second;
        if (*way.to < from && !definition.stages[*way.to].regress) continue;
        to_.leads_back_ |= *way.to < from;
      }
      if (transition.criterion.has_value()) {
        way.criterion = Compile(*transition.criterion, {.reach = Reach::kStage, .stage = from});
      }
      to_.ways_[from].push_back(way);
    }
    for (size_t stage = 0; stage < to_.ways_.size(); ++stage) {
      if (left[stage]) {
        std::stable_sort(to_.ways_[stage].begin(), to_.ways_[stage].end(), [&](const Way& a, const Way& b) {
          return definition.transitions[*a.transition].priority > definition.transitions[*b.transition].priority;
        });
      } else if (definition.transitions.empty() && stage + 1 < to_.ways_.size()) {
        to_.ways_[stage].push_back({.to = stage + 1});
      } else {
        to_.ways_[stage].push_back({});
      }
    }
  }

  // Notes what is to be done with the events of a pattern.
  template <typename Doing>
  void Note(const EventPattern& pattern, Doing doing) {
    if (!pattern.where.empty()) to_.looks_inside_events_ = true;
    if (pattern.event_types.empty()) doing(to_.any_event_);
    for (const std::string& type : pattern.event_types) doing(to_.interests_[type]);
  }

  size_t Add(Node node) {
    to_.nodes_.push_back(std::move(node));
    return to_.nodes_.size() - 1;
  }

  size_t AddLeaf(Leaf leaf, const Place& place) {
    leaf.reach = place.reach;
    leaf.stage = place.stage;
    leaf.milestone = place.rule;
    leaf.slot = leaf.reach == Reach::kHistory ? to_.history_slots_++ : to_.run_slots_++;
    if (leaf.within.has_value() || leaf.kind == Leaf::Kind::kAbsence) to_.timed_ = true;
    const size_t index = to_.leaves_.size();
    for (const EventPattern& pattern : leaf.patterns) {
      Note(pattern, [&](Journey::Interest& interest) { AddOnce(interest.leaves, index); });
    }
    to_.leaves_.push_back(std::move(leaf));
    return Add({.kind = Node::Kind::kLeaf, .index = index});
  }

  std::vector<size_t> CompileAll(const std::vector<Criterion>& criteria, const Place& place) {
    std::vector<size_t> nodes;
    for (const Criterion& criterion : criteria) nodes.push_back(Compile(criterion, place));
    return nodes;
  }

  size_t AttributeIndex(const std::string& name) {
    const size_t index = IndexOf(to_.attributes_, name);
    AddOnce(attributes_seen_, index);
    return index;
  }

  // Returns the node of a criterion that stands at a place.
  size_t Compile(const Criterion& criterion, const Place& place) {
    return std::visit(
        Overloaded{
            [&](const EventCount& count) { return CompileCount(count, place); },
            [&](const Some& some) {
              std::vector<size_t> children = CompileAll(some.criteria, place);
              const auto all = static_cast<uint32_t>(children.size());
              const uint32_t at_least = some.quorum == Quorum::kAll   ? all
                                        : some.quorum == Quorum::kAny ? 1
                                                                      : some.at_least;
              return Add({.kind = Node::Kind::kSome, .at_least = at_least, .children = std::move(children)});
            },
            [&](const NoneOf& none) {
              return Add({.kind = Node::Kind::kNone, .children = CompileAll(none.criteria, place)});
            },
            [&](const Sequence& sequence) {
              return AddLeaf({.kind = Leaf::Kind::kSequence,
                              .patterns = sequence.steps,
                              .within = place.window,
                              .max_gap = sequence.max_gap,
                              .max_span = sequence.max_span},
                             place);
            },
            [&](const Absence& absence) {
              if (absence.since == Anchor::kFirstEvent) to_.looks_at_first_event_ = true;
              return AddLeaf({.kind = Leaf::Kind::kAbsence,
                              .patterns = {absence.events},
                              .lasting = absence.lasting,
                              .since = absence.since},
                             place);
            },
            [&](const AttributeIs& attribute) {
              return Add({.kind = Node::Kind::kAttribute,
                          .index = AttributeIndex(attribute.condition.name),
                          .condition = attribute.condition});
            },
            [&](const InSegment& segment) { return SegmentNode(segment.segment_id); },
            [&](const MilestoneMet& milestone) {
              const auto rule = rule_of_key_.find(milestone.milestone_key);
              if (rule == rule_of_key_.end()) return Add({});
              if (place.rule.has_value()) AddOnce(looks_at_[*place.rule], rule->second);
              return Add({.kind = Node::Kind::kMilestone, .index = rule->second});
            },
            [&](const InBand& band) {
              return Add({.kind = Node::Kind::kBand,
                          .index = IndexOf(to_.scorecards_, band.scorecard_id),
                          .bands = band.bands});
            },
            [&](const Attested& attested) {
              if (!place.rule.has_value()) return Add({});
              const Rule& rule = to_.rules_[*place.rule];
              const std::string& key = from_.definition.stages[rule.stage].milestones[rule.index].key;
              AddOnce(to_.attestations_[key], to_.leaves_.size());
              return AddLeaf({.kind = Leaf::Kind::kAttested, .within = place.window, .role = attested.role}, place);
            },
            [&](const DateReached& date) {
              to_.timed_ = true;
              return Add({.kind = Node::Kind::kDate, .index = AttributeIndex(date.attribute), .date = date});
            },
        },
        criterion.kind);
  }

  size_t CompileCount(const EventCount& count, const Place& place) {
    Leaf leaf{.patterns = {count.events},
              .at_least = std::max(count.at_least, 1u),
              .within = count.within,
              .distinct = count.distinct,
              .distinct_property = count.distinct_property};
    if (place.window.has_value()) leaf.within = std::min(*place.window, leaf.within.value_or(*place.window));
    if (count.distinct != Distinct::kEvents) {
      leaf.kind = Leaf::Kind::kDistinct;
      if (count.distinct != Distinct::kDays) to_.looks_inside_events_ = true;
    } else if (leaf.within.has_value()) {
      leaf.kind = Leaf::Kind::kRecent;
    }
    return AddLeaf(std::move(leaf), place);
  }

  // The node of a segment's rule, or one that is never met.
  size_t SegmentNode(const std::string& segment_id) {
    const auto known = segments_.find(segment_id);
    size_t rule = 0;
    if (known != segments_.end()) {
      rule = known->second;
    } else {
      const auto found = std::find_if(from_.segments.begin(), from_.segments.end(),
                                      [&](const SegmentRule& segment) { return segment.segment_id == segment_id; });
      if (found == from_.segments.end()) return Add({});
      segments_[segment_id] = Add({});  // What a segment that names itself finds.
      rule = Compile(found->criterion, {});
      segments_[segment_id] = rule;
    }
    return Add({.kind = Node::Kind::kSegment, .index = rule});
  }

  // Puts each rule that is not plain behind those that it looks at. In a circle, which validation refuses, the order of
  // the definition decides.
  void SortRules() {
    looks_at_.resize(to_.rules_.size());
    std::vector<bool> visited(to_.rules_.size(), false);
    std::vector<size_t> sorted;
    const auto visit = [&](const auto& self, size_t rule) -> void {
      if (visited[rule]) return;
      visited[rule] = true;
      for (const size_t other : looks_at_[rule]) self(self, other);
      if (!to_.rules_[rule].plain) sorted.push_back(rule);
    };
    for (size_t rule = 0; rule < to_.rules_.size(); ++rule) visit(visit, rule);
    to_.evaluated_rules_ = std::move(sorted);
  }

  // What is wanted of every event is wanted of each type too.
  void MakeInterests() {
    for (auto& [type, interest] : to_.interests_) {
      for (const size_t rule : to_.any_event_.plain_rules) AddOnce(interest.plain_rules, rule);
      for (const size_t leaf : to_.any_event_.leaves) AddOnce(interest.leaves, leaf);
      interest.opens = interest.opens || to_.any_event_.opens;
    }
  }

  Journey& to_;
  const JourneyVersion& from_;
  absl::flat_hash_map<std::string, size_t> rule_of_key_;
  absl::flat_hash_map<std::string, size_t> stage_of_key_;
  absl::flat_hash_map<std::string, size_t> segments_;
  std::vector<std::vector<size_t>> looks_at_;  // Of each rule: the other rules.
  std::vector<size_t> attributes_seen_;        // By the milestone at hand.
};

Journey::Journey(JourneyVersion version) : version_(std::move(version)) {
  for (const Trigger& trigger : version_.definition.entry.triggers) {
    const JourneyCompletion* other = std::get_if<JourneyCompletion>(&trigger);
    if (other == nullptr || std::find(awaits_.begin(), awaits_.end(), other->journey_id) != awaits_.end()) continue;
    awaits_.push_back(other->journey_id);
  }
  JourneyMaker(*this).Make();
}

const std::vector<size_t>* Journey::AttestationsOf(absl::string_view milestone_key) const {
  const auto found = attestations_.find(milestone_key);
  return found == attestations_.end() ? nullptr : &found->second;
}

bool Journey::looks_beyond_events() const {
  const std::vector<Trigger>& triggers = version_.definition.entry.triggers;
  return !attributes_.empty() || !scorecards_.empty() || !attestations_.empty() || !awaits_.empty() ||
         std::any_of(triggers.begin(), triggers.end(),
                     [](const Trigger& trigger) { return std::holds_alternative<ByCall>(trigger); });
}

std::optional<size_t> Journey::FindStage(absl::string_view key) const {
  const auto stage =
      std::find_if(stages().begin(), stages().end(), [&](const Stage& candidate) { return candidate.key == key; });
  return stage == stages().end() ? std::nullopt : std::optional<size_t>(stage - stages().begin());
}

std::optional<size_t> Journey::FindMilestone(absl::string_view key) const {
  for (size_t rule = 0; rule < rules_.size(); ++rule) {
    if (milestone(rule).key == key) return rule;
  }
  return std::nullopt;
}

}  // namespace waymark::rules
