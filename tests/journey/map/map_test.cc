#include "services/journey/map/map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/journey/map/definitions.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> KeysOf(const JourneyMap& map) {
  std::vector<std::string> keys;
  for (const MapStage& stage : map.stages) keys.push_back(stage.key);
  return keys;
}

TEST(MapTest, WhatHasNoTitleIsCalledByItsKey) {
  MapSource source = SourceWith(1);
  source.definition.mutable_stages(0)->set_title(" \n");
  const JourneyMap map = MakeMap(source);
  EXPECT_EQ(map.stages[0].title, "stage0");
  EXPECT_EQ(map.stages[0].milestones[0].title, "milestone0");
}

TEST(MapTest, PartsStandBesideEachOther) {
  MapSource source = SourceWith(4);
  source.definition.mutable_stages(3)->set_parent_key("stage0");
  const JourneyMap map = MakeMap(source);
  EXPECT_THAT(KeysOf(map), ElementsAre("stage0", "stage3", "stage1", "stage2"));
  EXPECT_EQ(map.stages[0].group, "Stage 1");
  EXPECT_EQ(map.stages[1].group, "Stage 1");
  EXPECT_EQ(map.stages[2].group, "");
}

TEST(MapTest, AStageThatOnlyHoldsPartsIsTheirHeadingAndGivesItsGateToTheFirst) {
  MapSource source = SourceWith(3);
  auto& whole = *source.definition.mutable_stages(0);
  whole.clear_milestones();
  whole.clear_experience();
  whole.mutable_entry_criterion()->mutable_attribute()->set_name("plan");
  whole.mutable_entry_criterion()->mutable_attribute()->set_exists(true);
  source.definition.mutable_stages(1)->set_parent_key("stage0");
  source.definition.mutable_stages(2)->set_parent_key("stage0");
  const JourneyMap map = MakeMap(source);
  EXPECT_THAT(KeysOf(map), ElementsAre("stage1", "stage2"));
  EXPECT_EQ(map.stages[0].group, "Stage 1");
  EXPECT_EQ(map.stages[0].entered_when, "plan is known");
  EXPECT_EQ(map.stages[1].entered_when, "");
}

TEST(MapTest, WithoutTransitionsStagesFollowEachOther) {
  const JourneyMap map = MakeMap(SourceWith(2));
  EXPECT_FALSE(map.branches);
  ASSERT_THAT(map.stages[0].ways, SizeIs(1));
  EXPECT_EQ(map.stages[0].ways[0].to, 1u);
  EXPECT_EQ(map.stages[1].ways[0].to, std::nullopt);
}

TEST(MapTest, TransitionsComeByPriorityAndWhatDanglesIsLeftOut) {
  MapSource source = SourceWith(2);
  const auto add = [&](const char* from, const char* to, int priority) {
    auto& transition = *source.definition.add_transitions();
    transition.set_from_stage(from);
    transition.set_to_stage(to);
    transition.set_priority(priority);
  };
  add("stage0", "stage1", 1);
  add("stage0", "", 5);
  add("stage0", "gone", 9);
  add("gone", "stage1", 9);
  const JourneyMap map = MakeMap(source);
  ASSERT_THAT(map.stages[0].ways, SizeIs(2));
  EXPECT_EQ(map.stages[0].ways[0].to, std::nullopt);
  EXPECT_EQ(map.stages[0].ways[1].to, 1u);
  EXPECT_THAT(map.stages[1].ways, IsEmpty());
}

TEST(MapTest, TheAnchorComesFirst) {
  const JourneyMap map = MakeMap(TemplateSources().at(0));
  ASSERT_THAT(map.personas, SizeIs(3));
  EXPECT_TRUE(map.personas[0].anchor);
  EXPECT_EQ(map.personas[0].title, "Champion");
  EXPECT_EQ(map.personas[0].about, "Give the team numbers that it trusts, without asking the data people each time");
}

TEST(MapTest, APersonaThatIsNotKnownIsCalledByItsId) {
  MapSource source = SourceWith(1);
  source.definition.add_personas()->set_persona_id("champion");
  EXPECT_EQ(MakeMap(source).personas[0].title, "champion");
}

TEST(MapTest, SharesAreHeldBetweenNoneAndAll) {
  const auto drawn = [](double conversion) {
    MapSource source = SourceWith(1);
    auto& numbers = *source.overlay.add_stages();
    numbers.set_stage_key("stage0");
    numbers.set_conversion(conversion);
    return MakeMap(source).stages[0].numbers->conversion;
  };
  EXPECT_EQ(drawn(1.7), 1.0);
  EXPECT_EQ(drawn(-0.1), 0.0);
  EXPECT_EQ(drawn(0.4), 0.4);
  EXPECT_EQ(drawn(std::nan("")), std::nullopt);
}

TEST(MapTest, SaysWhatCompletesAStage) {
  const auto completed = [](int required, int optional, int at_least) {
    MapSource source = SourceWith(1);
    auto& stage = *source.definition.mutable_stages(0);
    stage.clear_milestones();
    for (int i = 0; i < required; ++i) stage.add_milestones();
    for (int i = 0; i < optional; ++i) stage.add_milestones()->set_optional(true);
    if (at_least > 0) stage.mutable_exit_rule()->set_at_least(static_cast<uint32_t>(at_least));
    return MakeMap(source).stages[0].completed_when;
  };
  EXPECT_EQ(completed(0, 0, 0), "");
  EXPECT_EQ(completed(1, 0, 0), "its milestone is achieved");
  EXPECT_EQ(completed(3, 0, 0), "all 3 milestones are achieved");
  EXPECT_EQ(completed(2, 1, 0), "all 2 required milestones are achieved");
  EXPECT_EQ(completed(1, 1, 0), "its required milestone is achieved");
  EXPECT_EQ(completed(0, 2, 0), "it is entered: no milestone is required");
  EXPECT_EQ(completed(2, 1, 2), "2 of 3 milestones are achieved");
}

}  // namespace
}  // namespace waymark::journey
