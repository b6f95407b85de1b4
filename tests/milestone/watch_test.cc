// WatchStages as its callers see it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// `acme ENTERED setup`, with the stage left behind `<`, and `RETRACTED ENTERED setup` for what is retracted.
std::string Line(const v1::StageChange& change) {
  const auto name = [](v1::StageChangeKind kind) {
    return v1::StageChangeKind_Name(kind).substr(std::string("STAGE_CHANGE_KIND_").size());
  };
  std::string line = absl::StrCat(change.customer_id(), " ", name(change.kind()));
  if (change.retracted() != v1::STAGE_CHANGE_KIND_UNSPECIFIED) absl::StrAppend(&line, " ", name(change.retracted()));
  if (!change.stage_key().empty()) absl::StrAppend(&line, " ", change.stage_key());
  if (!change.previous_stage_key().empty()) absl::StrAppend(&line, " < ", change.previous_stage_key());
  return line;
}

// What a watch told, and how it ended.
struct Told {
  std::vector<std::string> lines;
  std::string cursor;
  absl::Status status;
};

class WatchTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  WatchTest() { world_.Publish("onboarding", 1, Onboarding()); }

  // What a watch that only catches up tells.
  Told CatchUp(v1::WatchStagesRequest request, const std::string& workspace = "default") {
    request.set_catch_up_only(true);
    grpc::ClientContext context;
    rpc::AddCredential(context, "", workspace);
    Told told;
    const auto stream = world_.milestones().WatchStages(&context, request);
    for (v1::WatchStagesResponse response; stream->Read(&response);) {
      for (const v1::StageChange& change : response.changes()) told.lines.push_back(Line(change));
      told.cursor = response.cursor();
    }
    told.status = rpc::FromGrpc(stream->Finish());
    return told;
  }
  Told CatchUpFrom(const std::string& cursor, const std::string& workspace = "default") {
    v1::WatchStagesRequest request;
    request.set_cursor(cursor);
    return CatchUp(request, workspace);
  }

  VirtualClock clock_{Noon() + absl::Hours(10)};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_, nullptr, rpc::Authorizer::Off(), "127.0.0.1:0"};
};
INSTANTIATE_TEST_SUITE_P(Engines, WatchTest, support::BothEngines(), support::EngineName);

TEST_P(WatchTest, BeginsNowAndGoesOnFromEachCursorWithNothingLeftOutOrToldTwice) {
  ASSERT_TRUE(world_.Ingest({At(0, "early", "connect", "1")}).ok());
  Told told = CatchUpFrom("");
  EXPECT_TRUE(told.status.ok()) << told.status;
  EXPECT_THAT(told.lines, IsEmpty());
  const std::string beginning = told.cursor;

  ASSERT_TRUE(world_.Ingest({At(1, "acme", "connect", "1")}).ok());
  told = CatchUpFrom(beginning);
  EXPECT_THAT(told.lines, ElementsAre("acme ENTERED setup", "acme ENTERED adoption < setup"));
  ASSERT_TRUE(world_
                  .Ingest({At(2, "acme", "report", "2"), At(3, "acme", "report", "3"), At(4, "acme", "report", "4"),
                           At(5, "acme", "renew", "5")})
                  .ok());
  const Told later = CatchUpFrom(told.cursor);
  EXPECT_THAT(later.lines, ElementsAre("acme ENTERED renewal < adoption", "acme COMPLETED"));
  EXPECT_THAT(CatchUpFrom(later.cursor).lines, IsEmpty());
  EXPECT_THAT(CatchUpFrom(beginning).lines, ElementsAre("acme ENTERED setup", "acme ENTERED adoption < setup",
                                                        "acme ENTERED renewal < adoption", "acme COMPLETED"));
}

// Every cursor that a long catch-up brings is a place to go on from.
TEST_P(WatchTest, EveryCursorOnTheWayGoesOnRightAfterIt) {
  const std::string beginning = CatchUpFrom("").cursor;
  std::vector<std::string> expected;
  for (int part = 0; part < 4; ++part) {
    std::vector<v1::Event> events;
    for (int i = 0; i < 900; ++i) {
      const std::string customer = absl::StrCat("c", part, "-", i);
      events.push_back(At(0, customer, "other", "1"));
      expected.push_back(customer + " ENTERED setup");
    }
    ASSERT_TRUE(world_.Ingest(events).ok());
  }
  v1::WatchStagesRequest request;
  std::vector<std::string> lines;
  std::string cursor = beginning;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    grpc::ClientContext context;
    rpc::AddCredential(context, "", "default");
    request.set_cursor(cursor);
    request.set_catch_up_only(true);
    const auto stream = world_.milestones().WatchStages(&context, request);
    v1::WatchStagesResponse response;
    more = false;
    while (!more && stream->Read(&response)) {
      for (const v1::StageChange& change : response.changes()) lines.push_back(Line(change));
      cursor = response.cursor();
      more = !response.changes().empty();  // Each call takes one message alone.
    }
    context.TryCancel();
    stream->Finish();
  }
  EXPECT_GT(calls, 3);
  EXPECT_EQ(lines.size(), expected.size());
  std::sort(lines.begin(), lines.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_TRUE(lines == expected);
}

TEST_P(WatchTest, TellsCorrectionsAsSuch) {
  ASSERT_TRUE(world_.Ingest({At(10, "acme", "connect", "1")}).ok());
  const std::string cursor = CatchUpFrom("").cursor;
  ASSERT_TRUE(world_.Ingest({At(5, "acme", "other", "0")}).ok());
  EXPECT_THAT(CatchUpFrom(cursor).lines, ElementsAre("acme REVISED setup"));
}

TEST_P(WatchTest, FiltersByJourneyStageAndCustomer) {
  world_.Publish("second", 1, Steps({{"one", "connect"}, {"two", "report"}}));
  v1::WatchStagesRequest by_journey, by_stage, by_customer;
  by_journey.set_journey_id("second");
  by_stage.set_journey_id("onboarding");
  by_stage.add_stage_keys("setup");
  by_customer.add_customer_ids("globex");
  for (v1::WatchStagesRequest* request : {&by_journey, &by_stage, &by_customer}) {
    request->set_cursor(CatchUp(*request).cursor);
  }
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "connect", "1"), At(2, "globex", "other", "1")}).ok());
  EXPECT_THAT(CatchUp(by_journey).lines,
              UnorderedElementsAre("acme ENTERED one", "acme ENTERED two < one", "globex ENTERED one"));
  EXPECT_THAT(CatchUp(by_stage).lines,
              UnorderedElementsAre("acme ENTERED setup", "acme ENTERED adoption < setup", "globex ENTERED setup"));
  EXPECT_THAT(CatchUp(by_customer).lines, UnorderedElementsAre("globex ENTERED setup", "globex ENTERED one"));
}

TEST_P(WatchTest, TellsEachWorkspaceItsOwn) {
  world_.Publish("onboarding", 1, Onboarding(), "other");
  const std::string ours = CatchUpFrom("").cursor, theirs = CatchUpFrom("", "other").cursor;
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "other", "1")}).ok());
  ASSERT_TRUE(world_.Ingest({At(1, "globex", "other", "1")}, false, "other").ok());
  EXPECT_THAT(CatchUpFrom(ours).lines, ElementsAre("acme ENTERED setup"));
  EXPECT_THAT(CatchUpFrom(theirs, "other").lines, ElementsAre("globex ENTERED setup"));
  EXPECT_EQ(CatchUpFrom(theirs).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(WatchTest, RefusesWhatIsMalformedAndCursorsOfOtherFilters) {
  const auto refused = [&](const v1::WatchStagesRequest& request) {
    const absl::Status status = CatchUp(request).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::vector<FieldViolation> violations = ViolationsOf(status);
    return violations.empty() ? "" : violations[0].field;
  };
  v1::WatchStagesRequest request;
  request.set_journey_id("Not a name");
  EXPECT_EQ(refused(request), "journey_id");
  request.Clear();
  request.add_stage_keys("setup");
  EXPECT_EQ(refused(request), "stage_keys");
  request.set_journey_id("onboarding");
  request.set_stage_keys(0, "not\na key");
  EXPECT_EQ(refused(request), "stage_keys[0]");
  for (int i = 0; i < 100; ++i) request.add_stage_keys("setup");
  EXPECT_EQ(refused(request), "stage_keys");
  request.Clear();
  request.add_customer_ids("");
  EXPECT_EQ(refused(request), "customer_ids[0]");
  for (int i = 0; i < 1000; ++i) request.add_customer_ids("acme");
  EXPECT_EQ(refused(request), "customer_ids");
  request.Clear();
  request.set_cursor(CatchUpFrom("").cursor + "A");
  EXPECT_EQ(refused(request), "cursor");
  request.set_cursor(CatchUpFrom("").cursor);
  request.set_journey_id("onboarding");
  EXPECT_EQ(refused(request), "cursor");
}

TEST_P(WatchTest, ACursorOfAnotherDatabaseIsDataLoss) {
  const std::unique_ptr<sql::Database> restored = support::OpenFresh(GetParam());
  World other(*restored, clock_);
  grpc::ClientContext context;
  rpc::AddCredential(context, "", "default");
  v1::WatchStagesRequest request;
  request.set_cursor(CatchUpFrom("").cursor);
  const auto stream = other.milestones().WatchStages(&context, request);
  v1::WatchStagesResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_P(WatchTest, TellsNewsAsItIsCommittedUntilTheServerStops) {
  grpc::ClientContext context;
  rpc::AddCredential(context, "", "default");
  const auto stream = world_.milestones().WatchStages(&context, {});
  v1::WatchStagesResponse response;
  ASSERT_TRUE(stream->Read(&response));  // From here on everything is told.
  EXPECT_THAT(response.changes(), IsEmpty());
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "other", "1")}).ok());
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(Line(response.changes(0)), "acme ENTERED setup");
  EXPECT_EQ(response.changes(0).journey_id(), "onboarding");
  EXPECT_EQ(response.changes(0).version(), 1u);
  EXPECT_EQ(response.changes(0).witness_event_id(), "1");
  world_.parts().Cancel();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_P(WatchTest, AWorkspaceMayNotTakeAllPlaces) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchStagesResponse>>> streams;
  const auto open = [&](const std::string& workspace) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    rpc::AddCredential(*contexts.back(), "", workspace);
    streams.push_back(world_.milestones().WatchStages(contexts.back().get(), {}));
    v1::WatchStagesResponse response;
    return streams.back()->Read(&response);
  };
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(open("default")) << i;
  EXPECT_FALSE(open("default"));
  const absl::Status refused = rpc::FromGrpc(streams.back()->Finish());
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  EXPECT_TRUE(open("other"));
  for (const auto& context : contexts) context->TryCancel();
  for (size_t i = 0; i < streams.size(); ++i) {
    if (i != 16) streams[i]->Finish();
  }
}

}  // namespace
}  // namespace waymark::milestone
