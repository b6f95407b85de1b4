#include "services/rules/validation.h"

#include <string>
#include <utility>
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
  return {.key = key, .title = key, .criterion = {EventCount{.events = {.event_types = {std::move(event_type)}}}}};
}

Definition Onboarding() {
  return {.entry = {.triggers = {FirstEvent{{.event_types = {"signed_up"}}}}},
          .stages = {
              {.key = "setup",
               .milestones = {Reached("data-connected", "source_connected"), Reached("team_invited", "user_invited")}},
              {.key = "adoption", .milestones = {Reached("first-report", "report_run")}}}};
}

auto Finds(std::string code, std::string path, Layer layer) {
  return AllOf(Field("code", &Finding::code, code), Field("path", &Finding::path, path),
               Field("message", &Finding::message, Not(IsEmpty())), Field("hint", &Finding::hint, Not(IsEmpty())),
               Field("layer", &Finding::layer, layer));
}

TEST(ValidationTest, ASoundDefinitionHasNoFindings) { EXPECT_THAT(Validate(Onboarding()), IsEmpty()); }

TEST(ValidationTest, AStageMayBeWithoutMilestones) {
  Definition definition = Onboarding();
  definition.stages.push_back({.key = "renewal"});
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

TEST(ValidationTest, MilestoneKeysAreUniqueInTheJourney) {
  Definition definition = Onboarding();
  definition.stages[1].milestones[0].key = "team_invited";
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("KEY_REPEATED", "stages[1].milestones[0].key", Layer::kForm)));
}

TEST(ValidationTest, MilestonesAreCountedOverAllStages) {
  Definition definition = Onboarding();
  for (int i = 0; i < 197; ++i) {
    definition.stages[i % 2].milestones.push_back(Reached(absl::StrCat("m", i), "report_run"));
  }
  EXPECT_THAT(Validate(definition), IsEmpty());
  definition.stages[1].milestones.push_back(Reached("one-more", "report_run"));
  EXPECT_THAT(Validate(definition), ElementsAre(Finds("TOO_MANY", "stages", Layer::kForm)));
}

TEST(ValidationTest, NoMoreThanSoManyFindings) {
  Definition definition = Onboarding();
  for (int i = 0; i < 300; ++i) definition.stages[0].milestones.push_back(Reached("same", "report_run"));
  EXPECT_THAT(Validate(definition), SizeIs(kMostFindings));
}

}  // namespace
}  // namespace waymark::rules
