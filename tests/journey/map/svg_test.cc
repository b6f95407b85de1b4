// The SVG is well-formed and inert, as Python's XML parser (expat) judges it.
#include "services/journey/map/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/journey/map/definitions.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::journey {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What an XML parser finds wrong with the documents: a line each; empty where nothing.
std::string Judged(const std::vector<std::string>& documents) {
  const support::TempDir dir;
  std::vector<std::string> argv = {"/usr/bin/python3",
                                   absl::StrCat(WAYMARK_SOURCE_DIR, "/tests/journey/map/judge_svg.py")};
  for (size_t i = 0; i < documents.size(); ++i) {
    argv.push_back(dir.File(absl::StrCat(i, ".svg")));
    support::WriteFile(argv.back(), documents[i]);
  }
  const auto finished = support::RunToEnd({.argv = argv}, absl::Minutes(5));
  if (!finished.ok()) return finished.status().ToString();
  return absl::StrCat(finished->exit_code == 0 ? "" : "the judge failed: ", finished->out, finished->err);
}

TEST(SvgTest, TheJudgeFindsFaults) {
  EXPECT_THAT(Judged({"<svg><text>a & b</text></svg>"}), HasSubstr("not well-formed"));
  EXPECT_THAT(Judged({"<svg><script/></svg>"}), HasSubstr("element script"));
  EXPECT_THAT(Judged({"<svg onload=\"x\"/>"}), HasSubstr("attribute onload"));
  EXPECT_THAT(Judged({"<svg fill=\"url(#x)\"/>"}), HasSubstr("refers to"));
  EXPECT_EQ(Judged({"<svg><text>a</text></svg>"}), "");
}

TEST(SvgTest, TemplatesAreWellFormedAndInert) {
  std::vector<std::string> documents;
  for (const MapSource& source : TemplateSources()) documents.push_back(RenderSvg(MakeMap(source)));
  EXPECT_EQ(documents.size(), 4u);
  EXPECT_EQ(Judged(documents), "");
}

TEST(SvgTest, HostileJourneysAreWellFormedAndInert) {
  std::vector<std::string> documents;
  for (uint64_t seed = 0; seed < 500; ++seed) documents.push_back(RenderSvg(MakeMap(HostileSource(seed))));
  EXPECT_EQ(Judged(documents), "");
}

TEST(SvgTest, MarkupInATitleIsText) {
  MapSource source = SourceWith(1);
  source.title = "<b onclick='x'>\"Tom\" & Jerry</b>";
  const std::string svg = RenderSvg(MakeMap(source));
  EXPECT_THAT(svg, Not(HasSubstr("<b")));
  EXPECT_THAT(svg, HasSubstr("&lt;b onclick=&#39;x&#39;&gt;&quot;Tom&quot; &amp; Jerry&lt;/b&gt;"));
}

TEST(SvgTest, EqualMapsGiveEqualText) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(RenderSvg(MakeMap(HostileSource(seed))), RenderSvg(MakeMap(HostileSource(seed))));
  }
}

TEST(SvgTest, RightToLeftTextIsMarked) {
  MapSource source = SourceWith(1);
  source.title = "رحلة العميل";
  EXPECT_THAT(RenderSvg(MakeMap(source)), HasSubstr("direction=\"rtl\" unicode-bidi=\"embed\">رحلة العميل</text>"));
}

}  // namespace
}  // namespace waymark::journey
