// Recomputation, as clients of the service see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/milestone/customer_store.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

class RecomputeTest : public Replays {};

INSTANTIATE_TEST_SUITE_P(Engines, RecomputeTest, support::BothEngines(), support::EngineName);

TEST_P(RecomputeTest, RecomputingFindsNothingWhereAllIsAsItShouldBeAndTellsNothing) {
  Begin();
  world_.Publish("k", 1, Steps({{"first", "report", 2, journey::v1::SCOPE_ALL_HISTORY}}));
  ASSERT_TRUE(world_.Ingest({At(-30, "beta", "report", "b0")}).ok());  // Late, so folded anew already.
  const std::vector<std::string> facts = world_.Facts();
  for (const bool repair : {false, true, true}) {
    const auto report = Recompute(repair);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers(), 3);
    EXPECT_EQ(report->customers_differing(), 0) << report->DebugString();
    EXPECT_EQ(report->customers_repaired(), 0);
  }
  EXPECT_EQ(world_.Facts(), facts);
}

TEST_P(RecomputeTest, WhatIsKeptWronglyIsToldAndMendedAndSendsNothing) {
  Begin();
  // beta's row is as if its reports had never come; the index of its history is whole.
  const absl::Status damaged = db_->Transact([](sql::Transaction& tx) -> absl::Status {
    auto found = LoadCustomers(tx, {{"default", "beta"}});
    if (!found.ok()) return found.status();
    Customer customer = **std::move(found->begin());
    rules::Run& run = customer.dossier.enrollments[0].progress.runs[0];
    run.entered.resize(1);
    run.milestones = std::vector<rules::MilestoneProgress>(3);
    return SaveCustomers(tx, {{"default", "beta"}}, {ToRow(customer)});
  });
  ASSERT_TRUE(damaged.ok()) << damaged;
  EXPECT_EQ(world_.StageOf("beta"), "j:setup");
  const size_t facts = world_.Facts().size();

  const auto dry = Recompute(false);
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_EQ(dry->customers_differing(), 1);
  EXPECT_EQ(dry->customers_repaired(), 0);
  ASSERT_EQ(dry->differences_size(), 1);
  EXPECT_EQ(dry->differences(0).customer_id(), "beta");
  EXPECT_EQ(dry->differences(0).enrollments(0).from().stage_key(), "setup");
  EXPECT_EQ(dry->differences(0).enrollments(0).to().stage_key(), "adoption");
  EXPECT_EQ(world_.StageOf("beta"), "j:setup");
  EXPECT_EQ(world_.Facts().size(), facts);
  EXPECT_EQ(Recompute(true, {"acme"})->customers(), 1);
  EXPECT_EQ(world_.StageOf("beta"), "j:setup");

  const auto repaired = Recompute(true);
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_EQ(repaired->customers_repaired(), 1);
  EXPECT_EQ(world_.StageOf("beta"), "j:adoption");
  EXPECT_EQ(world_
                .GetStage([] {
                  v1::GetCurrentStageRequest request;
                  request.set_customer_id("beta");
                  return request;
                }())
                ->stages()
                .enrollments(0)
                .stage_key(),
            "adoption");
  const std::vector<std::string> after = world_.Facts();
  EXPECT_GT(after.size(), facts);
  // All that was added is historical: it sends nothing.
  EXPECT_EQ(std::count_if(after.begin(), after.end(), [](const std::string& fact) { return fact.back() == '!'; }),
            static_cast<ptrdiff_t>(after.size() - facts));
  EXPECT_EQ(Recompute(true)->customers_differing(), 0);
  EXPECT_EQ(world_.Facts(), after);
}

TEST_P(RecomputeTest, RecomputeRefusesWhatIsMalformed) {
  EXPECT_EQ(Recompute(false, {"acme", "acme"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Recompute(false, {""}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Recompute(false, {"nobody"})->customers(), 0);
}

}  // namespace
}  // namespace waymark::milestone
