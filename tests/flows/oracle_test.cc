// Real event logs, through the command and gRPC into both databases, in every order: the funnel equals what two unlike
// implementations computed beforehand; and, in the source's own disordered order, so does everything else they did.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
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

// The customers of whom, in the source's own order, an event comes after later ones that came in a batch before.
std::vector<std::string> LateCustomers(const std::string& log) {
  const auto printed =
      support::RunToEnd({.argv = {"/usr/bin/python3", "-c",
                                  "import csv, gzip, sys\n"
                                  "rows = list(csv.DictReader(gzip.open(sys.argv[1], 'rt', newline='')))\n"
                                  "latest, late = {}, set()\n"
                                  "for place, row in enumerate(sorted(rows, key=lambda row: int(row['seq']))):\n"
                                  "    customer = row['case_id']\n"
                                  "    time, at = latest.get(customer, ('', 0))\n"
                                  "    if row['timestamp'] >= time: latest[customer] = row['timestamp'], place\n"
                                  "    elif place // 1000 > at // 1000: late.add(customer)\n"
                                  "print(*sorted(late), sep='\\n')\n",
                                  Data(absl::StrCat("events/", log, ".csv.gz"))}});
  EXPECT_TRUE(printed.ok() && printed->exit_code == 0);
  return absl::StrSplit(printed->out, '\n', absl::SkipEmpty());
}

class OracleTest : public ::testing::TestWithParam<std::tuple<sql::Engine, Order>> {};

INSTANTIATE_TEST_SUITE_P(Logs, OracleTest, ::testing::Combine(support::BothEngines(), ::testing::ValuesIn(kOrders)),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param) == sql::Engine::kSqlite ? "Sqlite" : "Postgres",
                                               std::get<1>(info.param).name);
                         });

// Proto JSON writes 64-bit numbers as text and leaves zeroes out.
int64_t Number(const json& message, const char* field) { return std::stoll(message.value(field, "0")); }

std::vector<int64_t> Completed(const Deployment& deployment, const std::string& journey_id,
                               const std::string& workspace) {
  const json funnel = json::parse(deployment.Waymark({"-o", "json", "funnel", journey_id}, workspace));
  std::vector<int64_t> completed;
  for (const json& stage : funnel["stages"]) completed.push_back(Number(stage, "completed"));
  return completed;
}

// Identifiers of ours have no underscore.
std::string IdOf(std::string journey_id) {
  std::replace(journey_id.begin(), journey_id.end(), '_', '-');
  return journey_id;
}

// What was asked of a workspace that holds a log, and what the oracle says of it.
class Answers {
 public:
  Answers(const Deployment& deployment, std::string workspace, json oracle)
      : deployment_(deployment), workspace_(std::move(workspace)), oracle_(std::move(oracle)) {}

  void CheckEventTypes() {
    const json types = Ask({"event-types"})["event_types"];
    EXPECT_EQ(types.size(), oracle_["activity"].size());
    for (const json& type : types) {
      const json& activity = oracle_["activity"][type["type"].get<std::string>()];
      EXPECT_EQ(Number(type, "customers"), activity["cases_with_it"]) << type;
      EXPECT_EQ(Number(type, "events"), activity["occurrences"]) << type;
    }
  }

  void CheckJourney(const std::string& journey_id, const json& steps) {
    const std::string id = IdOf(journey_id);
    const json& expected = oracle_["funnels"][journey_id];
    const auto closed = expected["closed"].get<std::vector<int64_t>>();
    const size_t last = closed.size() - 1;

    const json funnel = Ask({"funnel", id, "--open"});
    EXPECT_EQ(Number(funnel, "enrolled"), oracle_["cases"]);
    EXPECT_EQ(Each(funnel, "completed"), closed);
    EXPECT_EQ(Each(funnel, "open"), expected["open"].get<std::vector<int64_t>>());
    for (const json& then : expected["asof"]) {
      SCOPED_TRACE(then["time"]);
      const json as_of = Ask({"funnel", id, "--as-of", then["time"].get<std::string>()});
      EXPECT_EQ(Number(as_of, "enrolled"), then["cases_seen"]);
      // Whoever has come k steps far stands in the next one, or is through.
      std::vector<int64_t> furthest = Each(as_of, "present");
      furthest.push_back(Number(as_of["stages"][last], "completed"));
      EXPECT_EQ(furthest, then["furthest_step"].get<std::vector<int64_t>>());
    }

    const json dwell = Ask({"dwell", id});
    for (size_t i = 0; i < last; ++i) CheckTimes(dwell["stages"][i + 1]["stay"], expected["dwell"][i]);
    if (steps[0].is_array() && steps[0].size() == 1) {
      const json& first = oracle_["activity"][steps[0][0].get<std::string>()]["time_to_first"];
      CheckTimes(dwell["stages"][0]["stay"], first);
      CheckTimes(dwell["milestones"][0]["since_start"], first);
    }
    const json since = Ask({"dwell", id, "--from-stage", "step_2"});
    CheckTimes(since["stages"][last]["since_start"], expected["first_to_last"]);
    CheckTimes(since["milestones"][last]["since_start"], expected["first_to_last"]);

    CheckStagePaths(Ask({"paths", id}), closed);
  }

  // What late events corrected stands in the timeline: who reads it from its beginning, and knows nothing else, comes
  // to the progress of each of some customers. Returns how many corrections there were.
  int CheckTimelines(const std::vector<std::string>& customers) {
    int corrections = 0;
    for (const std::string& customer : customers) {
      SCOPED_TRACE(customer);
      std::map<std::string, std::string> told, expected;
      const json timeline = Ask({"get", "timeline", customer, "--limit", "0"});
      const json progress = Ask({"get", "progress", customer});
      for (const json& item : timeline["items"]) {
        if (!item.contains("conclusion")) continue;
        const json& conclusion = item["conclusion"];
        const std::string kind = conclusion["kind"].get<std::string>().substr(sizeof("CONCLUSION_KIND_") - 1);
        const std::string what =
            absl::StrCat(conclusion["journey_id"].get<std::string>(), " ", conclusion.value("stage_key", ""), " ",
                         conclusion.value("milestone_key", ""));
        if (kind == "MILESTONE_ACHIEVED" || kind == "STAGE_ENTERED") {
          EXPECT_TRUE(told.try_emplace(what, item["time"]).second) << what << " is told twice";
        } else if (kind == "MILESTONE_REVISED" || kind == "STAGE_REVISED") {
          ++corrections;
          EXPECT_TRUE(told.contains(what)) << what;
          told[what] = item["time"];
        } else if (kind == "MILESTONE_RETRACTED" || kind == "STAGE_RETRACTED") {
          ++corrections;
          EXPECT_EQ(told.erase(what), 1u) << what;
        }
      }
      for (const json& enrollment : progress["enrollments"]) {
        const std::string journey = enrollment["current"]["journey_id"];
        for (const json& stage : enrollment["stages"]) {
          const std::string key = absl::StrCat(journey, " ", stage["stage_key"].get<std::string>(), " ");
          if (stage.contains("enter_time")) expected[key] = stage["enter_time"];
          for (const json& milestone : stage.value("milestones", json::array())) {
            if (!milestone.contains("achieve_time")) continue;
            expected[key + milestone["milestone_key"].get<std::string>()] = milestone["achieve_time"];
          }
        }
      }
      EXPECT_EQ(told, expected);
      EXPECT_FALSE(told.empty());
    }
    return corrections;
  }

 private:
  json Ask(std::vector<std::string> command) const {
    command.insert(command.begin(), {"-o", "json"});
    return json::parse(deployment_.Waymark(command, workspace_));
  }

  static std::vector<int64_t> Each(const json& funnel, const char* field) {
    std::vector<int64_t> numbers;
    for (const json& stage : funnel["stages"]) numbers.push_back(Number(stage, field));
    return numbers;
  }

  static absl::Duration ToDuration(const json& text) {
    absl::Duration duration;
    EXPECT_TRUE(absl::ParseDuration(text.get<std::string>(), &duration)) << text;
    return duration;
  }

  static void CheckTimes(const json& times, const json& expected) {
    SCOPED_TRACE(times.dump());
    EXPECT_EQ(Number(times, "finished"), expected["n"]);
    for (const auto& [field, theirs] : {std::pair("p50", "p50_s"), std::pair("p90", "p90_s")}) {
      EXPECT_EQ(ToDuration(times[field]), absl::Microseconds(std::llround(expected[theirs].get<double>() * 1e6)));
    }
  }

  // Nothing leads back, so every link's number follows from who completed what.
  void CheckStagePaths(const json& paths, const std::vector<int64_t>& closed) const {
    std::map<std::pair<std::string, std::string>, int64_t> links, expected;
    const auto name = [](const json& node) {
      return node.contains("end") ? node["end"].get<std::string>() : node["stage_key"].get<std::string>();
    };
    for (const json& link : paths["links"]) {
      links[{name(link["from"]), name(link["to"])}] = Number(link, "times");
      EXPECT_EQ(link["times"], link["enrollments"]);
    }
    const auto step = [](size_t i) { return absl::StrCat("step_", i + 1); };
    int64_t entered = oracle_["cases"];
    expected[{"PATH_END_ENROLLED", step(0)}] = entered;
    for (size_t i = 0; i < closed.size(); ++i) {
      expected[{step(i), i + 1 < closed.size() ? step(i + 1) : "PATH_END_COMPLETED"}] = closed[i];
      if (entered > closed[i]) expected[{step(i), "PATH_END_STILL_THERE"}] = entered - closed[i];
      entered = closed[i];
    }
    EXPECT_EQ(links, expected);
  }

  const Deployment& deployment_;
  const std::string workspace_;
  const json oracle_;
};

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
    // All else is asked of a workspace that holds the whole log.
    std::vector<std::string> travelled = workspaces;
    if (order.by_sequence && by_repository) travelled.push_back(log);
    for (const auto& [journey_id, steps] : funnels[log].items()) {
      const std::string path = absl::StrCat(dir.path(), "/", log, "-", IdOf(journey_id), ".json");
      std::ofstream(path) << ToManifest(IdOf(journey_id), steps).dump();
      for (const std::string& workspace : travelled) deployment.Waymark({"apply", "-f", path, "--publish"}, workspace);
    }
    std::vector<std::string> import = {
        "import", "events",
        order.by_sequence ? SortedBySequence(log, dir) : Data(absl::StrCat("events/", log, ".csv.gz")), "--columns",
        kColumns};
    import.insert(import.end(), order.arguments.begin(), order.arguments.end());
    if (travelled.size() > workspaces.size()) deployment.Waymark(import, log);
    if (by_repository) import.insert(import.end(), {"--workspace-before", "|"});
    deployment.Waymark(import, log);

    const json oracle = ReadJson(Data(absl::StrCat("oracle/", log, ".json")));
    for (const auto& [journey_id, steps] : funnels[log].items()) {
      SCOPED_TRACE(journey_id);
      std::vector<int64_t> closed(steps.size());
      for (const std::string& workspace : workspaces) {
        const std::vector<int64_t> completed = Completed(deployment, IdOf(journey_id), workspace);
        ASSERT_EQ(completed.size(), closed.size());
        for (size_t i = 0; i < closed.size(); ++i) closed[i] += completed[i];
      }
      EXPECT_EQ(closed, oracle["funnels"][journey_id]["closed"].get<std::vector<int64_t>>());
    }
    if (!order.by_sequence) continue;
    Answers answers(deployment, log, oracle);
    answers.CheckEventTypes();
    for (const auto& [journey_id, steps] : funnels[log].items()) {
      SCOPED_TRACE(journey_id);
      answers.CheckJourney(journey_id, steps);
    }
    // The one whose own order is no order of time.
    if (!by_repository) continue;
    std::vector<std::string> late = LateCustomers(log);
    ASSERT_GT(late.size(), 50u);
    late.resize(std::min<size_t>(late.size(), 100));
    EXPECT_GT(answers.CheckTimelines(late), 10);
  }
  EXPECT_EQ(deployment.Stop("milestone"), 0);
  EXPECT_EQ(deployment.Stop("journey"), 0);
}

}  // namespace
}  // namespace waymark::flows
