#include "common/log/log.h"

#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::log {
namespace {

using ::testing::Each;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

std::string Written(const std::function<void()>& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

// The line without its time.
std::string Text(const std::function<void()>& write) { return Written(write).substr(28); }

TEST(LogTest, TextIsOneReadableLine) {
  Configure("milestone", Level::kInfo, Format::kText);
  const std::string line = Written([] { Info("ingest committed", {{"events", 812}, {"lanes", 16}, {"ok", "yes"}}); });
  EXPECT_THAT(line, MatchesRegex("20[0-9-]+T[0-9:]+\\.[0-9]{6}Z INFO milestone ingest committed events=812 lanes=16 "
                                 "ok=yes\n"));
}

TEST(LogTest, JsonIsOneObjectALine) {
  Configure("milestone", Level::kInfo, Format::kJson);
  const std::string line = Written([] { Warning("slow \"commit\"", {{"ms", 12.5}, {"where", "a\\b\n"}}); });
  EXPECT_THAT(line,
              EndsWith("Z\",\"level\":\"WARNING\",\"component\":\"milestone\",\"message\":\"slow \\\"commit\\\"\","
                       "\"ms\":\"12.5\",\"where\":\"a\\\\b\\u000a\"}\n"));
}

TEST(LogTest, NoValueCanStartALineOfItsOwn) {
  Configure("milestone", Level::kInfo, Format::kText);
  const std::string forged = "acme\n2026-05-04T09:00:00.123456Z ERROR milestone \x1b[31mforged\r";
  EXPECT_THAT(Text([&] {
                Info("told", {{"by", forged}});
              }),
              EndsWith("told by=\"acme\\n2026-05-04T09:00:00.123456Z ERROR milestone \\033[31mforged\\r\"\n"));
  EXPECT_EQ(Text([] { Info("two\nlines"); }), "INFO milestone two\\nlines\n");
}

TEST(LogTest, ValuesThatAreNotPlainAreQuoted) {
  Configure("milestone", Level::kInfo, Format::kText);
  EXPECT_EQ(Text([] {
              Info("told", {{"a", ""}, {"b", "x y"}, {"c", "k=v"}, {"d", "\"q\""}, {"e", "Zürich"}});
            }),
            "INFO milestone told a=\"\" b=\"x y\" c=\"k=v\" d=\"\\\"q\\\"\" e=Zürich\n");
}

TEST(LogTest, BytesThatAreNoTextStayReadable) {
  Configure("milestone", Level::kInfo, Format::kText);
  EXPECT_EQ(Text([] { Info("told", {{"bytes", "a\xFF"}}); }), "INFO milestone told bytes=\"a\\xff\"\n");
  Configure("milestone", Level::kInfo, Format::kJson);
  EXPECT_THAT(Written([] { Info("told", {{"bytes", "a\xFF"}}); }), EndsWith("\"bytes\":\"a\\ufffd\"}\n"));
}

TEST(LogTest, BelowTheLeastLevelNothingIsWritten) {
  Configure("milestone", Level::kWarning, Format::kText);
  EXPECT_FALSE(Enabled(Level::kInfo));
  EXPECT_TRUE(Enabled(Level::kError));
  EXPECT_EQ(Written([] {
              Debug("d");
              Info("i");
            }),
            "");
  EXPECT_EQ(Text([] { Error("e"); }), "ERROR milestone e\n");
  Configure("milestone", Level::kDebug, Format::kText);
  EXPECT_EQ(Text([] { Debug("d"); }), "DEBUG milestone d\n");
}

TEST(LogTest, LinesOfThreadsStayApart) {
  Configure("milestone", Level::kInfo, Format::kText);
  const std::string all = Written([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 100; ++n) Info("told", {{"much", std::string(500, 'x')}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const std::vector<std::string> lines = absl::StrSplit(all, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, SizeIs(400));
  EXPECT_THAT(lines, Each(SizeIs(lines[0].size())));
}

}  // namespace
}  // namespace waymark::log
