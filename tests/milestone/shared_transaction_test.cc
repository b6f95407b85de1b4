#include "services/milestone/shared_transaction.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "gtest/gtest.h"
#include "services/milestone/history_store.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

class SharedTransactionTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {schema()});
};

INSTANTIATE_TEST_SUITE_P(Engines, SharedTransactionTest, support::BothEngines(), support::EngineName);

TEST_P(SharedTransactionTest, WhatSeveralThreadsDoIsOneTransaction) {
  constexpr int kThreads = 4;
  constexpr int kWorkspaces = 200;
  const absl::Status done = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
    SharedTransaction shared(tx);
    std::vector<absl::Status> statuses(kThreads);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kWorkspaces && statuses[thread].ok(); ++i) {
          const std::string workspace = absl::StrCat(thread, "-", i);
          statuses[thread].Update(
              shared.Execute("INSERT INTO catalog (workspace, revision) VALUES ($1, $2)", {workspace, i}).status());
          const auto found = shared.QueryMany("SELECT revision FROM catalog WHERE workspace = $1", {{workspace}});
          statuses[thread].Update(found.status());
          if (found.ok()) {
            EXPECT_EQ((*found)[0].at(0).Int(0), i);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : statuses) RETURN_IF_ERROR(status);
    return absl::OkStatus();
  });
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_TRUE(db_->Read([](sql::Transaction& tx) -> absl::Status {
                   ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query("SELECT count(*) FROM catalog"));
                   EXPECT_EQ(rows[0].Int(0), kThreads * kWorkspaces);
                   return absl::OkStatus();
                 })
                  .ok());
}

TEST_P(SharedTransactionTest, WhereOneFailsTheOthersDoToo) {
  const absl::Status done = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
    SharedTransaction shared(tx);
    const auto add = [&] {
      return shared.Execute("INSERT INTO catalog (workspace, revision) VALUES ('acme', 1)", {}).status();
    };
    EXPECT_TRUE(add().ok());
    std::thread([&] { EXPECT_EQ(add().code(), absl::StatusCode::kAlreadyExists); }).join();
    EXPECT_EQ(shared.Query("SELECT 1", {}).status().code(), absl::StatusCode::kAlreadyExists);
    return absl::OkStatus();
  });
  EXPECT_EQ(done.code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace waymark::milestone
