// Ingest and stage reads of `milestone`, beside raw limits measured in the same run.
//
//   waymark_benchmark ingest   [sqlite|postgres] [events=1000000] [batch=1000] [under_way] [connections=2]
//                              [customers=100000] [parts=1]     a line for each part
//   waymark_benchmark late     [sqlite|postgres] [events=100000]     of one customer, then late ones
//   waymark_benchmark raw      [sqlite|postgres] [events=1000000] [batch=1000]
//   waymark_benchmark stage    [process|redis]   [calls=200000]  [under_way=64] [connections=2]
//   waymark_benchmark staleness                  [calls=5000]     two replicas on PostgreSQL, a cache in Redis
//   waymark_benchmark preview  [sqlite|postgres] [events=1000000]
//   waymark_benchmark echo                       [calls=200000]  [under_way=64] [connections=2]
#include <google/protobuf/struct.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "common/base/packed.h"
#include "common/base/status.h"
#include "common/redis/redis.h"
#include "common/rpc/server.h"
#include "common/worker/worker.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history_index.h"
#include "services/milestone/history_store.h"
#include "services/milestone/parts.h"
#include "tests/benchmark/load.h"
#include "tests/support/databases.h"
#include "tests/support/redis_server.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"
#include "waymark/milestone/v1/replay.grpc.pb.h"

namespace waymark::benchmark {
namespace {

namespace v1 = milestone::v1;

int64_t customer_count = 100'000;
// What ingest of a million events stores on average: of a customer's dossier, and of an event.
constexpr size_t kCheckpointBytes = 110;
constexpr size_t kPayloadBytes = 120;

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

uint64_t CustomerNumber(int64_t number) { return Scatter(number) % customer_count; }

std::string CustomerId(int64_t number) {
  return absl::StrCat("customer-", absl::Dec(CustomerNumber(number), absl::kZeroPad6));
}

// Of a UUID's length.
std::string EventId(int64_t number) {
  return absl::StrCat(absl::Hex(Scatter(number * 2), absl::kZeroPad16), "-",
                      absl::Hex(Scatter(number * 2 + 1), absl::kZeroPad16), "-00");
}

// A serialised IngestEventsRequest with events `first` to `first + count - 1`: times grow, customers and ids are
// random. Written by hand, because the driver shares the processors with the service.
std::string ToRequest(int64_t first, int64_t count, int64_t start) {
  static const std::string properties = [] {
    google::protobuf::Struct properties;
    (*properties.mutable_fields())["plan"].set_string_value("team");
    return properties.SerializeAsString();
  }();
  const auto field = [](int number, absl::string_view bytes, std::string& out) {
    PutNumber(number << 3 | 2, out);
    PutText(bytes, out);
  };
  std::string request, event, time;
  request.reserve(count * 140);
  for (int64_t number = first; number < first + count; ++number) {
    time.assign(1, 1 << 3);
    PutNumber(start + number / 1000, time);
    time.push_back(2 << 3);
    PutNumber(number % 1000 * 1'000'000, time);
    event.clear();
    field(1, EventId(number), event);
    field(2, CustomerId(number), event);
    field(3, absl::StrCat("user-", Scatter(number + 7) % 9), event);
    field(4, absl::StrCat("type", Scatter(number + 3) % 6), event);
    field(5, time, event);
    field(7, properties, event);
    field(1, event, request);
  }
  return request;
}

// Memory at its highest so far, in MiB.
int64_t PeakMemory() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// A milestone service on loopback.
struct Service {
  explicit Service(sql::Engine engine, redis::Client* redis = nullptr) : Service(support::OpenFresh(engine), redis) {
    Check(db->Transact([&](sql::Transaction& tx) {
      return milestone::AddVersion(tx, "default", {.journey_id = "journey", .number = 1, .definition = Definition()});
    }));
  }
  // A further replica.
  explicit Service(std::unique_ptr<sql::Database> database, redis::Client* redis)
      : db(std::move(database)), authorizer(rpc::Authorizer::Off()) {
    auto started = milestone::Parts::Start(*db, clock, *authorizer, redis);
    Check(started.status());
    parts = *std::move(started);
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

// Events `first` to `first + events - 1`, of which number 0 happened at `start`.
Load Ingest(int port, int connections, int under_way, int64_t first, int64_t events, int64_t batch, int64_t start) {
  struct Request {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
  };
  return Drive(
      port, connections, under_way, events / batch,
      [start, first, batch](grpc::Channel& channel, int64_t number, std::function<void(bool)> done) {
        auto call = std::make_shared<Request>();
        const grpc::Slice bytes(ToRequest(first + number * batch, batch, start));
        call->request = grpc::ByteBuffer(&bytes, 1);
        grpc::GenericStub stub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
        stub.UnaryCall(
            &call->context, "/waymark.milestone.v1.EventService/IngestEvents", {}, &call->request, &call->response,
            [call, batch, done = std::move(done)](const grpc::Status& status) {
              v1::IngestEventsResponse response;
              bool good =
                  status.ok() &&
                  grpc::SerializationTraits<v1::IngestEventsResponse>::Deserialize(&call->response, &response).ok() &&
                  response.results_size() == batch;
              for (const auto& result : response.results()) {
                good = good && result.outcome() == v1::EVENT_OUTCOME_ACCEPTED;
              }
              done(good);
            });
      });
}

Load Ingest(int port, int64_t events) {
  return Ingest(port, 2, 8, 0, events, 1'000, absl::ToUnixSeconds(absl::Now()) - events / 1'000 - 10);
}

void Print(const char* what, const Load& load, int64_t per_call) {
  std::printf("%-40s %10.0f /s   p50 %7.2f ms   p99 %7.2f ms   failed %d   peak %d MiB\n", what,
              load.per_second() * per_call, load.p50_ms, load.p99_ms, static_cast<int>(load.failures),
              static_cast<int>(PeakMemory()));
  std::fflush(stdout);
}

// How long after one replica has acknowledged an event the other still answers, from the cache, what was before.
int Staleness(int64_t calls) {
  support::RedisServer redis_server;
  const auto connect = [&] {
    auto client = redis::Client::Create({.url = redis_server.url()});
    Check(client.status());
    return *std::move(client);
  };
  const std::unique_ptr<redis::Client> one_redis = connect(), other_redis = connect();
  const std::string url = support::FreshUrl(sql::Engine::kPostgres);
  Service one(support::OpenAt(url), one_redis.get());
  Check(one.db->Transact([&](sql::Transaction& tx) {
    return milestone::AddVersion(tx, "default", {.journey_id = "journey", .number = 1, .definition = Definition()});
  }));
  Service other(support::OpenAt(url), other_redis.get());
  const auto channel = [](const Service& service) {
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", service.server->port()), grpc::InsecureChannelCredentials());
  };
  const auto events = v1::EventService::NewStub(channel(one));
  const auto stages = v1::MilestoneService::NewStub(channel(other));
  // Others write meanwhile.
  std::atomic<bool> ending = false;
  const int64_t start = absl::ToUnixSeconds(absl::Now()) - 1'000'000;
  std::thread load([&] {
    for (int64_t first = 0; !ending; first += 10'000) {
      Ingest(one.server->port(), 1, 2, first, 10'000, 100, start);
    }
  });
  std::vector<double> stale_ms;
  int64_t from_cache = 0;
  for (int64_t i = 0; i < calls; ++i) {
    v1::IngestEventsRequest request;
    v1::Event& event = *request.add_events();
    event.set_customer_id(absl::StrCat("reader-", i % 100));
    event.set_event_id(absl::StrCat("e", i));
    event.set_type("type0");
    event.mutable_event_time()->set_seconds(start + i);
    v1::IngestEventsResponse answer;
    grpc::ClientContext context;
    if (!events->IngestEvents(&context, request, &answer).ok()) return 1;
    const absl::Time acknowledged = absl::Now();
    for (bool seen = false; !seen;) {
      v1::GetCurrentStageRequest ask;
      ask.set_customer_id(event.customer_id());
      ask.mutable_consistency()->set_minimize_latency(true);
      v1::GetCurrentStageResponse stage;
      grpc::ClientContext asking;
      const absl::Time asked = absl::Now();
      if (!stages->GetCurrentStage(&asking, ask, &stage).ok()) return 1;
      seen = stage.stages().watermark_time().seconds() >= start + i;
      // What was asked at the acknowledgement and answered rightly was not stale at all.
      if (seen) stale_ms.push_back(absl::ToDoubleMilliseconds(asked - acknowledged));
      if (seen) from_cache += stage.source() == v1::ANSWER_SOURCE_CACHE;
    }
  }
  ending = true;
  load.join();
  std::sort(stale_ms.begin(), stale_ms.end());
  const auto at = [&](double share) {
    return stale_ms[std::min<size_t>(stale_ms.size() - 1, share * stale_ms.size())];
  };
  std::printf(
      "stage read at another replica while others write: stale p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, at most "
      "%.2f ms (%.1f %% from the cache, %d reads)\n",
      at(0.5), at(0.99), at(0.999), stale_ms.back(), 100.0 * from_cache / calls, static_cast<int>(calls));
  return 0;
}

// The same rows as ingest stores, put into the database without anything around it, `batch` events a transaction: a
// block per lane, a row per customer with its history's newest items, and now and then a segment of older ones. There
// are no facts among them, of which ingest makes nearly as many as there are events.
void Raw(sql::Engine engine, int64_t events, int64_t batch) {
  std::unique_ptr<sql::Database> db = support::OpenFresh(engine, milestone::Parts::schemas());
  const RealClock clock;
  auto journal = journal::Journal::Open("milestone", *db, clock);
  Check(journal.status());
  const std::string checkpoint(kCheckpointBytes, 's');
  const std::string payload(kPayloadBytes, 'p');
  std::vector<milestone::Customer> customers(customer_count);
  const absl::Time begun = absl::Now();
  for (int64_t first = 0; first < events; first += batch) {
    std::vector<int64_t> numbers;
    for (int64_t i = first; i < std::min(events, first + batch); ++i) numbers.push_back(i);
    Check(db->Transact([&](sql::Transaction& tx) -> absl::Status {
      std::set<int> all;
      for (int lane = 0; lane < journal::kLanes; ++lane) all.insert(lane);
      auto lanes = (*journal)->Lock(tx, all);
      if (!lanes.ok()) return lanes.status();
      std::vector<journal::NewEntry> entries;
      for (const int64_t number : numbers) {
        entries.push_back({.workspace = "default",
                           .key = CustomerId(number),
                           .type = "waymark.milestone.v1.EventAccepted",
                           .payload = payload});
      }
      const std::vector<journal::Place> places = lanes->Append(std::move(entries));
      std::map<std::string, milestone::Customer*> touched;  // In the order in which tables keep them.
      for (size_t i = 0; i < numbers.size(); ++i) {
        milestone::Customer& customer = customers[CustomerNumber(numbers[i])];
        if (customer.customer_id.empty()) customer.customer_id = CustomerId(numbers[i]);
        customer.open.push_back(
            {.position = places[i].position, .fingerprint = milestone::FingerprintOf(EventId(numbers[i]))});
        touched[customer.customer_id] = &customer;
      }
      std::vector<std::pair<absl::string_view, milestone::Customer*>> sealed;
      std::vector<milestone::CustomerName> names;
      for (const auto& [id, customer] : touched) {
        sealed.push_back({"default", customer});
        names.push_back({"default", id});
      }
      RETURN_IF_ERROR(milestone::SealItems(tx, sealed));
      std::vector<milestone::CustomerRow> rows;
      for (const auto& [id, customer] : touched) {
        rows.push_back({.revision = 1,
                        .version_position = 1,
                        .checkpoint = checkpoint,
                        .sealed_items = customer->sealed,
                        .open_items = milestone::EncodeItems(customer->open)});
      }
      RETURN_IF_ERROR(milestone::SaveCustomers(tx, names, rows));
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

// Previews the version in force against itself over everybody's history: both are folded in full.
int Preview(int port, int64_t events) {
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  const auto stub = v1::ReplayService::NewStub(channel);
  v1::PreviewVersionRequest request;
  request.mutable_replay()->set_journey_id("journey");
  grpc::ClientContext context;
  const absl::Time begun = absl::Now();
  const auto reader = stub->PreviewVersion(&context, request);
  v1::PreviewVersionResponse response;
  while (reader->Read(&response)) continue;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  if (!reader->Finish().ok() || response.report().customers() == 0) return 1;
  std::printf("%-40s %10.0f /s   %.2f s for %d customers   peak %d MiB\n", "preview", events / seconds, seconds,
              static_cast<int>(response.report().customers()), static_cast<int>(PeakMemory()));
  return 0;
}

// How long single events of one customer with a long history take that are late by so many places.
int Late(int port, int64_t events) {
  customer_count = 1;
  const int64_t start = absl::ToUnixSeconds(absl::Now()) - events / 1'000 - 1'000;
  if (Ingest(port, 1, 1, 0, events, 1'000, start).failures > 0) return 1;
  int64_t number = events;
  for (const int64_t places : {int64_t{0}, int64_t{1'000}, int64_t{10'000}, events}) {
    // An event's number says when it happened and what its id is: a time of before, and an id of its own.
    std::vector<double> took;
    for (int repeat = 0; repeat < 11; ++repeat, ++number) {
      const int64_t moved = places == 0 ? 0 : (number - (events - places)) / 1'000 + (places == events ? 10 : 0);
      took.push_back(Ingest(port, 1, 1, number, 1, 1, start - moved).p50_ms);
    }
    std::sort(took.begin(), took.end());
    std::printf("one event %6d places late of %d   median %8.2f ms   most %8.2f ms\n", static_cast<int>(places),
                static_cast<int>(events), took[took.size() / 2], took.back());
    std::fflush(stdout);
  }
  return 0;
}

int Main(int argc, char** argv) {
  rpc::PrepareMain();
  const std::string what = argc > 1 ? argv[1] : "";
  const Arguments arguments(argc, argv);
  const sql::Engine engine = arguments.Has("postgres") ? sql::Engine::kPostgres : sql::Engine::kSqlite;
  const int64_t events = arguments.Get("events", 1'000'000);
  const int64_t batch = arguments.Get("batch", 1'000);
  const int connections = static_cast<int>(arguments.Get("connections", 2));
  if (what == "ingest") {
    const Service service(engine);
    // As many calls at once as come to two full transactions, one being written while the next gathers, but no more
    // than 256.
    const int64_t under_way = arguments.Get("under_way", std::clamp<int64_t>(32'000 / batch, 1, 256));
    customer_count = arguments.Get("customers", customer_count);
    const int64_t parts = arguments.Get("parts", 1);
    const int64_t start = absl::ToUnixSeconds(absl::Now()) - events / 1'000 - 10;
    for (int64_t part = 0; part < parts; ++part) {
      const Load load = Ingest(service.server->port(), connections, static_cast<int>(under_way),
                               part * (events / parts), events / parts, batch, start);
      Print(absl::StrCat("ingest, batch ", batch).c_str(), load, batch);
      if (load.failures > 0) return 1;
    }
    return 0;
  }
  if (what == "late") {
    const Service service(engine);
    return Late(service.server->port(), arguments.Get("events", 100'000));
  }
  if (what == "staleness") return Staleness(arguments.Get("calls", 5'000));
  if (what == "preview") {
    const Service service(engine);
    if (Ingest(service.server->port(), events).failures > 0) return 1;
    return Preview(service.server->port(), events);
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
    Print("bare echo", ReadStages((*server)->port(), connections, under_way, calls, customer_count), 1);
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
    Ingest(service.server->port(), kStored);
    ReadStages(service.server->port(), connections, under_way, kStored, kStored);  // Fills what is not there yet.
    const Load load = ReadStages(service.server->port(), connections, under_way, calls, kStored);
    Print(redis == nullptr ? "GetCurrentStage, cache in process" : "GetCurrentStage, cache in Redis", load, 1);
    return load.failures == 0 ? 0 : 1;
  }
  std::fprintf(stderr,
               "usage: waymark_benchmark ingest|raw|late|stage|staleness|preview|echo [name=value ...]; the source "
               "tells more\n");
  return 2;
}

}  // namespace
}  // namespace waymark::benchmark

int main(int argc, char** argv) { return waymark::benchmark::Main(argc, argv); }
