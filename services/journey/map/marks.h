// The small pictures of the map. Each is told from the others by its shape alone.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_MARKS_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_MARKS_H_

#include "services/journey/map/drawing.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/experience.pb.h"

namespace waymark::journey {

enum class Mark {
  kRequired,     // A full diamond.
  kOptional,     // An empty one.
  kValueMoment,  // A star.
  kRisk,         // A warning triangle.
  kExpansion,    // A rising line.
  kOutbound,     // An arrow to the right.
  kInbound,      // An arrow to the left.
  kLock,
  kQuestions,  // A clipboard.
  kClock,
  kStart,        // A triangle to the right.
  kWay,          // A bent arrow.
  kEnd,          // A flag.
  kNeed,         // A heart.
  kPain,         // A bolt.
  kOpportunity,  // A bulb.
  kSuccess,      // A tick in a circle.
  kChurned,      // A cross in a circle.
  kAbandoned,    // A stroke in a circle.
  kEmail,
  kInApp,
  kPhone,
  kVideo,
  kInPerson,
  kChat,
  kSms,
  kWeb,
  kCommunity,
  kMail,
  kPerson,
};

// Draws a mark into a square of `size` whose corner is (x, y).
void DrawMark(Mark mark, double x, double y, double size, const std::string& colour, Drawing& drawing);

// Draws a face of this mood, -2 to 2, around the point (x, y).
void DrawFace(int mood, double x, double y, double radius, const std::string& colour, Drawing& drawing);

Mark MarkOf(v1::Channel channel);
Mark MarkOf(v1::Outcome outcome);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_MARKS_H_
