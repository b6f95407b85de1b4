#include "services/journey/lifecycle.h"

#include "common/base/errors.h"
#include "gtest/gtest.h"

namespace waymark::journey {
namespace {

Journey Onboarding(uint32_t latest_published_number) {
  return {.journey_id = "onboarding",
          .title = "Onboarding",
          .last_number = 3,
          .last_published_number = latest_published_number,
          .latest_published_number = latest_published_number,
          .create_time = absl::UnixEpoch(),
          .archive_time = std::nullopt};
}

Journey Archived(Journey journey) {
  journey.archive_time = absl::UnixEpoch();
  ++journey.revision;
  return journey;
}

Version Draft(uint32_t number) {
  return {.journey_id = "onboarding",
          .number = number,
          .definition = "",
          .content_hash = "",
          .change_note = "",
          .create_time = absl::UnixEpoch(),
          .publish_time = std::nullopt,
          .retire_time = std::nullopt};
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
  EXPECT_EQ(DecidePublication(Onboarding(1), Draft(2), "").value(), Step::kNow);
  EXPECT_EQ(DecidePublication(Onboarding(1), Draft(2), EtagOf(Draft(2))).value(), Step::kNow);
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(1), Draft(2), "of yesterday").status()), "ETAG_MISMATCH");
}

TEST(LifecycleTest, PublishingAgainIsNoErrorWithTheEtagOfTheDraftOrOfThePublishedVersion) {
  const Version published = Published(Draft(2));
  for (const std::string& etag : {std::string(), EtagOf(Draft(2)), EtagOf(published)}) {
    EXPECT_EQ(DecidePublication(Onboarding(2), published, etag).value(), Step::kAlready);
    EXPECT_EQ(DecidePublication(Onboarding(3), published, etag).value(), Step::kAlready);
    EXPECT_EQ(DecidePublication(Archived(Onboarding(3)), published, etag).value(), Step::kAlready);
  }
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(2), published, "of yesterday").status()), "ETAG_MISMATCH");
}

TEST(LifecycleTest, NothingIsPublishedBehindALaterVersionRetiredOrNot) {
  Journey journey = Onboarding(3);
  EXPECT_EQ(ReasonOf(DecidePublication(journey, Draft(2), "").status()), "WRONG_STATE");
  journey.latest_published_number = 1;  // The later one is retired.
  EXPECT_EQ(ReasonOf(DecidePublication(journey, Draft(2), "").status()), "WRONG_STATE");
}

TEST(LifecycleTest, NothingOfAnArchivedJourneyIsPublished) {
  EXPECT_EQ(ReasonOf(CheckOpen(Archived(Onboarding(1)))), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(DecidePublication(Archived(Onboarding(1)), Draft(2), "").status()), "WRONG_STATE");
}

TEST(LifecycleTest, OnlyWhatIsPublishedIsRetiredAndItStaysSo) {
  EXPECT_EQ(ReasonOf(DecideRetirement(Draft(2), "").status()), "WRONG_STATE");
  const Version published = Published(Draft(2));
  EXPECT_EQ(DecideRetirement(published, "").value(), Step::kNow);
  EXPECT_EQ(DecideRetirement(published, EtagOf(published)).value(), Step::kNow);
  EXPECT_EQ(ReasonOf(DecideRetirement(published, EtagOf(Draft(2))).status()), "ETAG_MISMATCH");
  Version retired = published;
  retired.state = VersionState::kRetired;
  ++retired.revision;
  for (const std::string& etag : {std::string(), EtagOf(published), EtagOf(retired)}) {
    EXPECT_EQ(DecideRetirement(retired, etag).value(), Step::kAlready);
  }
  EXPECT_EQ(ReasonOf(DecidePublication(Onboarding(2), retired, "").status()), "WRONG_STATE");
}

TEST(LifecycleTest, ArchivingAgainIsNoErrorWithTheEtagFromBefore) {
  const Journey open = Onboarding(1);
  EXPECT_EQ(DecideArchival(open, EtagOf(open)).value(), Step::kNow);
  for (const std::string& etag : {std::string(), EtagOf(open), EtagOf(Archived(open))}) {
    EXPECT_EQ(DecideArchival(Archived(open), etag).value(), Step::kAlready);
  }
  EXPECT_EQ(ReasonOf(DecideArchival(open, "of yesterday").status()), "ETAG_MISMATCH");
}

TEST(LifecycleTest, TheGateNamesEverythingThatStandsInTheWay) {
  const Gate gate = {
      .findings = {{"NOTHING_TO_PASS", "stages", "the journey has no stage", "add one"},
                   {.code = "SEGMENT_UNUSED", .path = "segments[0]", .severity = rules::Severity::kWarning},
                   {"KEY_MALFORMED", "stages[0].key", "the key is missing", "give one"}},
      .failures = {"scenario quick: at 3 d: expected stage adoption"},
      .approvals = 1,
      .required_approvals = 2};
  const absl::Status status = CheckGate(Draft(2), gate);
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(status.message(),
            "version 2 of journey \"onboarding\" cannot be published: stages: the journey has no stage; "
            "stages[0].key: the key is missing; scenario quick: at 3 d: expected stage adoption; "
            "1 of 2 approvals of what it says now");
  EXPECT_EQ(ViolationsOf(status).size(), 2u) << "each finding at its place";
  EXPECT_EQ(ViolationsOf(status)[1].field, "definition.stages[0].key");
}

TEST(LifecycleTest, WarningsAndMoreApprovalsThanNeededPassTheGate) {
  EXPECT_EQ(
      CheckGate(Draft(2),
                {.findings = {{.code = "SEGMENT_UNUSED", .path = "segments[0]", .severity = rules::Severity::kWarning}},
                 .approvals = 3,
                 .required_approvals = 2}),
      absl::OkStatus());
}

TEST(LifecycleTest, AnAuthorIsNotedOnce) {
  Version draft = Draft(2);
  for (const char* author : {"Ann", "", "Bob", "Ann"}) AddAuthor(draft, author);
  EXPECT_EQ(draft.authors, std::vector<std::string>({"Ann", "Bob"}));
}

}  // namespace
}  // namespace waymark::journey
