// Previews and what-ifs through the command, on real logs: how long stages take equals what two unlike implementations
// computed beforehand, and a version is nothing different from itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/temp_dir.h"

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
  EXPECT_THAT(run({"preview", "way"}), HasSubstr("2 waymark: name the candidate"));
  EXPECT_THAT(run({"preview", "way", "--version", "9"}), HasSubstr("1 waymark: there is no version 9"));
  EXPECT_THAT(run({"preview", "way", "--version", "1", "--as-of", "soon"}), HasSubstr("2 waymark: --as-of"));
  write("1, distinct: DISTINCT_PROPERTY");
  EXPECT_THAT(run({"preview", "way", "-f", path}), HasSubstr("distinct_property"));
}

}  // namespace
}  // namespace waymark::flows
