// A backup of milestone's database taken while events pour in, and restored: no event that was acknowledged before the
// backup began is missing; the followers notice the new epoch, stop loudly, and go on after the documented step
// (deploy/README.md, "Backup and restore"). On both engines.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/journal/journal.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/delay.h"
#include "tests/support/temp_dir.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::flows {
namespace {

using ::testing::ContainerEq;
using ::testing::HasSubstr;

namespace v1 = milestone::v1;

// As the documentation tells; `url` is the service's --database.
void Shell(const std::string& script, const std::string& folder) {
  const auto finished =
      support::RunToEnd({.argv = {"/bin/bash", "-euo", "pipefail", "-c", script}, .folder = folder}, absl::Minutes(2));
  ASSERT_TRUE(finished.ok()) << finished.status();
  ASSERT_EQ(finished->exit_code, 0) << script << "\n" << finished->out << finished->err;
}

std::string SchemaOf(const std::string& url) { return url.substr(url.rfind("schema=") + 7); }
std::string ServerOf(const std::string& url) { return url.substr(0, url.find('?')); }
std::string FileOf(const std::string& url) { return std::string(absl::StripPrefix(url, "sqlite:")); }

void BackUp(const std::string& url, const std::string& folder) {
  if (absl::StartsWith(url, "sqlite:")) {
    Shell(absl::StrCat("/usr/bin/python3 -c 'import sqlite3; sqlite3.connect(\"", FileOf(url),
                       "\").backup(sqlite3.connect(\"backup.db\"))'"),
          folder);
  } else {
    Shell(absl::StrCat("$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)/pg_dump '", ServerOf(url),
                       "' --schema ", SchemaOf(url), " --format custom --file backup.dump"),
          folder);
  }
}

void Restore(const std::string& url, const std::string& folder) {
  if (absl::StartsWith(url, "sqlite:")) {
    const std::string file = FileOf(url);
    Shell(absl::StrCat("rm -f ", file, " ", file, "-wal ", file, "-shm; cp backup.db ", file), folder);
  } else {
    Shell(absl::StrCat("bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1); $bin/psql --quiet '",
                       ServerOf(url), "' -c 'DROP SCHEMA ", SchemaOf(url), " CASCADE' && $bin/pg_restore --dbname '",
                       ServerOf(url), "' backup.dump"),
          folder);
  }
}

class RestoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // Sends single events until told to end.
  void Send() {
    const auto stub = v1::EventService::NewStub(
        grpc::CreateChannel(deployment_.address("milestone"), grpc::InsecureChannelCredentials()));
    const int64_t start = absl::ToUnixSeconds(absl::Now()) - 100'000;
    for (int i = 0; !ending_; ++i) {
      v1::IngestEventsRequest request;
      v1::Event* event = request.add_events();
      event->set_event_id(absl::StrCat("e", i));
      event->set_customer_id(absl::StrCat("customer-", i % 30));
      event->set_type("used");
      event->mutable_event_time()->set_seconds(start + i);
      grpc::ClientContext context;
      v1::IngestEventsResponse response;
      const grpc::Status status = stub->IngestEvents(&context, request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      const absl::MutexLock lock(&mutex_);
      acknowledged_.insert(event->event_id());
    }
  }
  size_t Acknowledged() {
    const absl::MutexLock lock(&mutex_);
    return acknowledged_.size();
  }
  void WaitFor(size_t events) {
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return acknowledged_.size() >= events; };
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&there));
  }

  // The ids of the stored events, and how many there are of each customer.
  std::set<std::string> Stored(std::map<std::string, int64_t>* counts = nullptr) {
    std::set<std::string> stored;
    const auto db = support::OpenAt(deployment_.database("milestone"));
    const RealClock clock;
    const auto journal = journal::Journal::Open("milestone", *db, clock).value();
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      for (int64_t after = 0;;) {
        journal::Journal::Stretch stretch;
        const absl::Status read = db->Read([&](sql::Transaction& tx) -> absl::Status {
          auto found = journal->Read(tx, lane, after, 1000, std::nullopt);
          if (found.ok()) stretch = *std::move(found);
          return found.status();
        });
        EXPECT_TRUE(read.ok()) << read;
        if (stretch.reached == after) break;
        after = stretch.reached;
        for (const journal::Entry& entry : stretch.entries) {
          v1::EventAccepted accepted;
          if (entry.type != accepted.GetDescriptor()->full_name()) continue;
          EXPECT_TRUE(accepted.ParseFromString(entry.payload));
          stored.insert(accepted.event().event_id());
          if (counts != nullptr) ++(*counts)[entry.key];
        }
      }
    }
    return stored;
  }
  // How many events of each customer health has counted, while it runs.
  std::map<std::string, int64_t> Followed() {
    std::map<std::string, int64_t> counts;
    const std::string& url = deployment_.database("health");
    if (GetParam() == sql::Engine::kSqlite) {  // Another program of ours would not be let in.
      const auto printed = support::RunToEnd(
          {.argv = {"/usr/bin/python3", "-c",
                    "import sqlite3, sys\n"
                    "db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n"
                    "for row in db.execute('SELECT customer_id, SUM(events) FROM activity GROUP BY 1'): print(*row)\n",
                    FileOf(url)}});
      EXPECT_TRUE(printed.ok() && printed->exit_code == 0) << printed->err;
      std::istringstream rows(printed->out);
      int64_t events = 0;
      for (std::string customer; rows >> customer >> events;) counts[customer] = events;
      return counts;
    }
    const auto db = support::OpenAt(url);
    const absl::Status read = db->Read([&](sql::Transaction& tx) -> absl::Status {
      counts.clear();
      auto rows = tx.Query("SELECT customer_id, events FROM activity");
      if (!rows.ok()) return rows.status();
      for (const sql::Row& row : *rows) counts[row.Text(0)] += row.Int(1);
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return counts;
  }
  size_t FollowedInAll() {
    size_t events = 0;
    for (const auto& [customer, count] : Followed()) events += count;
    return events;
  }
  template <typename Done>
  static bool Await(Done done) {
    for (const absl::Time deadline = absl::Now() + absl::Minutes(1); absl::Now() < deadline;) {
      if (done()) return true;
      support::BeSlow(absl::Milliseconds(20));
    }
    return false;
  }
  std::string Operate(const std::string& service, const std::vector<std::string>& words) {
    std::vector<std::string> argv = {Binary(absl::StrCat("waymark-", service))};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.insert(argv.end(), {"--database", deployment_.database(service)});
    const auto finished = support::RunToEnd({.argv = argv});
    EXPECT_TRUE(finished.ok() && finished->exit_code == 0) << finished->err;
    return finished->out;
  }

  const support::TempDir folder_;
  Deployment deployment_{GetParam()};
  std::atomic<bool> ending_ = false;
  absl::Mutex mutex_;
  std::set<std::string> acknowledged_ ABSL_GUARDED_BY(mutex_);
};

INSTANTIATE_TEST_SUITE_P(Engines, RestoreTest, support::BothEngines(), support::EngineName);

TEST_P(RestoreTest, WhatWasAcknowledgedBeforeTheBackupIsThereAndFollowersNotice) {
  for (const char* service : {"milestone", "health", "notification"}) deployment_.Start(service);
  std::thread client([this] { Send(); });
  WaitFor(300);
  std::set<std::string> before;
  {
    const absl::MutexLock lock(&mutex_);
    before = acknowledged_;
  }
  BackUp(deployment_.database("milestone"), folder_.path());
  WaitFor(Acknowledged() + 300);
  ending_ = true;
  client.join();
  ASSERT_TRUE(Await([&] { return FollowedInAll() == Acknowledged(); })) << "health follows";
  ASSERT_EQ(deployment_.Stop("milestone"), 0);

  Restore(deployment_.database("milestone"), folder_.path());
  EXPECT_THAT(Operate("milestone", {"journal", "renew"}), HasSubstr("has begun epoch"));
  const std::set<std::string> restored = Stored();
  for (const std::string& event : before) EXPECT_TRUE(restored.contains(event)) << event << " is missing";
  EXPECT_LT(restored.size(), Acknowledged()) << "what came after the backup is gone";
  std::map<std::string, int64_t> counts;
  Stored(&counts);
  deployment_.Start("milestone");
  for (const char* follower : {"health", "notification"}) {
    EXPECT_TRUE(Await([&] {
      const std::string log = deployment_.log(follower);
      return absl::StrContains(log, "a lane is not followed any more") &&
             absl::StrContains(log, "its database was restored");
    })) << follower;
  }
  EXPECT_NE(Followed(), counts) << "they apply nothing by themselves";

  for (const char* follower : {"health", "notification"}) {
    EXPECT_EQ(deployment_.Stop(follower), 0);
    EXPECT_THAT(Operate(follower, {"follow", "anew", "milestone"}), HasSubstr("milestone is followed anew"));
    deployment_.Start(follower);
  }
  EXPECT_TRUE(Await([&] { return Followed() == counts; })) << "what the backup had";
  // What was lost may be sent again: the ids are free. And everything that comes is followed.
  const std::set<std::string> lost = [&] {
    const absl::MutexLock lock(&mutex_);
    return std::exchange(acknowledged_, {});
  }();
  ending_ = false;
  std::thread again([this] { Send(); });
  WaitFor(lost.size());
  ending_ = true;
  again.join();
  const size_t all = Acknowledged();
  EXPECT_TRUE(Await([&] { return FollowedInAll() == all; }));
  EXPECT_EQ(deployment_.Stop("milestone"), 0);
  counts.clear();
  const std::set<std::string> now = Stored(&counts);
  for (const std::string& event : lost) EXPECT_TRUE(now.contains(event)) << event;
  EXPECT_THAT(Followed(), ContainerEq(counts));
}

}  // namespace
}  // namespace waymark::flows
