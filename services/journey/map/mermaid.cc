#include "services/journey/map/mermaid.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/journey/map/typesetting.h"

namespace waymark::journey {
namespace {

// So long, in units of Measure at size 1, that a label stays a label.
constexpr double kLongest = 48;

// A text inside a quoted label. What Mermaid, Markdown, HTML or a directive could read as more than a letter becomes a
// character code.
std::string Label(absl::string_view text) {
  const Lines lines = Wrap(Clean(text), {.size = 1}, kLongest, 1);
  std::string label;
  for (const char c : lines.lines.empty() ? std::string() : lines.lines[0]) {
    const bool plain = !absl::ascii_isascii(static_cast<unsigned char>(c)) ||
                       absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == ' ' || c == ',' || c == '(' ||
                       c == ')';
    // A dot after a digit begins a list, a dash or underscore at an edge means emphasis.
    const bool inside =
        (c == '-' || c == '_') && !label.empty() && absl::ascii_isalnum(static_cast<unsigned char>(label.back()));
    if (plain || inside) {
      label.push_back(c);
    } else {
      absl::StrAppend(&label, "#", static_cast<int>(c), ";");
    }
  }
  return label;
}

// A text as YAML's quoted scalar, for the front matter. Mermaid looks for tags and directives there too.
std::string Quoted(absl::string_view text) {
  std::string quoted;
  for (const char c : Clean(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = !absl::ascii_isascii(byte) || absl::ascii_isalnum(byte) || c == ' ' || c == ',' || c == '.';
    absl::StrAppend(&quoted, plain ? std::string(1, c) : absl::StrFormat("\\x%02x", byte));
  }
  return absl::StrCat("\"", quoted, "\"");
}

std::string NodeOf(size_t stage) { return absl::StrCat("stage", stage + 1); }

std::string StageLabel(const MapStage& stage, size_t index) {
  return absl::StrCat(index + 1, " ", Label(stage.title), stage.risk ? " ⚠ risk" : "",
                      stage.expansion ? " ↗ expansion" : "");
}

void WriteStage(const MapStage& stage, size_t index, absl::string_view indent, std::string& text) {
  if (stage.milestones.empty()) {
    absl::StrAppend(&text, indent, NodeOf(index), "[\"", StageLabel(stage, index), "\"]\n");
    return;
  }
  absl::StrAppend(&text, indent, "subgraph ", NodeOf(index), "[\"", StageLabel(stage, index), "\"]\n");
  absl::StrAppend(&text, indent, "  direction LR\n");  // Milestones are not linked, and so stand below each other.
  for (size_t i = 0; i < stage.milestones.size(); ++i) {
    const MapMilestone& milestone = stage.milestones[i];
    const char* mark = milestone.value_moment ? "★" : milestone.required ? "◆" : "◇";
    const char* style = milestone.value_moment ? ":::value" : milestone.required ? "" : ":::optional";
    absl::StrAppend(&text, indent, "  ", NodeOf(index), "m", i + 1, "[\"", mark, " ", Label(milestone.title), "<br/>",
                    Label(milestone.proof), "\"]", style, "\n");
  }
  absl::StrAppend(&text, indent, "end\n");
}

void WriteStages(const JourneyMap& map, std::string& text) {
  int groups = 0;
  for (size_t i = 0; i < map.stages.size();) {
    const std::string& group = map.stages[i].group;
    if (group.empty()) {
      WriteStage(map.stages[i], i, "  ", text);
      ++i;
      continue;
    }
    absl::StrAppend(&text, "  subgraph group", ++groups, "[\"", Label(group), "\"]\n");
    for (; i < map.stages.size() && map.stages[i].group == group; ++i) WriteStage(map.stages[i], i, "    ", text);
    absl::StrAppend(&text, "  end\n");
  }
}

void WriteWays(const JourneyMap& map, std::string& text) {
  if (!map.stages.empty()) absl::StrAppend(&text, "  start --> ", NodeOf(0), "\n");
  bool ends = false;
  for (size_t i = 0; i < map.stages.size(); ++i) {
    for (const MapWay& way : map.stages[i].ways) {
      if (way.to == i) continue;
      ends = ends || !way.to.has_value();
      const std::string& when = way.when.empty() ? map.stages[i].completed_when : way.when;
      const std::string label = Label(when);
      absl::StrAppend(&text, "  ", NodeOf(i), " -->", label.empty() ? "" : absl::StrCat("|\"", label, "\"|"), " ",
                      way.to.has_value() ? NodeOf(*way.to) : "done", "\n");
    }
  }
  if (ends) absl::StrAppend(&text, "  done((\"Completed\"))\n");
}

void WriteExits(const JourneyMap& map, std::string& text) {
  if (map.exits.empty()) return;
  absl::StrAppend(&text, "  subgraph exits[\"Exits, out of any stage\"]\n    direction LR\n");
  for (size_t i = 0; i < map.exits.size(); ++i) {
    const MapExit& exit = map.exits[i];
    const char* mark = exit.outcome == v1::OUTCOME_SUCCESS   ? "✓ Success"
                       : exit.outcome == v1::OUTCOME_CHURNED ? "✕ Churned"
                                                             : "⊖ Abandoned";
    absl::StrAppend(&text, "    exit", i + 1, "([\"", Label(exit.title), "<br/>", mark, ", ", Label(exit.when),
                    "\"])\n");
  }
  absl::StrAppend(&text, "  end\n");
}

}  // namespace

std::string RenderMermaid(const JourneyMap& map) {
  std::string text = absl::StrCat("---\ntitle: ", Quoted(map.title), "\n---\nflowchart LR\n");
  const std::string starts = Label(map.starts_when);
  absl::StrAppend(&text, "  start([\"", starts.empty() ? "Start" : absl::StrCat("Starts with ", starts), "\"])\n");
  WriteStages(map, text);
  WriteWays(map, text);
  WriteExits(map, text);
  absl::StrAppend(&text, "  classDef value stroke-width:3px\n  classDef optional stroke-dasharray:4 3\n");
  return text;
}

}  // namespace waymark::journey
