// What hostile or careless callers send: refused with what is wrong, and nothing is half stored.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class BadInputTest : public ServiceTest {
 protected:
  // Sends the definition wherever one can be sent, and sees that it is refused and nothing is stored.
  void IsRefused(const v1::JourneyDefinition& definition, const std::string& field) {
    const v1::JourneyVersion draft = GetVersion("onboarding", 1)->version();
    EXPECT_THAT(FieldsOf(CreateDraft("onboarding", definition).status()), Contains(absl::StrCat("definition.", field)));
    EXPECT_THAT(FieldsOf(UpdateDraft(UpdateOf(draft, definition)).status()),
                Contains(absl::StrCat("version.definition.", field)));
    v1::RunScenariosRequest run;
    *run.mutable_definition() = definition;
    EXPECT_THAT(FieldsOf(Ask<v1::RunScenariosResponse>(run).status()), Contains(absl::StrCat("definition.", field)));
    v1::RenderJourneyMapRequest render;
    *render.mutable_definition() = definition;
    EXPECT_THAT(FieldsOf(Ask<v1::RenderJourneyMapResponse>(render).status()),
                Contains(absl::StrCat("definition.", field)));
    EXPECT_EQ(Validate(definition)->content_hash(), "");
    EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
    EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), draft.SerializeAsString());
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, BadInputTest, support::BothEngines(), support::EngineName);

// A criterion of so many levels.
v1::Criterion Nested(int levels) {
  v1::Criterion criterion;
  v1::Criterion* inner = &criterion;
  for (int i = 1; i < levels; ++i) inner = inner->mutable_all_of()->add_criteria();
  inner->mutable_event_count()->add_event_types("login");
  return criterion;
}

TEST_P(BadInputTest, AMegabyteOfDescription) {
  Onboarding();
  v1::JourneyDefinition definition = ReachedBy("login");
  definition.set_description(std::string(1 << 20, 'x'));
  IsRefused(definition, "description");
}

TEST_P(BadInputTest, TenThousandMilestones) {
  Onboarding();
  v1::JourneyDefinition definition = ReachedBy("login");
  for (int i = 0; i < 10'000; ++i) {
    v1::Milestone& milestone = *definition.mutable_stages(0)->add_milestones();
    milestone = definition.stages(0).milestones(0);
    milestone.set_key(absl::StrCat("m", i));
  }
  IsRefused(definition, "stages[0].milestones");
}

TEST_P(BadInputTest, CriteriaInsideCriteria) {
  Onboarding();
  for (const int levels : {16, 40}) {
    v1::JourneyDefinition definition = ReachedBy("login");
    *definition.mutable_stages(0)->mutable_milestones(0)->mutable_criterion() = Nested(levels);
    const absl::Status status = CreateDraft("onboarding", definition).status();
    EXPECT_EQ(ReasonOf(status), "INVALID_FIELD") << levels << status;
    EXPECT_THAT(FieldsOf(status), Each(StartsWith("definition.stages[0].milestones[0].criterion"))) << levels;
    EXPECT_THAT(FieldsOf(status), Not(IsEmpty())) << levels;
  }
  // No reader takes a message of 200 levels, so nobody can say where it is wrong.
  v1::JourneyDefinition definition = ReachedBy("login");
  *definition.mutable_stages(0)->mutable_milestones(0)->mutable_criterion() = Nested(200);
  const absl::Status status = CreateDraft("onboarding", definition).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("nested too deep"));
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
}

TEST_P(BadInputTest, EnumValuesThatNobodyKnows) {
  Onboarding();
  v1::JourneyDefinition definition = ReachedBy("login");
  definition.set_kind(static_cast<v1::Kind>(99));
  IsRefused(definition, "kind");
  definition = ReachedBy("login");
  definition.mutable_stages(0)->mutable_milestones(0)->set_scope(static_cast<v1::Scope>(-1));
  IsRefused(definition, "stages[0].milestones[0].scope");
}

TEST_P(BadInputTest, TitlesInEveryScriptComeBackAsTheyWere) {
  const std::vector<std::string> titles = {"🚀🏳️‍🌈 Los geht's", "تهيئة العملاء", "ברוכים הבאים", "ようこそ",
                                           "\xE2\x80\xAE"
                                           "reversed"};
  for (size_t i = 0; i < titles.size(); ++i) {
    const std::string id = absl::StrCat("j", i);
    EXPECT_EQ(CreateJourney(id, titles[i])->journey().title(), titles[i]);
    v1::JourneyDefinition definition = ReachedBy(titles[i]);
    definition.mutable_stages(0)->set_title(titles[i]);
    const v1::JourneyVersion draft = CreateDraft(id, definition)->version();
    EXPECT_EQ(GetVersion(id, 1)->version().definition().SerializeAsString(), definition.SerializeAsString());
    EXPECT_EQ(Publish(id, 1)->version().content_hash(), draft.content_hash());
    EXPECT_EQ(GetJourney(id)->journey().title(), titles[i]);
  }
}

TEST_P(BadInputTest, WhatIsMeaninglessIsADraftAndNotPublished) {
  CreateJourney("onboarding").value();
  const v1::JourneyVersion draft = CreateDraft("onboarding", Meaningless())->version();
  const absl::Status status = Publish("onboarding", 1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_THAT(FieldsOf(status), ElementsAre("definition.stages"));
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), draft.SerializeAsString());
  EXPECT_EQ(GetJourney("onboarding")->journey().latest_published_number(), 0u);
  EXPECT_THAT(Journal(), IsEmpty());
}

}  // namespace
}  // namespace waymark::journey
