// A journey's map: everything that is drawn of a journey, in words and in the order in which it is drawn. Made once
// from the definition; svg.h and mermaid.h only set it.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_MAP_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_MAP_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/map.pb.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::journey {

struct MapPersona {
  std::string title;
  std::string about;  // Its first job to be done; else its description. May be empty.
  bool anchor = false;
};

// What proves a milestone for the customers of a segment.
struct MapVariant {
  std::string segment;
  std::string proof;
};

struct MapMilestone {
  std::string key;
  std::string title;
  std::string proof;
  std::vector<MapVariant> variants;
  bool required = true;
  bool value_moment = false;
  bool by_vendor = false;
  std::string deadline;  // Such as `14 days`; empty: none. So the other durations here.
  std::string period;    // With a milestone that is to be achieved again and again.
  std::string goal;      // Title of the customers' goal that it stands for; empty: none.
};

struct MapTouchpoint {
  std::string title;
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  std::string element;
  std::string owner;
  std::string place;  // Such as `after Data connected`; may be empty.
  bool inbound = false;
};

struct MapQuestion {
  std::string text;
  std::string between;  // Such as `CSM asks Sales`; may be empty.
  bool required = true;
};

// A way on from a stage.
struct MapWay {
  std::optional<size_t> to;  // Index of the stage; none: the end.
  std::string when;          // In words; empty: when the stage is completed.
};

struct MapNumbers {
  std::optional<uint64_t> count;
  std::optional<double> conversion;  // 0 to 1.
  std::string median_dwell;          // Empty: not known.
};

struct MapStage {
  std::string key;
  std::string title;
  std::string goal;
  std::string group;         // Title of the stage that it is a part of; empty: none.
  std::string entered_when;  // In words; empty: always.
  std::vector<MapQuestion> questions;
  std::string completed_when;  // In words; empty: it has no milestones.
  std::vector<MapMilestone> milestones;
  std::vector<MapTouchpoint> touchpoints;
  std::vector<MapWay> ways;
  std::vector<std::string> owners;
  std::string target;
  std::string behind_after;
  std::string stuck_after;
  bool risk = false;
  bool expansion = false;
  bool felt = false;  // It has an experience, and so a point on the mood's curve.
  int mood = 0;       // -2 to 2.
  std::string emotion;
  std::string need;
  std::vector<std::string> pain_points;
  std::vector<std::string> opportunities;
  std::optional<MapNumbers> numbers;
};

struct MapExit {
  std::string key;
  std::string title;
  std::string when;
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
};

struct JourneyMap {
  std::string title;
  std::string kind;  // Such as `Customer journey`.
  std::string description;
  std::string starts_when;
  std::vector<MapPersona> personas;  // The anchor, where there is one, first.
  std::vector<MapStage> stages;      // Parts stand beside each other. A parent that only holds parts is none of them.
  std::vector<MapExit> exits;
  bool branches = false;      // It has ways of its own, not only from each stage to the next.
  std::string numbers_as_of;  // Such as `4 May 2026`; empty: not said.
};

// What a map is made of.
struct MapSource {
  std::string title;  // Of the journey, or its id.
  v1::JourneyDefinition definition;
  std::map<std::string, v1::PersonaDefinition> personas;  // By id. Which is not here is called by its id; so segments.
  std::map<std::string, v1::SegmentDefinition> segments;
  v1::MapOverlay overlay;
};

// Makes a map of any definition, also of one that would not pass validation: what dangles is left out.
JourneyMap MakeMap(const MapSource& source);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_MAP_H_
