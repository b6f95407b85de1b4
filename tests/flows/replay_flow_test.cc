// Previews and what-ifs through the command, on real logs: how long stages take equals what two unlike implementations
// computed beforehand, and a version is nothing different from itself.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/delay.h"
#include "tests/support/temp_dir.h"
#include "waymark/journey/v1/journey.grpc.pb.h"
#include "waymark/milestone/v1/replay.grpc.pb.h"

namespace waymark::flows {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kColumns[] =
    "event_id=event_id,customer=case_id,type=activity,time=timestamp,sequence=seq,properties=attrs";

std::string Data(const std::string& path) { return absl::StrCat(std::getenv("WAYMARK_DATA_DIR"), "/", path); }

json ReadJson(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

// A stage a step, but for the one left out.
json ToManifest(const json& steps, size_t left_out) {
  json stages = json::array();
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i == left_out) continue;
    const std::string key = absl::StrCat("step_", i + 1);
    stages.push_back({{"key", key},
                      {"milestones",
                       {{{"key", absl::StrCat(key, "_done")},
                         {"scope", "SCOPE_FROM_STAGE"},
                         {"criterion", {{"event_count", {{"event_types", steps[i]}, {"at_least", 1}}}}}}}}});
  }
  return {{"journey",
           {{"journey_id", "way"},
            {"title", "The way"},
            {"definition", {{"entry", {{"triggers", {{{"any_event", json::object()}}}}}}, {"stages", stages}}}}}};
}

int64_t Number(const json& object, const std::string& name) { return std::stoll(object.value(name, "0")); }

class ReplayFlowTest : public ::testing::TestWithParam<sql::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, ReplayFlowTest, support::BothEngines(), support::EngineName);

TEST_P(ReplayFlowTest, WhatIfsOfRealLogsEqualTheOracle) {
  if (std::getenv("WAYMARK_DATA_DIR") == nullptr) GTEST_SKIP() << "WAYMARK_DATA_DIR is not set: no event logs here";
  const support::TempDir dir;
  Deployment deployment(GetParam());
  deployment.Start("journey");
  deployment.Start("milestone");
  const json funnels = ReadJson(Data("funnels.json"));
  for (const std::string log : {"receipt", "helpdesk", "bpic2012"}) {
    SCOPED_TRACE(log);
    const std::string name = funnels[log].begin().key();
    const json steps = funnels[log][name];
    const json oracle = ReadJson(Data(absl::StrCat("oracle/", log, ".json")))["funnels"][name];
    const std::string path = dir.File(absl::StrCat(log, ".json"));
    const std::string other = dir.File(absl::StrCat(log, "-shorter.json"));
    std::ofstream(path) << ToManifest(steps, steps.size()).dump();
    const size_t left_out = steps.size() - 2;
    std::ofstream(other) << ToManifest(steps, left_out).dump();
    deployment.Waymark({"apply", "-f", path, "--publish"}, log);
    deployment.Waymark({"import", "events", Data(absl::StrCat("events/", log, ".csv.gz")), "--columns", kColumns}, log);

    EXPECT_THAT(deployment.Waymark({"preview", "way", "--version", "1"}, log), HasSubstr("nothing would be different"));
    EXPECT_THAT(deployment.Waymark({"preview", "way", "-f", path}, log), HasSubstr("nothing would be different"));
    EXPECT_THAT(deployment.Waymark({"recompute"}, log), HasSubstr("all is kept as it should be"));

    const json report = json::parse(deployment.Waymark({"-o", "json", "what-if", "way", "-f", other}, log));
    const json& stages = report["stages"];
    ASSERT_EQ(stages.size(), steps.size());
    for (const json& stage : stages) {
      const std::string key = stage["stage_key"];
      SCOPED_TRACE(key);
      const size_t i = std::stoul(key.substr(5)) - 1;
      EXPECT_EQ(Number(stage["base"], "completed"), oracle["closed"][i]);
      // From one step to the next is a stay in a stage; where nothing comes between, under both versions.
      for (const char* side : {"base", "candidate"}) {
        if (i == 0 || (side == std::string("candidate") && i >= left_out)) continue;
        for (const auto& [field, share] : {std::pair("dwell_p50", "p50_s"), std::pair("dwell_p90", "p90_s")}) {
          EXPECT_NEAR(std::stod(stage[side][field].get<std::string>()), oracle["dwell"][i - 1][share].get<double>(),
                      1e-6);
        }
      }
    }
    // Whoever had done the step that is left out stands further by no less.
    const json preview = json::parse(deployment.Waymark({"-o", "json", "preview", "way", "-f", other}, log));
    EXPECT_GT(Number(preview, "customers_changed"), 0);
    EXPECT_EQ(preview["plan"]["outcome_hash"], preview["outcome_hash"]);
  }
  EXPECT_EQ(deployment.Stop("milestone"), 0);
  EXPECT_EQ(deployment.Stop("journey"), 0);
}

TEST_P(ReplayFlowTest, AFileADraftAndWhatIsWrongWithThem) {
  const support::TempDir dir;
  Deployment deployment(GetParam());
  deployment.Start("journey");
  deployment.Start("milestone");
  const std::string path = dir.File("way.yaml");
  const auto write = [&](const std::string& at_least) {
    std::ofstream(path)
        << "segment: {segment_id: paying, definition: {title: Paying, criterion: {event_count: "
           "{event_types: [paid]}}}}\n---\n"
           "journey:\n  journey_id: way\n  title: The way\n  definition:\n"
           "    entry: {triggers: [{any_event: {}}]}\n    segments: [{segment_id: paying}]\n    stages:\n"
           "      - key: try\n        milestones:\n          - {key: tried, scope: SCOPE_FROM_STAGE, "
           "criterion: {event_count: {event_types: [used], at_least: "
        << at_least
        << "}}}\n      - key: buy\n        milestones:\n          - {key: bought, scope: "
           "SCOPE_FROM_STAGE, criterion: {segment: {segment_id: paying}}}\n";
  };
  write("2");
  deployment.Waymark({"apply", "-f", path, "--publish"});
  const std::string events = dir.File("events.csv");
  std::ofstream(events) << "event_id,customer_id,type,event_time\n1,acme,used,2026-01-05T09:00:00Z\n"
                           "2,acme,used,2026-01-06T09:00:00Z\n3,acme,paid,2026-01-07T09:00:00Z\n"
                           "1,globex,used,2026-01-05T09:00:00Z\n";
  deployment.Waymark({"import", "events", events});
  write("1");
  const std::string expected =
      "2 customers, different for 2: 1 moves\n\nSTAND  WOULD STAND  ENROLLMENTS\ntry    buy                    1  "
      "████████████████████\n";
  EXPECT_THAT(deployment.Waymark({"preview", "way", "-f", path}), HasSubstr(expected));
  deployment.Waymark({"apply", "-f", path});
  EXPECT_THAT(deployment.Waymark({"preview", "way", "--version", "2"}),
              AllOf(HasSubstr("way: draft 2 beside what is in force"), HasSubstr(expected)));
  EXPECT_THAT(deployment.Waymark({"what-if", "way", "--version", "2"}), HasSubstr("50.0 %  → 100.0 %"));
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {Binary("waymark"), "--server", deployment.server()});
    const auto ran = support::RunToEnd({.argv = arguments});
    EXPECT_TRUE(ran.ok());
    return absl::StrCat(ran->exit_code, " ", ran->err);
  };
  // Published with what was previewed, its segment pinned.
  EXPECT_THAT(
      deployment.Waymark({"journey", "publish", "way", "2", "--replay"}),
      AllOf(HasSubstr(expected), HasSubstr("version 2 published, every customer is evaluated by it\n2 customers "
                                           "moved to it\n")));
  EXPECT_THAT(deployment.Waymark({"get", "stage", "globex", "--fresh"}), HasSubstr("buy"));
  EXPECT_THAT(run({"preview", "way"}), HasSubstr("2 waymark: name the candidate"));
  EXPECT_THAT(run({"preview", "way", "--version", "9"}), HasSubstr("1 waymark: there is no version 9"));
  EXPECT_THAT(run({"preview", "way", "--version", "1", "--as-of", "soon"}), HasSubstr("2 waymark: --as-of"));
  write("1, distinct: DISTINCT_PROPERTY");
  EXPECT_THAT(run({"preview", "way", "-f", path}), HasSubstr("distinct_property"));
}

// As a crash, at random moments, until it is through.
TEST_P(ReplayFlowTest, AMigrationThatIsKilledAgainAndAgainEndsAsPreviewed) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const support::TempDir dir;
  Deployment deployment(GetParam());
  deployment.Start("journey");
  deployment.Start("milestone");
  const json steps = {{"a"}, {"b"}, {"c"}, {"d"}};
  const std::string first = dir.File("first.json"), second = dir.File("second.json"), events = dir.File("events.csv");
  std::ofstream(first) << ToManifest(steps, 4).dump();
  std::ofstream(second) << ToManifest(steps, 1).dump();
  {
    std::ofstream file(events);
    file << "event_id,customer_id,type,event_time\n";
    for (int i = 0; i < 40'000; ++i) {
      file << i << ",customer-" << random() % 4'000 << "," << std::string(1, static_cast<char>('a' + random() % 4))
           << ",2026-01-" << (10 + random() % 20) << "T09:00:00Z\n";
    }
  }
  deployment.Waymark({"apply", "-f", first, "--publish"});
  deployment.Waymark({"import", "events", events});
  deployment.Waymark({"apply", "-f", second});
  const json preview = json::parse(deployment.Waymark({"-o", "json", "preview", "way", "--version", "2"}));
  const json what_if = json::parse(deployment.Waymark({"-o", "json", "what-if", "way", "--version", "2"}));
  ASSERT_GT(Number(preview, "moved"), 1'000);

  journey::v1::PublishVersionRequest publish;
  publish.set_journey_id("way");
  publish.set_number(2);
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(preview["plan"].dump(), publish.mutable_plan()).ok());
  grpc::ClientContext context;
  journey::v1::PublishVersionResponse published;
  const auto journeys = journey::v1::JourneyService::NewStub(
      grpc::CreateChannel(deployment.address("journey"), grpc::InsecureChannelCredentials()));
  const grpc::Status status = journeys->PublishVersion(&context, publish, &published);
  ASSERT_TRUE(status.ok()) << status.error_message();

  milestone::v1::GetMigrationRequest request;
  request.set_journey_id("way");
  request.set_number(2);
  milestone::v1::GetMigrationResponse migration;
  int kills = 0;
  int64_t moved = 0;
  while (migration.state() != milestone::v1::MIGRATION_STATE_DONE) {
    const auto replays = milestone::v1::ReplayService::NewStub(
        grpc::CreateChannel(deployment.address("milestone"), grpc::InsecureChannelCredentials()));
    grpc::ClientContext ask;
    ask.set_wait_for_ready(true);
    ask.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!replays->GetMigration(&ask, request, &migration).ok()) continue;  // Not heard of yet.
    ASSERT_NE(migration.state(), milestone::v1::MIGRATION_STATE_REFUSED);
    EXPECT_GE(migration.customers_moved(), moved) << "what was done is lost";
    moved = migration.customers_moved();
    if (migration.state() == milestone::v1::MIGRATION_STATE_DONE) break;
    support::BeSlow(absl::Microseconds(random() % 100'000));
    deployment.Kill("milestone");
    deployment.Start("milestone");
    ++kills;
  }
  EXPECT_GT(kills, 1);
  EXPECT_GT(migration.customers_moved(), 3'000);
  EXPECT_THAT(deployment.Waymark({"preview", "way", "--version", "2"}), HasSubstr("nothing would be different"));
  EXPECT_THAT(deployment.Waymark({"recompute"}), HasSubstr("all is kept as it should be"));
  const json after = json::parse(deployment.Waymark({"-o", "json", "preview", "way", "--version", "2"}));
  EXPECT_EQ(after["base_outcome_hash"], preview["outcome_hash"]);
  const json funnel = json::parse(deployment.Waymark({"-o", "json", "funnel", "way"}));
  for (size_t i = 0; i < funnel["stages"].size(); ++i) {
    EXPECT_EQ(Number(funnel["stages"][i], "completed"), Number(what_if["stages"][i]["candidate"], "completed"));
  }
}

TEST_P(ReplayFlowTest, PublishingWithReplayShowsAPreviewAndMovesEverybody) {
  const support::TempDir dir;
  Deployment deployment(GetParam());
  deployment.Start("journey");
  deployment.Start("milestone");
  const json steps = {{"a"}, {"b"}, {"c"}};
  const std::string path = dir.File("way.json"), events = dir.File("events.csv");
  std::ofstream(path) << ToManifest(steps, 3).dump();
  std::ofstream(events) << "event_id,customer_id,type,event_time\n1,acme,a,2026-01-05T09:00:00Z\n"
                           "2,acme,c,2026-01-06T09:00:00Z\n";
  deployment.Waymark({"apply", "-f", path, "--publish"});
  deployment.Waymark({"import", "events", events});
  std::ofstream(path) << ToManifest(steps, 1).dump();
  deployment.Waymark({"apply", "-f", path});
  EXPECT_THAT(
      deployment.Waymark({"journey", "publish", "way", "--replay"}),
      AllOf(HasSubstr("1 customer, different for 1: 1 moves"), HasSubstr("step_2  completed"),
            HasSubstr("journey way: version 2 published, every customer is evaluated by it\n1 customer moved to "
                      "it\n")));
  EXPECT_THAT(deployment.Waymark({"get", "stage", "acme", "--fresh"}), HasSubstr("completed"));
}

TEST_P(ReplayFlowTest, PublishingWithAMapPutsEverybodyWhereItSays) {
  const support::TempDir dir;
  Deployment deployment(GetParam());
  deployment.Start("journey");
  deployment.Start("milestone");
  const std::string path = dir.File("way.yaml"), events = dir.File("events.csv");
  const auto write = [&](const std::string& first, const std::string& second, int at_least) {
    std::ofstream(path) << "journey:\n  journey_id: way\n  title: Way\n  definition:\n    entry: {triggers: "
                           "[{any_event: {}}]}\n    stages:\n      - {key: "
                        << first << ", milestones: [{key: began, scope: SCOPE_FROM_STAGE, criterion: "
                        << "{event_count: {event_types: [used], at_least: " << at_least
                        << "}}}]}\n      - {key: " << second
                        << ", milestones: [{key: paid, scope: SCOPE_FROM_STAGE, criterion: "
                        << "{event_count: {event_types: [paid]}}}]}\n";
  };
  write("try", "buy", 1);
  std::ofstream(events) << "event_id,customer_id,type,event_time\n1,acme,used,2026-01-05T09:00:00Z\n"
                           "1,globex,login,2026-01-05T09:00:00Z\n";
  deployment.Waymark({"apply", "-f", path, "--publish"});
  deployment.Waymark({"import", "events", events});
  write("trial", "purchase", 9);
  deployment.Waymark({"apply", "-f", path});
  const auto refused = support::RunToEnd({.argv = {Binary("waymark"), "--server", deployment.server(), "journey",
                                                   "publish", "way", "--map", "--stage", "try=trial"}});
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->exit_code, 1);
  EXPECT_THAT(refused->out, HasSubstr("1 customer would stay on the version they are on; some stand where the map "
                                      "leads nowhere: buy"));
  EXPECT_THAT(refused->err, HasSubstr("name --stage buy=NEW"));
  // Who stays on its version cannot move by map.
  for (const char* option : {"--map", "--stage=try=trial", "--milestone=signed=bought"}) {
    const auto both = support::RunToEnd({.argv = {Binary("waymark"), "--server", deployment.server(), "preview", "way",
                                                  "--version", "2", "--pin", option}});
    ASSERT_TRUE(both.ok());
    EXPECT_EQ(both->exit_code, 2);
    EXPECT_THAT(both->err, HasSubstr("--pin excludes"));
  }
  EXPECT_THAT(deployment.Waymark({"journey", "publish", "way", "--stage", "try=trial", "--stage", "buy=purchase"}),
              HasSubstr("version 2 published, every customer is evaluated by it\n2 customers moved to it\n"));
  EXPECT_THAT(deployment.Waymark({"get", "stage", "acme", "--fresh"}), HasSubstr("purchase"));
  EXPECT_THAT(deployment.Waymark({"get", "stage", "globex", "--fresh"}), HasSubstr("trial"));
  EXPECT_THAT(deployment.Waymark({"get", "timeline", "acme"}), HasSubstr("put into"));
}

}  // namespace
}  // namespace waymark::flows
