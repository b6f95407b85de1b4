// The stage cache in a real Redis: it is quick where it may be believed, and whatever happens to Redis, no answer is
// wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/journal/journal.h"
#include "services/milestone/redis_stage_cache.h"
#include "services/milestone/stage_reader.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"

namespace waymark::milestone {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;

// Neither times out on a busy machine nor gives up on a server that comes back.
redis::Options Patient(const support::RedisServer& server) {
  return {.url = server.url(), .timeout = absl::Seconds(20), .breaker_failures = 1'000'000};
}

// An answer: `onboarding:adoption`, and whether it came from the cache.
struct Seen {
  std::string stages;
  bool cached = false;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend void PrintTo(const Seen& seen, std::ostream* out) {
    *out << seen.stages << (seen.cached ? " from the cache" : " from the store");
  }
};
Seen Cached(std::string stages) { return {std::move(stages), true}; }
Seen Stored(std::string stages) { return {std::move(stages), false}; }

v1::GetCurrentStageResponse Ask(World& world, const std::string& customer, const type::v1::Consistency& consistency) {
  v1::GetCurrentStageRequest request;
  request.set_customer_id(customer);
  *request.mutable_consistency() = consistency;
  const absl::StatusOr<v1::GetCurrentStageResponse> response = world.GetStage(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? *response : v1::GetCurrentStageResponse();
}

Seen Read(World& world, const std::string& customer, const std::string& token = "") {
  type::v1::Consistency consistency;
  if (token.empty()) {
    consistency.set_minimize_latency(true);
  } else {
    consistency.set_at_least_as_fresh(token);
  }
  const v1::GetCurrentStageResponse response = Ask(world, customer, consistency);
  Seen seen{.cached = response.source() == v1::ANSWER_SOURCE_CACHE};
  for (const v1::CurrentStage& stage : response.stages().enrollments()) {
    absl::StrAppend(&seen.stages, seen.stages.empty() ? "" : " ", stage.journey_id(), ":", stage.stage_key());
  }
  return seen;
}

// Where the customer stands in full, but for the version: an answer of the store is as new as its lane.
std::string StagesIn(v1::GetCurrentStageResponse response) {
  response.mutable_stages()->clear_version_position();
  return response.stages().SerializeAsString();
}
std::string InStore(World& world, const std::string& customer) {
  type::v1::Consistency consistency;
  consistency.set_fully_consistent(true);
  const v1::GetCurrentStageResponse response = Ask(world, customer, consistency);
  EXPECT_EQ(response.source(), v1::ANSWER_SOURCE_STORE);
  return StagesIn(response);
}

// Whether it writes values (redis_stage_cache.cc): the tail's key comes first, then theirs.
bool IsPut(const redis::Client::Command& command) { return command[0] == "EVAL" && command[2] != "1"; }

// A Redis that lies, as one does that was restored, failed over to a replica that lags, or is shared with a stranger:
// it answers what it once held, or what it holds of somebody else, and forgets what it is told.
class LyingRedis final : public redis::Client {
 public:
  LyingRedis(redis::Client& honest, unsigned seed) : honest_(honest), random_(seed) {}

  void Send(Command command, Done done) override {
    const absl::MutexLock lock(&mutex_);
    if (IsPut(command) && Lies()) {
      done(redis::Reply{.integer = 1});  // Said, and not done.
      return;
    }
    if (command[0] != "MGET" && command[0] != "GET") return honest_.Send(std::move(command), std::move(done));
    if (Lies() && command[0] == "MGET") {
      const auto other = std::next(asked_.begin(), static_cast<ptrdiff_t>(random_() % asked_.size()));
      if (random_() % 2 == 0) return honest_.Send(*other, std::move(done));  // With its tail, so it looks right.
    }
    std::vector<redis::Reply>& before = replies_[command];
    if (!before.empty() && Lies()) return done(before[random_() % before.size()]);
    if (command[0] == "MGET") asked_.insert(command);
    absl::StatusOr<redis::Reply> reply = honest_.Call(command);
    if (reply.ok()) before.push_back(*reply);
    done(std::move(reply));
  }
  bool healthy() const override { return honest_.healthy(); }

  int lies() const {
    const absl::MutexLock lock(&mutex_);
    return lies_;
  }

 private:
  bool Lies() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (asked_.empty() || random_() % 3 != 0) return false;
    ++lies_;
    return true;
  }

  redis::Client& honest_;
  mutable absl::Mutex mutex_;
  std::mt19937 random_ ABSL_GUARDED_BY(mutex_);
  std::map<Command, std::vector<redis::Reply>> replies_ ABSL_GUARDED_BY(mutex_);
  std::set<Command> asked_ ABSL_GUARDED_BY(mutex_);
  int lies_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The mutant: values are set, whatever is there.
class PlainSetRedis final : public redis::Client {
 public:
  explicit PlainSetRedis(redis::Client& redis) : redis_(redis) {}

  void Send(Command command, Done done) override {
    if (!IsPut(command)) return redis_.Send(std::move(command), std::move(done));
    const size_t values = std::stoul(command[2]) - 1;
    const std::string tail = redis_.Call({"GET", command[3]})->text.value_or("");
    for (size_t i = 0; i < values; ++i) {
      const std::string& value = command[3 + 1 + values + 2 + i];
      EXPECT_TRUE(redis_.Call({"SET", command[4 + i], tail.substr(0, 16) + value}).ok());
    }
    done(redis::Reply{.integer = 1});
  }
  bool healthy() const override { return redis_.healthy(); }

 private:
  redis::Client& redis_;
};

// A state of a customer: where it stands, whoever tells it, and as of which version.
std::string StateIn(v1::GetCurrentStageResponse response) {
  response.clear_source();
  response.clear_consistency_token();
  return StagesIn(std::move(response));
}

class StageCacheTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void SetUp() override {
    world_.Publish("onboarding", 1, Onboarding());
    Send("acme", "connect");
    ASSERT_EQ(Read(world_, "acme"), Cached("onboarding:adoption"));
  }

  // Returns the consistency token.
  std::string Send(const std::string& customer, const std::string& type) {
    const auto response = world_.Ingest({At(0, customer, type, absl::StrCat(type, "-", ++sent_))});
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->consistency_token() : "";
  }
  // From adoption to renewal.
  std::string SendThreeReports(const std::string& customer) {
    Send(customer, "report");
    Send(customer, "report");
    return Send(customer, "report");
  }

  // Takes acme from adoption to renewal, and has another replica tell through `redis` of adoption after that: slow to
  // tell what it had committed, or to fill what it had read.
  void TellLate(redis::Client& redis) {
    v1::CustomerStages old;
    ASSERT_TRUE(old.ParseFromString(Raw(ValueKey("acme")).substr(48)));
    SendThreeReports("acme");
    Shelf shelf;
    Reader reader(world_.parts().journal(), shelf);
    RedisStageCache other(redis, world_.parts().journal(), reader, clock_);
    other.Put({old}, {});
    other.Put({old}, {{.lane = journal::LaneOf("default", "acme"),
                       .after = old.version_position() - 1,
                       .through = old.version_position()}});
  }

  // What Redis holds.
  std::string Raw(const std::string& key) { return client_->Call({"GET", key})->text.value_or(""); }
  void Plant(const std::string& key, const std::string& value) { ASSERT_TRUE(client_->Call({"SET", key, value}).ok()); }
  static std::string ValueKey(const std::string& customer) { return "waymark:stage:default:" + customer; }
  static std::string TailKey(const std::string& customer) {
    return absl::StrCat("waymark:stage-tail:", journal::LaneOf("default", customer));
  }

  // The cache has healed: everybody is answered from it again after at most one look into the store, and rightly.
  void ExpectHealed(const std::vector<std::string>& customers) {
    for (const std::string& customer : customers) {
      Read(world_, customer);
      type::v1::Consistency consistency;
      consistency.set_minimize_latency(true);
      const v1::GetCurrentStageResponse cached = Ask(world_, customer, consistency);
      EXPECT_EQ(cached.source(), v1::ANSWER_SOURCE_CACHE) << customer;
      EXPECT_EQ(StagesIn(cached), InStore(world_, customer)) << customer;
    }
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  support::RedisServer redis_;
  std::unique_ptr<redis::Client> client_ = redis::Client::Create(Patient(redis_)).value();
  World world_{*db_, clock_, client_.get()};
  int sent_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Engines, StageCacheTest, support::BothEngines(), support::EngineName);

TEST_P(StageCacheTest, WhatWasWrittenIsReadFromTheCacheAtOnceAndAfterTheTail) {
  const std::string token = SendThreeReports("acme");
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
  EXPECT_EQ(Read(world_, "acme", token), Cached("onboarding:renewal"));
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
}

TEST_P(StageCacheTest, PastTheInstantUpToWhichItHoldsTheStoreAnswersAndRightly) {
  journey::v1::JourneyDefinition definition = Steps({{"waiting", "never"}, {"waited", "never"}});
  journey::v1::Milestone* milestone = definition.mutable_stages(0)->mutable_milestones(0);
  milestone->mutable_criterion()->mutable_absence()->mutable_lasting()->set_seconds(2);
  world_.Publish("quiet", 1, definition);
  Send("late-corp", "login");
  ASSERT_EQ(Read(world_, "late-corp"), Cached("onboarding:setup quiet:waiting"));
  // The timers have not come to it yet, but its time has come.
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Read(world_, "late-corp"), Stored("onboarding:setup quiet:waited"));
  world_.Settle();
  EXPECT_EQ(Read(world_, "late-corp"), Cached("onboarding:setup quiet:waited"));
}

TEST_P(StageCacheTest, WhoHasMoreEnrollmentsThanAreKeptIsAnsweredByTheStore) {
  journey::v1::JourneyDefinition definition = Steps({{"first", "never"}});
  definition.mutable_entry()->set_entry_key("contract");
  world_.Publish("contracts", 1, definition);
  world_.Publish("single", 1, Steps({{"only", "never"}}));
  std::vector<v1::Event> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back(At(i - 100, "many", "sign", absl::StrCat("s", i)));
    (*events.back().mutable_properties()->mutable_fields())["contract"].set_string_value(absl::StrCat("c", i));
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  v1::GetCurrentStageRequest request;
  request.set_customer_id("many");
  request.mutable_consistency()->set_minimize_latency(true);
  for (int i = 0; i < 2; ++i) {
    request.clear_journey_id();
    const auto all = world_.GetStage(request);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->source(), v1::ANSWER_SOURCE_STORE);
    EXPECT_EQ(all->stages().enrollments_size(), 32);
    EXPECT_TRUE(all->stages().more());
    EXPECT_EQ(all->stages().enrollments(0).entry_key(), "c39") << "the newest first";
    // It stands behind those that are told.
    request.set_journey_id("single");
    const auto single = world_.GetStage(request);
    ASSERT_TRUE(single.ok()) << single.status();
    ASSERT_EQ(single->stages().enrollments_size(), 1);
    EXPECT_EQ(single->stages().enrollments(0).stage_key(), "only");
    EXPECT_FALSE(single->stages().more());
  }
}

TEST_P(StageCacheTest, FullRedisCostsNothingButTheCache) {
  ASSERT_TRUE(client_->Call({"CONFIG", "SET", "maxmemory-policy", "noeviction"}).ok());
  ASSERT_TRUE(client_->Call({"CONFIG", "SET", "maxmemory", "1"}).ok());
  const std::string token = SendThreeReports("acme");
  EXPECT_EQ(Read(world_, "acme", token), Stored("onboarding:renewal"));
  for (int i = 0; i < 20; ++i) {
    const std::string customer = absl::StrCat("customer-", i);
    EXPECT_EQ(Read(world_, customer, Send(customer, "connect")), Stored("onboarding:adoption"));
  }
  ASSERT_TRUE(client_->Call({"CONFIG", "SET", "maxmemory", "0"}).ok());
  world_.Settle();
  ExpectHealed({"acme", "customer-0", "customer-19"});
}

TEST_P(StageCacheTest, RedisEmptiedAgainAndAgainNeverAnswersWronglyOrBackwards) {
  std::string token;
  for (int i = 0; i < 60; ++i) {
    const std::string customer = absl::StrCat("customer-", i % 5);
    token = Send(customer, i < 5 ? "connect" : "report");
    if (i % 3 == 0) {
      ASSERT_TRUE(client_->Call({"FLUSHALL"}).ok());
    }
    const int reports = i / 5;
    const std::string expected = reports >= 3 ? "onboarding:renewal" : "onboarding:adoption";
    EXPECT_EQ(Read(world_, customer, token).stages, expected) << i;
    if (i % 7 == 0) world_.Settle();
    EXPECT_EQ(Read(world_, customer).stages, expected) << i;
  }
  world_.Settle();
  ExpectHealed({"customer-0", "customer-4"});
}

TEST_P(StageCacheTest, OneReplicaReadsWhatAnotherWrote) {
  const auto client = redis::Client::Create(Patient(redis_)).value();
  World other(*db_, clock_, client.get());
  ASSERT_EQ(Read(other, "acme"), Cached("onboarding:adoption"));
  const std::string token = SendThreeReports("acme");
  EXPECT_EQ(Read(other, "acme", token).stages, "onboarding:renewal");
  other.Settle();
  EXPECT_EQ(Read(other, "acme"), Cached("onboarding:renewal"));
}

TEST_P(StageCacheTest, CrashedRedisCostsNothingButTheCacheWhichHealsOnceItIsBack) {
  std::vector<std::string> customers;
  for (int i = 0; i < 100; ++i) customers.push_back(absl::StrCat("customer-", i));
  for (const std::string& customer : customers) Send(customer, "connect");
  redis_.Crash();
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
  for (const std::string& customer : customers) SendThreeReports(customer);
  for (const std::string& customer : customers) EXPECT_EQ(Read(world_, customer), Stored("onboarding:renewal"));
  redis_.Start();
  EXPECT_EQ(Read(world_, "customer-7"), Stored("onboarding:renewal"));
  world_.Settle();
  ExpectHealed(customers);
  EXPECT_EQ(Read(world_, "customer-7"), Cached("onboarding:renewal"));
}

TEST_P(StageCacheTest, EmptiedRedisHeals) {
  Send("bolt", "connect");
  ASSERT_TRUE(client_->Call({"FLUSHALL"}).ok());
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
  SendThreeReports("acme");
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:renewal"));
  world_.Settle();
  ExpectHealed({"acme", "bolt", "unknown"});
}

TEST_P(StageCacheTest, FrozenRedisDelaysNobodyForLong) {
  const auto client = redis::Client::Create({.url = redis_.url()}).value();
  World world(*db_, clock_, client.get());
  redis_.Freeze();
  const absl::Time start = absl::Now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read(world, "acme"), Stored("onboarding:adoption"));
  EXPECT_TRUE(world.Ingest({At(1, "acme", "report", "while frozen")}).ok());
  // Three timeouts of 50 ms open the breaker; the rest is patience with a busy machine.
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  redis_.Thaw();
  world_.Settle();
  ExpectHealed({"acme"});
}

TEST_P(StageCacheTest, RedisRestoredFromASnapshotIsBroughtUpToDate) {
  world_.Settle();
  const std::string tail = Raw(TailKey("acme")), value = Raw(ValueKey("acme"));
  SendThreeReports("acme");  // Redis knows of it, and forgets it.
  ASSERT_NE(Raw(ValueKey("acme")), value);
  Plant(TailKey("acme"), tail);
  Plant(ValueKey("acme"), value);
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
}

TEST_P(StageCacheTest, OlderValueNeverOverwritesANewerOne) {
  TellLate(*client_);
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
}

// The test above can fail.
TEST_P(StageCacheTest, WithAPlainSetItDoes) {
  PlainSetRedis mutant(*client_);
  TellLate(mutant);
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:adoption"));
}

// Whatever Redis says: who passes a token on never goes backwards, who has written reads it, and nobody is told of
// another customer or workspace. Only how old an answer without a token is, is for Redis to say.
TEST_P(StageCacheTest, LyingRedisIsCaughtByTokensAndNeverMixesCustomers) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  LyingRedis lying(*client_, seed);
  World one(*db_, clock_, &lying);
  World other(*db_, clock_, &lying);
  one.Publish("onboarding", 1, Onboarding(), "elsewhere");
  struct Known {
    std::string workspace, customer;
    std::vector<std::string> states;  // All that it has been in.
    std::string written;              // The token of the last write.
    std::string passed_on;            // That of the last answer …
    size_t seen = 0;                  // … and which state that was.
  };
  std::vector<Known> all;
  for (const char* workspace : {"default", "elsewhere"}) {
    for (int i = 0; i < 4; ++i) all.push_back({workspace, absl::StrCat("customer-", i)});
  }
  const auto ask = [&](World& world, const Known& of, const std::string& token) {
    v1::GetCurrentStageRequest request;
    request.set_customer_id(of.customer);
    if (token.empty()) {
      request.mutable_consistency()->set_minimize_latency(true);
    } else {
      request.mutable_consistency()->set_at_least_as_fresh(token);
    }
    const auto answer = world.GetStage(request, of.workspace);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(v1::GetCurrentStageResponse());
  };
  const auto place = [](const Known& of, const v1::GetCurrentStageResponse& answer) {
    const auto found = std::find(of.states.begin(), of.states.end(), StateIn(answer));
    EXPECT_NE(found, of.states.end()) << of.workspace << "/" << of.customer << ": " << answer.DebugString();
    return static_cast<size_t>(found - of.states.begin());
  };
  std::mt19937 random(seed);
  size_t old_answers = 0;
  for (int round = 0; round < 300; ++round) {
    World& world = random() % 2 == 0 ? one : other;
    Known& known = all[random() % all.size()];
    // Each state is unlike any other: its last event has a time of its own.
    const auto response = world.Ingest(
        {At(round - 1000, known.customer, random() % 4 == 0 ? "connect" : "report", absl::StrCat("e", round))}, false,
        known.workspace);
    ASSERT_TRUE(response.ok()) << response.status();
    known.written = response->consistency_token();
    v1::GetCurrentStageRequest request;
    request.set_customer_id(known.customer);
    request.mutable_consistency()->set_fully_consistent(true);
    known.states.push_back(StateIn(*world.GetStage(request, known.workspace)));
    if (round % 5 == 0) {
      // Not until nothing is left to do: a tail that lies may send it through the lane again and again.
      for (const Loop& loop : world.parts().loops()) loop.run_once().IgnoreError();
    }
    for (World* reader : {&one, &other}) {
      ASSERT_EQ(place(known, ask(*reader, known, known.written)), known.states.size() - 1);
      Known& any = all[random() % all.size()];
      if (any.states.empty()) continue;
      old_answers += place(any, ask(*reader, any, "")) + 1 < any.states.size();
      const v1::GetCurrentStageResponse next = ask(*reader, any, any.passed_on);
      const size_t seen = place(any, next);
      ASSERT_GE(seen, any.seen) << "it went backwards";
      any.seen = seen;
      any.passed_on = next.consistency_token();
    }
  }
  // It was worth it.
  EXPECT_GT(lying.lies(), 100);
  EXPECT_GT(old_answers, 0u);
}

// A database in which a look may be held up.
class HeldDatabase final : public sql::Database {
 public:
  explicit HeldDatabase(sql::Database& db) : db_(db) {}
  absl::Status Transact(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override { return db_.Transact(body); }
  absl::Status Read(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override {
    {
      absl::MutexLock lock(&mutex_);
      ++reads_;
      mutex_.Await(absl::Condition(
          +[](bool* held) { return !*held; }, &held_));
    }
    return db_.Read(body);
  }
  absl::Status Migrate(absl::Span<const sql::Schema> schemas) override { return db_.Migrate(schemas); }
  absl::StatusOr<std::vector<sql::SchemaState>> GetSchemaStates(absl::Span<const sql::Schema> schemas) override {
    return db_.GetSchemaStates(schemas);
  }
  sql::Engine engine() const override { return db_.engine(); }

  // From now on looks are held up, and counted anew; or they go on.
  void Hold(bool held) {
    const absl::MutexLock lock(&mutex_);
    held_ = held;
    if (held) reads_ = 0;
  }
  int reads() const {
    const absl::MutexLock lock(&mutex_);
    return reads_;
  }
  // Waits until somebody looks.
  void WaitForARead() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](int* reads) { return *reads > 0; }, &reads_));
  }

 private:
  sql::Database& db_;
  mutable absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A thousand questions about one customer, whom the cache does not know, are one look into the database.
TEST_P(StageCacheTest, WhoAsksMeanwhileIsAnsweredByOneLook) {
  HeldDatabase held(*db_);
  const auto journal = journal::Journal::Open("milestone", held, clock_).value();
  Shelf shelf;
  Reader reader(*journal, shelf);
  absl::Mutex mutex;
  std::vector<std::string> answers;
  const auto ask = [&](StageReader& stages, bool from_store) {
    stages.GetStages("default", "acme", {.from_store = from_store}, [&](absl::StatusOr<StageReader::Answer> answer) {
      const absl::MutexLock lock(&mutex);
      answers.push_back(answer.ok() ? answer->stages.enrollments(0).stage_key() : answer.status().ToString());
    });
  };
  // How many looks it takes to answer the first who asks and, once that one is looked for, all others.
  const auto looks = [&](int others, bool from_store) {
    const auto cache = MakeProcessStageCache();
    StageReader stages(*journal, reader, *cache, clock_);
    answers.clear();
    held.Hold(true);
    ask(stages, false);
    held.WaitForARead();
    for (int i = 0; i < others; ++i) ask(stages, from_store);
    held.Hold(false);
    const auto done = [&] { return answers.size() == static_cast<size_t>(others) + 1; };
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&done));
    EXPECT_THAT(answers, Each(std::string("adoption")));
    return held.reads();
  };
  EXPECT_EQ(looks(999, false), 1);
  // But who must see what was written after the look began waits for one more.
  EXPECT_EQ(looks(999, true), 2);
}

TEST_P(StageCacheTest, FillsThatRaceWithWritesLeaveTheNewest) {
  std::atomic<bool> ending = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!ending) InStore(world_, "racer");  // Fills the cache with what it found.
    });
  }
  for (int i = 0; i < 50; ++i) {
    Send("racer", i % 10 == 0 ? "connect" : "report");
    // The last one is never older than what was acknowledged, whatever a reader has filled meanwhile.
    const Seen seen = Read(world_, "racer");
    EXPECT_EQ(seen.stages, i < 3 ? "onboarding:adoption" : "onboarding:renewal") << i;
  }
  ending = true;
  for (std::thread& reader : readers) reader.join();
  ExpectHealed({"racer"});
}

TEST_P(StageCacheTest, ForeignValueUnderAKeyIsNotBelieved) {
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "1")}, false, "other").ok());
  Send("bolt", "connect");
  SendThreeReports("bolt");
  for (const std::string& key : {std::string("waymark:stage:other:acme"), ValueKey("bolt")}) {
    // As the right generation would have written it.
    const std::string generation = Raw(TailKey("acme")).substr(0, 16);
    ASSERT_NE(Raw(key), "") << key;
    Plant(ValueKey("acme"), generation + Raw(key).substr(16));
    EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption")) << key;
  }
}

TEST_P(StageCacheTest, GarbageInRedisIsNotBelieved) {
  for (const std::string garbage : {"", "x", "0123456789abcdef"}) {
    Plant(ValueKey("acme"), garbage);
    EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption")) << garbage;
    Plant(TailKey("acme"), garbage);
    EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption")) << garbage;
    world_.Settle();
    ExpectHealed({"acme"});
  }
  ASSERT_TRUE(client_->Call({"DEL", ValueKey("acme"), TailKey("acme")}).ok());
  ASSERT_TRUE(client_->Call({"LPUSH", TailKey("acme"), "a list"}).ok());
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
}

TEST_P(StageCacheTest, TailNotRenewedForFiveSecondsSendsReadersToTheStore) {
  world_.Settle();
  clock_.Advance(absl::Seconds(5) - absl::Milliseconds(1));
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:adoption"));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:adoption"));
  // A tail from the future is the work of a wrong clock.
  const std::string tail = Raw(TailKey("acme")).substr(0, 64);
  Plant(TailKey("acme"), absl::StrCat(tail, absl::ToUnixMillis(clock_.Now() + absl::Hours(1))));
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:adoption"));
}

TEST_P(StageCacheTest, WithoutItsTailNoValueIsBelievedAgain) {
  const std::string before = Raw(ValueKey("acme"));
  ASSERT_TRUE(client_->Call({"DEL", TailKey("acme")}).ok());
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:adoption"));
  SendThreeReports("acme");
  EXPECT_EQ(Raw(ValueKey("acme")), before) << "it cannot be told, and is not believed";
  world_.Settle();
  EXPECT_EQ(Read(world_, "acme"), Stored("onboarding:renewal")) << "a new generation has begun";
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal"));
}

TEST_P(StageCacheTest, TokenReadsItsWriteWhateverHappensToRedis) {
  const auto write_and_read = [&](const char* when) {
    SCOPED_TRACE(when);
    const std::string customer = absl::StrCat("customer-", sent_);
    std::string token = Send(customer, "connect");
    EXPECT_EQ(Read(world_, customer, token).stages, "onboarding:adoption");
    token = SendThreeReports(customer);
    EXPECT_EQ(Read(world_, customer, token).stages, "onboarding:renewal");
  };
  write_and_read("all is well");
  redis_.Crash();
  write_and_read("crashed");
  redis_.Start();
  write_and_read("started again");
  world_.Settle();
  write_and_read("healed");
  ASSERT_TRUE(client_->Call({"FLUSHALL"}).ok());
  write_and_read("emptied");
  clock_.Advance(absl::Minutes(1));
  write_and_read("long unattended");
}

// What a cache with a plain SET would do: an older value, of the right generation, over a newer one.
TEST_P(StageCacheTest, OlderValueThatWasPlantedIsCaughtByTokens) {
  const std::string old = Raw(ValueKey("acme"));
  const std::string token = SendThreeReports("acme");
  ASSERT_EQ(Raw(ValueKey("acme")).substr(0, 16), old.substr(0, 16));
  Plant(ValueKey("acme"), old);
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:adoption")) << "the mutant is believed by who asks for no more";
  EXPECT_EQ(Read(world_, "acme", token), Stored("onboarding:renewal"));
  EXPECT_EQ(Read(world_, "acme"), Cached("onboarding:renewal")) << "and was overwritten by what was found";
}

// ---- A real log ----

// The events of bpic2012, in the file's order.
std::vector<v1::Event> LoadBpic2012(const std::string& data) {
  const auto printed = support::RunToEnd(
      {.argv =
           {"/usr/bin/python3", "-c",
            "import csv, gzip, sys\n"
            "for row in csv.DictReader(gzip.open(sys.argv[1], 'rt', newline='')):\n"
            "    print(row['event_id'], row['seq'], row['case_id'], row['activity'], row['timestamp'], sep='\\t')\n",
            absl::StrCat(data, "/events/bpic2012.csv.gz")}},
      absl::Minutes(5));
  std::vector<v1::Event> events;
  if (!printed.ok() || printed->exit_code != 0) return events;
  for (const absl::string_view line : absl::StrSplit(printed->out, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> cells = absl::StrSplit(line, '\t');
    v1::Event& event = events.emplace_back();
    event.set_event_id(cells[0]);
    int64_t sequence = 0;
    absl::Time time;
    std::string error;
    EXPECT_TRUE(absl::SimpleAtoi(cells[1], &sequence) && absl::ParseTime(absl::RFC3339_full, cells[4], &time, &error));
    event.set_source_sequence(sequence);
    event.set_customer_id(cells[2]);
    event.set_type(cells[3]);
    event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
    event.mutable_event_time()->set_nanos(
        static_cast<int32_t>((time - absl::FromUnixSeconds(absl::ToUnixSeconds(time))) / absl::Nanoseconds(1)));
  }
  return events;
}

TEST_P(StageCacheTest, EveryCustomerOfBpic2012IsToldByRedisAsByTheStore) {
  const char* const data = std::getenv("WAYMARK_DATA_DIR");
  if (data == nullptr) GTEST_SKIP() << "WAYMARK_DATA_DIR is not set: no event logs here";
  std::ifstream funnels(absl::StrCat(data, "/funnels.json"));
  for (const auto& [journey_id, steps] : nlohmann::json::parse(funnels)["bpic2012"].items()) {
    std::vector<Step> stages;
    for (const auto& step : steps) stages.push_back({absl::StrCat("step_", stages.size() + 1), step[0]});
    world_.Publish(journey_id, 1, Steps(stages), "default");
  }
  const std::vector<v1::Event> events = LoadBpic2012(data);
  std::map<std::string, std::string> in_redis;
  for (size_t begin = 0; begin < events.size(); begin += 1000) {
    v1::IngestEventsRequest batch;
    for (size_t i = begin; i < std::min(begin + 1000, events.size()); ++i) {
      *batch.add_events() = events[i];
      in_redis[events[i].customer_id()];
    }
    const auto response = world_.Ingest(batch);
    ASSERT_TRUE(response.ok()) << response.status();
  }
  ASSERT_EQ(in_redis.size(), 13'087u);
  world_.Settle();

  type::v1::Consistency quickly;
  quickly.set_minimize_latency(true);
  const auto from = [&](v1::AnswerSource source, const std::string& customer) {
    const v1::GetCurrentStageResponse response = Ask(world_, customer, quickly);
    EXPECT_EQ(response.source(), source) << customer;
    return StagesIn(response);
  };
  for (auto& [customer, stages] : in_redis) stages = from(v1::ANSWER_SOURCE_CACHE, customer);
  for (const auto& [customer, stages] : in_redis) ASSERT_EQ(stages, InStore(world_, customer)) << customer;
  redis_.Crash();
  for (const auto& [customer, stages] : in_redis) ASSERT_EQ(from(v1::ANSWER_SOURCE_STORE, customer), stages);
  redis_.Start();
  world_.Settle();
  for (const auto& [customer, stages] : in_redis) ASSERT_EQ(from(v1::ANSWER_SOURCE_STORE, customer), stages);
  for (const auto& [customer, stages] : in_redis) ASSERT_EQ(from(v1::ANSWER_SOURCE_CACHE, customer), stages);
}

}  // namespace
}  // namespace waymark::milestone
