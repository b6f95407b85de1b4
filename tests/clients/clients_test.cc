// Clients in Python and TypeScript, with two libraries, tell the same story. tests/extended tells it in Go, Java and
// Rust.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/clients/story.h"
#include "tests/support/process.h"

namespace waymark::clients {
namespace {

const std::string kClients = absl::StrCat(WAYMARK_SOURCE_DIR, "/tests/clients");
const std::string kBuilt = absl::StrCat(WAYMARK_BINARY_DIR, "/clients");

void Prepare(std::vector<std::string> argv) {
  const auto finished = support::RunToEnd({.argv = std::move(argv)}, absl::Minutes(3));
  ASSERT_TRUE(finished.ok()) << finished.status();
  ASSERT_EQ(finished->exit_code, 0) << finished->out << finished->err;
}

// What the README shows is what runs.
TEST(ReadmeTest, ShowsLinesOfThePrograms) {
  std::string programs;
  for (const char* path : {"python/story.py", "typescript/connect.ts", "typescript/grpc.ts", "go/main.go",
                           "java/src/main/java/dev/waymark/Story.java", "rust/src/main.rs"}) {
    std::ifstream file(absl::StrCat(kClients, "/", path));
    ASSERT_TRUE(file.is_open()) << path;
    std::stringstream text;
    text << file.rdbuf();
    programs += text.str();
  }
  std::ifstream readme(absl::StrCat(kClients, "/README.md"));
  bool code = false;
  int shown = 0;
  for (std::string line; std::getline(readme, line);) {
    if (line.substr(0, 3) == "```") {
      code = !code;
    } else if (code) {
      ++shown;
      EXPECT_NE(programs.find(absl::StrCat(line, "\n")), std::string::npos) << line;
    }
  }
  EXPECT_GT(shown, 20);
}

TEST(PythonTest, TellsTheStory) {
  const std::string stubs = absl::StrCat(kBuilt, "/python");
  Prepare({absl::StrCat(kClients, "/python/generate"), stubs});
  EXPECT_EQ(TellStory({"/usr/bin/env", absl::StrCat("PYTHONPATH=", stubs), "/usr/bin/python3",
                       absl::StrCat(kClients, "/python/story.py")}),
            "");
}

class TypeScriptTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Prepare({absl::StrCat(kClients, "/typescript/build"), absl::StrCat(kBuilt, "/typescript")});
  }
};

TEST_F(TypeScriptTest, ConnectTellsTheStory) {
  EXPECT_EQ(TellStory({"/usr/bin/env", absl::StrCat("WAYMARK_ROOT=", WAYMARK_SOURCE_DIR), "node",
                       absl::StrCat(kBuilt, "/typescript/js/connect.js")}),
            "");
}

TEST_F(TypeScriptTest, GrpcJsTellsTheStory) {
  EXPECT_EQ(TellStory({"/usr/bin/env", absl::StrCat("WAYMARK_ROOT=", WAYMARK_SOURCE_DIR), "node",
                       absl::StrCat(kBuilt, "/typescript/js/grpc.js")}),
            "");
}

}  // namespace
}  // namespace waymark::clients
