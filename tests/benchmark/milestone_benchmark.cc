// Ingest and stage reads of `milestone`, beside raw limits measured in the same run.
//
//   waymark_benchmark ingest   [sqlite|postgres] [events=1000000] [batch=1000] [under_way=8] [connections=2]
//   waymark_benchmark raw      [sqlite|postgres] [events=1000000] [batch=1000]
//   waymark_benchmark stage    [process|redis]   [calls=200000]  [under_way=64] [connections=2]
//   waymark_benchmark echo                       [calls=200000]  [under_way=64] [connections=2]
#include <google/protobuf/arena.h>
#include <sys/resource.h>

#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "common/base/hash.h"
#include "common/redis/redis.h"
#include "common/rpc/server.h"
#include "common/worker/worker.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history_store.h"
#include "services/milestone/parts.h"
#include "tests/benchmark/load.h"
#include "tests/support/databases.h"
#include "tests/support/redis_server.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"

namespace waymark::benchmark {
namespace {

namespace v1 = milestone::v1;

constexpr int kCustomers = 100'000;

// `name=value` arguments.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
      const std::pair<std::string, std::string> pair = absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
      values_[pair.first] = pair.second;
    }
  }
  bool Has(const std::string& name) const { return values_.contains(name); }
  int64_t Get(const std::string& name, int64_t otherwise) const {
    const auto found = values_.find(name);
    int64_t value = 0;
    return found != values_.end() && absl::SimpleAtoi(found->second, &value) ? value : otherwise;
  }

 private:
  std::map<std::string, std::string> values_;
};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

// Four stages with counts over five event types, as a small SaaS company would draw them.
std::string Definition() {
  journey::v1::JourneyDefinition definition;
  definition.mutable_entry()->add_triggers()->mutable_any_event();
  const char* keys[] = {"setup", "adoption", "habit", "renewal"};
  for (int i = 0; i < 4; ++i) {
    journey::v1::Stage* stage = definition.add_stages();
    stage->set_key(keys[i]);
    for (int m = 0; m < 2; ++m) {
      journey::v1::Milestone* milestone = stage->add_milestones();
      milestone->set_key(absl::StrCat(keys[i], m));
      milestone->set_scope(m == 0 ? journey::v1::SCOPE_FROM_STAGE : journey::v1::SCOPE_ALL_HISTORY);
      milestone->mutable_criterion()->mutable_event_count()->add_event_types(absl::StrCat("type", (i + m) % 5));
      milestone->mutable_criterion()->mutable_event_count()->set_at_least(1 + i);
    }
  }
  return definition.SerializeAsString();
}

// A number that looks random but is the same in every run (SplitMix64, Steele et al. 2014).
uint64_t Scatter(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

std::string CustomerId(int64_t number) { return absl::StrFormat("customer-%06d", Scatter(number) % kCustomers); }

// Event `number`: times grow, customers and ids (of a UUID's length) are random.
void Fill(int64_t number, int64_t start, v1::Event* event) {
  event->set_event_id(absl::StrFormat("%016x-%016x-00", Scatter(number * 2), Scatter(number * 2 + 1)));
  event->set_customer_id(CustomerId(number));
  event->set_user_id(absl::StrFormat("user-%d", Scatter(number + 7) % 9));
  event->set_type(absl::StrCat("type", Scatter(number + 3) % 6));
  event->mutable_event_time()->set_seconds(start + number / 1000);
  event->mutable_event_time()->set_nanos(static_cast<int32_t>(number % 1000) * 1'000'000);
  (*event->mutable_properties()->mutable_fields())["plan"].set_string_value("team");
}

// Memory at its highest so far, in MiB.
int64_t PeakMemory() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// A milestone service on loopback.
struct Service {
  explicit Service(sql::Engine engine, redis::Client* redis = nullptr)
      : db(support::OpenFresh(engine)), authorizer(rpc::Authorizer::Off()) {
    auto started = milestone::Parts::Start(*db, clock, *authorizer, redis);
    Check(started.status());
    parts = *std::move(started);
    Check(db->Transact([&](sql::Transaction& tx) {
      return milestone::AddVersion(tx, "default", {.journey_id = "journey", .number = 1, .definition = Definition()});
    }));
    auto serving = rpc::Server::Start({.address = "127.0.0.1:0"}, parts->services());
    Check(serving.status());
    server = *std::move(serving);
    for (Loop& loop : parts->loops()) workers.push_back(std::make_unique<Worker>(loop.name, loop.idle, loop.run_once));
  }

  const RealClock clock;
  std::unique_ptr<sql::Database> db;
  std::unique_ptr<rpc::Authorizer> authorizer;
  std::unique_ptr<milestone::Parts> parts;
  std::unique_ptr<rpc::Server> server;
  std::vector<std::unique_ptr<Worker>> workers;
};

Load Ingest(int port, int connections, int under_way, int64_t events, int64_t batch) {
  const int64_t start = absl::ToUnixSeconds(absl::Now()) - events / 1000 - 10;
  struct Request {
    grpc::ClientContext context;
    v1::IngestEventsRequest request;
    v1::IngestEventsResponse response;
  };
  return Drive(port, connections, under_way, events / batch,
               [start, batch](grpc::Channel& channel, int64_t number, std::function<void(bool)> done) {
                 auto call = std::make_shared<Request>();
                 for (int64_t i = 0; i < batch; ++i) Fill(number * batch + i, start, call->request.add_events());
                 const std::unique_ptr<v1::EventService::Stub> stub =
                     v1::EventService::NewStub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
                 stub->async()->IngestEvents(&call->context, &call->request, &call->response,
                                             [call, batch, done = std::move(done)](const grpc::Status& status) {
                                               bool good = status.ok() && call->response.results_size() == batch;
                                               for (const auto& result : call->response.results()) {
                                                 good = good && result.outcome() == v1::EVENT_OUTCOME_ACCEPTED;
                                               }
                                               done(good);
                                             });
               });
}

void Print(const char* what, const Load& load, int64_t per_call) {
  std::printf("%-40s %10.0f /s   p50 %7.2f ms   p99 %7.2f ms   failed %d   peak %d MiB\n", what,
              load.per_second() * per_call, load.p50_ms, load.p99_ms, static_cast<int>(load.failures),
              static_cast<int>(PeakMemory()));
  std::fflush(stdout);
}

// The same rows as ingest stores, put into the database without anything around it: a block per lane and batch, an id
// row per event, a state per customer.
void Raw(sql::Engine engine, int64_t events, int64_t batch) {
  std::unique_ptr<sql::Database> db = support::OpenFresh(engine, milestone::Parts::schemas());
  const RealClock clock;
  auto journal = journal::Journal::Open("milestone", *db, clock);
  Check(journal.status());
  const std::string state(160, 's');
  const absl::Time begun = absl::Now();
  for (int64_t first = 0; first < events; first += batch) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (int64_t i = first; i < first + batch; ++i) {
      rows.push_back({CustomerId(i), absl::StrFormat("%016x-%016x-00", Scatter(i * 2), Scatter(i * 2 + 1))});
    }
    std::sort(rows.begin(), rows.end());
    Check(db->Transact([&](sql::Transaction& tx) -> absl::Status {
      std::set<int> numbers;
      std::vector<journal::NewEntry> entries;
      for (const auto& [customer, event] : rows) {
        numbers.insert(journal::LaneOf("default", customer));
        entries.push_back({.workspace = "default", .key = customer, .type = "event", .payload = std::string(120, 'p')});
      }
      auto lanes = (*journal)->Lock(tx, numbers);
      if (!lanes.ok()) return lanes.status();
      lanes->Append(std::move(entries));
      std::vector<sql::Params> ids, states;
      for (const auto& [customer, event] : rows) {
        ids.push_back({"default", customer, event, int64_t{1}, int64_t{2}});
        states.push_back({"default", customer, int64_t{1}, int64_t{1}, sql::Bytes{state}});
      }
      auto stored = tx.ExecuteMany(
          "INSERT INTO event_item (workspace, customer_id, event_id, position, content_hash) VALUES ($1, $2, $3, $4, "
          "$5)",
          ids);
      if (!stored.ok()) return stored.status();
      stored = tx.ExecuteMany(
          "INSERT INTO customer (workspace, customer_id, revision, version_position, checkpoint) VALUES ($1, $2, $3, "
          "$4, $5) "
          "ON CONFLICT (workspace, customer_id) DO UPDATE SET checkpoint = excluded.checkpoint",
          states);
      if (!stored.ok()) return stored.status();
      return (*journal)->Store(tx, *lanes);
    }));
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  std::printf("%-40s %10.0f /s\n", "raw rows", static_cast<double>(events) / seconds);
}

// Answers what GetCurrentStage would, from nothing: the speed of gRPC itself.
class Echo final : public v1::MilestoneService::WithCallbackMethod_GetCurrentStage<v1::MilestoneService::Service> {
  grpc::ServerUnaryReactor* GetCurrentStage(grpc::CallbackServerContext* context,
                                            const v1::GetCurrentStageRequest* request,
                                            v1::GetCurrentStageResponse* response) override {
    response->mutable_stages()->set_customer_id(request->customer_id());
    v1::CurrentStage* stage = response->mutable_stages()->add_enrollments();
    stage->set_journey_id("journey");
    stage->set_stage_key("adoption");
    response->set_consistency_token("CiEKCW1pbGVzdG9uZRCAgICAgICAgAEYASDoBw");
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

Load ReadStages(int port, int connections, int under_way, int64_t calls, int64_t customers) {
  struct Request {
    grpc::ClientContext context;
    v1::GetCurrentStageRequest request;
    v1::GetCurrentStageResponse response;
  };
  return Drive(port, connections, under_way, calls,
               [customers](grpc::Channel& channel, int64_t number, std::function<void(bool)> done) {
                 auto call = std::make_shared<Request>();
                 call->request.set_customer_id(CustomerId(number % customers));
                 const std::unique_ptr<v1::MilestoneService::Stub> stub =
                     v1::MilestoneService::NewStub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
                 stub->async()->GetCurrentStage(&call->context, &call->request, &call->response,
                                                [call, done = std::move(done)](const grpc::Status& status) {
                                                  done(status.ok() && call->response.stages().enrollments_size() == 1);
                                                });
               });
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const Arguments arguments(argc, argv);
  const sql::Engine engine = arguments.Has("postgres") ? sql::Engine::kPostgres : sql::Engine::kSqlite;
  const int64_t events = arguments.Get("events", 1'000'000);
  const int64_t batch = arguments.Get("batch", 1'000);
  const int connections = static_cast<int>(arguments.Get("connections", 2));
  if (what == "ingest") {
    const Service service(engine);
    const Load load = Ingest(service.server->port(), connections,
                             static_cast<int>(arguments.Get("under_way", batch == 1 ? 256 : 8)), events, batch);
    Print(absl::StrCat("ingest, batch ", batch).c_str(), load, batch);
    return load.failures == 0 ? 0 : 1;
  }
  if (what == "raw") {
    Raw(engine, events, batch);
    return 0;
  }
  const int64_t calls = arguments.Get("calls", 200'000);
  const int under_way = static_cast<int>(arguments.Get("under_way", 64));
  if (what == "echo") {
    Echo echo;
    auto server = rpc::Server::Start({.address = "127.0.0.1:0"}, {&echo});
    Check(server.status());
    Print("bare echo", ReadStages((*server)->port(), connections, under_way, calls, kCustomers), 1);
    return 0;
  }
  if (what == "stage") {
    std::unique_ptr<support::RedisServer> redis_server;
    std::unique_ptr<redis::Client> redis;
    if (arguments.Has("redis")) {
      redis_server = std::make_unique<support::RedisServer>();
      auto client = redis::Client::Create({.url = redis_server->url()});
      Check(client.status());
      redis = *std::move(client);
    }
    const Service service(engine, redis.get());
    constexpr int64_t kStored = 20'000;
    Ingest(service.server->port(), 2, 8, kStored, 1'000);
    ReadStages(service.server->port(), connections, under_way, kStored, kStored);  // Fills what is not there yet.
    const Load load = ReadStages(service.server->port(), connections, under_way, calls, kStored);
    Print(redis == nullptr ? "GetCurrentStage, cache in process" : "GetCurrentStage, cache in Redis", load, 1);
    return load.failures == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "usage: waymark_benchmark ingest|raw|stage|echo [name=value ...]; the source tells more\n");
  return 2;
}

}  // namespace
}  // namespace waymark::benchmark

int main(int argc, char** argv) { return waymark::benchmark::Main(argc, argv); }
