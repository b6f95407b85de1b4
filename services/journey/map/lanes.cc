#include "services/journey/map/lanes.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace waymark::journey {
namespace {

// 12480 is 12,480.
std::string Grouped(uint64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string OutcomeInWords(v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_SUCCESS:
      return "Success";
    case v1::OUTCOME_CHURNED:
      return "Churned";
    case v1::OUTCOME_ABANDONED:
      return "Abandoned";
    default:
      return "Left";
  }
}

void WriteMilestone(const MapMilestone& milestone, Flow& flow) {
  const Ink frame = {.fill = milestone.value_moment ? palette::kAccentTint : palette::kPaper,
                     .stroke = milestone.value_moment ? palette::kAccent : palette::kLine,
                     .stroke_width = milestone.value_moment ? 1.4 : 1,
                     .dashed = !milestone.required};
  flow.Card(frame, 8, [&](Flow& card) {
    const Mark mark = milestone.value_moment ? Mark::kValueMoment
                      : milestone.required   ? Mark::kRequired
                                             : Mark::kOptional;
    Marked(card, mark, 13, palette::kAccent, [&](Flow& text) {
      if (milestone.value_moment) {
        text.Skip(1);
        text.Write("VALUE MOMENT", styles::kEyebrow);
        text.Skip(1);
      }
      text.Write(milestone.title, styles::kStrong);
      text.Skip(2);
      text.Write(milestone.proof, styles::kDetail);
      for (const MapVariant& variant : milestone.variants) {
        Style style = styles::kDetail;
        style.font.italic = true;
        text.Skip(2);
        text.Write(absl::StrCat(variant.segment, ": ", variant.proof), style);
      }
      std::vector<std::string> facts = {milestone.required ? "Required" : "Optional",
                                        milestone.by_vendor ? "by us" : "by the customer"};
      if (!milestone.deadline.empty()) facts.push_back(absl::StrCat("within ", milestone.deadline));
      if (!milestone.period.empty()) facts.push_back(absl::StrCat("anew every ", milestone.period));
      text.Skip(3);
      WriteFacts(facts, {.font = {.size = 10.5, .bold = true}, .colour = palette::kSoft, .most_lines = 2}, text);
      if (!milestone.goal.empty()) {
        text.Skip(2);
        text.Write(absl::StrCat("Goal: ", milestone.goal), styles::kDetail);
      }
    });
  });
}

}  // namespace

void Marked(Flow& flow, Mark mark, double size, const std::string& colour, const std::function<void(Flow&)>& inside) {
  DrawMark(mark, flow.x(), flow.y() + 1.5, size, colour, flow.drawing());
  flow.Indented(size + 6, inside);
}

void WriteFacts(const std::vector<std::string>& facts, const Style& style, Flow& flow) {
  std::string line;
  for (const std::string& fact : facts) {
    const std::string longer = absl::StrCat(line, line.empty() ? "" : " · ", Clean(fact));
    const bool fits = line.empty() || Measure(longer, style.font) <= flow.width();
    if (!fits) flow.Write(line, style);
    line = fits ? longer : Clean(fact);
  }
  flow.Write(line, style);
}

void WriteNumbers(const MapNumbers& numbers, Flow& flow) {
  if (numbers.count.has_value()) {
    flow.Write(Grouped(*numbers.count), {.font = {.size = 22, .bold = true}, .colour = palette::kInk});
    flow.Write("here now", styles::kDetail);
    flow.Skip(6);
  }
  if (numbers.conversion.has_value()) {
    // A bar as long as the share, inside a frame as long as the whole.
    const double width = flow.width();
    flow.drawing().cards.push_back(Rectangle{.box = {flow.x(), flow.y(), width, 7},
                                             .radius = 2,
                                             .ink = {.fill = palette::kPaper, .stroke = palette::kSoft}});
    flow.drawing().cards.push_back(Rectangle{
        .box = {flow.x(), flow.y(), width * *numbers.conversion, 7}, .radius = 2, .ink = {.fill = palette::kAccent}});
    flow.Skip(10);
    flow.Write(absl::StrFormat("%.0f %% go on from here", std::round(*numbers.conversion * 100)), styles::kBody);
  }
  if (!numbers.median_dwell.empty())
    flow.Write(absl::StrCat("half of them in ", numbers.median_dwell), styles::kDetail);
}

void WriteGate(const MapStage& stage, Flow& flow) {
  if (!stage.entered_when.empty()) {
    Marked(flow, Mark::kLock, 13, palette::kInk,
           [&](Flow& text) { text.Write(absl::StrCat("Opens when ", stage.entered_when), styles::kBody); });
    flow.Skip(6);
  }
  for (const MapQuestion& question : stage.questions) {
    Marked(flow, Mark::kQuestions, 13, palette::kInk, [&](Flow& text) {
      text.Write(question.text, styles::kBody);
      std::vector<std::string> facts = {question.required ? "Required" : "Optional"};
      if (!question.between.empty()) facts.push_back(question.between);
      WriteFacts(facts, styles::kDetail, text);
    });
    flow.Skip(6);
  }
}

void WriteMilestones(const MapStage& stage, Flow& flow) {
  for (const MapMilestone& milestone : stage.milestones) {
    WriteMilestone(milestone, flow);
    flow.Skip(8);
  }
}

void WriteWays(const JourneyMap& map, const MapStage& stage, Flow& flow) {
  const std::string completed = stage.completed_when.empty() ? std::string("it is entered") : stage.completed_when;
  if (!map.branches) {
    flow.Write(completed, styles::kBody);
    return;
  }
  for (const MapWay& way : stage.ways) {
    Marked(flow, way.to.has_value() ? Mark::kWay : Mark::kEnd, 13, palette::kAccent, [&](Flow& text) {
      text.Write(way.to.has_value() ? absl::StrCat("To ", map.stages[*way.to].title) : "To the end", styles::kStrong);
      text.Write(absl::StrCat("when ", way.when.empty() ? completed : way.when), styles::kDetail);
    });
    flow.Skip(6);
  }
}

void WriteTouchpoints(const MapStage& stage, v1::Channel channel, Flow& flow) {
  for (const MapTouchpoint& touchpoint : stage.touchpoints) {
    if (touchpoint.channel != channel) continue;
    Marked(flow, touchpoint.inbound ? Mark::kInbound : Mark::kOutbound, 12, palette::kAccent, [&](Flow& text) {
      text.Write(touchpoint.title, {.font = {.size = 12, .bold = true}, .colour = palette::kInk, .most_lines = 3});
      text.Write(touchpoint.element, styles::kDetail);
      const std::string owner = touchpoint.owner.empty() ? "us" : touchpoint.owner;
      std::vector<std::string> facts = {absl::StrCat(touchpoint.inbound ? "to " : "by ", owner)};
      if (!touchpoint.place.empty()) facts.push_back(touchpoint.place);
      WriteFacts(facts, styles::kDetail, text);
    });
    flow.Skip(7);
  }
}

void WritePoints(const std::vector<std::string>& points, Mark mark, const std::string& colour, Flow& flow) {
  for (const std::string& point : points) {
    Marked(flow, mark, 12, colour, [&](Flow& text) { text.Write(point, styles::kBody); });
    flow.Skip(5);
  }
}

void WriteExit(const MapExit& exit, Flow& flow) {
  Marked(flow, MarkOf(exit.outcome), 15, palette::kInk, [&](Flow& text) {
    text.Write(exit.title, styles::kStrong);
    text.Write(absl::StrCat(OutcomeInWords(exit.outcome), " · ", exit.when), styles::kDetail);
  });
}

std::string ChannelInWords(v1::Channel channel) {
  switch (channel) {
    case v1::CHANNEL_EMAIL:
      return "E-mail";
    case v1::CHANNEL_IN_APP:
      return "In the product";
    case v1::CHANNEL_PHONE:
      return "Telephone";
    case v1::CHANNEL_VIDEO:
      return "Video call";
    case v1::CHANNEL_IN_PERSON:
      return "Face to face";
    case v1::CHANNEL_CHAT:
      return "Chat";
    case v1::CHANNEL_SMS:
      return "Text message";
    case v1::CHANNEL_WEB:
      return "Web site";
    case v1::CHANNEL_COMMUNITY:
      return "Community";
    case v1::CHANNEL_MAIL:
      return "Post";
    default:
      return "Other";
  }
}

}  // namespace waymark::journey
