#include "common/base/files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace waymark {
namespace {

TEST(ReadFileTest, GivesEveryByte) {
  const support::TempDir dir;
  const std::string bytes("first\nsecond\r\n\0\xFF", 16);
  support::WriteFile(dir.File("key"), bytes);
  EXPECT_EQ(*ReadFile(dir.File("key")), bytes);
  support::WriteFile(dir.File("empty"), "");
  EXPECT_EQ(*ReadFile(dir.File("empty")), "");
}

TEST(ReadFileTest, NamesWhatCannotBeRead) {
  const support::TempDir dir;
  for (const std::string& path : {dir.File("missing"), dir.path()}) {
    const auto read = ReadFile(path);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(read.status().message()), testing::HasSubstr(path));
  }
}

}  // namespace
}  // namespace waymark
