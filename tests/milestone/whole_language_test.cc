// Journeys beyond plain counts, as clients of the service see them.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

// One stage, then another that nothing completes.
journey::v1::JourneyDefinition Journey(const std::string& milestone, const std::string& more = "") {
  journey::v1::JourneyDefinition definition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      absl::StrCat("entry { triggers { any_event {} } } stages { key: 'first' milestones { key: 'it' ", milestone,
                   " } } stages { key: 'second' milestones { key: 'never' scope: SCOPE_FROM_STAGE criterion { "
                   "event_count { event_types: 'never' } } } } ",
                   more),
      &definition));
  return definition;
}

class WholeLanguageTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void Pass(absl::Duration duration) {
    clock_.Advance(duration);
    world_.Settle();
  }

  v1::Event With(v1::Event event, const std::string& user, const std::string& plan) {
    event.set_user_id(user);
    (*event.mutable_properties()->mutable_fields())["plan"].set_string_value(plan);
    return event;
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

TEST_P(WholeLanguageTest, ConditionsAndDifferentUsersCount) {
  world_.Publish("j", 1,
                 Journey("scope: SCOPE_FROM_STAGE criterion { event_count { event_types: 'login' at_least: 2 "
                         "distinct: DISTINCT_USERS where { name: 'plan' equals { string_value: 'pro' } } } }"));
  ASSERT_TRUE(
      world_
          .Ingest({With(At(0, "acme", "login", "e0"), "ann", "pro"), With(At(1, "acme", "login", "e1"), "ann", "pro"),
                   With(At(2, "acme", "login", "e2"), "ben", "free")})
          .ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  const v1::MilestoneProgress missing = world_.GetProgress("acme")->enrollments(0).stages(0).milestones(0);
  EXPECT_EQ(missing.counted(), 1u);
  EXPECT_EQ(missing.missing(), "1 of 2 users with login where plan is \"pro\"");
  ASSERT_TRUE(world_.Ingest({With(At(3, "acme", "login", "e3"), "ben", "pro")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  EXPECT_THAT(world_.GetProgress("acme")->enrollments(0).stages(0).milestones(0).witness_event_ids(),
              ElementsAre("e0", "e1", "e3"));
}

TEST_P(WholeLanguageTest, WhatWasAchievedLongBeforeTheEnrollmentIsToldWithItsWitness) {
  journey::v1::JourneyDefinition definition =
      Journey("scope: SCOPE_ALL_HISTORY criterion { event_count { event_types: 'view' } }");
  definition.mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("buy");
  world_.Publish("j", 1, definition);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "view", "v")}).ok());
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "buy", "b")}).ok());
  std::vector<std::string> witnesses;
  grpc::ClientContext context;
  v1::ListTimelineRequest request;
  request.set_customer_id("acme");
  v1::ListTimelineResponse timeline;
  ASSERT_TRUE(world_.milestones().ListTimeline(&context, request, &timeline).ok());
  for (const v1::TimelineItem& item : timeline.items()) {
    if (item.has_conclusion()) witnesses.push_back(item.conclusion().witness_event_id());
  }
  // Enrolled, in the first stage, its milestone achieved before, in the second.
  EXPECT_THAT(witnesses, ElementsAre("b", "b", "v", "b"));
}

TEST_P(WholeLanguageTest, SilenceComesTrueWithoutAnEventAndIsNews) {
  world_.Publish("j", 1, Journey("scope: SCOPE_FROM_ENTRY criterion { absence { lasting { seconds: 3600 } } }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  Pass(absl::Minutes(59));
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  Pass(absl::Minutes(1));
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  EXPECT_THAT(world_.Facts(), Contains("MilestoneAchieved:acme"));
  // Once is enough.
  const size_t facts = world_.Facts().size();
  Pass(absl::Hours(10));
  EXPECT_EQ(world_.Facts().size(), facts);
}

TEST_P(WholeLanguageTest, AnEventFromBeforeATimerTakesBackWhatTimeHadMadeTrue) {
  world_.Publish("j", 1, Journey("scope: SCOPE_FROM_ENTRY criterion { absence { lasting { seconds: 3600 } } }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  Pass(absl::Minutes(61));
  ASSERT_EQ(world_.StageOf("acme"), "j:second");
  // It happened half an hour later and is told only now.
  ASSERT_TRUE(world_.Ingest({At(30, "acme", "login", "late")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  Pass(absl::Minutes(29));
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
}

TEST_P(WholeLanguageTest, AHabitIsRevokedWhenItsWindowEnds) {
  world_.Publish("j", 1,
                 Journey("scope: SCOPE_FROM_ENTRY latching: LATCHING_REVOCABLE criterion { event_count { "
                         "event_types: 'use' within { seconds: 3600 } } }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "use", "e0")}).ok());
  Pass(absl::Hours(2));
  EXPECT_THAT(world_.Facts(), Contains("MilestoneRevoked:acme"));
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
}

TEST_P(WholeLanguageTest, ExitsEndTheEnrollmentAndTheNextOneIsBesideIt) {
  world_.Publish(
      "j", 1,
      Journey("scope: SCOPE_FROM_STAGE criterion { event_count { event_types: 'go' } }",
              "exits { key: 'left' outcome: OUTCOME_CHURNED criterion { event_count { event_types: 'cancel' } } }"));
  ASSERT_TRUE(
      world_.Ingest({At(0, "acme", "login", "e0"), At(1, "acme", "cancel", "e1"), At(2, "acme", "go", "e2")}).ok());
  const v1::CurrentStage stage = world_.GetProgress("acme")->enrollments(0).current();
  EXPECT_EQ(stage.state(), v1::ENROLLMENT_STATE_EXITED);
  EXPECT_EQ(stage.exit_key(), "left");
  EXPECT_EQ(stage.stage_key(), "first");
  v1::ListTimelineRequest request;
  request.set_customer_id("acme");
  grpc::ClientContext context;
  v1::ListTimelineResponse timeline;
  ASSERT_TRUE(world_.milestones().ListTimeline(&context, request, &timeline).ok());
  bool told = false;
  for (const v1::TimelineItem& item : timeline.items()) {
    told = told || item.conclusion().kind() == v1::CONCLUSION_KIND_EXITED;
  }
  EXPECT_TRUE(told);
}

TEST_P(WholeLanguageTest, SegmentsComeWithTheVersion) {
  journey::v1::PinnedSegment active;
  active.set_segment_id("active");
  active.mutable_criterion()->mutable_event_count()->add_event_types("use");
  world_.Publish("j", 1, Journey("scope: SCOPE_FROM_STAGE criterion { segment { segment_id: 'active' } }"), "default",
                 {active});
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "use", "e1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
}

TEST_P(WholeLanguageTest, StatesSurviveARestart) {
  world_.Publish("j", 1,
                 Journey("scope: SCOPE_FROM_STAGE criterion { sequence { steps { event_types: 'a' } "
                         "steps { event_types: 'b' } } }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "a", "e0")}).ok());
  World another(*db_, clock_);
  ASSERT_TRUE(another.Ingest({At(1, "acme", "b", "e1")}).ok());
  EXPECT_EQ(another.StageOf("acme"), "j:second");
}

INSTANTIATE_TEST_SUITE_P(Engines, WholeLanguageTest, support::BothEngines(), support::EngineName);

}  // namespace
}  // namespace waymark::milestone
