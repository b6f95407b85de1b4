// DeleteCustomer as its callers see it, and what is left of a customer in milestone's own database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"
#include "tests/support/process.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeletionTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  DeletionTest() { world_.Publish("onboarding", 1, Onboarding()); }

  absl::StatusOr<v1::DeleteCustomerResponse> Delete(const std::string& customer_id,
                                                    const std::string& workspace = "default") {
    v1::DeleteCustomerRequest request;
    request.set_customer_id(customer_id);
    return Call<v1::DeleteCustomerResponse>(world_.customers(), &v1::CustomerService::Stub::DeleteCustomer, request,
                                            workspace);
  }

  // Events of a customer, some sealed, each with the canary among its properties.
  void Live(const std::string& customer, int events) {
    std::vector<v1::Event> some;
    for (int i = 0; i < events; ++i) {
      some.push_back(At(i % 300, customer, "report", absl::StrCat("e", i)));
      (*some.back().mutable_properties()->mutable_fields())["note"].set_string_value("canary-property");
    }
    some[0].set_type("connect");
    ASSERT_TRUE(world_.Ingest(some).ok());
    v1::IdentifyRequest identify;
    identify.set_customer_id(customer);
    (*identify.mutable_attributes()->mutable_fields())["email"].set_string_value("canary@example.com");
    ASSERT_TRUE(Call<v1::IdentifyResponse>(world_.customers(), &v1::CustomerService::Stub::Identify, identify).ok());
  }

  // Where `canary` stands: the tables, each row's columns as bytes.
  std::vector<std::string> TablesWith(const std::string& canary) {
    std::vector<std::string> found;
    const absl::Status status = db_->Read([&](sql::Transaction& tx) -> absl::Status {
      found.clear();
      for (const char* query :
           {"SELECT customer_id, checkpoint, open_items FROM customer",
            "SELECT customer_id, items FROM history_segment",
            "SELECT customer_id, pending, checkpoint FROM history_checkpoint", "SELECT entries FROM journal_block",
            "SELECT after_customer, changed_customers FROM migration"}) {
        auto rows = tx.Query(query);
        if (!rows.ok()) return rows.status();
        bool there = false;
        for (const sql::Row& row : *rows) {
          const bool text_first = !absl::StrContains(query, "SELECT entries");
          std::string all = text_first ? row.Text(0) : row.Blob(0);
          for (size_t i = 1; i < (text_first ? row.size() : 1); ++i) all += row.Blob(i);
          there = there || absl::StrContains(all, canary);
        }
        if (there) found.push_back(query);
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }

  VirtualClock clock_{Noon() + absl::Hours(10)};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};
INSTANTIATE_TEST_SUITE_P(Engines, DeletionTest, support::BothEngines(), support::EngineName);

TEST_P(DeletionTest, NothingOfTheCustomerIsLeftAndItsNeighboursStay) {
  Live("canary-customer", 700);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "1")}).ok());
  const std::vector<std::string> canaries = {"canary-customer", "canary-property", "canary@example.com"};
  for (const std::string& canary : canaries) EXPECT_FALSE(TablesWith(canary).empty()) << canary;
  const absl::StatusOr<v1::DeleteCustomerResponse> deleted = Delete("canary-customer");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  for (const std::string& canary : canaries) EXPECT_THAT(TablesWith(canary), ElementsAre()) << canary;

  v1::GetCurrentStageRequest stage;
  stage.set_customer_id("canary-customer");
  EXPECT_EQ(world_.GetStage(stage)->stages().enrollments_size(), 0);
  stage.mutable_consistency()->set_at_least_as_fresh(deleted->consistency_token());
  EXPECT_EQ(world_.GetStage(stage)->stages().enrollments_size(), 0);
  EXPECT_EQ(world_.GetProgress("canary-customer").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_THAT(world_.Completed("onboarding"), ElementsAre(1, 0, 0));
}

TEST_P(DeletionTest, WhatComesLateIsRefusedAndStoredNowhere) {
  Live("canary-customer", 3);
  ASSERT_TRUE(Delete("canary-customer").ok());
  const auto late = world_.Ingest({At(1, "canary-customer", "report", "e0"), At(1, "acme", "connect", "1"),
                                   At(9, "canary-customer", "report", "late")});
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->results(1).outcome(), v1::EVENT_OUTCOME_ACCEPTED);
  for (const int i : {0, 2}) {
    EXPECT_EQ(late->results(i).outcome(), v1::EVENT_OUTCOME_INVALID);
    EXPECT_EQ(late->results(i).field(), "customer_id");
    EXPECT_THAT(late->results(i).message(), HasSubstr("was deleted"));
  }
  v1::EnrollRequest enroll;
  enroll.set_customer_id("canary-customer");
  enroll.set_journey_id("onboarding");
  const absl::Status refused =
      Call<v1::EnrollResponse>(world_.milestones(), &v1::MilestoneService::Stub::Enroll, enroll).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(refused).size(), 1u);
  EXPECT_EQ(ViolationsOf(refused)[0].field, "customer_id");
  EXPECT_THAT(TablesWith("canary-customer"), ElementsAre());
}

TEST_P(DeletionTest, IsSafeToRepeatAndKnowsWhoNeverWas) {
  Live("acme", 3);
  ASSERT_TRUE(Delete("acme").ok());
  EXPECT_TRUE(Delete("acme").ok());
  EXPECT_EQ(Delete("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Delete("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(DeletionTest, IsOfOneWorkspaceAlone) {
  world_.Publish("onboarding", 1, Onboarding(), "other");
  Live("acme", 3);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "connect", "1")}, false, "other").ok());
  EXPECT_EQ(Delete("acme", "third").status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Delete("acme").ok());
  EXPECT_EQ(world_.StageOf("acme", "other"), "onboarding:adoption");
  EXPECT_THAT(world_.Outcomes({At(1, "acme", "report", "2")}, "other"), ElementsAre("ACCEPTED"));
}

// Another replica, which has the customer in its memory, refuses it too.
TEST_P(DeletionTest, AnotherReplicaDoesNotBringTheCustomerBack) {
  World other(*db_, clock_);
  ASSERT_TRUE(other.Ingest({At(0, "acme", "connect", "1")}).ok());
  ASSERT_TRUE(Delete("acme").ok());
  EXPECT_THAT(other.Outcomes({At(1, "acme", "report", "2"), At(0, "acme", "connect", "1")}),
              ElementsAre("INVALID", "INVALID"));
  EXPECT_THAT(TablesWith("acme"), ElementsAre());
}

// The journal tells that somebody was deleted, skips nobody's position, and a watch from before goes on.
TEST_P(DeletionTest, TheJournalKeepsItsPositionsAndAWatchFromBeforeGoesOn) {
  v1::WatchStagesRequest request;
  request.set_catch_up_only(true);
  const auto catch_up = [&] {
    grpc::ClientContext context;
    rpc::AddCredential(context, "", "default");
    const auto stream = world_.milestones().WatchStages(&context, request);
    std::vector<std::string> told;
    for (v1::WatchStagesResponse response; stream->Read(&response);) {
      for (const v1::StageChange& change : response.changes()) told.push_back(change.customer_id());
      request.set_cursor(response.cursor());
    }
    EXPECT_TRUE(stream->Finish().ok());
    return told;
  };
  catch_up();
  Live("gone", 3);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "other", "1")}).ok());
  ASSERT_TRUE(Delete("gone").ok());
  EXPECT_THAT(catch_up(), ElementsAre("acme"));
  int erased = 0, told = 0;
  const absl::Status status = db_->Read([&](sql::Transaction& tx) -> absl::Status {
    const auto stretch = world_.parts().journal().Read(tx, journal::LaneOf("default", "gone"), 0, 1000, std::nullopt);
    if (!stretch.ok()) return stretch.status();
    for (const journal::Entry& entry : stretch->entries) {
      erased += entry.type == journal::kErasedType && entry.key.empty() && entry.payload.empty();
      told += entry.type == v1::CustomerDeleted::descriptor()->full_name();
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GT(erased, 4);
  EXPECT_EQ(told, 1);
}

// Offboarding leaves nothing in the files either, once they are vacuumed: not in free pages, not in the log.
TEST(DeletionFileTest, NothingOfTheCustomerIsLeftInTheFileOnceItIsVacuumed) {
  const std::string url = support::FreshUrl(sql::Engine::kSqlite);
  const std::string path(absl::StripPrefix(url, "sqlite:"));
  const std::vector<std::string> canaries = {"canary-customer", "canary-property", "canary@example.com"};
  const auto left = [&] {
    const auto found = support::RunToEnd(
        {.argv = {"/usr/bin/python3", "-c",
                  "import os, sqlite3, sys\n"
                  "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                  "db.execute('VACUUM'); db.execute('PRAGMA wal_checkpoint(TRUNCATE)'); db.close()\n"
                  "files = [sys.argv[1] + end for end in ('', '-wal', '-shm') if os.path.exists(sys.argv[1] + end)]\n"
                  "for canary in sys.argv[2:]:\n"
                  "    if any(canary.encode() in open(file, 'rb').read() for file in files): print(canary)\n",
                  path, canaries[0], canaries[1], canaries[2]}});
    EXPECT_TRUE(found.ok() && found->exit_code == 0) << found->err;
    return std::vector<std::string>(absl::StrSplit(found->out, '\n', absl::SkipEmpty()));
  };
  VirtualClock clock(Noon() + absl::Hours(10));
  const auto with_world = [&](absl::FunctionRef<void(World&)> act) {
    const auto db = support::OpenAt(url);
    World world(*db, clock);
    act(world);
  };
  with_world([&](World& world) {
    world.Publish("onboarding", 1, Onboarding());
    std::vector<v1::Event> events;
    for (int i = 0; i < 300; ++i) {
      events.push_back(At(i, "canary-customer", "report", absl::StrCat("e", i)));
      (*events.back().mutable_properties()->mutable_fields())["note"].set_string_value("canary-property");
      events.push_back(At(i, "neighbour", "report", absl::StrCat("e", i)));
    }
    ASSERT_TRUE(world.Ingest(events).ok());
    v1::IdentifyRequest identify;
    identify.set_customer_id("canary-customer");
    (*identify.mutable_attributes()->mutable_fields())["email"].set_string_value("canary@example.com");
    ASSERT_TRUE(Call<v1::IdentifyResponse>(world.customers(), &v1::CustomerService::Stub::Identify, identify).ok());
  });
  EXPECT_EQ(left(), canaries) << "they are found where they are";
  with_world([&](World& world) {
    v1::DeleteCustomerRequest request;
    request.set_customer_id("canary-customer");
    ASSERT_TRUE(
        Call<v1::DeleteCustomerResponse>(world.customers(), &v1::CustomerService::Stub::DeleteCustomer, request).ok());
  });
  EXPECT_THAT(left(), ElementsAre());
}

}  // namespace
}  // namespace waymark::milestone
