#include "services/journey/map/marks.h"

#include <string>

namespace waymark::journey {
namespace {

// In a square of 16 by 16.
struct Outline {
  const char* data;
  bool filled = false;
};

constexpr char kCircle[] = "M8 1.5A6.5 6.5 0 1 1 7.99 1.5Z";

Outline OutlineOf(Mark mark) {
  switch (mark) {
    case Mark::kRequired:
      return {"M8 1.2L14.8 8L8 14.8L1.2 8Z", true};
    case Mark::kOptional:
      return {"M8 1.8L14.2 8L8 14.2L1.8 8Z"};
    case Mark::kValueMoment:
      return {"M8 .6L10.2 5.5L15.6 6.1L11.6 9.7L12.7 15L8 12.3L3.3 15L4.4 9.7L.4 6.1L5.8 5.5Z", true};
    case Mark::kRisk:
      return {"M8 1.6L15.2 14.2H.8ZM8 6.2V10M8 12V12.2"};
    case Mark::kExpansion:
      return {"M1.5 14.5H14.5M2 10.8L6 6.8L8.8 9.4L14 3.2M10.2 3H14.2V7"};
    case Mark::kOutbound:
      return {"M1.5 8H14M9 3L14 8L9 13"};
    case Mark::kInbound:
      return {"M14.5 8H2M7 3L2 8L7 13"};
    case Mark::kLock:
      return {"M3.5 7.5H12.5V14.5H3.5ZM5.2 7.5V5A2.8 2.8 0 0 1 10.8 5V7.5"};
    case Mark::kQuestions:
      return {"M3 2.8H13V14.8H3ZM6 1.2H10V4.2H6ZM5.5 7.5H10.5M5.5 11H10.5"};
    case Mark::kClock:
      return {"M8 1.5A6.5 6.5 0 1 1 7.99 1.5ZM8 4.3V8L10.6 9.8"};
    case Mark::kStart:
      return {"M4 2.2L13.4 8L4 13.8Z", true};
    case Mark::kWay:
      return {"M2.5 2.5V9.5H13M9 5.5L13 9.5L9 13.5"};
    case Mark::kEnd:
      return {"M3.5 14.8V1.8H13L10.5 5L13 8.2H3.5"};
    case Mark::kNeed:
      return {"M8 14L2.3 8.2A3.4 3.4 0 0 1 8 4.4A3.4 3.4 0 0 1 13.7 8.2Z"};
    case Mark::kPain:
      return {"M9.5 1.2L3.5 9H7.6L6.5 14.8L12.5 6.8H8.4Z"};
    case Mark::kOpportunity:
      return {"M5.6 11.6V10.3A4.7 4.7 0 1 1 10.4 10.3V11.6ZM6.2 14.2H9.8"};
    case Mark::kSuccess:
      return {"M8 1.5A6.5 6.5 0 1 1 7.99 1.5ZM4.8 8.3L7.1 10.6L11.3 5.8"};
    case Mark::kChurned:
      return {"M8 1.5A6.5 6.5 0 1 1 7.99 1.5ZM5.4 5.4L10.6 10.6M10.6 5.4L5.4 10.6"};
    case Mark::kAbandoned:
      return {"M8 1.5A6.5 6.5 0 1 1 7.99 1.5ZM4.8 8H11.2"};
    case Mark::kEmail:
      return {"M1.2 3H14.8V13H1.2ZM1.2 3.6L8 9L14.8 3.6"};
    case Mark::kInApp:
      return {"M1.2 2.2H14.8V13.8H1.2ZM1.2 5.6H14.8M4 8.6H8M4 11H11"};
    case Mark::kPhone:
      return {
          "M3.4 1.6H6L7.2 5L5.4 6.4A9 9 0 0 0 9.6 10.6L11 8.8L14.4 10V12.6A1.8 1.8 0 0 1 12.5 14.4A11.4 11.4 0 0 1 "
          "1.6 3.5A1.8 1.8 0 0 1 3.4 1.6Z"};
    case Mark::kVideo:
      return {"M1 4H10.4V12H1ZM10.4 7.2L15 4.4V11.6L10.4 8.8"};
    case Mark::kInPerson:
      return {
          "M5.6 2.4A2.5 2.5 0 1 1 5.59 2.4ZM1 14A4.6 4.6 0 0 1 10.2 14ZM11.4 3.6A2 2 0 1 1 11.2 7.6M11.6 9.6A4 4 0 0 1 "
          "15 14H12.6"};
    case Mark::kChat:
      return {"M1.5 2.2H14.5V11H8L4.4 14.4V11H1.5ZM4.6 5.4H11.4M4.6 8H9"};
    case Mark::kSms:
      return {"M4 1.2H12V14.8H4ZM7.2 12.4H8.8M4 10.4H12"};
    case Mark::kWeb:
      return {"M8 1.5A6.5 6.5 0 1 1 7.99 1.5ZM1.5 8H14.5M8 1.5A9.5 9.5 0 0 1 8 14.5A9.5 9.5 0 0 1 8 1.5"};
    case Mark::kCommunity:
      return {
          "M8 1.2A2.2 2.2 0 1 1 7.99 1.2ZM3.2 10A2.2 2.2 0 1 1 3.19 10ZM12.8 10A2.2 2.2 0 1 1 12.79 10ZM6.9 "
          "5.4L4.4 10.2M9.1 5.4L11.6 10.2M5.4 12.2H10.6"};
    case Mark::kMail:
      return {"M1.8 4.8L8 1.6L14.2 4.8V11.6L8 14.8L1.8 11.6ZM1.8 4.8L8 8L14.2 4.8M8 8V14.8"};
    case Mark::kPerson:
      return {"M8 1.6A3.2 3.2 0 1 1 7.99 1.6ZM1.8 14.8A6.2 6.2 0 0 1 14.2 14.8Z"};
  }
  return {kCircle};
}

}  // namespace

void DrawMark(Mark mark, double x, double y, double size, const std::string& colour, Drawing& drawing) {
  const Outline outline = OutlineOf(mark);
  const double scale = size / 16;
  // Lines keep about one and a third pixels, however large the mark is.
  const Ink ink = outline.filled ? Ink{.fill = colour} : Ink{.stroke = colour, .stroke_width = 1.3 / scale};
  drawing.ink.push_back(Path{.data = outline.data, .ink = ink, .x = x, .y = y, .scale = scale});
}

void DrawFace(int mood, double x, double y, double radius, const std::string& colour, Drawing& drawing) {
  const auto mouth = [mood] {
    switch (mood) {
      case 2:
        return "M4.4 9.2H11.6A3.6 3.6 0 0 1 4.4 9.2Z";
      case 1:
        return "M4.8 9.8Q8 12.4 11.2 9.8";
      case 0:
        return "M5 10.8H11";
      case -1:
        return "M4.8 11.6Q8 9 11.2 11.6";
      default:
        return "M4.2 12.2Q8 7.8 11.8 12.2M3.8 4.2L6 5.2M12.2 4.2L10 5.2";
    }
  };
  const double scale = radius / 8;
  const double left = x - radius;
  const double top = y - radius;
  const double line = 1.5 / scale;
  drawing.ink.push_back(Path{.data = "M8 .6A7.4 7.4 0 1 1 7.99 .6Z",
                             .ink = {.fill = "#ffffff", .stroke = colour, .stroke_width = line},
                             .x = left,
                             .y = top,
                             .scale = scale});
  drawing.ink.push_back(Path{.data = "M5.5 5.9A.9 .9 0 1 1 5.49 5.9ZM10.5 5.9A.9 .9 0 1 1 10.49 5.9Z",
                             .ink = {.fill = colour},
                             .x = left,
                             .y = top,
                             .scale = scale});
  drawing.ink.push_back(Path{.data = mouth(),
                             .ink = {.fill = mood == 2 ? colour : "none", .stroke = colour, .stroke_width = line},
                             .x = left,
                             .y = top,
                             .scale = scale});
}

Mark MarkOf(v1::Channel channel) {
  switch (channel) {
    case v1::CHANNEL_EMAIL:
      return Mark::kEmail;
    case v1::CHANNEL_PHONE:
      return Mark::kPhone;
    case v1::CHANNEL_VIDEO:
      return Mark::kVideo;
    case v1::CHANNEL_IN_PERSON:
      return Mark::kInPerson;
    case v1::CHANNEL_CHAT:
      return Mark::kChat;
    case v1::CHANNEL_SMS:
      return Mark::kSms;
    case v1::CHANNEL_WEB:
      return Mark::kWeb;
    case v1::CHANNEL_COMMUNITY:
      return Mark::kCommunity;
    case v1::CHANNEL_MAIL:
      return Mark::kMail;
    default:
      return Mark::kInApp;
  }
}

Mark MarkOf(v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_SUCCESS:
      return Mark::kSuccess;
    case v1::OUTCOME_CHURNED:
      return Mark::kChurned;
    default:
      return Mark::kAbandoned;
  }
}

}  // namespace waymark::journey
