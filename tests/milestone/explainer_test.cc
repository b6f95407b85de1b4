// Why a customer stands where it does, and what would bring it elsewhere: asked as clients ask.
#include "services/milestone/explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ExplainerTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  ExplainerTest() {
    world_.Publish("j", 1, Onboarding());
    clock_.Advance(absl::Hours(1));
  }

  absl::StatusOr<v1::ExplainResponse> Explain(const std::string& customer, const std::string& journey = "j") {
    v1::ExplainRequest request;
    request.set_customer_id(customer);
    request.set_journey_id(journey);
    return Call<v1::ExplainResponse>(world_.milestones(), &v1::MilestoneService::Stub::Explain, request);
  }
  absl::StatusOr<v1::WhyNotResponse> WhyNot(const std::string& customer, const std::string& stage,
                                            const std::string& journey = "j") {
    v1::WhyNotRequest request;
    request.set_customer_id(customer);
    request.set_journey_id(journey);
    request.set_stage_key(stage);
    return Call<v1::WhyNotResponse>(world_.milestones(), &v1::MilestoneService::Stub::WhyNot, request);
  }
  static std::vector<std::string> Ids(const v1::Reason& reason) {
    std::vector<std::string> ids;
    for (const v1::Witness& witness : reason.witnesses()) ids.push_back(witness.item_id());
    return ids;
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

TEST_P(ExplainerTest, EachConclusionIsTracedToTheItemsThatMakeIt) {
  // The last event that comes is the first that happened.
  ASSERT_TRUE(world_
                  .Ingest({At(3, "acme", "connect", "e3"), At(4, "acme", "login", "e4"), At(5, "acme", "report", "e5"),
                           At(6, "acme", "report", "e6")})
                  .ok());
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "login", "e1")}).ok());
  const auto answer = Explain("acme");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->current().stage_key(), "adoption");
  ASSERT_THAT(answer->reasons(), SizeIs(3));
  EXPECT_EQ(answer->reasons(0).kind(), v1::REASON_KIND_ENROLLED);
  EXPECT_THAT(Ids(answer->reasons(0)), ElementsAre("e1"));
  EXPECT_EQ(answer->reasons(0).witnesses(0).what(), "login");
  EXPECT_EQ(answer->reasons(1).kind(), v1::REASON_KIND_STAGE_ENTERED);
  EXPECT_EQ(answer->reasons(1).stage_key(), "adoption");
  EXPECT_THAT(Ids(answer->reasons(1)), ElementsAre("e1", "e3"));
  EXPECT_TRUE(answer->reasons(1).smallest());
  EXPECT_EQ(answer->reasons(2).milestone_key(), "setup_done");
  EXPECT_FALSE(answer->consistency_token().empty());
}

TEST_P(ExplainerTest, WhoDecidedAndWhyIsTold) {
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "login", "e1")}).ok());
  v1::OverrideStageRequest put;
  put.set_customer_id("acme");
  put.set_journey_id("j");
  put.set_stage_key("renewal");
  put.set_author("ann");
  put.set_reason("trained on site");
  ASSERT_TRUE(
      Call<v1::OverrideStageResponse>(world_.milestones(), &v1::MilestoneService::Stub::OverrideStage, put).ok());
  const auto answer = Explain("acme");
  ASSERT_TRUE(answer.ok()) << answer.status();
  const v1::Reason& last = answer->reasons(answer->reasons_size() - 1);
  EXPECT_TRUE(last.by_call());
  EXPECT_EQ(last.author(), "ann");
  EXPECT_EQ(last.reason(), "trained on site");
  EXPECT_EQ(answer->reasons(0).author(), "");
}

// And one of what is named would refute it.
TEST_P(ExplainerTest, WhatDidNotComeIsTold) {
  journey::v1::JourneyDefinition definition = Steps({{"calm", "never"}, {"steady", "never"}});
  journey::v1::Milestone& milestone = *definition.mutable_stages(0)->mutable_milestones(0);
  journey::v1::Absence& absence = *milestone.mutable_criterion()->mutable_all_of()->add_criteria()->mutable_absence();
  absence.add_event_types("incident");
  absence.mutable_lasting()->set_seconds(600);
  journey::v1::Criterion& none = *milestone.mutable_criterion()->mutable_all_of()->add_criteria();
  journey::v1::EventCount& count = *none.mutable_none_of()->add_criteria()->mutable_event_count();
  count.add_event_types("complaint");
  count.set_at_least(1);
  world_.Publish("quiet", 1, definition);
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "login", "e1")}).ok());
  world_.Settle();
  const auto answer = Explain("acme", "quiet");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->current().stage_key(), "steady");
  const auto achieved = std::find_if(answer->reasons().begin(), answer->reasons().end(),
                                     [](const v1::Reason& reason) { return reason.milestone_key() == "calm_done"; });
  ASSERT_NE(achieved, answer->reasons().end());
  EXPECT_THAT(achieved->absent_event_types(), ElementsAre("complaint", "incident"));
  EXPECT_FALSE(achieved->absent_any_event());
  for (const std::string type : {"incident", "complaint"}) {
    const std::string customer = "refuted-by-" + type;
    ASSERT_TRUE(world_.Ingest({At(1, customer, "login", "e1"), At(2, customer, type, "e2")}).ok());
    clock_.Set(Noon() + absl::Minutes(11));
  }
  world_.Settle();
  EXPECT_EQ(world_.StageOf("refuted-by-complaint"), "j:setup quiet:calm");
}

TEST_P(ExplainerTest, WhatIsNamedAsMissingLeadsThereWhenItHappens) {
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "connect", "e1"), At(2, "acme", "report", "e2")}).ok());
  const auto answer = WhyNot("acme", "renewal");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->verdict(), v1::WHY_NOT_VERDICT_POSSIBLE);
  EXPECT_THAT(answer->why(), HasSubstr("1 of 3 report"));
  ASSERT_THAT(answer->steps(), SizeIs(2));
  std::vector<v1::Event> events;
  for (const journey::v1::ScenarioStep& step : answer->steps()) {
    events.push_back(At(61, "acme", step.event(), absl::StrCat("s", events.size())));
    events.back().mutable_event_time()->set_seconds(events.back().event_time().seconds() + step.at().seconds());
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
  EXPECT_EQ(WhyNot("acme", "renewal")->verdict(), v1::WHY_NOT_VERDICT_STANDS_THERE);
  const auto back = WhyNot("acme", "setup");
  EXPECT_EQ(back->verdict(), v1::WHY_NOT_VERDICT_IMPOSSIBLE);
  EXPECT_THAT(back->why(), HasSubstr("no way leads from renewal to setup"));
}

TEST_P(ExplainerTest, WhatDoesNotExistIsNamed) {
  EXPECT_EQ(Explain("acme").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WhyNot("acme", "setup").status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "connect", "e1")}).ok());
  EXPECT_THAT(std::string(Explain("acme", "other").status().message()), HasSubstr("other"));
  EXPECT_THAT(std::string(WhyNot("acme", "setup", "other").status().message()), HasSubstr("other"));
  EXPECT_THAT(std::string(WhyNot("acme", "nowhere").status().message()), HasSubstr("nowhere"));
  EXPECT_EQ(WhyNot("acme", "NO").status().code(), absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Engines, ExplainerTest, support::BothEngines(), support::EngineName);

}  // namespace
}  // namespace waymark::milestone
