#include "common/base/hash.h"

#include "gtest/gtest.h"

namespace waymark {
namespace {

// Journals' lanes depend on these values for ever. From the reference implementation (`xxhsum -H64`).
TEST(XxHash64Test, IsXxh64WithSeedZero) {
  EXPECT_EQ(XxHash64(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(XxHash64("abc"), 0x44BC2CF5AD770999u);
  EXPECT_NE(XxHash64(absl::string_view("a\0b", 3)), XxHash64("a"));
}

// From FIPS 180-4's examples.
TEST(Sha256HexTest, IsSha256InLowerCase) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace waymark
