#include "common/config/config.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace waymark::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An environment variable that is gone with the test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* const name_;
};

// The settings of a program such as ours, with their defaults.
struct Program {
  std::string grpc_address = "127.0.0.1:7002";
  int connections = 8;
  bool reflection = true;
  absl::Duration drain = absl::Seconds(8);
  std::vector<std::string> follow = {"journey"};

  absl::StatusOr<bool> Parse(std::vector<const char*> arguments) {
    Settings settings("waymark-milestone", "Tells how far each customer has come.");
    settings.Add("grpc-address", &grpc_address, "Where to listen.");
    settings.Add("connections", &connections, "How many connections to the database.");
    settings.Add("reflection", &reflection, "Whether clients may ask for the API's description.");
    settings.Add("drain", &drain, "How long calls may take at the end.");
    settings.Add("follow", &follow, "Whose journals to follow.");
    arguments.insert(arguments.begin(), "waymark-milestone");
    return settings.Parse(static_cast<int>(arguments.size()), arguments.data());
  }
};

// What Parse finds wrong with `arguments`.
std::string Refusal(std::vector<const char*> arguments) {
  const absl::StatusOr<bool> parsed = Program().Parse(std::move(arguments));
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

TEST(SettingsTest, DefaultsStandWhereNothingIsGiven) {
  Program program;
  EXPECT_TRUE(*program.Parse({}));
  EXPECT_EQ(program.grpc_address, "127.0.0.1:7002");
  EXPECT_EQ(program.drain, absl::Seconds(8));
}

TEST(SettingsTest, FlagsComeInBothSpellings) {
  Program program;
  EXPECT_TRUE(*program.Parse({"--grpc-address=:1", "--connections", "3", "--no-reflection", "--drain", "250ms",
                              "--follow", "health, notification"}));
  EXPECT_EQ(program.grpc_address, ":1");
  EXPECT_EQ(program.connections, 3);
  EXPECT_FALSE(program.reflection);
  EXPECT_EQ(program.drain, absl::Milliseconds(250));
  EXPECT_THAT(program.follow, ElementsAre("health", "notification"));
}

TEST(SettingsTest, ASwitchIsSetByItsNameOrByAValue) {
  Program program{.reflection = false};
  EXPECT_TRUE(*program.Parse({"--reflection"}));
  EXPECT_TRUE(program.reflection);
  EXPECT_TRUE(*program.Parse({"--reflection=false"}));
  EXPECT_FALSE(program.reflection);
}

TEST(SettingsTest, FlagOverEnvironmentOverFileOverDefault) {
  const support::TempDir dir;
  support::WriteFile(dir.File("milestone.yaml"), "grpc-address: file:1\nconnections: 1\ndrain: 1s\n");
  const Variable config("WAYMARK_CONFIG", dir.File("milestone.yaml"));
  const Variable address("WAYMARK_GRPC_ADDRESS", "environment:2");
  const Variable connections("WAYMARK_CONNECTIONS", "2");
  Program program;
  EXPECT_TRUE(*program.Parse({"--grpc-address", "flag:3"}));
  EXPECT_EQ(program.grpc_address, "flag:3");
  EXPECT_EQ(program.connections, 2);
  EXPECT_EQ(program.drain, absl::Seconds(1));
  EXPECT_TRUE(program.reflection);
}

TEST(SettingsTest, TheFlagNamesTheFileBeforeTheEnvironment) {
  const support::TempDir dir;
  support::WriteFile(dir.File("flag.yaml"), "connections: 3");
  const Variable config("WAYMARK_CONFIG", dir.File("missing.yaml"));
  Program program;
  EXPECT_TRUE(*program.Parse({"--config", dir.File("flag.yaml").c_str()}));
  EXPECT_EQ(program.connections, 3);
}

TEST(SettingsTest, AFileMayWriteListsAsYamlDoes) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "follow:\n  - journey\n  - health\nreflection: no\n");
  const std::string path = dir.File("a.yaml");
  Program program;
  EXPECT_TRUE(*program.Parse({"--config", path.c_str()}));
  EXPECT_THAT(program.follow, ElementsAre("journey", "health"));
  EXPECT_FALSE(program.reflection);
}

TEST(SettingsTest, AnEmptyFileChangesNothing) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "# nothing yet\n");
  const std::string path = dir.File("a.yaml");
  EXPECT_TRUE(*Program().Parse({"--config", path.c_str()}));
}

TEST(SettingsTest, AnUnknownFlagIsNamedWithTheNearest) {
  EXPECT_EQ(Refusal({"--grpc-adress", "x"}), "--grpc-adress: there is no such setting; did you mean grpc-address?");
  EXPECT_EQ(Refusal({"--colour"}), "--colour: there is no such setting; --help lists them");
  EXPECT_EQ(Refusal({"--no-drain"}), "--no-drain: there is no such setting; --help lists them");
}

TEST(SettingsTest, AnUnknownNameInTheFileIsNamedWithLineAndNearest) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "drain: 1s\nconection: 3\n");
  const std::string path = dir.File("a.yaml");
  EXPECT_EQ(Refusal({"--config", path.c_str()}),
            path + ":2: conection: there is no such setting; did you mean connections?");
}

TEST(SettingsTest, AValueThatDoesNotFitIsNamedWithItsPlace) {
  EXPECT_EQ(Refusal({"--connections", "many"}), "--connections: \"many\" is not a whole number");
  EXPECT_EQ(Refusal({"--reflection=perhaps"}), "--reflection: \"perhaps\" is not true or false");
  EXPECT_EQ(Refusal({"--drain=-5s"}), "--drain: \"-5s\" is not a duration such as 250ms, 5s or 2h");
  EXPECT_EQ(Refusal({"--connections=99999999999"}), "--connections: \"99999999999\" is not a whole number");
  const Variable drain("WAYMARK_DRAIN", "8");
  EXPECT_EQ(Refusal({}), "WAYMARK_DRAIN: \"8\" is not a duration such as 250ms, 5s or 2h");
}

TEST(SettingsTest, AFlagNeedsItsValueAndNothingElseIsTaken) {
  EXPECT_EQ(Refusal({"--connections"}), "--connections: needs a whole number behind it");
  EXPECT_EQ(Refusal({"start"}), "start: settings are given as --name value; --help lists them");
}

TEST(SettingsTest, AMalformedFileIsNamedWithLineAndColumn) {
  const support::TempDir dir;
  const std::string path = dir.File("a.yaml");
  support::WriteFile(path, "drain: 1s\nfollow: [journey\n");
  EXPECT_THAT(Refusal({"--config", path.c_str()}), HasSubstr(path + ":3:1: "));
  support::WriteFile(path, "- journey\n");
  EXPECT_THAT(Refusal({"--config", path.c_str()}), HasSubstr("must be lines of `name: value`"));
  support::WriteFile(path, "connections:\n  most: 3\n");
  EXPECT_EQ(Refusal({"--config", path.c_str()}), path + ":1: connections: must be a whole number");
  EXPECT_EQ(Refusal({"--config", "/nonexistent.yaml"}), "/nonexistent.yaml: cannot be read");
}

TEST(SettingsTest, OtherProgramsVariablesAreLeftAlone) {
  const Variable other("WAYMARK_KEY_FILE", "/run/key");
  EXPECT_TRUE(*Program().Parse({}));
}

TEST(SettingsTest, HelpListsEverySettingAndEnds) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(*Program().Parse({"--connections", "3", "--help"}));
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_THAT(help, HasSubstr("waymark-milestone: Tells how far each customer has come."));
  EXPECT_THAT(help,
              HasSubstr("--grpc-address   (WAYMARK_GRPC_ADDRESS)\n      Where to listen. Default: 127.0.0.1:7002."));
  EXPECT_THAT(help, HasSubstr("--drain"));
  EXPECT_THAT(help, HasSubstr("Default: 8s."));
}

TEST(SettingsTest, VersionEnds) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(*Program().Parse({"--version"}));
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              testing::MatchesRegex("waymark-milestone [0-9]+\\.[0-9.]+(\\+[0-9a-f]+(\\.changed)?)?\n"));
}

TEST(ReadSecretFileTest, LeavesOutOneLastNewline) {
  const support::TempDir dir;
  support::WriteFile(dir.File("key"), "s3cret\n");
  EXPECT_EQ(*ReadSecretFile(dir.File("key")), "s3cret");
  support::WriteFile(dir.File("key"), "two\nlines\n\n");
  EXPECT_EQ(*ReadSecretFile(dir.File("key")), "two\nlines\n");
  EXPECT_EQ(ReadSecretFile(dir.File("missing")).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::config
