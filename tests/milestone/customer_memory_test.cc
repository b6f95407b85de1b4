#include "services/milestone/customer_memory.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

constexpr char kWorkspace[] = "default";

class CustomerMemoryTest : public ::testing::Test {
 protected:
  // Locks every lane, appends an entry about each customer, and hands the lanes on once that is committed.
  journal::Lanes Change(const std::vector<std::string>& customers) {
    std::optional<journal::Lanes> lanes;
    const absl::Status status = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(lanes, Lock(tx));
      std::vector<journal::NewEntry> entries;
      for (const std::string& customer : customers) entries.push_back({kWorkspace, customer, "type", "payload"});
      lanes->Append(std::move(entries));
      return journal_->Store(tx, *lanes);
    });
    EXPECT_TRUE(status.ok()) << status;
    return *std::move(lanes);
  }

  // The lanes as they are.
  journal::Lanes Now() {
    std::optional<journal::Lanes> lanes;
    const absl::Status status = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(lanes, Lock(tx));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return *std::move(lanes);
  }

  absl::StatusOr<journal::Lanes> Lock(sql::Transaction& tx) {
    std::set<int> all;
    for (int lane = 0; lane < journal::kLanes; ++lane) all.insert(lane);
    return journal_->Lock(tx, all);
  }

  static CustomerMemory::Memory Of(size_t bytes) { return {.row = {.checkpoint = std::string(bytes, 'x')}}; }

  static bool Knows(CustomerMemory& memory, const journal::Lanes& lanes, const std::string& customer) {
    return memory.Take(lanes, {{kWorkspace, customer}})[0].has_value();
  }

  VirtualClock clock_{Noon()};
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(sql::Engine::kSqlite, {journal::Journal::schema()});
  const std::unique_ptr<journal::Journal> journal_ = journal::Journal::Open("milestone", *db_, clock_).value();
};

TEST_F(CustomerMemoryTest, WhatIsRememberedIsTakenOnce) {
  CustomerMemory memory;
  memory.Remember(Change({"acme"}), {{kWorkspace, "acme"}},
                  {{.row = {.revision = 7}, .sealed_fingerprints = {{1, 2}}}});
  EXPECT_GT(memory.bytes(), 0u);
  const auto taken = memory.Take(Now(), {{kWorkspace, "acme"}, {kWorkspace, "bolt"}, {"other", "acme"}});
  ASSERT_TRUE(taken[0].has_value());
  EXPECT_EQ(taken[0]->row.revision, 7);
  EXPECT_THAT(*taken[0]->sealed_fingerprints, ::testing::ElementsAre(1, 2));
  EXPECT_FALSE(taken[1].has_value());
  EXPECT_FALSE(taken[2].has_value());
  EXPECT_EQ(memory.bytes(), 0u);
  EXPECT_FALSE(Knows(memory, Now(), "acme"));
}

TEST_F(CustomerMemoryTest, ALaneThatAnotherReplicaHasWrittenIsForgotten) {
  CustomerMemory memory;
  const journal::Lanes lanes = Change({"acme", "bolt"});
  ASSERT_NE(journal::LaneOf(kWorkspace, "acme"), journal::LaneOf(kWorkspace, "bolt"));
  memory.Remember(lanes, {{kWorkspace, "acme"}, {kWorkspace, "bolt"}}, [] {
    std::vector<CustomerMemory::Memory> both;
    both.push_back(Of(1));
    both.push_back(Of(1));
    return both;
  }());
  Change({"acme"});
  EXPECT_FALSE(Knows(memory, Now(), "acme"));
  EXPECT_TRUE(Knows(memory, Now(), "bolt"));
}

TEST_F(CustomerMemoryTest, TakesNoMoreThanItMayAndForgetsWhatWasNotUsedForLongest) {
  constexpr size_t kMost = size_t{16} << 20;
  CustomerMemory memory(kMost);
  size_t highest = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::string> ids = {"regular"};
    for (int k = 0; k < 20; ++k) ids.push_back(absl::StrCat("customer-", i, "-", k));
    if (i > 0) {
      ASSERT_TRUE(Knows(memory, Now(), "regular")) << i;
    }
    std::vector<CustomerName> names;
    std::vector<CustomerMemory::Memory> memories;
    for (const std::string& id : ids) {
      names.push_back({kWorkspace, id});
      memories.push_back(Of(10'000));
    }
    memory.Remember(Change(ids), names, std::move(memories));
    highest = std::max(highest, memory.bytes());
  }
  EXPECT_LE(highest, kMost);
  EXPECT_GT(highest, kMost / 3);
  EXPECT_FALSE(Knows(memory, Now(), "customer-0-0"));
  EXPECT_TRUE(Knows(memory, Now(), "customer-399-0"));
}

TEST_F(CustomerMemoryTest, FingerprintsCountAmongWhatItTakes) {
  CustomerMemory memory(size_t{16} << 20);
  std::vector<CustomerMemory::Memory> memories;
  memories.push_back({.row = {}, .sealed_fingerprints = std::vector<uint32_t>(1'000'000)});
  memory.Remember(Change({"hot"}), {{kWorkspace, "hot"}}, std::move(memories));
  EXPECT_GE(memory.bytes(), 4'000'000u);  // More than its lane may take: kept as the old ones, until more comes.
  std::vector<CustomerMemory::Memory> again;
  again.push_back({.row = {}, .sealed_fingerprints = std::vector<uint32_t>(1'000'000)});
  ASSERT_TRUE(Knows(memory, Now(), "hot"));
  memory.Remember(Change({"hot"}), {{kWorkspace, "hot"}}, std::move(again));
  EXPECT_LT(memory.bytes(), 5'000'000u);
}

TEST_F(CustomerMemoryTest, ClearForgetsEverything) {
  CustomerMemory memory;
  std::vector<CustomerMemory::Memory> memories;
  memories.push_back(Of(1));
  memory.Remember(Change({"acme"}), {{kWorkspace, "acme"}}, std::move(memories));
  memory.Clear();
  EXPECT_EQ(memory.bytes(), 0u);
  EXPECT_FALSE(Knows(memory, Now(), "acme"));
}

}  // namespace
}  // namespace waymark::milestone
