// What the tests' own tools promise.
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"
#include "tests/support/ports.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::support {
namespace {

using ::testing::HasSubstr;
using ::testing::KilledBySignal;

ProcessOptions Shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}}; }

TEST(ProcessTest, TellsExitCodeAndOutput) {
  const auto finished = RunToEnd(Shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->exit_code, 7);
  EXPECT_EQ(finished->out, "out\n");
  EXPECT_EQ(finished->err, "err\n");
}

TEST(ProcessTest, GivesInputEnvironmentAndFolder) {
  const TempDir dir;
  const auto finished = RunToEnd({.argv = {"/bin/sh", "-c", "cat; printf \"$STAGE\"; pwd"},
                                  .env = {{"STAGE", "adoption "}},
                                  .folder = dir.path(),
                                  .input = "from stdin "});
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->out, absl::StrCat("from stdin adoption ", dir.path(), "\n"));
}

TEST(ProcessTest, LargeInputAndOutputPass) {
  const std::string large(3'000'000, 'x');
  const auto finished = RunToEnd({.argv = {"/bin/cat"}, .input = large});
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_TRUE(finished->out == large);
}

TEST(ProcessTest, WaitsForALineAndReturnsItWhole) {
  const auto process = Process::Start(Shell("echo first; echo listening on 7000; exec sleep 600"));
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(*(*process)->WaitForLine("listening"), "listening on 7000");
  EXPECT_EQ((*process)->Wait(absl::Milliseconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ((*process)->WaitForLine("never", absl::Milliseconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*(*process)->Stop(), 128 + SIGTERM);
}

TEST(ProcessTest, AnEndWithoutTheLineIsToldAtOnce) {
  const auto process = Process::Start(Shell("echo no such port >&2; exit 3"));
  ASSERT_TRUE(process.ok()) << process.status();
  const auto line = (*process)->WaitForLine("listening");
  EXPECT_EQ(line.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(line.status().message(), HasSubstr("no such port"));
}

TEST(ProcessTest, KillIsTold) {
  const auto process = Process::Start({.argv = {"sleep", "600"}});
  ASSERT_TRUE(process.ok()) << process.status();
  (*process)->Signal(SIGKILL);
  EXPECT_EQ(*(*process)->Wait(), 128 + SIGKILL);
}

TEST(ProcessTest, WhatCannotStartIsRefused) {
  EXPECT_EQ(Process::Start({.argv = {"/no/such/program"}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Process::Start({.argv = {"true"}, .folder = "/no/such/folder"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ProcessTest, DiesWithTheObject) {
  pid_t pid = 0;
  {
    const auto process = Process::Start({.argv = {"sleep", "600"}});
    ASSERT_TRUE(process.ok()) << process.status();
    pid = (*process)->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(TempDirTest, IsThereAndGoes) {
  std::string path;
  {
    const TempDir dir;
    path = dir.path();
    WriteFile(dir.File("a"), std::string("x\0y", 3));
    EXPECT_EQ(ReadFile(dir.File("a")), std::string("x\0y", 3));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PortsTest, NobodyListensOnAFreePort) { EXPECT_FALSE(WaitForPort(FreePort(), absl::Milliseconds(1))); }

TEST(DatabasesTest, EveryUrlIsFresh) {
  EXPECT_NE(FreshUrl(sql::Engine::kSqlite), FreshUrl(sql::Engine::kSqlite));
  EXPECT_NE(FreshUrl(sql::Engine::kPostgres), FreshUrl(sql::Engine::kPostgres));
}

// The worst end of a test program: nothing of it gets to run any more.
TEST(PostgresServerTest, DiesWithTheTestProgramAndLeavesNothing) {
  const TempDir dir;
  EXPECT_EXIT(
      {
        setenv("TMPDIR", dir.path().c_str(), 1);
        chmod(dir.path().c_str(), 0755);  // PostgreSQL runs as another user, who must get through.
        const PostgresServer server;
        WriteFile(dir.File("port"), absl::StrCat(server.port()));
        raise(SIGKILL);
      },
      KilledBySignal(SIGKILL), "");
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(ReadFile(dir.File("port")), &port));
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  const auto entries = [&] {
    return std::distance(std::filesystem::directory_iterator(dir.path()), std::filesystem::directory_iterator());
  };
  while (entries() > 1 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(10));  // Nobody tells.
  EXPECT_EQ(entries(), 1) << "only the file `port` is left";
  EXPECT_FALSE(WaitForPort(port, absl::Milliseconds(1)));
}

}  // namespace
}  // namespace waymark::support
