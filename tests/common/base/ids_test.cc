#include "common/base/ids.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark {
namespace {

const absl::Time kNoon = absl::FromUnixMillis(1'469'918'176'385);

TEST(NewIdTest, IsAUlidOfItsTime) {
  const std::string id = NewId(kNoon);
  EXPECT_THAT(id, testing::MatchesRegex("[0-9abcdefghjkmnpqrstvwxyz]{26}"));
  EXPECT_EQ(id.substr(0, 10), "01aryz6s41");  // The example of the ULID specification.
}

TEST(NewIdTest, SortsByTime) {
  EXPECT_LT(NewId(kNoon), NewId(kNoon + absl::Milliseconds(1)));
  EXPECT_LT(NewId(kNoon), NewId(kNoon + absl::Hours(24 * 365 * 50)));
}

TEST(NewIdTest, NeverComesTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewId(kNoon));
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(RandomBytesTest, GivesAsManyAsAskedAndOthersEachTime) {
  EXPECT_EQ(RandomBytes(0), "");
  EXPECT_EQ(RandomBytes(32).size(), 32u);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

}  // namespace
}  // namespace waymark
