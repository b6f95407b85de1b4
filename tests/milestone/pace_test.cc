// Whether customers are on time, and who is not, as clients of the service see it.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Set up within an hour; after two it is behind, after three stuck. Then adoption, for which there is no hurry.
journey::v1::JourneyDefinition Hurried() {
  journey::v1::JourneyDefinition definition = Steps({{"setup", "connect"}, {"adoption", "report", 3}});
  journey::v1::Stage* setup = definition.mutable_stages(0);
  setup->mutable_target()->set_seconds(3600);
  setup->mutable_behind_after()->set_seconds(2 * 3600);
  setup->mutable_stuck_after()->set_seconds(3 * 3600);
  return definition;
}

class PaceTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::StatusOr<v1::ListStuckResponse> ListStuck(const v1::ListStuckRequest& request,
                                                  const std::string& workspace = "default") {
    return Call<v1::ListStuckResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListStuck, request, workspace);
  }
  static v1::ListStuckRequest In(const std::string& journey_id) {
    v1::ListStuckRequest request;
    request.set_journey_id(journey_id);
    return request;
  }
  // `customer:pace` of everybody, page by page.
  std::vector<std::string> Stuck(v1::ListStuckRequest request) {
    std::vector<std::string> found;
    do {
      const auto page = ListStuck(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::StuckEnrollment& stuck : page->enrollments()) {
        found.push_back(absl::StrCat(stuck.customer_id(), ":", v1::Pace_Name(stuck.pace())));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return found;
  }
  v1::Pace PaceOf(const std::string& customer) {
    const auto progress = world_.GetProgress(customer);
    EXPECT_TRUE(progress.ok()) << progress.status();
    return progress.ok() ? progress->enrollments(0).pace() : v1::PACE_UNSPECIFIED;
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

INSTANTIATE_TEST_SUITE_P(Engines, PaceTest, support::BothEngines(), support::EngineName);

TEST_P(PaceTest, ItGetsWorseWithTimeAndEndsWithTheStage) {
  world_.Publish("j", 1, Hurried());
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  EXPECT_EQ(PaceOf("acme"), v1::PACE_ON_TRACK);
  clock_.Advance(absl::Minutes(60));
  EXPECT_EQ(PaceOf("acme"), v1::PACE_LATE);
  clock_.Advance(absl::Minutes(60));
  EXPECT_EQ(PaceOf("acme"), v1::PACE_BEHIND);
  clock_.Advance(absl::Minutes(60));
  EXPECT_EQ(PaceOf("acme"), v1::PACE_STUCK);
  ASSERT_TRUE(world_.Ingest({At(181, "acme", "connect", "e1")}).ok());
  EXPECT_EQ(PaceOf("acme"), v1::PACE_ON_TRACK);
  ASSERT_TRUE(
      world_.Ingest({At(182, "acme", "report", "e2"), At(183, "acme", "report", "e3"), At(184, "acme", "report", "e4")})
          .ok());
  EXPECT_EQ(PaceOf("acme"), v1::PACE_UNSPECIFIED) << "it has come to the end";
}

TEST_P(PaceTest, ThoseBehindAreListedByIdPageByPage) {
  world_.Publish("j", 1, Hurried());
  world_.Publish("other", 1, Hurried());
  std::vector<v1::Event> events;
  for (int i = 0; i < 9; ++i) events.push_back(At(60 * (i % 3), absl::StrCat("customer-", i), "login", "e"));
  events.push_back(At(1, "customer-3", "connect", "c"));
  ASSERT_TRUE(world_.Ingest({events[0], events[3], events[6], events[9]}).ok());
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(world_.Ingest({events[1], events[4], events[7]}).ok());
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(world_.Ingest({events[2], events[5], events[8]}).ok());
  clock_.Advance(absl::Hours(1));
  // Three hours after noon: 0, 3 and 6 began at noon, but 3 has gone on; 1, 4 and 7 an hour later, and so on.
  v1::ListStuckRequest request = In("j");
  EXPECT_THAT(Stuck(request), ElementsAre("customer-0:PACE_STUCK", "customer-1:PACE_BEHIND", "customer-4:PACE_BEHIND",
                                          "customer-6:PACE_STUCK", "customer-7:PACE_BEHIND"));
  request.set_page_size(2);
  EXPECT_EQ(Stuck(request).size(), 5u);
  request.set_min_pace(v1::PACE_STUCK);
  EXPECT_THAT(Stuck(request), ElementsAre("customer-0:PACE_STUCK", "customer-6:PACE_STUCK"));
  request.set_min_pace(v1::PACE_LATE);
  EXPECT_EQ(Stuck(request).size(), 8u);
  request.set_stage_key("adoption");
  EXPECT_THAT(Stuck(request), IsEmpty());
  request.set_stage_key("setup");
  const auto page = ListStuck(request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->enrollments(0).current().stage_key(), "setup");
  EXPECT_EQ(page->enrollments(0).standing().seconds(), 3 * 3600);
  EXPECT_THAT(Stuck(In("nowhere")), IsEmpty());
  EXPECT_EQ(ListStuck(In("j"), "another")->enrollments_size(), 0) << "of another workspace";
}

TEST_P(PaceTest, BadRequestsAreRefusedByField) {
  const auto refused = [&](const v1::ListStuckRequest& request, const char* field) {
    const auto answer = ListStuck(request);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_THAT(answer.status().message(), HasSubstr(field));
  };
  refused(In(""), "journey_id");
  v1::ListStuckRequest request = In("j");
  request.set_stage_key("No key");
  refused(request, "stage_key");
  request = In("j");
  request.set_min_pace(v1::PACE_ON_TRACK);
  refused(request, "min_pace");
  request.set_min_pace(static_cast<v1::Pace>(9));
  refused(request, "min_pace");
  request = In("j");
  request.set_page_size(-1);
  refused(request, "page_size");
  request = In("j");
  request.set_page_token("nonsense");
  refused(request, "page_token");
  // A token of another question.
  world_.Publish("j", 1, Hurried());
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0"), At(0, "beta", "login", "e0")}).ok());
  clock_.Advance(absl::Hours(4));
  request = In("j");
  request.set_page_size(1);
  const std::string token = ListStuck(request)->next_page_token();
  ASSERT_FALSE(token.empty());
  request.set_min_pace(v1::PACE_LATE);
  request.set_page_token(token);
  refused(request, "page_token");
}

}  // namespace
}  // namespace waymark::milestone
