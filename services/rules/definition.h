// What a journey is, as far as it decides anything: plain structs, already checked for form (services/rules/convert
// makes them from protobuf). The meaning of each is in protos/waymark/journey/v1/definition.proto; what is only drawn
// on the map (experience, personas, owners) stays there.
#ifndef WAYMARK_SERVICES_RULES_DEFINITION_H_
#define WAYMARK_SERVICES_RULES_DEFINITION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/rules/criterion.h"

namespace waymark::rules {

// The customer's first event, of whatever type.
struct AnyEvent {
  friend bool operator==(const AnyEvent&, const AnyEvent&) = default;
};
struct FirstEvent {
  EventPattern events;
  friend bool operator==(const FirstEvent&, const FirstEvent&) = default;
};
struct JourneyCompletion {
  std::string journey_id;
  friend bool operator==(const JourneyCompletion&, const JourneyCompletion&) = default;
};
struct ByCall {
  friend bool operator==(const ByCall&, const ByCall&) = default;
};
using Trigger = std::variant<AnyEvent, FirstEvent, InSegment, DateReached, JourneyCompletion, ByCall>;

enum class ReEntry { kNever, kAfterExit, kAlways };

struct Entry {
  std::vector<Trigger> triggers;
  ReEntry re_entry = ReEntry::kNever;
  absl::Duration cooldown;
  std::string entry_key;
  friend bool operator==(const Entry&, const Entry&) = default;
};

enum class Outcome { kSuccess, kChurned, kAbandoned };

struct Exit {
  std::string key;
  std::string title;
  Criterion criterion;
  Outcome outcome = Outcome::kAbandoned;
  friend bool operator==(const Exit&, const Exit&) = default;
};

enum class Scope { kFromStage, kAllHistory, kFromEntry, kWindow };
enum class Latching { kLatched, kRevocable, kRecurring };

struct Variant {
  std::string segment_id;
  Criterion criterion;
  friend bool operator==(const Variant&, const Variant&) = default;
};

struct Milestone {
  std::string key;
  std::string title;
  Scope scope = Scope::kFromStage;
  std::optional<absl::Duration> scope_window;  // Only with kWindow.
  Criterion criterion;
  bool required = true;
  std::vector<std::string> depends_on;
  std::optional<absl::Duration> deadline;
  Latching latching = Latching::kLatched;
  std::optional<absl::Duration> period;  // Only with kRecurring.
  std::vector<Variant> variants;
  std::string goal_key;
  friend bool operator==(const Milestone&, const Milestone&) = default;
};

struct Stage {
  std::string key;
  std::string title;
  std::vector<Milestone> milestones;
  std::string parent_key;
  std::optional<Criterion> entry_criterion;
  std::optional<uint32_t> exit_at_least;  // So many milestones complete it; absent: all that are required.
  bool regress = false;                   // A transition may lead back here.
  std::optional<absl::Duration> target;
  std::optional<absl::Duration> behind_after;
  std::optional<absl::Duration> stuck_after;
  std::vector<std::string> required_answers;  // The attributes that its hand-off requires.
  friend bool operator==(const Stage&, const Stage&) = default;
};

struct Transition {
  std::string key;
  std::string from_stage;
  std::string to_stage;  // Empty: the end.
  int32_t priority = 0;
  std::optional<Criterion> criterion;  // Absent: when the stage it leaves is completed.
  friend bool operator==(const Transition&, const Transition&) = default;
};

// A persona as a journey names it.
struct Persona {
  std::string persona_id;
  uint32_t number = 0;  // 0: the newest, not pinned yet.
  bool anchor = false;
  friend bool operator==(const Persona&, const Persona&) = default;
};

// A segment as a journey pins it.
struct Segment {
  std::string segment_id;
  uint32_t number = 0;  // 0: the newest, not pinned yet.
  friend bool operator==(const Segment&, const Segment&) = default;
};

struct Goal {
  std::string key;
  friend bool operator==(const Goal&, const Goal&) = default;
};

struct Touchpoint {
  std::string key;
  std::string stage_key;
  std::string after_milestone;
  std::string before_milestone;
  std::string expected_event;
  std::string playbook_id;
  friend bool operator==(const Touchpoint&, const Touchpoint&) = default;
};

struct Definition {
  Entry entry;
  std::vector<Stage> stages;
  bool tracks = true;     // Only a map of the current state does.
  bool of_users = false;  // Each user travels for itself.
  std::vector<Exit> exits;
  std::vector<Transition> transitions;
  std::vector<Touchpoint> touchpoints;
  std::vector<Persona> personas;
  std::vector<Segment> segments;
  std::vector<Goal> goals;
  std::string time_zone = "UTC";
  std::optional<absl::Duration> lateness;  // Nothing: no event is too late.
  absl::Duration effect_horizon = absl::Hours(24);
  std::optional<absl::Time> enroll_from;
  friend bool operator==(const Definition&, const Definition&) = default;
};

// A segment's rule, in the edition that a journey version pins.
struct SegmentRule {
  std::string segment_id;
  Criterion criterion;
  friend bool operator==(const SegmentRule&, const SegmentRule&) = default;
};

// An immutable edition of a journey, as it is travelled.
struct JourneyVersion {
  std::string journey_id;
  uint32_t number = 0;
  std::string content_hash;
  Definition definition;
  std::vector<SegmentRule> segments;  // Of all that the definition names.
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_DEFINITION_H_
