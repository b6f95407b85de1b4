#include "services/journey/map/sheet.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/journey/map/lanes.h"

namespace waymark::journey {
namespace {

constexpr double kMargin = 36;
constexpr double kGutter = 136;  // Left of the columns, for the lanes' names.
constexpr double kPadding = 12;  // Between a column's edge and what stands in it.
constexpr double kPersonaWidth = 360;

// The fewer the stages, the more room each has.
double ColumnWidth(size_t stages) {
  if (stages <= 2) return 560;
  if (stages == 3) return 450;
  if (stages == 4) return 350;
  if (stages == 5) return 300;
  return stages <= 7 ? 260 : 236;
}

using Cell = std::function<void(Flow&, const MapStage&)>;
using Has = std::function<bool(const MapStage&)>;

class Sheet {
 public:
  explicit Sheet(const JourneyMap& map)
      : map_(map), columns_(std::max<size_t>(map.stages.size(), 1)), column_width_(ColumnWidth(columns_)) {
    drawing_.title = absl::StrCat(map.kind, ": ", map.title);
    drawing_.width = 2 * kMargin + kGutter + static_cast<double>(columns_) * column_width_;
  }

  Drawing Drawn() && {
    WriteHead();
    if (map_.stages.empty()) return WithoutStages();
    DrawGroups();
    DrawStages();
    columns_top_ = y_;
    const bool live = std::any_of(map_.stages.begin(), map_.stages.end(), [](const auto& one) { return one.numbers; });
    if (live) {
      AddLane(
          "Today", map_.numbers_as_of.empty() ? "where customers are" : "as of " + map_.numbers_as_of,
          [](const MapStage& stage) { return stage.numbers.has_value(); },
          [](Flow& flow, const MapStage& stage) {
            if (stage.numbers.has_value()) WriteNumbers(*stage.numbers, flow);
          });
    }
    AddLane(
        "Goal", "reached at its end", [](const MapStage& stage) { return !stage.goal.empty(); },
        [](Flow& flow, const MapStage& stage) {
          flow.Write(stage.goal, {.font = {.size = 12.5}, .colour = palette::kInk, .most_lines = 6});
        });
    AddLane(
        "Gate", "what must be so before one gets in",
        [](const MapStage& stage) { return !stage.entered_when.empty() || !stage.questions.empty(); },
        [](Flow& flow, const MapStage& stage) { WriteGate(stage, flow); });
    AddLane(
        "Milestones", "outcomes and what proves them", [](const MapStage& stage) { return !stage.milestones.empty(); },
        [](Flow& flow, const MapStage& stage) { WriteMilestones(stage, flow); });
    AddLane(
        "Moves on", map_.branches ? "where to, and when" : "to the next stage when",
        [](const MapStage&) { return true; },
        [this](Flow& flow, const MapStage& stage) { WriteWays(map_, stage, flow); });
    AddTouchpoints();
    AddFeelings();
    AddLane(
        "Needs", "", [](const MapStage& stage) { return !stage.need.empty(); },
        [](Flow& flow, const MapStage& stage) {
          if (!stage.need.empty()) WritePoints({stage.need}, Mark::kNeed, palette::kAccent, flow);
        });
    AddLane(
        "Pain points", "", [](const MapStage& stage) { return !stage.pain_points.empty(); },
        [](Flow& flow, const MapStage& stage) { WritePoints(stage.pain_points, Mark::kPain, palette::kWarm, flow); });
    AddLane(
        "Opportunities", "", [](const MapStage& stage) { return !stage.opportunities.empty(); },
        [](Flow& flow, const MapStage& stage) {
          WritePoints(stage.opportunities, Mark::kOpportunity, palette::kGreen, flow);
        });
    AddOwners();
    DrawColumnLines();
    AddExits();
    WriteLegend();
    return Finished();
  }

 private:
  Drawing WithoutStages() {
    Flow flow(drawing_, kMargin, y_, Right() - kMargin);
    flow.Write("No stages yet", styles::kBody);
    y_ = flow.y();
    return Finished();
  }

  // The drawing on white paper.
  Drawing Finished() {
    drawing_.height = y_ + kMargin;
    drawing_.ground.insert(drawing_.ground.begin(),
                           Rectangle{.box = {0, 0, drawing_.width, drawing_.height}, .ink = {.fill = palette::kPaper}});
    return std::move(drawing_);
  }

  double Left() const { return kMargin + kGutter; }
  double Right() const { return drawing_.width - kMargin; }
  double ColumnLeft(size_t column) const { return Left() + static_cast<double>(column) * column_width_; }
  double ColumnMiddle(size_t column) const { return ColumnLeft(column) + column_width_ / 2; }
  Flow Column(size_t column, double y) {
    return Flow(drawing_, ColumnLeft(column) + kPadding, y, column_width_ - 2 * kPadding);
  }

  void Line(double x1, double y1, double x2, double y2, const std::string& colour, double width, bool dashed = false) {
    drawing_.ground.push_back(Path{.data = absl::StrFormat("M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2),
                                   .ink = {.stroke = colour, .stroke_width = width, .dashed = dashed}});
  }

  // Title at the left, persona at the right.
  void WriteHead() {
    const bool persona = !map_.personas.empty();
    const double room = Right() - kMargin - (persona ? kPersonaWidth + 40 : 0);
    Flow flow(drawing_, kMargin, kMargin, room);
    Style eyebrow = styles::kEyebrow;
    eyebrow.font = {.size = 11, .bold = true, .spacing = 1.2};
    flow.Write(absl::AsciiStrToUpper(map_.kind), eyebrow);
    flow.Skip(4);
    flow.Write(map_.title, {.font = {.size = 28, .bold = true}, .colour = palette::kInk, .most_lines = 2});
    flow.Skip(6);
    Flow text(drawing_, kMargin, flow.y(), std::min(room, 820.0));
    text.Write(map_.description, {.font = {.size = 13}, .colour = palette::kSoft, .most_lines = 4});
    if (!map_.starts_when.empty()) {
      text.Skip(8);
      Marked(text, Mark::kStart, 11, palette::kAccent, [&](Flow& line) {
        line.Write(absl::StrCat("Starts with ", map_.starts_when),
                   {.font = {.size = 12, .bold = true}, .colour = palette::kInk, .most_lines = 2});
      });
    }
    y_ = text.y();
    if (persona) y_ = std::max(y_, WritePersonas());
    y_ += 26;
  }

  // How far down the personas go.
  double WritePersonas() {
    const MapPersona& first = map_.personas.front();
    Flow flow(drawing_, Right() - kPersonaWidth, kMargin, kPersonaWidth);
    flow.Card({.fill = palette::kFaint, .stroke = palette::kLine}, 14, [&](Flow& card) {
      DrawMark(Mark::kPerson, card.x() + 2, card.y() + 3, 40, palette::kAccent, drawing_);
      card.Indented(56, [&](Flow& text) {
        text.Write(first.anchor ? "ANCHOR PERSONA" : "PERSONA", styles::kEyebrow);
        text.Skip(2);
        text.Write(first.title, {.font = {.size = 15, .bold = true}, .colour = palette::kInk, .most_lines = 2});
        text.Skip(2);
        text.Write(first.about, {.font = {.size = 11.5}, .colour = palette::kSoft, .most_lines = 4});
        std::vector<std::string> others;
        for (size_t i = 1; i < map_.personas.size(); ++i) others.push_back(map_.personas[i].title);
        if (others.empty()) return;
        text.Skip(6);
        text.Write(absl::StrCat("Also for: ", absl::StrJoin(others, ", ")),
                   {.font = {.size = 11, .bold = true}, .colour = palette::kSoft, .most_lines = 3});
      });
    });
    return flow.y();
  }

  // A bracket with its title over the parts of a stage.
  void DrawGroups() {
    const bool any =
        std::any_of(map_.stages.begin(), map_.stages.end(), [](const auto& one) { return !one.group.empty(); });
    if (!any) return;
    for (size_t i = 0; i < map_.stages.size();) {
      size_t end = i + 1;
      const std::string& group = map_.stages[i].group;
      while (end < map_.stages.size() && !group.empty() && map_.stages[end].group == group) ++end;
      if (!group.empty()) {
        const double left = ColumnLeft(i) + 2;
        const double right = ColumnLeft(end) - 10;
        Flow flow(drawing_, left + 4, y_, right - left - 8);
        flow.Write(group, {.font = {.size = 12.5, .bold = true}, .colour = palette::kAccent});
        const double line = flow.y() + 4;
        drawing_.ink.push_back(
            Path{.data = absl::StrFormat("M%.1f %.1fV%.1fH%.1fV%.1f", left, line + 6, line, right, line + 6),
                 .ink = {.stroke = palette::kAccent, .stroke_width = 1.4}});
      }
      i = end;
    }
    y_ += 32;
  }

  void DrawStages() {
    constexpr double kPoint = 13;  // How far an arrow's point reaches.
    // The titles first: the longest says how high the arrows are.
    const Style title = {.font = {.size = 15, .bold = true}, .colour = palette::kPaper, .most_lines = 3};
    const Style number = {.font = {.size = 10.5, .bold = true}, .colour = "#b9d0d6"};
    double height = 0;
    for (size_t i = 0; i < map_.stages.size(); ++i) {
      Flow flow(drawing_, ColumnLeft(i) + kPoint + 9, y_ + 9, column_width_ - 2 * kPoint - 14);
      flow.Write(absl::StrCat(i + 1), number);
      flow.Write(map_.stages[i].title, title);
      height = std::max(height, flow.y() + 10 - y_);
    }
    for (size_t i = 0; i < map_.stages.size(); ++i) {
      const double left = ColumnLeft(i);
      const double tip = left + column_width_ - 4;
      drawing_.cards.push_back(
          Path{.data = absl::StrFormat("M%.1f %.1fH%.1fL%.1f %.1fL%.1f %.1fH%.1f%sZ", left, y_, tip - kPoint, tip + 1,
                                       y_ + height / 2, tip - kPoint, y_ + height, left,
                                       i == 0 ? "" : absl::StrFormat("L%.1f %.1f", left + kPoint + 1, y_ + height / 2)),
               .ink = {.fill = palette::kAccent}});
    }
    y_ += height + 8;
    double bottom = y_;
    for (size_t i = 0; i < map_.stages.size(); ++i) {
      Flow flow = Column(i, y_);
      WriteStageFacts(map_.stages[i], flow);
      bottom = std::max(bottom, flow.y());
    }
    y_ = bottom + 8;
  }

  void WriteStageFacts(const MapStage& stage, Flow& flow) {
    const Style mark = {.font = {.size = 10.5, .bold = true, .spacing = 0.6}, .colour = palette::kInk};
    if (stage.risk) {
      Marked(flow, Mark::kRisk, 13, palette::kWarm, [&](Flow& text) { text.Write("RISK", mark); });
      flow.Skip(3);
    }
    if (stage.expansion) {
      Marked(flow, Mark::kExpansion, 13, palette::kGreen, [&](Flow& text) { text.Write("EXPANSION", mark); });
      flow.Skip(3);
    }
    std::vector<std::string> late;
    if (!stage.behind_after.empty()) late.push_back(absl::StrCat("behind after ", stage.behind_after));
    if (!stage.stuck_after.empty()) late.push_back(absl::StrCat("stuck after ", stage.stuck_after));
    if (stage.target.empty() && late.empty()) return;
    Marked(flow, Mark::kClock, 13, palette::kInk, [&](Flow& text) {
      if (!stage.target.empty()) text.Write(absl::StrCat("Target ", stage.target), styles::kStrong);
      WriteFacts(late, styles::kDetail, text);
    });
  }

  // Writes a lane's name into the gutter; returns how far down it goes.
  double WriteName(const std::string& name, const std::string& note, double y) {
    Flow flow(drawing_, kMargin + 10, y, kGutter - 26);
    flow.Write(name, styles::kLane);
    flow.Skip(2);
    flow.Write(note, {.font = {.size = 10.5}, .colour = palette::kSoft, .most_lines = 4});
    return flow.y();
  }

  // Draws the ground of a lane from `top` to y_ below its lines, which begin at `ground`.
  void CloseLane(double top, size_t ground) {
    if (shaded_) {
      drawing_.ground.insert(
          drawing_.ground.begin() + static_cast<std::ptrdiff_t>(ground),
          Rectangle{.box = {kMargin, top, Right() - kMargin, y_ - top}, .ink = {.fill = palette::kFaint}});
    }
    Line(kMargin, top, Right(), top, palette::kLine, 1);
    shaded_ = !shaded_;
  }

  void AddLane(const std::string& name, const std::string& note, const Has& has, const Cell& cell) {
    if (!std::any_of(map_.stages.begin(), map_.stages.end(), has)) return;
    const double top = y_;
    const size_t ground = drawing_.ground.size();
    double bottom = WriteName(name, note, top + 12);
    for (size_t i = 0; i < map_.stages.size(); ++i) {
      Flow flow = Column(i, top + 12);
      cell(flow, map_.stages[i]);
      bottom = std::max(bottom, flow.y());
    }
    y_ = bottom + 12;
    CloseLane(top, ground);
  }

  // A row for each channel that is used.
  void AddTouchpoints() {
    std::set<v1::Channel> channels;
    for (const MapStage& stage : map_.stages) {
      for (const MapTouchpoint& touchpoint : stage.touchpoints) channels.insert(touchpoint.channel);
    }
    if (channels.empty()) return;
    const double top = y_;
    const size_t ground = drawing_.ground.size();
    Flow heading(drawing_, kMargin + 10, top + 12, Right() - kMargin - 20);
    heading.Write("Touchpoints", styles::kLane);
    y_ = heading.y() + 8;
    for (const v1::Channel channel : channels) {
      Line(Left(), y_, Right(), y_, palette::kLine, 1, true);
      double bottom = y_;
      Flow name(drawing_, kMargin + 10, y_ + 9, kGutter - 22);
      Marked(name, MarkOf(channel), 15, palette::kInk, [&](Flow& text) {
        text.Write(ChannelInWords(channel),
                   {.font = {.size = 11.5, .bold = true}, .colour = palette::kInk, .most_lines = 2});
      });
      bottom = name.y() + 8;
      for (size_t i = 0; i < map_.stages.size(); ++i) {
        Flow flow = Column(i, y_ + 9);
        WriteTouchpoints(map_.stages[i], channel, flow);
        bottom = std::max(bottom, flow.y());
      }
      y_ = bottom + 4;
    }
    CloseLane(top, ground);
  }

  // The curve of the mood through all stages, a face at each, and what the customer says of it.
  void AddFeelings() {
    std::vector<size_t> felt;
    for (size_t i = 0; i < map_.stages.size(); ++i) {
      if (map_.stages[i].felt) felt.push_back(i);
    }
    if (felt.empty()) return;
    constexpr double kStep = 26;  // From one mood to the next.
    const double top = y_;
    const size_t ground = drawing_.ground.size();
    WriteName("Feelings", "", top + 12);
    const double middle = top + 44 + 2 * kStep;
    const auto height_of = [&](size_t stage) { return middle - map_.stages[stage].mood * kStep; };
    for (const int mood : {2, 0, -2}) {
      Line(Left(), middle - mood * kStep, Right(), middle - mood * kStep, palette::kLine, 1, true);
    }
    WriteMoodNames(middle, kStep);
    std::string curve;
    for (size_t k = 0; k < felt.size(); ++k) {
      const double x = ColumnMiddle(felt[k]);
      const double y = height_of(felt[k]);
      if (k == 0) {
        curve = absl::StrFormat("M%.1f %.1f", x, y);
        continue;
      }
      const double before = ColumnMiddle(felt[k - 1]);
      const double half = (x - before) / 2;
      absl::StrAppendFormat(&curve, "C%.1f %.1f %.1f %.1f %.1f %.1f", before + half, height_of(felt[k - 1]), x - half,
                            y, x, y);
    }
    drawing_.cards.push_back(Path{.data = curve, .ink = {.stroke = palette::kAccent, .stroke_width = 2.4}});
    double bottom = middle + 2 * kStep + 22;
    double lowest = bottom;
    for (const size_t stage : felt) {
      DrawFace(map_.stages[stage].mood, ColumnMiddle(stage), height_of(stage), 12, palette::kAccent, drawing_);
      Flow flow = Column(stage, bottom);
      flow.Write(map_.stages[stage].emotion, {.font = {.size = 12.5, .bold = true, .italic = true},
                                              .colour = palette::kInk,
                                              .most_lines = 4,
                                              .align = Align::kMiddle});
      lowest = std::max(lowest, flow.y());
    }
    y_ = lowest + 12;
    CloseLane(top, ground);
  }

  void WriteMoodNames(double middle, double step) {
    const auto name = [&](const char* text, double y) {
      Flow flow(drawing_, kMargin + 10, y - 7, kGutter - 26);
      flow.Write(text, styles::kDetail);
    };
    name("+ delighted", middle - 2 * step);
    name("± neutral", middle);
    name("− unhappy", middle + 2 * step);
  }

  // A row for each role, a bar over the stages that it looks after.
  void AddOwners() {
    std::vector<std::string> roles;
    for (const MapStage& stage : map_.stages) {
      for (const std::string& role : stage.owners) {
        if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
      }
    }
    if (roles.empty()) return;
    const double top = y_;
    const size_t ground = drawing_.ground.size();
    const double bottom = WriteName("Owners", "who looks after the customer", top + 12);
    y_ = top + 12;
    for (const std::string& role : roles) {
      DrawOwner(role);
      y_ += 30;
    }
    y_ = std::max(y_, bottom) + 6;
    CloseLane(top, ground);
  }

  void DrawOwner(const std::string& role) {
    const auto owns = [&](size_t stage) {
      const auto& owners = map_.stages[stage].owners;
      return std::find(owners.begin(), owners.end(), role) != owners.end();
    };
    for (size_t i = 0; i < map_.stages.size();) {
      size_t end = i;
      while (end < map_.stages.size() && owns(end)) ++end;
      if (end == i) {
        ++i;
        continue;
      }
      const double left = ColumnLeft(i) + kPadding;
      const double width = ColumnLeft(end) - kPadding - left;
      drawing_.cards.push_back(Rectangle{.box = {left, y_, width, 24},
                                         .radius = 4,
                                         .ink = {.fill = palette::kAccentTint, .stroke = palette::kAccent}});
      Flow flow(drawing_, left + 10, y_ + 4.5, width - 20);
      flow.Write(role, {.font = {.size = 11.5, .bold = true}, .colour = palette::kInk});
      i = end;
    }
  }

  void DrawColumnLines() {
    for (size_t i = 0; i <= columns_; ++i) Line(ColumnLeft(i), columns_top_, ColumnLeft(i), y_, "#e4e9ed", 1);
    Line(kMargin, y_, Right(), y_, palette::kLine, 1);
  }

  void AddExits() {
    if (map_.exits.empty()) return;
    const double top = y_;
    double bottom = WriteName("Exits", "out of any stage, before the end", top + 14);
    // Each as wide as one column, or as two narrow ones.
    const size_t span = column_width_ < 290 && columns_ > 1 ? 2 : 1;
    const size_t per_row = columns_ / span;
    const double width = column_width_ * static_cast<double>(span);
    double row = top + 14;
    for (size_t i = 0; i < map_.exits.size(); ++i) {
      if (i > 0 && i % per_row == 0) row = bottom + 12;
      Flow flow(drawing_, Left() + static_cast<double>(i % per_row) * width + kPadding, row, width - 2 * kPadding);
      WriteExit(map_.exits[i], flow);
      bottom = std::max(bottom, flow.y());
    }
    y_ = bottom + 14;
    Line(kMargin, y_, Right(), y_, palette::kLine, 1);
  }

  // Only the marks that are on the sheet.
  void WriteLegend() {
    std::vector<std::pair<Mark, std::string>> entries;
    const auto any_stage = [&](const Has& has) { return std::any_of(map_.stages.begin(), map_.stages.end(), has); };
    const auto any_milestone = [&](bool (*is)(const MapMilestone&)) {
      return any_stage(
          [is](const MapStage& stage) { return std::any_of(stage.milestones.begin(), stage.milestones.end(), is); });
    };
    const auto any_touchpoint = [&](bool inbound) {
      return any_stage([inbound](const MapStage& stage) {
        return std::any_of(stage.touchpoints.begin(), stage.touchpoints.end(),
                           [inbound](const MapTouchpoint& one) { return one.inbound == inbound; });
      });
    };
    const auto any_exit = [&](v1::Outcome outcome) {
      return std::any_of(map_.exits.begin(), map_.exits.end(),
                         [&](const MapExit& exit) { return exit.outcome == outcome; });
    };
    const auto add = [&](bool shown, Mark mark, const char* words) {
      if (shown) entries.emplace_back(mark, words);
    };
    add(any_milestone([](const MapMilestone& one) { return one.required && !one.value_moment; }), Mark::kRequired,
        "Required milestone");
    add(any_milestone([](const MapMilestone& one) { return !one.required && !one.value_moment; }), Mark::kOptional,
        "Optional milestone (dashed)");
    add(any_milestone([](const MapMilestone& one) { return one.value_moment; }), Mark::kValueMoment,
        "Value moment: the customer has got what it pays for");
    add(any_touchpoint(false), Mark::kOutbound, "We reach out");
    add(any_touchpoint(true), Mark::kInbound, "The customer comes to us");
    add(any_stage([](const MapStage& stage) { return stage.risk; }), Mark::kRisk, "Customers here may leave");
    add(any_stage([](const MapStage& stage) { return stage.expansion; }), Mark::kExpansion, "Customers here may grow");
    add(any_exit(v1::OUTCOME_SUCCESS), Mark::kSuccess, "Success");
    add(any_exit(v1::OUTCOME_CHURNED), Mark::kChurned, "Churned");
    add(any_exit(v1::OUTCOME_ABANDONED), Mark::kAbandoned, "Abandoned");
    if (entries.empty()) return;
    const Font font = {.size = 11};
    double x = Left() + kPadding;
    y_ += 14;
    Flow name(drawing_, kMargin + 10, y_, kGutter - 26);
    name.Write("Legend", {.font = {.size = 11, .bold = true}, .colour = palette::kSoft});
    for (const auto& [mark, words] : entries) {
      const double width = Measure(words, font) + 1;
      if (x + 18 + width > Right() && x > Left() + kPadding) {
        x = Left() + kPadding;
        y_ += 22;
      }
      DrawMark(mark, x, y_ + 1, 12, palette::kInk, drawing_);
      Flow flow(drawing_, x + 18, y_, width);
      flow.Write(words, {.font = font, .colour = palette::kSoft});
      x += 18 + width + 26;
    }
    y_ += 16;
  }

  const JourneyMap& map_;
  size_t columns_;
  double column_width_;
  Drawing drawing_;
  double y_ = kMargin;  // Where the next thing begins.
  double columns_top_ = 0;
  bool shaded_ = true;  // Whether the next lane is.
};

}  // namespace

Drawing Draw(const JourneyMap& map) { return Sheet(map).Drawn(); }

}  // namespace waymark::journey
