// Real event logs, through the command and gRPC into both databases, in every order: the funnel equals what two unlike
// implementations computed beforehand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
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

// A way of sending a log: the same events must come to the same answer.
struct Order {
  const char* name;
  bool by_sequence;  // The source's own, disordered order.
  std::vector<std::string> arguments;
};

const Order kOrders[] = {
    {"ByTime", false, {}},
    {"BySequence", true, {}},
    {"Shuffled1", false, {"--order", "shuffle:1"}},
    {"Shuffled2", false, {"--order", "shuffle:2"}},
    {"Shuffled3", false, {"--order", "shuffle:3"}},
    {"RepeatedFromFourConnections", false, {"--order", "shuffle:4", "--repeat", "3:5", "--connections", "4"}},
};

constexpr char kColumns[] =
    "event_id=event_id,customer=case_id,type=activity,time=timestamp,sequence=seq,properties=attrs";
const char* const kLogs[] = {"running_example", "receipt", "helpdesk", "ecom", "bpic2012", "gitjourney"};
const std::vector<std::string> kRepositories = {"etcd",    "mautic",        "nats-server", "openfga",
                                                "spicedb", "svix-webhooks", "temporal",    "tigerbeetle"};

std::string Data(const std::string& path) { return absl::StrCat(std::getenv("WAYMARK_DATA_DIR"), "/", path); }

json ReadJson(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

// The manifest of a funnel: each step is a stage, `count: N` is a milestone over all history.
json ToManifest(const std::string& journey_id, const json& steps) {
  json stages = json::array();
  for (const json& step : steps) {
    const bool counted = step.is_object();
    const json types = counted ? json::array({step["activity"]}) : step;
    const std::string key = absl::StrCat("step_", stages.size() + 1);
    stages.push_back(
        {{"key", key},
         {"milestones",
          {{{"key", absl::StrCat(key, "_done")},
            {"scope", counted ? "SCOPE_ALL_HISTORY" : "SCOPE_FROM_STAGE"},
            {"criterion",
             {{"event_count", {{"event_types", types}, {"at_least", counted ? step["count"].get<int>() : 1}}}}}}}}});
  }
  return {{"journey",
           {{"journey_id", journey_id},
            {"title", journey_id},
            {"definition", {{"entry", {{"triggers", {{{"any_event", json::object()}}}}}}, {"stages", stages}}}}}};
}

// The file sorted by its sequence numbers, for cells that hold line ends too.
std::string SortedBySequence(const std::string& log, const support::TempDir& dir) {
  const std::string path = absl::StrCat(dir.path(), "/", log, ".csv");
  const auto sorted = support::RunToEnd({.argv = {"/usr/bin/python3", "-c",
                                                  "import csv, gzip, sys\n"
                                                  "rows = list(csv.reader(gzip.open(sys.argv[1], 'rt', newline='')))\n"
                                                  "rows[1:] = sorted(rows[1:], key=lambda row: int(row[1]))\n"
                                                  "csv.writer(open(sys.argv[2], 'w', newline='')).writerows(rows)\n",
                                                  Data(absl::StrCat("events/", log, ".csv.gz")), path}});
  EXPECT_TRUE(sorted.ok() && sorted->exit_code == 0);
  return path;
}

class OracleTest : public ::testing::TestWithParam<std::tuple<sql::Engine, Order>> {};

INSTANTIATE_TEST_SUITE_P(Logs, OracleTest, ::testing::Combine(support::BothEngines(), ::testing::ValuesIn(kOrders)),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param) == sql::Engine::kSqlite ? "Sqlite" : "Postgres",
                                               std::get<1>(info.param).name);
                         });

std::vector<int64_t> Completed(const Deployment& deployment, const std::string& journey_id,
                               const std::string& workspace) {
  const json funnel = json::parse(deployment.Waymark({"-o", "json", "funnel", journey_id}, workspace));
  std::vector<int64_t> completed;
  for (const json& stage : funnel["stages"]) {
    // Proto JSON writes 64-bit numbers as text and leaves zeroes out.
    completed.push_back(std::stoll(stage.value("completed", "0")));
  }
  return completed;
}

TEST_P(OracleTest, FunnelsEqualTheOracle) {
  if (std::getenv("WAYMARK_DATA_DIR") == nullptr) GTEST_SKIP() << "WAYMARK_DATA_DIR is not set: no event logs here";
  const auto& [engine, order] = GetParam();
  const support::TempDir dir;
  Deployment deployment(engine);
  deployment.Start("journey");
  deployment.Start("milestone");
  const json funnels = ReadJson(Data("funnels.json"));

  for (const std::string log : kLogs) {
    SCOPED_TRACE(log);
    const bool by_repository = log == "gitjourney";
    const std::vector<std::string> workspaces = by_repository ? kRepositories : std::vector<std::string>{log};
    for (const auto& [journey_id, steps] : funnels[log].items()) {
      // Identifiers of ours have no underscore.
      std::string id = journey_id;
      std::replace(id.begin(), id.end(), '_', '-');
      const std::string path = absl::StrCat(dir.path(), "/", log, "-", id, ".json");
      std::ofstream(path) << ToManifest(id, steps).dump();
      for (const std::string& workspace : workspaces) deployment.Waymark({"apply", "-f", path, "--publish"}, workspace);
    }
    std::vector<std::string> import = {
        "import", "events",
        order.by_sequence ? SortedBySequence(log, dir) : Data(absl::StrCat("events/", log, ".csv.gz")), "--columns",
        kColumns};
    import.insert(import.end(), order.arguments.begin(), order.arguments.end());
    if (by_repository) import.insert(import.end(), {"--workspace-before", "|"});
    deployment.Waymark(import, log);

    const json oracle = ReadJson(Data(absl::StrCat("oracle/", log, ".json")));
    for (const auto& [journey_id, steps] : funnels[log].items()) {
      SCOPED_TRACE(journey_id);
      std::string id = journey_id;
      std::replace(id.begin(), id.end(), '_', '-');
      std::vector<int64_t> closed(steps.size());
      for (const std::string& workspace : workspaces) {
        const std::vector<int64_t> completed = Completed(deployment, id, workspace);
        ASSERT_EQ(completed.size(), closed.size());
        for (size_t i = 0; i < closed.size(); ++i) closed[i] += completed[i];
      }
      EXPECT_EQ(closed, oracle["funnels"][journey_id]["closed"].get<std::vector<int64_t>>());
    }
  }
  EXPECT_EQ(deployment.Stop("milestone"), 0);
  EXPECT_EQ(deployment.Stop("journey"), 0);
}

}  // namespace
}  // namespace waymark::flows
