// The journey service as a process.
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::journey {
namespace {

using ::testing::HasSubstr;

class MainTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  std::vector<std::string> Argv(std::vector<std::string> more) {
    std::vector<std::string> argv = {WAYMARK_BINARY_DIR "/bin/waymark-journey",
                                     absl::StrCat("--database=", support::FreshUrl(GetParam())),
                                     "--admin-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0"};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  // What a start that is refused says on stderr.
  std::string Refusal(std::vector<std::string> more) {
    const auto finished = support::RunToEnd({.argv = Argv(more)});
    EXPECT_TRUE(finished.ok()) << finished.status();
    EXPECT_EQ(finished->exit_code, 1);
    return finished->err;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, MainTest, support::BothEngines(), support::EngineName);

TEST_P(MainTest, ServesUntilSigterm) {
  const support::TempDir dir;
  support::WriteFile(dir.File("credentials"), absl::StrCat(Sha256Hex("key"), "  acme  admin\n"));
  const std::unique_ptr<support::Process> process =
      support::Process::Start(
          {.argv = Argv({"--grpc-address=127.0.0.1:0", absl::StrCat("--credentials-file=", dir.File("credentials"))})})
          .value();
  EXPECT_TRUE(process->WaitForLine("serving").ok());
  EXPECT_EQ(process->Stop().value(), 0);
}

TEST_P(MainTest, AdmitsEverybodyOnLoopbackAlone) {
  EXPECT_THAT(Refusal({"--auth=false", "--grpc-address=0.0.0.0:0"}),
              HasSubstr("only where grpc-address is on loopback"));
  EXPECT_THAT(Refusal({"--grpc-address=127.0.0.1:0"}), HasSubstr("credentials-file: must be given"));
  const std::unique_ptr<support::Process> process =
      support::Process::Start({.argv = Argv({"--auth=false", "--grpc-address=127.0.0.1:0"})}).value();
  EXPECT_TRUE(process->WaitForLine("serving").ok());
}

TEST_P(MainTest, AMisspelledSettingIsRefused) {
  EXPECT_THAT(Refusal({"--grpc-adress=127.0.0.1:0"}), HasSubstr("did you mean grpc-address?"));
}

}  // namespace
}  // namespace waymark::journey
