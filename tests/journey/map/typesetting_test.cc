#include "services/journey/map/typesetting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Font kBody = {.size = 12};

TEST(CleanTest, WhiteSpaceBecomesSingleSpaces) {
  EXPECT_EQ(Clean("  First\r\n\tvalue\xe2\x80\xa8 found \xc2\xa0"), "First value found");
}

TEST(CleanTest, ControlCharactersAreDropped) {
  EXPECT_EQ(Clean(std::string("a\0b\x1b[31m\x7f\xc2\x9b", 11)), "ab[31m");
}

TEST(CleanTest, WhatTurnsDirectionsIsDropped) { EXPECT_EQ(Clean("pay\xe2\x80\xae lla"), "pay lla"); }

TEST(CleanTest, BrokenUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(Clean("a\xff z"), "a\xef\xbf\xbd z");
  EXPECT_EQ(Clean("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                  // An overlong slash.
  EXPECT_EQ(Clean("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // Half a surrogate pair.
}

TEST(CleanTest, AtMostThreeMarksStandOnALetter) {
  EXPECT_EQ(Clean("a\u0301\u0302\u0303\u0304\u0305b"), "a\u0301\u0302\u0303b");
}

TEST(MeasureTest, GrowsWithSizeWeightAndSpacing) {
  EXPECT_DOUBLE_EQ(Measure("", kBody), 0);
  EXPECT_NEAR(Measure("First value", {.size = 24}), 2 * Measure("First value", kBody), 1e-9);
  EXPECT_GT(Measure("First value", {.size = 12, .bold = true}), Measure("First value", kBody));
  EXPECT_NEAR(Measure("abc", {.size = 12, .spacing = 2}), Measure("abc", kBody) + 6, 1e-9);
}

TEST(MeasureTest, IsAtLeastTheWidthInTheUsualFonts) {
  // Of DejaVu Sans at 12 pixels, the widest of them: 427.2 for this text.
  EXPECT_GE(Measure("Invite two colleagues and connect the first data source within 14 days", kBody), 427.2);
  EXPECT_GE(Measure("价值", kBody), 24);
  EXPECT_GE(Measure("🚀", kBody), 14.9);
}

TEST(WrapTest, BreaksBetweenWords) {
  const double width = Measure("the first data", kBody);
  EXPECT_THAT(Wrap("Connect the first data source", kBody, width, 5).lines,
              ElementsAre("Connect the", "first data", "source"));
}

TEST(WrapTest, AWordLongerThanALineIsBrokenInside) {
  const Lines wrapped = Wrap("an incomprehensible word", kBody, Measure("incompre", kBody), 9);
  EXPECT_THAT(wrapped.lines, ElementsAre("an", "incompre", "hensible", "word"));
  EXPECT_FALSE(wrapped.cut);
}

TEST(WrapTest, IdeographsBreakAnywhere) {
  EXPECT_THAT(Wrap("让团队每天都", kBody, Measure("让团队", kBody), 9).lines, ElementsAre("让团队", "每天都"));
}

TEST(WrapTest, WhatDoesNotFitEndsWithAnEllipsis) {
  const double width = Measure("Connect the first", kBody);
  const Lines wrapped = Wrap("Connect the first data source today", kBody, width, 1);
  EXPECT_TRUE(wrapped.cut);
  EXPECT_THAT(wrapped.lines, ElementsAre("Connect the fi…"));
  EXPECT_LE(Measure(wrapped.lines[0], kBody), width);
}

TEST(WrapTest, AnEllipsisIsNotSetWhereEverythingFits) {
  EXPECT_FALSE(Wrap("Connect", kBody, Measure("Connect", kBody), 1).cut);
}

TEST(WrapTest, JoinedEmojiStayTogether) {
  const std::string family = "👨‍👩‍👧‍👦";
  EXPECT_THAT(Wrap(family + family, kBody, Measure(family, kBody) + 1, 9).lines, ElementsAre(family, family));
}

TEST(WrapTest, AnEmptyTextHasNoLines) { EXPECT_THAT(Wrap("", kBody, 100, 3).lines, IsEmpty()); }

TEST(DirectionTest, TheFirstLetterDecides) {
  EXPECT_TRUE(IsRightToLeft("רכישה"));
  EXPECT_TRUE(IsRightToLeft("12 رحلة Waymark"));
  EXPECT_FALSE(IsRightToLeft("Waymark رحلة"));
  EXPECT_FALSE(IsRightToLeft("价值"));
  EXPECT_FALSE(IsRightToLeft("…"));
}

}  // namespace
}  // namespace waymark::journey
