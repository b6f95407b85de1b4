#include "common/base/nearest.h"

#include "gtest/gtest.h"

namespace waymark {
namespace {

TEST(NearestTest, FindsTheMisspelledName) {
  const std::vector<std::string> fields = {"title", "milestones", "entry", "stages"};
  EXPECT_EQ(Nearest("milestone", fields), "milestones");   // One missing.
  EXPECT_EQ(Nearest("tiitle", fields), "title");           // One too many.
  EXPECT_EQ(Nearest("stages2", fields), "stages");         //
  EXPECT_EQ(Nearest("milestines", fields), "milestones");  // One wrong.
  EXPECT_EQ(Nearest("etnry", fields), "entry");            // Two swapped count once.
  EXPECT_EQ(Nearest("entry", fields), "entry");
}

TEST(NearestTest, TheFewestEditsStandAndTheFirstOfEquals) {
  EXPECT_EQ(Nearest("stage", {"stages", "stage_", "stagy"}), "stages");
  EXPECT_EQ(Nearest("stage", {"stagess", "stages"}), "stages");
}

TEST(NearestTest, DoesNotMislead) {
  EXPECT_EQ(Nearest("colour", {"title", "stages"}), std::nullopt);
  EXPECT_EQ(Nearest("key", {"to"}), std::nullopt);
  EXPECT_EQ(Nearest("", {"title"}), std::nullopt);
  EXPECT_EQ(Nearest("title", {}), std::nullopt);
  EXPECT_EQ(Nearest(std::string(1 << 20, 't'), {"title"}), std::nullopt);
}

}  // namespace
}  // namespace waymark
