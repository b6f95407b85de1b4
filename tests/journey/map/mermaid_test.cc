#include "services/journey/map/mermaid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/journey/map/definitions.h"

namespace waymark::journey {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// How long the character code or line break is that the text begins with; 0 where it begins with none.
size_t CodeAt(absl::string_view text) {
  if (absl::StartsWith(text, "<br/>")) return 5;
  if (text[0] != '#') return 0;
  size_t end = 1;
  while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end > 1 && end < text.size() && text[end] == ';' ? end + 1 : 0;
}

// The same of YAML's `\\x22`.
size_t EscapeAt(absl::string_view text) {
  const bool escape = text.size() >= 4 && absl::StartsWith(text, "\\x") &&
                      absl::ascii_isxdigit(static_cast<unsigned char>(text[2])) &&
                      absl::ascii_isxdigit(static_cast<unsigned char>(text[3]));
  return escape ? 4 : 0;
}

// The line with its quoted texts emptied; `unquoted` where one of them holds what could be read as more than a text.
std::string Skeleton(absl::string_view line) {
  std::string skeleton;
  bool quoted = false;
  const bool title = absl::StartsWith(line, "title: ");
  for (size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == '"') quoted = !quoted;
    if (!quoted || c == '"') {
      skeleton.push_back(line[i]);
      continue;
    }
    const absl::string_view rest = line.substr(i);
    const size_t code = title ? EscapeAt(rest) : CodeAt(rest);
    const bool letter = c >= 0x80 || absl::ascii_isalnum(c) || c == ' ' || c == ',';
    const bool harmless = title ? c == '.' : c == '-' || c == '_' || c == '(' || c == ')';
    if (code > 0) {
      i += code - 1;
    } else if (!letter && !harmless) {
      return "unquoted";
    }
  }
  return skeleton;
}

// Whether the line is one that the renderer writes, whatever its texts say.
bool IsHarmless(absl::string_view line) {
  static const std::regex& lines = *new std::regex(
      "---|title: \"\"|flowchart LR|  start\\(\\[\"\"\\]\\)| *subgraph [a-z0-9]+\\[\"\"\\]| *direction LR| *end|"
      " *stage[0-9]+(m[0-9]+)?\\[\"\"\\](:::value|:::optional)?|"
      "  (stage[0-9]+|start) -->(\\|\"\"\\|)? (stage[0-9]+|done)|  done\\(\\(\"\"\\)\\)|"
      "    exit[0-9]+\\(\\[\"\"\\]\\)|  classDef value stroke-width:3px|  classDef optional stroke-dasharray:4 3|");
  return std::regex_match(Skeleton(line), lines);
}

TEST(MermaidTest, ShowsStagesMilestonesWaysAndExits) {
  const std::string text = RenderMermaid(MakeMap(TemplateSources().at(2)));
  EXPECT_THAT(text, StartsWith("---\ntitle: \"From trial to paid\"\n---\nflowchart LR\n  start([\"Starts with the "
                               "first trial_started\"])\n"));
  EXPECT_THAT(text, HasSubstr("  subgraph stage3[\"3 Decision ⚠ risk\"]\n    direction LR\n"));
  EXPECT_THAT(text,
              HasSubstr("    stage2m1[\"★ Published and answered<br/>project_published, then comment_received or"));
  EXPECT_THAT(text, HasSubstr("    stage2m2[\"◇ A colleague joins<br/>invite_accepted\"]:::optional\n"));
  EXPECT_THAT(text, HasSubstr("  stage1 -->|\"subscription_started\"| stage4\n"));
  EXPECT_THAT(text, HasSubstr("  stage4 -->|\"all 2 milestones are achieved\"| done\n"));
  EXPECT_THAT(text, HasSubstr("    exit1([\"Cancelled<br/>✕ Churned, subscription_cancelled\"])\n"));
}

TEST(MermaidTest, PartsStandInsideTheirStage) {
  EXPECT_THAT(RenderMermaid(MakeMap(TemplateSources().at(1))),
              HasSubstr("  subgraph group1[\"Implementation\"]\n    subgraph stage2[\"2 Kickoff\"]\n"));
}

TEST(MermaidTest, TheCheckFindsWhatIsNotHarmless) {
  EXPECT_TRUE(IsHarmless("  stage1 -->|\"a #34; b\"| stage2"));
  for (const char* line : {"  stage1[\"a\"] --> x[\"b\"]", "  stage1[\"#quot;\"]", "  stage1[\"a.b\"]",
                           "title: \"a\\\"b\"", "  click stage1", "%%{init}%%"}) {
    EXPECT_FALSE(IsHarmless(line)) << line;
  }
}

TEST(MermaidTest, NoTitleIsReadAsSyntax) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const std::string text = RenderMermaid(MakeMap(HostileSource(seed)));
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
      ASSERT_TRUE(IsHarmless(line)) << "seed " << seed << ": " << line;
    }
  }
}

TEST(MermaidTest, CodesStandForWhatCouldBeSyntax) {
  MapSource source = SourceWith(1);
  source.definition.mutable_stages(0)->set_title("\"] <b>`1. #35; %%{init}%%");
  EXPECT_THAT(
      RenderMermaid(MakeMap(source)),
      HasSubstr("subgraph stage1[\"1 #34;#93; #60;b#62;#96;1#46; #35;35#59; #37;#37;#123;init#125;#37;#37;\"]\n"));
}

TEST(MermaidTest, EqualMapsGiveEqualText) {
  EXPECT_EQ(RenderMermaid(MakeMap(HostileSource(7))), RenderMermaid(MakeMap(HostileSource(7))));
}

}  // namespace
}  // namespace waymark::journey
