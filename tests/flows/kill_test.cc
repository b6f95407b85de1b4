// `kill -9` while events pour in: no acknowledged event is missing, none is there twice, none was not sent. The checker
// reads the client's log and the database, nothing else.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/journal/journal.h"
#include "services/milestone/history_index.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/delay.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::flows {
namespace {

namespace v1 = milestone::v1;

constexpr int kKills = 20;
constexpr int kClients = 3;
constexpr int kBatch = 40;

// How many calls have been answered.
class Count {
 public:
  void Add() {
    absl::MutexLock lock(&mutex_);
    ++value_;
  }
  int value() const {
    absl::MutexLock lock(&mutex_);
    return value_;
  }
  void WaitFor(int value) const {
    absl::MutexLock lock(&mutex_);
    const auto reached = [&] { return value_ >= value; };
    mutex_.Await(absl::Condition(&reached));
  }

 private:
  mutable absl::Mutex mutex_;
  int value_ = 0;
};

// What a client has sent and what it was told.
struct ClientLog {
  std::set<std::string> sent;
  std::set<std::string> acknowledged;
};

// Sends batches until told to end; what fails is sent again with the same ids, as the contract asks.
void Send(const std::string& address, int client, const std::atomic<bool>& ending, Count& acknowledged,
          ClientLog& log) {
  const auto stub = v1::EventService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  const int64_t start = absl::ToUnixSeconds(absl::Now()) - 100'000;
  for (int batch = 0; !ending; ++batch) {
    v1::IngestEventsRequest request;
    for (int i = 0; i < kBatch; ++i) {
      v1::Event* event = request.add_events();
      event->set_event_id(absl::StrCat("c", client, "-b", batch, "-e", i));
      event->set_customer_id(absl::StrCat("customer-", (client + batch + i) % 25));
      event->set_type("used");
      event->mutable_event_time()->set_seconds(start + batch);
      log.sent.insert(event->event_id());
    }
    for (bool stored = false; !stored && !ending;) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
      v1::IngestEventsResponse response;
      stored = stub->IngestEvents(&context, request, &response).ok();
      if (!stored) continue;
      for (int i = 0; i < kBatch; ++i) {
        const v1::EventOutcome outcome = response.results(i).outcome();
        if (outcome == v1::EVENT_OUTCOME_ACCEPTED || outcome == v1::EVENT_OUTCOME_DUPLICATE) {
          log.acknowledged.insert(request.events(i).event_id());
        }
      }
      acknowledged.Add();
    }
  }
}

class KillTest : public ::testing::TestWithParam<sql::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, KillTest, support::BothEngines(), support::EngineName);

TEST_P(KillTest, NoAcknowledgedEventIsMissingAndNoneIsThereTwice) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  Deployment deployment(GetParam());
  deployment.Start("milestone");  // It serves without `journey`, which it follows when that comes.
  std::atomic<bool> ending = false;
  Count acknowledged;
  std::vector<ClientLog> logs(kClients);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] { Send(deployment.address("milestone"), i, ending, acknowledged, logs[i]); });
  }
  for (int kill = 0; kill < kKills; ++kill) {
    // At a random moment: after so many more answers, and a random part of the next one.
    const int until = acknowledged.value() + 2 + static_cast<int>(random() % 20);
    acknowledged.WaitFor(until);
    support::BeSlow(absl::Microseconds(random() % 5000));
    deployment.Kill("milestone");
    deployment.Start("milestone");
  }
  const int last = acknowledged.value() + kClients;
  acknowledged.WaitFor(last);
  ending = true;
  for (std::thread& client : clients) client.join();
  deployment.Stop("milestone");

  std::set<std::string> sent, promised;
  for (const ClientLog& log : logs) {
    sent.insert(log.sent.begin(), log.sent.end());
    promised.insert(log.acknowledged.begin(), log.acknowledged.end());
  }
  ASSERT_GT(promised.size(), static_cast<size_t>(kKills * 2 * kBatch));
  const std::unique_ptr<sql::Database> db = support::OpenAt(deployment.database("milestone"));
  const RealClock clock;
  const auto journal = journal::Journal::Open("milestone", *db, clock);
  ASSERT_TRUE(journal.ok()) << journal.status();
  std::multiset<std::string> stored;
  std::multiset<std::string> journaled, indexed;  // `lane/position/fingerprint` of every event.
  const auto place = [](int lane, int64_t position, uint32_t fingerprint) {
    return absl::StrCat(lane, "/", position, "/", fingerprint);
  };
  const absl::Status read = db->Read([&](sql::Transaction& tx) -> absl::Status {
    stored.clear();
    journaled.clear();
    indexed.clear();
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      for (int64_t after = 0;;) {
        auto stretch = (*journal)->Read(tx, lane, after, 1000, std::nullopt);
        if (!stretch.ok()) return stretch.status();
        if (stretch->reached == after) break;
        for (const journal::Entry& entry : stretch->entries) {
          if (entry.position != ++after) return absl::InternalError("a position is missing");
          v1::EventAccepted accepted;
          if (!accepted.ParseFromString(entry.payload)) return absl::InternalError("an event cannot be read");
          stored.insert(accepted.event().event_id());
          journaled.insert(place(lane, entry.position, milestone::FingerprintOf(accepted.event().event_id())));
        }
      }
    }
    for (const char* sql : {"SELECT workspace, customer_id, items FROM history_segment",
                            "SELECT workspace, customer_id, open_items FROM customer"}) {
      auto rows = tx.Query(sql);
      if (!rows.ok()) return rows.status();
      for (const sql::Row& row : *rows) {
        auto items = milestone::DecodeItems(row.Blob(2));
        if (!items.ok()) return items.status();
        for (const milestone::HistoryItem& item : *items) {
          indexed.insert(place(journal::LaneOf(row.Text(0), row.Text(1)), item.position, item.fingerprint));
        }
      }
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(journaled, indexed);
  const std::set<std::string> once(stored.begin(), stored.end());
  EXPECT_EQ(once.size(), stored.size()) << "an event is there twice";
  for (const std::string& event : promised)
    ASSERT_TRUE(once.contains(event)) << event << " was acknowledged and is missing";
  for (const std::string& event : once) ASSERT_TRUE(sent.contains(event)) << event << " was never sent";
}

}  // namespace
}  // namespace waymark::flows
