// What stands in the map's cells: a function per lane, writing what a stage says there.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_LANES_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_LANES_H_

#include <string>

#include "services/journey/map/drawing.h"
#include "services/journey/map/map.h"
#include "services/journey/map/marks.h"

namespace waymark::journey {

// A dark ink for what matters, a softer one for what explains it, one accent, and greys for lines and grounds: what
// they tell is told by words and shapes too.
namespace palette {
inline constexpr char kInk[] = "#17222d";
inline constexpr char kSoft[] = "#54616e";
inline constexpr char kAccent[] = "#0f4c5c";
inline constexpr char kAccentTint[] = "#e6eff1";
inline constexpr char kWarm[] = "#9a3412";
inline constexpr char kGreen[] = "#1d6b45";
inline constexpr char kLine[] = "#d3dae0";
inline constexpr char kFaint[] = "#f6f8f9";
inline constexpr char kPaper[] = "#ffffff";
}  // namespace palette

namespace styles {
inline const Style kBody = {.font = {.size = 12}, .colour = palette::kInk, .most_lines = 5};
inline const Style kStrong = {.font = {.size = 12.5, .bold = true}, .colour = palette::kInk, .most_lines = 3};
inline const Style kDetail = {.font = {.size = 11}, .colour = palette::kSoft, .most_lines = 4};
inline const Style kEyebrow = {
    .font = {.size = 9.5, .bold = true, .spacing = 0.8}, .colour = palette::kAccent, .most_lines = 1};
inline const Style kLane = {.font = {.size = 13, .bold = true}, .colour = palette::kAccent, .most_lines = 2};
}  // namespace styles

// Draws a mark at the left of the column and what `inside` does beside it.
void Marked(Flow& flow, Mark mark, double size, const std::string& colour, const std::function<void(Flow&)>& inside);

// Writes short facts one after the other, as many on a line as fit.
void WriteFacts(const std::vector<std::string>& facts, const Style& style, Flow& flow);

void WriteNumbers(const MapNumbers& numbers, Flow& flow);
void WriteGate(const MapStage& stage, Flow& flow);
void WriteMilestones(const MapStage& stage, Flow& flow);
// With `branches` each way on with its condition; else only what completes the stage.
void WriteWays(const JourneyMap& map, const MapStage& stage, Flow& flow);
// Only the touchpoints of this channel.
void WriteTouchpoints(const MapStage& stage, v1::Channel channel, Flow& flow);
void WritePoints(const std::vector<std::string>& points, Mark mark, const std::string& colour, Flow& flow);
void WriteExit(const MapExit& exit, Flow& flow);

std::string ChannelInWords(v1::Channel channel);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_LANES_H_
