// A reader follows while fifty writers write with random pauses before they commit: what commits late must not be
// skipped. The last test does the same to a journal made the obvious way, with ids taken at insert, and shows that it
// loses entries: so the test can fail.
#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"
#include "tests/support/delay.h"

namespace waymark::journal {
namespace {

using ::testing::ContainerEq;

constexpr int kWriters = 50;
constexpr int kRounds = 8;

using Payload = std::string;
// Writes in one transaction and calls `pause` before it ends.
using Write = std::function<absl::Status(const std::vector<Payload>& payloads, std::function<void()> pause)>;
using ReadNews = std::function<std::vector<Payload>()>;

struct Seen {
  std::multiset<Payload> written;
  std::multiset<Payload> read;
};

Seen FollowFiftyWriters(const Write& write, const ReadNews& read_news) {
  Seen seen;
  absl::Mutex mutex;
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      std::mt19937 random(writer);
      for (int round = 0; round < kRounds; ++round) {
        std::vector<Payload> payloads;
        for (int i = 0; i < 3; ++i) payloads.push_back(absl::StrCat(writer, "/", round, "/", i));
        const absl::Status written = write(payloads, [&] { support::BeSlow(absl::Microseconds(random() % 2000)); });
        EXPECT_TRUE(written.ok()) << written;
        absl::MutexLock lock(&mutex);
        seen.written.insert(payloads.begin(), payloads.end());
      }
      --writing;
    });
  }
  for (bool last = false; !last;) {
    last = writing == 0;
    for (Payload& payload : read_news()) seen.read.insert(std::move(payload));
  }
  for (std::thread& writer : writers) writer.join();
  return seen;
}

std::unique_ptr<sql::Database> OpenForMany(sql::Engine engine, const sql::Schema& schema) {
  // Many transactions open at once on PostgreSQL, and patience where they stand in line on SQLite.
  auto db = Value(sql::Database::Open({.url = support::FreshUrl(engine), .connections = 24, .wait = absl::Minutes(2)}));
  EXPECT_TRUE(db->Migrate({&schema, 1}).ok());
  return db;
}

class OrderingTest : public ::testing::TestWithParam<sql::Engine> {};
INSTANTIATE_TEST_SUITE_P(Engines, OrderingTest, support::BothEngines(), support::EngineName);

TEST_P(OrderingTest, NothingIsSkippedThatCommitsLate) {
  const RealClock clock;
  const auto db = OpenForMany(GetParam(), Journal::schema());
  const auto journal = Value(Journal::Open("milestone", *db, clock));

  const Write write = [&](const std::vector<Payload>& payloads, const std::function<void()>& pause) {
    std::vector<NewEntry> entries;
    // Few customers, so that writers meet in the same lanes.
    for (const Payload& payload : payloads) {
      entries.push_back(Entered("acme", absl::StrCat("customer-", payload.size() + payload.back()), payload));
    }
    return journal->db().Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(Lanes lanes, journal->Lock(tx, LanesOf(entries)));
      lanes.Append(entries);
      RETURN_IF_ERROR(journal->Store(tx, lanes));
      pause();
      return absl::OkStatus();
    });
  };
  std::vector<int64_t> reached(kLanes);
  const ReadNews read_news = [&] {
    std::vector<Payload> news;
    for (int lane = 0; lane < kLanes; ++lane) {
      for (Entry& entry : Value(Read(*journal, lane, reached[lane])).entries) {
        EXPECT_EQ(entry.position, reached[lane] + 1) << "in lane " << lane;
        reached[lane] = entry.position;
        news.push_back(std::move(entry.payload));
      }
    }
    return news;
  };

  const Seen seen = FollowFiftyWriters(write, read_news);
  EXPECT_EQ(seen.written.size(), kWriters * kRounds * 3);
  EXPECT_THAT(seen.read, ContainerEq(seen.written));
}

TEST(MutantOrderingTest, IdsTakenAtInsertLoseEntriesOnPostgres) {
  constexpr sql::Migration kMutant[] = {
      {.number = 1, .title = "ids at insert", .sql = "CREATE TABLE mutant (id BIGSERIAL PRIMARY KEY, payload TEXT)"}};
  const auto db = OpenForMany(sql::Engine::kPostgres, {.name = "mutant", .migrations = kMutant});
  const Write write = [&](const std::vector<Payload>& payloads, const std::function<void()>& pause) {
    return db->Transact([&](sql::Transaction& tx) -> absl::Status {
      for (const Payload& payload : payloads) {
        RETURN_IF_ERROR(tx.Execute("INSERT INTO mutant (payload) VALUES ($1)", {payload}).status());
      }
      pause();
      return absl::OkStatus();
    });
  };
  int64_t cursor = 0;
  const ReadNews read_news = [&] {
    std::vector<Payload> news;
    EXPECT_TRUE(db->Read([&](sql::Transaction& tx) -> absl::Status {
                    ASSIGN_OR_RETURN(const sql::Rows rows,
                                     tx.Query("SELECT id, payload FROM mutant WHERE id > $1 ORDER BY id", {cursor}));
                    for (const sql::Row& row : rows) {
                      cursor = row.Int(0);
                      news.push_back(row.Text(1));
                    }
                    return absl::OkStatus();
                  }).ok());
    return news;
  };

  Seen seen = FollowFiftyWriters(write, read_news);
  // The dice may spare it; this does not: a reader looks after a quick writer has committed and before a slow one does.
  const auto read = [&] {
    for (Payload& payload : read_news()) seen.read.insert(std::move(payload));
  };
  const absl::Status slow = write({"slow"}, [&] {
    EXPECT_TRUE(write({"quick"}, [] {}).ok());
    read();
  });
  EXPECT_TRUE(slow.ok()) << slow;
  read();
  seen.written.insert({"slow", "quick"});
  EXPECT_EQ(seen.read.count("quick"), 1u);
  EXPECT_EQ(seen.read.count("slow"), 0u);
  EXPECT_LT(seen.read.size(), seen.written.size());
}

}  // namespace
}  // namespace waymark::journal
