// No text leaves its place, whatever is drawn.
#include "services/journey/map/sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/journey/map/marks.h"
#include "tests/journey/map/definitions.h"

namespace waymark::journey {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kHair = 0.01;  // What adding up numbers of this size may cost.

std::vector<Text> TextsOf(const Drawing& drawing) {
  std::vector<Text> texts;
  for (const auto* layer : {&drawing.ground, &drawing.cards, &drawing.ink}) {
    for (const Shape& shape : *layer) {
      if (const auto* text = std::get_if<Text>(&shape)) texts.push_back(*text);
    }
  }
  return texts;
}

// Every line on the sheet, each text on one.
std::vector<std::string> WordsOn(const Drawing& drawing) {
  std::vector<std::string> words;
  for (const Text& text : TextsOf(drawing)) words.push_back(absl::StrJoin(text.lines, " "));
  return words;
}

void ExpectEverythingInItsPlace(const Drawing& drawing) {
  std::vector<Text> texts = TextsOf(drawing);
  for (const Text& text : texts) {
    for (const std::string& line : text.lines) {
      EXPECT_LE(Measure(line, text.font), text.box.width + kHair) << line;
    }
    EXPECT_GE(text.box.x, 0);
    EXPECT_GE(text.box.y, 0);
    EXPECT_LE(text.box.x + text.box.width, drawing.width + kHair);
    EXPECT_LE(text.box.y + text.box.height, drawing.height + kHair);
    EXPECT_GE(text.box.height + kHair, LineHeight(text.font) * static_cast<double>(text.lines.size()));
  }
  std::sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) { return a.box.y < b.box.y; });
  for (size_t i = 0; i < texts.size(); ++i) {
    const Box& one = texts[i].box;
    for (size_t k = i + 1; k < texts.size() && texts[k].box.y + kHair < one.y + one.height; ++k) {
      const Box& other = texts[k].box;
      const bool apart = other.x + kHair >= one.x + one.width || one.x + kHair >= other.x + other.width;
      EXPECT_TRUE(apart) << texts[i].lines[0] << " overlaps " << texts[k].lines[0];
    }
  }
}

TEST(SheetTest, TextStaysInItsPlaceInEveryTemplate) {
  for (const MapSource& source : TemplateSources()) ExpectEverythingInItsPlace(Draw(MakeMap(source)));
}

TEST(SheetTest, TextStaysInItsPlaceWhateverTheTitlesSay) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    ExpectEverythingInItsPlace(Draw(MakeMap(HostileSource(seed))));
    if (testing::Test::HasFailure()) break;  // One such journey tells enough.
  }
}

TEST(SheetTest, AnyNumberOfStagesHasRoom) {
  for (const int stages : {0, 1, 2, 3, 5, 8, 12, 50}) {
    SCOPED_TRACE(stages);
    ExpectEverythingInItsPlace(Draw(MakeMap(SourceWith(stages))));
  }
}

TEST(SheetTest, AJourneyWithoutStagesSaysSo) {
  EXPECT_THAT(WordsOn(Draw(MakeMap(SourceWith(0)))), Contains("No stages yet"));
}

TEST(SheetTest, ColumnsAreWiderTheFewerThereAre) {
  const double three = Draw(MakeMap(SourceWith(3))).width;
  const double twelve = Draw(MakeMap(SourceWith(12))).width;
  EXPECT_GT(three / 3, twelve / 12);
}

TEST(SheetTest, WhatIsCutCarriesTheWholeText) {
  MapSource source = SourceWith(4);
  std::string goal;
  for (int i = 0; i < 200; ++i) absl::StrAppend(&goal, i == 0 ? "" : " ", "word", i);
  source.definition.mutable_stages(0)->set_goal(goal);
  int cut = 0;
  for (const Text& text : TextsOf(Draw(MakeMap(source)))) {
    if (text.whole.empty()) continue;
    ++cut;
    EXPECT_EQ(text.whole, goal);
    EXPECT_THAT(text.lines.back(), HasSubstr("…"));
  }
  EXPECT_EQ(cut, 1);
}

TEST(SheetTest, SaysInWordsWhatColoursAndShapesMean) {
  const std::vector<MapSource> sources = TemplateSources();
  const std::vector<std::string> saas = WordsOn(Draw(MakeMap(sources.at(0))));
  for (const char* words :
       {"RISK", "EXPANSION", "VALUE MOMENT", "ANCHOR PERSONA", "Champion", "Required · by the customer · within 7 days",
        "Optional · by us", "a csm confirms it", "by CSM · after Own data connected", "to Support", "Target 14 days",
        "behind after 21 days · stuck after 30 days", "Hopeful, a little overwhelmed",
        "Churned · contract_cancelled"}) {
    EXPECT_THAT(saas, Contains(words));
  }
  const std::vector<std::string> enterprise = WordsOn(Draw(MakeMap(sources.at(1))));
  for (const char* words :
       {"Implementation", "Who decides about the renewal?", "Required · CSM asks Sales", "Optional · CSM asks Sales",
        "Opens when renewal_date is 3 months away", "Success · contract_state is “consolidated”"}) {
    EXPECT_THAT(enterprise, Contains(words));
  }
}

TEST(SheetTest, NumbersAreDrawnOnlyWhereTheyAreGiven) {
  MapSource source = SourceWith(3);
  EXPECT_THAT(WordsOn(Draw(MakeMap(source))), Not(Contains("Today")));
  auto& numbers = *source.overlay.add_stages();
  numbers.set_stage_key("stage1");
  numbers.set_count(12'480);
  numbers.set_conversion(0.635);
  numbers.mutable_median_dwell()->set_seconds(9 * 86'400);
  source.overlay.mutable_as_of()->set_seconds(1'777'852'800);
  const std::vector<std::string> words = WordsOn(Draw(MakeMap(source)));
  for (const char* text :
       {"Today", "as of 4 May 2026", "12,480", "here now", "64 % go on from here", "half of them in 9 days"}) {
    EXPECT_THAT(words, Contains(text));
  }
}

TEST(SheetTest, RightToLeftTextStartsAtTheRight) {
  MapSource source = SourceWith(2);
  source.definition.mutable_stages(0)->set_goal("بيانات الفريق موجودة");
  for (const Text& text : TextsOf(Draw(MakeMap(source)))) {
    EXPECT_EQ(text.right_to_left, text.lines[0] == "بيانات الفريق موجودة") << text.lines[0];
  }
}

TEST(MarksTest, EachHasAShapeOfItsOwn) {
  std::set<std::string> shapes;
  const auto shape_of = [](Mark mark) {
    Drawing drawing;
    DrawMark(mark, 0, 0, 16, "#000000", drawing);
    return absl::StrCat(std::get<Path>(drawing.ink.at(0)).data, std::get<Path>(drawing.ink.at(0)).ink.fill);
  };
  for (int mark = 0; mark <= static_cast<int>(Mark::kPerson); ++mark) shapes.insert(shape_of(static_cast<Mark>(mark)));
  EXPECT_EQ(shapes.size(), static_cast<size_t>(Mark::kPerson) + 1);
}

TEST(MarksTest, FacesOfDifferentMoodsLookDifferent) {
  std::set<std::string> mouths;
  for (int mood = -2; mood <= 2; ++mood) {
    Drawing drawing;
    DrawFace(mood, 0, 0, 8, "#000000", drawing);
    mouths.insert(std::get<Path>(drawing.ink.back()).data);
  }
  EXPECT_EQ(mouths.size(), 5u);
}

}  // namespace
}  // namespace waymark::journey
