// What services/cli/table.h and progress_line.h promise.
#include "services/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "services/cli/progress_line.h"

namespace waymark::cli {
namespace {

using testing::HasSubstr;

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCellInCharacters) {
  Table table({{"NAME"}, {"COUNT", Table::Align::kRight}, {""}});
  table.Add({"größer", "1,234", "██"});
  table.Add({"a", "7", ""});
  EXPECT_EQ(table.Render(),
            "NAME    COUNT\n"
            "größer  1,234  ██\n"
            "a           7\n");
}

TEST(TableTest, NoValueDrivesTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc\x7f\xC2\x9B"
                      "d"),
            "a?[31mb?c??d");
  EXPECT_EQ(Printable("größer ✓"), "größer ✓");
}

TEST(TableTest, NumbersAreGrouped) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
  EXPECT_EQ(Count(1, "customer"), "1 customer");
  EXPECT_EQ(Count(2000, "customer"), "2,000 customers");
  EXPECT_EQ(Percent(0.9177), "91.8 %");
}

TEST(TableTest, BarsAreExactToAnEighth) {
  EXPECT_EQ(Bar(1, 3), "███");
  EXPECT_EQ(Bar(0.5, 3), "█▌");
  EXPECT_EQ(Bar(0, 3), "");
  EXPECT_EQ(Bar(0.0001, 3), "▏");  // What is not nothing is seen.
  EXPECT_EQ(Bar(7, 2), "██");
}

TEST(TableTest, TimesAndNamesAreShort) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(ShortTime(time), "-");
  time.set_seconds(1777885200);
  EXPECT_EQ(ShortTime(time), "2026-05-04 09:00:00");
  EXPECT_EQ(Short("DELIVERY_STATE_RETRY_WAIT", "DELIVERY_STATE_"), "retry wait");
}

TEST(ProgressTest, TellsHowFarHowFastAndHowLongStill) {
  EXPECT_EQ(ProgressText(0.25, 100'000, absl::Seconds(4)),
            "██████                    25 %  100,000 events  25,000/s  12 s left");
  EXPECT_EQ(ProgressText(-1, 500, absl::Seconds(2)), "500 events  250/s");
  EXPECT_THAT(ProgressText(0.001, 10, absl::Seconds(10)), HasSubstr("2:46 h left"));
}

TEST(ProgressTest, NothingIsDrawnWhereThereIsNoTerminal) {
  std::ostringstream out;
  {
    ProgressLine line(out, false);
    line.Show(0.5, 10);
    line.Show(0.6, 12);
  }
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressTest, ATerminalsLineIsClearedAtTheEnd) {
  std::ostringstream out;
  {
    ProgressLine line(out, true);
    line.Show(0.5, 10);
    line.Note("waymark: trying again");
  }
  EXPECT_THAT(out.str(), HasSubstr("10 events"));
  EXPECT_THAT(out.str(), HasSubstr("\r\x1b[Kwaymark: trying again\n"));
}

}  // namespace
}  // namespace waymark::cli
