// A journey version made ready for folding: everything that an item of history can mean, looked up at once.
#ifndef WAYMARK_SERVICES_RULES_JOURNEY_H_
#define WAYMARK_SERVICES_RULES_JOURNEY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/rules/definition.h"
#include "services/rules/history.h"

namespace waymark::rules {

// From where on a leaf is counted.
enum class Reach : uint8_t { kHistory, kEntry, kStage };

// The part of a criterion that keeps a state, because it remembers what came. How a LeafState holds it is said of each.
struct Leaf {
  enum class Kind : uint8_t {
    kCount,     // `count` events so far, at most at_least.
    kRecent,    // The `times` of the latest events, at most twice at_least.
    kDistinct,  // The latest different `values`, at most at_least; with a window the `times` at which each came last.
    kSequence,  // Of each beginning of the sequence the latest one's start and end in `times`, at most 20 pairs.
    kAbsence,   // The time of the last event in `times`.
    kAttested,  // The time of the last attestation in `times`.
  };
  Kind kind = Kind::kCount;
  Reach reach = Reach::kHistory;
  size_t stage = 0;                    // With kStage: which.
  size_t slot = 0;                     // Index into Progress::leaves, or, unless kHistory, into Run::leaves.
  std::vector<EventPattern> patterns;  // One; of a sequence its steps; of an attestation none.
  uint32_t at_least = 1;
  std::optional<absl::Duration> within;  // Only what came so long ago at most counts.
  Distinct distinct = Distinct::kEvents;
  std::string distinct_property;
  std::optional<absl::Duration> max_gap;
  std::optional<absl::Duration> max_span;
  absl::Duration lasting;
  Anchor since = Anchor::kStageEntered;
  std::string role;
  std::optional<size_t> milestone;  // Whose criterion it is part of, if any's.
};

// A criterion, or a part of one.
struct Node {
  enum class Kind : uint8_t {
    kSome,       // At least `at_least` of the children.
    kNone,       // None of the children.
    kLeaf,       // Index into leaves.
    kAttribute,  // Index into attributes, and a condition.
    kSegment,    // Index of the node of the segment's rule.
    kMilestone,  // Index into rules.
    kBand,       // Index into scorecards; one of the `bands`.
    kDate,       // Index into attributes, and a date.
    kNever,      // Something that is not known; never met.
  };
  Kind kind = Kind::kNever;
  size_t index = 0;
  uint32_t at_least = 0;
  std::vector<size_t> children;
  ValueCondition condition;
  std::vector<std::string> bands;
  DateReached date;
};

// A milestone, made ready.
struct Rule {
  struct Choice {
    size_t segment;  // The node that says whether the customer belongs to it.
    size_t criterion;
  };
  size_t stage = 0;
  size_t index = 0;  // Within its stage.
  Scope scope = Scope::kFromStage;
  Latching latching = Latching::kLatched;
  // A plain count of events, latched, depending on nothing: counted in the milestone's own progress, without leaves or
  // nodes. What nearly all events mean.
  bool plain = false;
  uint32_t needed = 1;   // How many events; 1 where it is no count.
  EventPattern pattern;  // Only if plain.
  size_t criterion = 0;  // Only if not plain: its node …
  std::vector<Choice> variants;
  std::vector<size_t> depends_on;        // … and other rules.
  std::optional<absl::Duration> period;  // Only with kRecurring; at least an hour.
  std::vector<size_t> leaves;            // Those that begin anew with each period.
  std::vector<size_t> attributes;        // That its criteria look at.
};

// A way out of a stage, made ready.
struct Way {
  std::optional<size_t> transition;  // Index into the definition's transitions; nothing where it gives none.
  std::optional<size_t> to;          // Nothing: the end.
  std::optional<size_t> criterion;   // Nothing: when the stage is completed.
};

// Immutable, so safe to share.
class Journey {
 public:
  explicit Journey(JourneyVersion version);
  Journey(Journey&&) = default;
  Journey& operator=(Journey&&) = default;

  const JourneyVersion& version() const { return version_; }
  const std::vector<Stage>& stages() const { return version_.definition.stages; }

  // The milestones in the order of Run::milestones: stage by stage.
  const std::vector<Rule>& rules() const { return rules_; }
  const Milestone& milestone(size_t rule) const { return stages()[rules_[rule].stage].milestones[rules_[rule].index]; }
  // The first rule of a stage; of the one past the last the number of rules.
  size_t first_rule(size_t stage) const { return first_rule_[stage]; }
  // The stage with a key, as an index.
  std::optional<size_t> FindStage(absl::string_view key) const;
  // The rule of the milestone with a key, as an index.
  std::optional<size_t> FindMilestone(absl::string_view key) const;
  // The rules that are not plain, each after those that it looks at.
  const std::vector<size_t>& evaluated_rules() const { return evaluated_rules_; }

  const std::vector<Leaf>& leaves() const { return leaves_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  size_t history_slots() const { return history_slots_; }
  size_t run_slots() const { return run_slots_; }

  // What an event of a type is looked at for.
  struct Interest {
    std::vector<size_t> plain_rules;
    std::vector<size_t> leaves;
    bool opens = false;  // It may open an enrollment.
    bool empty() const { return plain_rules.empty() && leaves.empty() && !opens; }
  };
  const Interest& InterestIn(absl::string_view event_type) const {
    const auto found = interests_.find(event_type);
    return found == interests_.end() ? any_event_ : found->second;
  }
  // The leaves that an attestation of a milestone concerns.
  const std::vector<size_t>* AttestationsOf(absl::string_view milestone_key) const;

  // The customer's attributes and bands that matter; in the order of Progress::attributes and Progress::bands.
  const std::vector<std::string>& attributes() const { return attributes_; }
  const std::vector<std::string>& scorecards() const { return scorecards_; }
  // Attributes are looked at by name, too, where an entry key may be one.
  std::optional<size_t> entry_key_attribute() const { return entry_key_attribute_; }

  // The node of each trigger that waits for something to become true (a segment, a date); nothing for the others.
  const std::vector<std::optional<size_t>>& triggers() const { return triggers_; }
  // Whether an item came later after it happened than the definition's lateness, so that it changes nothing.
  bool IsTooLate(const Item& item) const {
    return version_.definition.lateness.has_value() && item.time < item.received - *version_.definition.lateness;
  }

  // The node of each exit's criterion.
  const std::vector<size_t>& exits() const { return exits_; }
  // The ways out of a stage, the highest priority first; those that lead back where that is forbidden are left out.
  const std::vector<Way>& ways(size_t stage) const { return ways_[stage]; }
  // The node of a stage's entry criterion, and the attributes that its hand-off requires.
  std::optional<size_t> entry_criterion(size_t stage) const { return entry_criteria_[stage]; }
  const std::vector<size_t>& required_answers(size_t stage) const { return required_answers_[stage]; }

  // A further enrollment may follow the first, or stand beside it.
  bool may_enter_again() const { return may_enter_again_; }
  // A way leads back, so that every item counts: it may be taken again.
  bool leads_back() const { return leads_back_; }
  // Time alone may change something.
  bool timed() const { return timed_; }
  // When the customer's first event came matters.
  bool looks_at_first_event() const { return looks_at_first_event_; }
  // An event's user or properties matter.
  bool looks_inside_events() const { return looks_inside_events_; }
  // Something else than events matters.
  bool looks_beyond_events() const;
  // The journeys whose completion opens an enrollment, each once.
  const std::vector<std::string>& awaits() const { return awaits_; }
  // Whether milestones alone decide, all of them plain counts: no leaf, no node, no further enrollment.
  bool plain() const { return leaves_.empty() && nodes_.empty() && !may_enter_again_; }

  const absl::TimeZone& calendar() const { return calendar_; }

 private:
  friend class JourneyMaker;

  JourneyVersion version_;
  std::vector<Rule> rules_;
  std::vector<size_t> first_rule_;
  std::vector<size_t> evaluated_rules_;
  std::vector<Leaf> leaves_;
  std::vector<Node> nodes_;
  size_t history_slots_ = 0;
  size_t run_slots_ = 0;
  absl::flat_hash_map<std::string, Interest> interests_;
  Interest any_event_;
  absl::flat_hash_map<std::string, std::vector<size_t>> attestations_;
  std::vector<std::string> attributes_;
  std::vector<std::string> scorecards_;
  std::optional<size_t> entry_key_attribute_;
  std::vector<std::optional<size_t>> triggers_;
  std::vector<size_t> exits_;
  std::vector<std::vector<Way>> ways_;
  std::vector<std::optional<size_t>> entry_criteria_;
  std::vector<std::vector<size_t>> required_answers_;
  bool may_enter_again_ = false;
  bool leads_back_ = false;
  bool timed_ = false;
  bool looks_at_first_event_ = false;
  bool looks_inside_events_ = false;
  std::vector<std::string> awaits_;
  absl::TimeZone calendar_;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_JOURNEY_H_
