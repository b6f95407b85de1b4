#include "services/rules/validation.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Milestone Reached(std::string key, std::string event_type) {
  return {.key = key, .title = key, .scope = Scope::kFromStage, .criterion = EventCount{{std::move(event_type)}, 1}};
}

Stage StageOf(std::string key, std::vector<Milestone> milestones) {
  return {.key = key, .title = key, .goal = "", .milestones = std::move(milestones)};
}

Definition Onboarding() {
  return {.entry = FirstEvent{{"signed_up"}},
          .stages = {StageOf("setup",
                             {Reached("data-connected", "source_connected"), Reached("team_invited", "user_invited")}),
                     StageOf("adoption", {Reached("first-report", "report_run")})}};
}

auto Finds(std::string code, std::string path, Layer layer = Layer::kForm) {
  return AllOf(Field("code", &Finding::code, code), Field("path", &Finding::path, path),
               Field("message", &Finding::message, Not(IsEmpty())), Field("hint", &Finding::hint, Not(IsEmpty())),
               Field("layer", &Finding::layer, layer));
}

EventCount& CountOf(Milestone& milestone) { return std::get<EventCount>(milestone.criterion); }

TEST(ValidationTest, ASoundDefinitionHasNoFindings) { EXPECT_THAT(Validate(Onboarding()), IsEmpty()); }

TEST(ValidationTest, AStageMayBeWithoutMilestones) {
  Definition definition = Onboarding();
  definition.stages.push_back(StageOf("renewal", {}));
  EXPECT_THAT(Validate(definition), IsEmpty());
}

TEST(ValidationTest, AJourneyWithoutStagesHasNoMeaning) {
  Definition definition = Onboarding();
  definition.stages.clear();
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("NOTHING_TO_PASS", "stages", Layer::kMeaning)));
}

TEST(ValidationTest, AJourneyWithoutMilestonesHasNoMeaning) {
  Definition definition = Onboarding();
  for (Stage& stage : definition.stages) stage.milestones.clear();
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("NOTHING_TO_PASS", "stages", Layer::kMeaning)));
}

TEST(ValidationTest, StagesAreAtMost50) {
  Definition definition = Onboarding();
  while (definition.stages.size() < 50)
    definition.stages.push_back(StageOf(absl::StrCat("s", definition.stages.size()), {}));
  EXPECT_THAT(Validate(definition), IsEmpty());
  definition.stages.push_back(StageOf("one-more", {}));
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("STAGES_TOO_MANY", "stages")));
}

TEST(ValidationTest, MilestonesAreAtMost200InTheWholeJourney) {
  Definition definition = Onboarding();
  for (int i = 3; i < 200; ++i) definition.stages[i % 2].milestones.push_back(Reached(absl::StrCat("m", i), "login"));
  EXPECT_THAT(Validate(definition), IsEmpty());
  definition.stages[0].milestones.push_back(Reached("one-more", "login"));
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("MILESTONES_TOO_MANY", "stages")));
}

TEST(ValidationTest, KeysAreWellFormed) {
  for (const std::string& key :
       std::vector<std::string>{"", "Setup", "1st", "-a", "set up", "größe", std::string(64, 'a')}) {
    Definition definition = Onboarding();
    definition.stages[1].key = key;
    definition.stages[0].milestones[1].key = key;
    EXPECT_THAT(Validate(definition), ElementsAre(Finds("KEY_MALFORMED", "stages[0].milestones[1].key"),
                                                  Finds("KEY_MALFORMED", "stages[1].key")))
        << key;
  }
  for (const std::string& key : std::vector<std::string>{"a", "a-b_9", std::string(63, 'a')}) {
    Definition definition = Onboarding();
    definition.stages[1].key = key;
    EXPECT_THAT(Validate(definition), IsEmpty()) << key;
  }
}

TEST(ValidationTest, KeysAreUniqueAmongStagesAndAmongMilestonesOfTheWholeJourney) {
  Definition definition = Onboarding();
  definition.stages[1].key = "setup";
  definition.stages[1].milestones[0].key = "team_invited";
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("KEY_REPEATED", "stages[1].key"),
                                                Finds("KEY_REPEATED", "stages[1].milestones[0].key")));
}

TEST(ValidationTest, AStageAndAMilestoneMayShareAKey) {
  Definition definition = Onboarding();
  definition.stages[0].milestones[0].key = "adoption";
  EXPECT_THAT(Validate(definition), IsEmpty());
}

TEST(ValidationTest, TitlesAndGoalsAreCountedInCharacters) {
  Definition definition = Onboarding();
  std::string title, goal;
  for (int i = 0; i < 200; ++i) title += "ü";
  for (int i = 0; i < 2000; ++i) goal += "é";
  definition.stages[0].title = title;
  definition.stages[0].milestones[0].title = title;
  definition.stages[0].goal = goal;
  EXPECT_THAT(Validate(definition), IsEmpty());
  definition.stages[0].title += "!";
  definition.stages[0].milestones[0].title += "!";
  definition.stages[0].goal += "!";
  EXPECT_THAT(Validate(definition),
              ElementsAre(Finds("TEXT_TOO_LONG", "stages[0].title"), Finds("TEXT_TOO_LONG", "stages[0].goal"),
                          Finds("TEXT_TOO_LONG", "stages[0].milestones[0].title")));
}

TEST(ValidationTest, EventTypesAre1To50) {
  Definition definition = Onboarding();
  std::vector<std::string>& entry = std::get<FirstEvent>(definition.entry).event_types;
  std::vector<std::string>& criterion = CountOf(definition.stages[0].milestones[0]).event_types;
  entry.clear();
  criterion.clear();
  EXPECT_THAT(Validate(definition),
              ElementsAre(Finds("EVENT_TYPES_MISSING", "entry.first_event.event_types"),
                          Finds("EVENT_TYPES_MISSING", "stages[0].milestones[0].criterion.event_count.event_types")));
  for (int i = 0; i < 50; ++i) entry.push_back(absl::StrCat("login ", i));
  criterion = entry;
  EXPECT_THAT(Validate(definition), IsEmpty());
  entry.push_back("one more");
  criterion.push_back("one more");
  EXPECT_THAT(Validate(definition),
              ElementsAre(Finds("EVENT_TYPES_TOO_MANY", "entry.first_event.event_types"),
                          Finds("EVENT_TYPES_TOO_MANY", "stages[0].milestones[0].criterion.event_count.event_types")));
}

TEST(ValidationTest, AnEventTypeHas1To255BytesAndStandsOnce) {
  Definition definition = Onboarding();
  std::vector<std::string>& types = CountOf(definition.stages[1].milestones[0]).event_types;
  types = {"A_SUBMITTED/COMPLETE", std::string(255, 'x')};
  EXPECT_THAT(Validate(definition), IsEmpty());
  types = {"", "login", std::string(256, 'x'), "login"};
  const std::string path = "stages[1].milestones[0].criterion.event_count.event_types";
  EXPECT_THAT(Validate(definition),
              ElementsAre(Finds("EVENT_TYPE_MALFORMED", path + "[0]"), Finds("EVENT_TYPE_MALFORMED", path + "[2]"),
                          Finds("EVENT_TYPE_REPEATED", path + "[3]")));
}

TEST(ValidationTest, CountsAre1To1000000) {
  Definition definition = Onboarding();
  uint32_t& at_least = CountOf(definition.stages[0].milestones[1]).at_least;
  at_least = 1'000'000;
  EXPECT_THAT(Validate(definition), IsEmpty());
  for (const uint32_t wrong : {0u, 1'000'001u, 4'294'967'295u}) {
    at_least = wrong;
    EXPECT_THAT(Validate(definition),
                ElementsAre(Finds("COUNT_OUT_OF_RANGE", "stages[0].milestones[1].criterion.event_count.at_least")));
  }
}

TEST(ValidationTest, NobodyReadsMoreThan100Findings) {
  Definition definition = Onboarding();
  definition.stages.resize(10'000);
  EXPECT_THAT(Validate(definition), SizeIs(100));
}

}  // namespace
}  // namespace waymark::rules
