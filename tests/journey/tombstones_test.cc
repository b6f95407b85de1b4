#include "services/journey/tombstones.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::JourneyDefinition EveryKind() {
  v1::JourneyDefinition definition;
  definition.add_stages()->set_key("setup");
  definition.mutable_stages(0)->add_milestones()->set_key("done");
  definition.add_transitions()->set_key("skip");
  definition.add_touchpoints()->set_key("kickoff");
  definition.add_exits()->set_key("churned");
  definition.add_goals()->set_key("trust");
  definition.add_scenarios()->set_key("quick");
  return definition;
}

TEST(TombstonesTest, KeysOfEveryKindLeaveTheirName) {
  EXPECT_THAT(FindRemoved(EveryKind(), {}, 7),
              ElementsAre(Tombstone{KeyKind::kStage, "setup", 7}, Tombstone{KeyKind::kMilestone, "done", 7},
                          Tombstone{KeyKind::kTransition, "skip", 7}, Tombstone{KeyKind::kTouchpoint, "kickoff", 7},
                          Tombstone{KeyKind::kExit, "churned", 7}, Tombstone{KeyKind::kGoal, "trust", 7},
                          Tombstone{KeyKind::kScenario, "quick", 7}));
  EXPECT_THAT(FindRemoved(EveryKind(), EveryKind(), 7), IsEmpty());
  EXPECT_THAT(FindRemoved({}, EveryKind(), 7), IsEmpty());
}

TEST(TombstonesTest, AMilestoneThatMovesToAnotherStageIsNotRemoved) {
  v1::JourneyDefinition after = EveryKind();
  after.mutable_stages(0)->clear_milestones();
  after.add_stages()->set_key("adoption");
  after.mutable_stages(1)->add_milestones()->set_key("done");
  EXPECT_THAT(FindRemoved(EveryKind(), after, 2), IsEmpty());
}

TEST(TombstonesTest, AKeyOfAnotherKindDoesNotStandInForIt) {
  v1::JourneyDefinition after = EveryKind();
  after.mutable_goals(0)->set_key("done");
  after.mutable_stages(0)->mutable_milestones(0)->set_key("trust");
  EXPECT_THAT(FindRemoved(EveryKind(), after, 2),
              ElementsAre(Tombstone{KeyKind::kMilestone, "done", 2}, Tombstone{KeyKind::kGoal, "trust", 2}));
}

}  // namespace
}  // namespace waymark::journey
