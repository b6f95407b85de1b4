#include "common/base/packed.h"

#include <cstdint>

#include "gmock/gmock.h"

namespace waymark {
namespace {

TEST(PackedTest, WhatIsPutIsTakenOut) {
  constexpr uint64_t kNumbers[] = {0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX};
  constexpr int64_t kSigned[] = {0, -1, 1, INT64_MIN, INT64_MAX};
  std::string bytes;
  for (const uint64_t number : kNumbers) PutNumber(number, bytes);
  for (const int64_t number : kSigned) PutSigned(number, bytes);
  PutText("", bytes);
  PutText("küche", bytes);
  bytes += "tail";
  Unpacker in(bytes);
  for (const uint64_t number : kNumbers) EXPECT_EQ(in.Number(), number);
  for (const int64_t number : kSigned) EXPECT_EQ(in.Signed(), number);
  EXPECT_EQ(in.Text(), "");
  EXPECT_EQ(in.Text(), "küche");
  EXPECT_EQ(in.left(), 4u);
  EXPECT_EQ(in.Bytes(4), "tail");
  EXPECT_TRUE(in.AtEnd());
  EXPECT_TRUE(in.ok());
}

TEST(PackedTest, NumbersAreAsInProtobuf) {
  std::string bytes;
  PutNumber(300, bytes);
  PutSigned(-2, bytes);
  EXPECT_EQ(bytes, "\xAC\x02\x03");
}

TEST(PackedTest, WhatEndsTooSoonIsNoticedAndStaysSo) {
  for (const absl::string_view bytes : {"\x80", "\x05two", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"}) {
    Unpacker in(bytes);
    EXPECT_EQ(in.Text(), "");
    EXPECT_FALSE(in.ok());
    EXPECT_TRUE(in.AtEnd());
    EXPECT_EQ(in.Number(), 0u);
    EXPECT_FALSE(in.ok());
  }
  Unpacker empty("");
  EXPECT_TRUE(empty.ok());
  EXPECT_EQ(empty.Number(), 0u);
  EXPECT_FALSE(empty.ok());
}

}  // namespace
}  // namespace waymark
