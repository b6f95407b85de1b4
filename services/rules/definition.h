// What a journey is: plain structs, already checked (services/rules/convert makes them from protobuf). The meaning of
// each is in protos/waymark/journey/v1/definition.proto.
#ifndef WAYMARK_SERVICES_RULES_DEFINITION_H_
#define WAYMARK_SERVICES_RULES_DEFINITION_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace waymark::rules {

enum class Scope { kFromStage, kAllHistory };

// Met by the `at_least`-th event of one of the types.
struct EventCount {
  std::vector<std::string> event_types;
  uint32_t at_least = 1;
  friend bool operator==(const EventCount&, const EventCount&) = default;
};

// A condition over a customer's history.
using Criterion = std::variant<EventCount>;

struct Milestone {
  std::string key;
  std::string title;
  Scope scope = Scope::kFromStage;
  Criterion criterion;
  friend bool operator==(const Milestone&, const Milestone&) = default;
};

struct Stage {
  std::string key;
  std::string title;
  std::string goal;
  std::vector<Milestone> milestones;
  friend bool operator==(const Stage&, const Stage&) = default;
};

// The customer's first event, of whatever type.
struct AnyEvent {
  friend bool operator==(const AnyEvent&, const AnyEvent&) = default;
};
// The first event of one of these types.
struct FirstEvent {
  std::vector<std::string> event_types;
  friend bool operator==(const FirstEvent&, const FirstEvent&) = default;
};
using Entry = std::variant<AnyEvent, FirstEvent>;

struct Definition {
  Entry entry;
  std::vector<Stage> stages;
  friend bool operator==(const Definition&, const Definition&) = default;
};

// An immutable edition of a journey, as it is travelled.
struct JourneyVersion {
  std::string journey_id;
  uint32_t number = 0;
  std::string content_hash;
  Definition definition;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_DEFINITION_H_
