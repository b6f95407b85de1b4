// Reads the tree and fails with the lines that break the architecture's rules; and plants a violation of each rule in a
// tree of its own, to see that each can fail.
#include "tests/layout.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace waymark::layout {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

// `path:line`, since the words of a rule are not what is tested.
auto At(const std::string& path, int line) {
  return AllOf(Field("path", &Violation::path, path), Field("line", &Violation::line, line));
}

TEST(LayoutTest, TheTreeKeepsEveryRule) {
  const Tree tree = ReadTree(WAYMARK_SOURCE_DIR);
  ASSERT_GT(tree.size(), 50u);
  for (const Violation& violation : CheckAll(tree)) ADD_FAILURE() << violation;
}

TEST(LayoutTest, PlantedViolationsAreFoundOnTheDiskWithTheirLines) {
  const support::TempDir dir;
  const auto plant = [&](const std::string& path, const std::string& text) {
    const std::filesystem::path full = std::filesystem::path(dir.path()) / path;
    std::filesystem::create_directories(full.parent_path());
    support::WriteFile(full.string(), text);
  };
  plant("services/milestone/tracker.cc", "// Tracks.\n#include <vector>\n#include <grpcpp/server.h>\n");
  plant("services/milestone/tracker.h", "#include \"services/health/scoring.h\"\n");
  plant("build/release/generated.cc", "#include \"generated.h\"\n");
  plant("protos/node_modules/x/util.cc", "#include \"x.h\"\n");
  EXPECT_THAT(CheckAll(ReadTree(dir.path())),
              ElementsAre(At("services/milestone/tracker.h", 1), At("services/milestone/tracker.cc", 3)));
}

TEST(LayoutTest, TheTopLevelIsFixed) {
  EXPECT_THAT(CheckTopLevel({{"common/sql/sql.h", ""}, {"README.md", ""}, {".ci/run", ""}, {"buf.yaml", ""}}),
              IsEmpty());
  EXPECT_THAT(CheckTopLevel({{"scripts/run", ""}, {"notes.md", ""}}),
              ElementsAre(At("scripts/run", 0), At("notes.md", 0)));
}

TEST(LayoutTest, NamesSayWhatAThingIsFor) {
  EXPECT_THAT(
      CheckNames({{"common/util/strings.h", ""}, {"services/cli/import_helpers.cc", ""}, {"common/sql/sql.h", ""}}),
      ElementsAre(At("common/util/strings.h", 0), At("services/cli/import_helpers.cc", 0)));
}

TEST(LayoutTest, IncludesBeginAtTheRoot) {
  const std::string text =
      "#include \"sql.h\"\n#include \"../sql.h\"\n#include <sqlite3.h>\n// #include \"x.h\"\n#include "
      "\"common/sql/sql.h\"\n";
  EXPECT_THAT(CheckIncludesBeginAtTheRoot({{"common/sql/pool.cc", text}}),
              ElementsAre(At("common/sql/pool.cc", 1), At("common/sql/pool.cc", 2)));
}

TEST(LayoutTest, RulesArePure) {
  const auto breaks = [](const std::string& include) {
    return CheckRulesArePure({{"services/rules/fold.cc", "\n" + include + "\n"}}).size() == 1;
  };
  for (const char* include :
       {"#include \"common/sql/sql.h\"", "#include \"common/log/log.h\"", "#include \"common/base/clock.h\"",
        "#include \"services/milestone/tracker.h\"", "#include \"waymark/milestone/v1/event.pb.h\"",
        "#include <chrono>", "#include <grpcpp/server.h>", "#include \"absl/time/clock.h\"",
        "#include \"absl/random/random.h\"", "#include <random>", "#include <fstream>", "#include <sqlite3.h>",
        "#  include \"common/log/log.h\""}) {
    EXPECT_TRUE(breaks(include)) << include;
  }
  for (const char* include :
       {"#include <vector>", "#include \"absl/time/time.h\"", "#include \"services/rules/definition.h\"",
        "#include \"common/base/nearest.h\""}) {
    EXPECT_FALSE(breaks(include)) << include;
  }
}

TEST(LayoutTest, ConvertOfRulesKnowsProtobufAndNothingElse) {
  const std::string text =
      "#include \"waymark/journey/v1/definition.pb.h\"\n#include \"common/base/errors.h\"\n"
      "#include \"waymark/journey/v1/journey.grpc.pb.h\"\n#include \"common/sql/sql.h\"\n"
      "#include \"common/reflection/field_value.h\"\n";
  EXPECT_THAT(
      CheckRulesArePure({{"services/rules/convert/definition.cc", text}}),
      ElementsAre(At("services/rules/convert/definition.cc", 3), At("services/rules/convert/definition.cc", 4)));
}

TEST(LayoutTest, CommonKnowsNoBusiness) {
  const std::string text =
      "#include \"services/rules/definition.h\"\nstruct StageCache {};\nconst char* kind = \"milestone\";\n"
      "// Such as a stage.\nint underscore;  /* scores */\nabsl::Notification done;\n"
      "#include \"absl/synchronization/notification.h\"\n";
  EXPECT_THAT(CheckCommonKnowsNoBusiness({{"common/redis/redis.h", text}, {"services/milestone/stage.h", text}}),
              ElementsAre(At("common/redis/redis.h", 1), At("common/redis/redis.h", 2), At("common/redis/redis.h", 3)));
}

TEST(LayoutTest, ServicesAreApart) {
  EXPECT_THAT(
      CheckServicesAreApart({{"services/health/scoring.cc",
                              "#include \"services/milestone/tracker.h\"\n#include \"services/health/scoring.h\"\n"
                              "#include \"services/rules/definition.h\"\n#include \"tests/support/ports.h\"\n"}}),
      ElementsAre(At("services/health/scoring.cc", 1), At("services/health/scoring.cc", 4)));
}

TEST(LayoutTest, TheCommandWiresPartsAndKnowsNothingElseOfServices) {
  EXPECT_THAT(
      CheckServicesAreApart({{"services/cli/dev.cc",
                              "#include \"services/milestone/parts.h\"\n#include \"services/milestone/tracker.h\"\n"
                              "#include \"services/journey/map/svg.h\"\n#include \"services/journey/convert.h\"\n"}}),
      ElementsAre(At("services/cli/dev.cc", 2), At("services/cli/dev.cc", 4)));
}

TEST(LayoutTest, MapsAndTemplatesKnowNothingOfTheServiceAroundThem) {
  EXPECT_THAT(CheckServicesAreApart({{"services/journey/map/svg.cc",
                                      "#include \"services/journey/map/drawing.h\"\n"
                                      "#include \"services/journey/editor.h\"\n"
                                      "#include \"services/rules/convert/words.h\"\n"}}),
              ElementsAre(At("services/journey/map/svg.cc", 2)));
}

TEST(LayoutTest, GrpcStaysAtTheEdge) {
  const std::string grpc = "#include <grpcpp/grpcpp.h>\n";
  const std::string stub = "\n#include \"waymark/journey/v1/journey.grpc.pb.h\"\n";
  EXPECT_THAT(
      CheckGrpcStaysAtTheEdge({{"services/milestone/event_service.h", grpc},
                               {"services/cli/waymark_client.cc", stub},
                               {"services/milestone/main.cc", grpc},
                               {"common/rpc/server.cc", grpc},
                               {"common/journal/follower.cc", stub},
                               {"services/journey/convert.cc", "#include \"waymark/journey/v1/journey.pb.h\"\n"},
                               {"common/journal/journal.cc", grpc},
                               {"services/journey/editor.cc", stub}}),
      ElementsAre(At("common/journal/journal.cc", 1), At("services/journey/editor.cc", 2)));
}

TEST(LayoutTest, DriversAreWrapped) {
  EXPECT_THAT(CheckDriversAreWrapped({{"common/sql/postgres.cc", "#include <libpq-fe.h>\n"},
                                      {"common/redis/connection.cc", "#include <hiredis/hiredis.h>\n"},
                                      {"common/journal/journal.cc", "#include <sqlite3.h>\n"},
                                      {"services/milestone/tracker.cc", "#include <postgresql/libpq-fe.h>\n"},
                                      {"services/milestone/stage_cache.cc", "#include <hiredis/async.h>\n"}}),
              ElementsAre(At("common/journal/journal.cc", 1), At("services/milestone/tracker.cc", 1),
                          At("services/milestone/stage_cache.cc", 1)));
}

TEST(LayoutTest, SqlStaysInStores) {
  const std::string text =
      "// SELECT in a comment.\nredis.Call({\"SELECT\", \"5\"});\nquery(\"SELECT id FROM events\");\nR\"(\n// not a "
      "comment\n"
      "INSERT INTO events VALUES ($1))\";\nx = \"UPDATE events SET a = 1\";\n";
  EXPECT_THAT(CheckSqlStaysInStores({{"services/milestone/history_store.cc", text},
                                     {"common/journal/journal.cc", text},
                                     {"services/milestone/tracker.cc", text}}),
              ElementsAre(At("services/milestone/tracker.cc", 3), At("services/milestone/tracker.cc", 6),
                          At("services/milestone/tracker.cc", 7)));
}

TEST(LayoutTest, StoresKnowNoEdge) {
  EXPECT_THAT(CheckStoresKnowNoEdge({{"services/milestone/history_store.h",
                                      "#include \"common/sql/sql.h\"\n#include \"common/rpc/status.h\"\n"
                                      "#include \"services/milestone/event_service.h\"\n"},
                                     {"services/milestone/tracker.h", "#include \"common/rpc/status.h\"\n"}}),
              ElementsAre(At("services/milestone/history_store.h", 2), At("services/milestone/history_store.h", 3)));
}

TEST(LayoutTest, TestsDoNotSleep) {
  const std::string nap =
      "absl::Sleep"
      "For(absl::Seconds(1));\n";
  EXPECT_THAT(CheckTestsDoNotSleep({{"tests/common/sql/sql_test.cc", "// sleep (not)\n" + nap},
                                    {"tests/clients/python/journey.py",
                                     "time.sl"
                                     "eep(1)\n"},
                                    {"tests/support/ports.cc", nap},
                                    {"common/worker/worker.cc", nap}}),
              ElementsAre(At("tests/common/sql/sql_test.cc", 2), At("tests/clients/python/journey.py", 1)));
}

TEST(LayoutTest, NothingIsLeftOver) {
  EXPECT_THAT(CheckNothingIsLeftOver({{"services/journey/editor.cc",
                                       "// Fine.\n// TO"
                                       "DO: more\n"},
                                      {"deploy/install",
                                       "cd /ho"
                                       "me/ann/waymark\n"},
                                      {"README.md",
                                       "cd \"/wo"
                                       "rk/main\"; see tests/wo"
                                       "rk/x and TO"
                                       "DOS\n"}}),
              ElementsAre(At("services/journey/editor.cc", 2), At("deploy/install", 1), At("README.md", 1)));
}

}  // namespace
}  // namespace waymark::layout
