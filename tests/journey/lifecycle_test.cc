#include "services/journey/lifecycle.h"

#include "common/base/errors.h"
#include "gtest/gtest.h"

namespace waymark::journey {
namespace {

Journey Onboarding(uint32_t latest_published_number) {
  return {.journey_id = "onboarding",
          .title = "Onboarding",
          .last_number = 3,
          .latest_published_number = latest_published_number,
          .create_time = absl::UnixEpoch()};
}

Version Draft(uint32_t number) {
  return {.journey_id = "onboarding",
          .number = number,
          .definition = "",
          .content_hash = "",
          .change_note = "",
          .create_time = absl::UnixEpoch(),
          .publish_time = std::nullopt};
}

Version Published(Version version) {
  version.state = VersionState::kPublished;
  ++version.revision;
  return version;
}

TEST(LifecycleTest, TheEtagChangesWithEveryChangeAndDiffersBetweenVersions) {
  Version changed = Draft(2);
  ++changed.revision;
  EXPECT_NE(EtagOf(Draft(2)), EtagOf(changed));
  EXPECT_NE(EtagOf(Draft(2)), EtagOf(Draft(3)));
  EXPECT_EQ(EtagOf(Draft(2)), EtagOf(Draft(2)));
}

TEST(LifecycleTest, ADraftChangesOnlyWithItsPresentEtag) {
  EXPECT_EQ(CheckChange(Draft(2), EtagOf(Draft(2))), absl::OkStatus());
  EXPECT_EQ(ReasonOf(CheckChange(Draft(2), EtagOf(Draft(3)))), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckChange(Draft(2), "")), "ETAG_MISMATCH");
}

TEST(LifecycleTest, APublishedVersionNeverChanges) {
  EXPECT_EQ(ReasonOf(CheckChange(Published(Draft(2)), EtagOf(Published(Draft(2))))), "WRONG_STATE");
}

TEST(LifecycleTest, ADraftIsPublishedWithItsEtagOrWithout) {
  EXPECT_EQ(DecidePublication(Onboarding(1), Draft(2), "", {}).value(), Publication::kNow);
  EXPECT_EQ(DecidePublication(Onboarding(1), Draft(2), EtagOf(Draft(2)), {}).value(), Publication::kNow);
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(1), Draft(2), "of yesterday", {}).status()), "ETAG_MISMATCH");
}

TEST(LifecycleTest, PublishingAgainIsNoErrorWithTheEtagOfTheDraftOrOfThePublishedVersion) {
  const Version published = Published(Draft(2));
  for (const std::string& etag : {std::string(), EtagOf(Draft(2)), EtagOf(published)}) {
    EXPECT_EQ(DecidePublication(Onboarding(2), published, etag, {}).value(), Publication::kAlready);
    EXPECT_EQ(DecidePublication(Onboarding(3), published, etag, {}).value(), Publication::kAlready);
  }
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(2), published, "of yesterday", {}).status()), "ETAG_MISMATCH");
}

TEST(LifecycleTest, NothingIsPublishedBehindALaterVersion) {
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(3), Draft(2), "", {}).status()), "WRONG_STATE");
}

TEST(LifecycleTest, NothingIsPublishedWithFindings) {
  const std::vector<rules::Finding> findings = {{"NOTHING_TO_PASS", "stages", "the journey has no stage", "add one"},
                                                {"KEY_MALFORMED", "stages[0].key", "the key is missing", "give one"}};
  const absl::Status status = DecidePublication(Onboarding(1), Draft(2), "", findings).status();
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(status.message(),
            "version 2 of journey \"onboarding\" cannot be published: stages: the journey has no stage; "
            "stages[0].key: the key is missing");
}

}  // namespace
}  // namespace waymark::journey
