// Journeys: made, told, listed, changed, archived.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"
#include "waymark/journey/v1/facts.pb.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JourneysTest : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Engines, JourneysTest, support::BothEngines(), support::EngineName);

TEST_P(JourneysTest, AJourneyIsCreatedWithoutAnyVersion) {
  const v1::CreateJourneyResponse created = CreateJourney("onboarding", "Onboarding").value();
  EXPECT_EQ(created.journey().journey_id(), "onboarding");
  EXPECT_EQ(created.journey().title(), "Onboarding");
  EXPECT_EQ(created.journey().latest_published_number(), 0u);
  EXPECT_EQ(created.journey().create_time().seconds(), 1'777'885'200);
  EXPECT_EQ(GetJourney("onboarding")->journey().SerializeAsString(), created.journey().SerializeAsString());
  EXPECT_THAT(ListVersions("onboarding")->versions(), IsEmpty());
  EXPECT_THAT(Journal(), IsEmpty());
}

TEST_P(JourneysTest, OutputOnlyFieldsOfANewJourneyAreIgnored) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_journey_id("onboarding");
  request.mutable_journey()->set_title("Onboarding");
  request.mutable_journey()->set_latest_published_number(7);
  request.mutable_journey()->mutable_create_time()->set_seconds(1);
  const v1::Journey journey = Ask<v1::CreateJourneyResponse>(request)->journey();
  EXPECT_EQ(journey.latest_published_number(), 0u);
  EXPECT_EQ(journey.create_time().seconds(), 1'777'885'200);
}

TEST_P(JourneysTest, AMalformedJourneyIsRefused) {
  EXPECT_THAT(FieldsOf(CreateJourney("Onboarding").status()), ElementsAre("journey.journey_id"));
  EXPECT_THAT(FieldsOf(CreateJourney("").status()), ElementsAre("journey.journey_id"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", "").status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", std::string(201, 'x')).status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", std::string("a\0b", 3)).status()), ElementsAre("journey.title"));
  EXPECT_THAT(FieldsOf(CreateJourney("onboarding", "Onboarding", std::string(101, 'r')).status()),
              ElementsAre("request_id"));
  EXPECT_TRUE(absl::IsNotFound(GetJourney("onboarding").status()));
  EXPECT_EQ(CreateJourney("onboarding", std::string(200, 'x'), std::string(100, 'r')).status(), absl::OkStatus());
}

TEST_P(JourneysTest, AJourneyIdIsTakenOnce) {
  CreateJourney("onboarding", "The first").value();
  EXPECT_EQ(ReasonOf(CreateJourney("onboarding", "The second").status()), "ALREADY_EXISTS");
  EXPECT_EQ(GetJourney("onboarding")->journey().title(), "The first");
}

TEST_P(JourneysTest, ARepeatedCreationAnswersAsTheFirst) {
  const v1::CreateJourneyResponse first = CreateJourney("onboarding", "Onboarding", "r-1").value();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(CreateJourney("onboarding", "Onboarding", "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateJourney("renewal", "Renewal", "r-1").status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(CreateJourney("onboarding", "Globex's", "r-1", "globex").status(), absl::OkStatus())
      << "another workspace's request ids are its own";
}

TEST_P(JourneysTest, AnUnknownJourneyIsNotFound) {
  EXPECT_EQ(ReasonOf(GetJourney("onboarding").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney("").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney(std::string("\0\x01 no id", 8)).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetJourney(std::string(100'000, 'x')).status()), "NOT_FOUND");
}

TEST_P(JourneysTest, JourneysAreListedByIdInPages) {
  for (const std::string id : {"renewal", "adoption", "onboarding"}) CreateJourney(id).value();
  const v1::ListJourneysResponse first = ListJourneys(2).value();
  ASSERT_THAT(first.journeys(), SizeIs(2));
  EXPECT_EQ(first.journeys(0).journey_id(), "adoption");
  EXPECT_EQ(first.journeys(1).journey_id(), "onboarding");
  const v1::ListJourneysResponse second = ListJourneys(2, first.next_page_token()).value();
  ASSERT_THAT(second.journeys(), SizeIs(1));
  EXPECT_EQ(second.journeys(0).journey_id(), "renewal");
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_EQ(ListJourneys(3)->next_page_token(), "") << "a full last page has none after it";
}

TEST_P(JourneysTest, APageOfJourneysHas50ByDefaultAndAtMost1000) {
  for (int i = 0; i < 51; ++i) CreateJourney(absl::StrCat("j", i)).value();
  EXPECT_THAT(ListJourneys(0)->journeys(), SizeIs(50));
  EXPECT_THAT(ListJourneys(2'000'000'000)->journeys(), SizeIs(51));
}

TEST_P(JourneysTest, AListRefusesNegativeSizesAndForeignTokens) {
  for (const std::string id : {"adoption", "onboarding"}) CreateJourney(id).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  CreateDraft("onboarding", ReachedBy("login")).value();
  EXPECT_THAT(FieldsOf(ListJourneys(-1).status()), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, "nonsense").status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListVersions("onboarding", -1).status()), ElementsAre("page_size"));
  const std::string of_journeys = ListJourneys(1)->next_page_token();
  const std::string of_versions = ListVersions("onboarding", 1)->next_page_token();
  EXPECT_THAT(FieldsOf(ListVersions("onboarding", 1, of_journeys).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListVersions("adoption", 1, of_versions).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, of_versions).status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListJourneys(1, of_journeys, "globex").status()), ElementsAre("page_token"));
}

TEST_P(JourneysTest, LabelsAndApprovalsAreKept) {
  v1::CreateJourneyRequest request;
  request.mutable_journey()->set_journey_id("onboarding");
  request.mutable_journey()->set_title("تهيئة العملاء 🚀");
  (*request.mutable_journey()->mutable_labels())["team"] = "Wachstum = größer";
  (*request.mutable_journey()->mutable_labels())["note"] = "";
  request.mutable_journey()->set_required_approvals(5);
  const v1::Journey created = Ask<v1::CreateJourneyResponse>(request)->journey();
  EXPECT_EQ(created.title(), "تهيئة العملاء 🚀");
  EXPECT_EQ(created.labels().at("team"), "Wachstum = größer");
  EXPECT_EQ(created.labels().at("note"), "");
  EXPECT_EQ(created.required_approvals(), 5u);
  EXPECT_NE(created.etag(), "");
  const v1::Journey told = GetJourney("onboarding")->journey();
  EXPECT_EQ(told.title(), created.title());
  EXPECT_EQ(told.labels().at("team"), "Wachstum = größer");
  EXPECT_EQ(told.etag(), created.etag());
}

TEST_P(JourneysTest, LabelsHaveLimits) {
  const auto fields = [&](std::string key, std::string value, int more = 0, uint32_t approvals = 0) {
    v1::CreateJourneyRequest request;
    request.mutable_journey()->set_journey_id("onboarding");
    request.mutable_journey()->set_title("Onboarding");
    request.mutable_journey()->set_required_approvals(approvals);
    (*request.mutable_journey()->mutable_labels())[key] = value;
    for (int i = 0; i < more; ++i) (*request.mutable_journey()->mutable_labels())[absl::StrCat("k", i)] = "v";
    return FieldsOf(Ask<v1::CreateJourneyResponse>(request).status());
  };
  EXPECT_THAT(fields("Team", "growth"), ElementsAre("journey.labels"));
  EXPECT_THAT(fields("", "growth"), ElementsAre("journey.labels"));
  EXPECT_THAT(fields("team", std::string(256, 'x')), ElementsAre("journey.labels[team]"));
  EXPECT_THAT(fields("team", "two\nlines"), ElementsAre("journey.labels[team]"));
  EXPECT_THAT(fields("team", "growth", 64), ElementsAre("journey.labels"));
  EXPECT_THAT(fields("team", "growth", 0, 6), ElementsAre("journey.required_approvals"));
  EXPECT_TRUE(absl::IsNotFound(GetJourney("onboarding").status())) << "and nothing is stored";
  EXPECT_THAT(fields("team", std::string(255, 'x'), 63, 5), IsEmpty());
}

v1::UpdateJourneyRequest Retitled(const v1::Journey& journey, std::string title) {
  v1::UpdateJourneyRequest request;
  request.mutable_journey()->set_journey_id(journey.journey_id());
  request.mutable_journey()->set_title(title);
  request.set_etag(journey.etag());
  return request;
}

TEST_P(JourneysTest, AJourneyChangesWhereTheMaskSays) {
  const v1::Journey journey = CreateJourney("onboarding", "Onboarding")->journey();
  v1::UpdateJourneyRequest request = Retitled(journey, "Welcome");
  (*request.mutable_journey()->mutable_labels())["team"] = "growth";
  request.mutable_journey()->set_required_approvals(2);
  const v1::Journey changed = Ask<v1::UpdateJourneyResponse>(request)->journey();
  EXPECT_EQ(changed.title(), "Welcome");
  EXPECT_EQ(changed.labels().at("team"), "growth");
  EXPECT_EQ(changed.required_approvals(), 2u);
  EXPECT_NE(changed.etag(), journey.etag());

  request = Retitled(changed, "not looked at");
  request.mutable_update_mask()->add_paths("labels");
  request.mutable_update_mask()->add_paths("required_approvals");
  const v1::Journey emptied = Ask<v1::UpdateJourneyResponse>(request)->journey();
  EXPECT_EQ(emptied.title(), "Welcome");
  EXPECT_EQ(emptied.labels_size(), 0);
  EXPECT_EQ(emptied.required_approvals(), 0u);
}

TEST_P(JourneysTest, AMalformedChangeOfAJourneyIsRefused) {
  const v1::Journey journey = CreateJourney("onboarding", "Onboarding")->journey();
  const auto fields = [&](const v1::UpdateJourneyRequest& request) {
    return FieldsOf(Ask<v1::UpdateJourneyResponse>(request).status());
  };
  v1::UpdateJourneyRequest request = Retitled(journey, std::string(201, 'x'));
  EXPECT_THAT(fields(request), ElementsAre("journey.title"));
  request = Retitled(journey, "");
  EXPECT_THAT(fields(request), ElementsAre("journey"));
  request.mutable_update_mask()->add_paths("title");
  EXPECT_THAT(fields(request), ElementsAre("journey.title"));
  request = Retitled(journey, "Welcome");
  request.mutable_update_mask()->add_paths("journey_id");
  EXPECT_THAT(fields(request), ElementsAre("update_mask"));
  request = Retitled(journey, "Welcome");
  request.clear_etag();
  EXPECT_THAT(fields(request), ElementsAre("etag"));
  request = Retitled(journey, "Welcome");
  request.set_request_id(std::string(101, 'r'));
  EXPECT_THAT(fields(request), ElementsAre("request_id"));
  EXPECT_EQ(GetJourney("onboarding")->journey().etag(), journey.etag());
}

TEST_P(JourneysTest, AJourneyChangesOnlyAsItWasRead) {
  const v1::Journey journey = CreateJourney("onboarding", "Onboarding")->journey();
  v1::UpdateJourneyRequest request = Retitled(journey, "Welcome");
  request.set_request_id("r-1");
  const auto first = Ask<v1::UpdateJourneyResponse>(request).value();
  EXPECT_EQ(Ask<v1::UpdateJourneyResponse>(request)->SerializeAsString(), first.SerializeAsString());
  request.mutable_journey()->set_title("Hello");
  EXPECT_EQ(ReasonOf(Ask<v1::UpdateJourneyResponse>(request).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Ask<v1::UpdateJourneyResponse>(Retitled(journey, "Late")).status()), "ETAG_MISMATCH");
  v1::Journey missing = journey;
  missing.set_journey_id("renewal");
  EXPECT_EQ(ReasonOf(Ask<v1::UpdateJourneyResponse>(Retitled(missing, "Welcome")).status()), "NOT_FOUND");
}

TEST_P(JourneysTest, PublishingDoesNotAgeAJourneysEtag) {
  Onboarding();
  const std::string etag = GetJourney("onboarding")->journey().etag();
  Publish("onboarding", 1).value();
  EXPECT_EQ(GetJourney("onboarding")->journey().etag(), etag);
}

TEST_P(JourneysTest, AnArchivedJourneyIsToldOnceAndLeftOutOfLists) {
  const v1::Journey journey = CreateJourney("onboarding")->journey();
  CreateJourney("renewal").value();
  clock_.Advance(absl::Hours(1));
  const v1::ArchiveJourneyResponse archived = ArchiveJourney("onboarding", journey.etag()).value();
  EXPECT_EQ(archived.journey().archive_time().seconds(), 1'777'888'800);
  ASSERT_THAT(Journal(), SizeIs(1));
  EXPECT_EQ(Journal()[0].type, "waymark.journey.v1.JourneyArchived");
  EXPECT_EQ(Journal()[0].key, "onboarding");
  v1::JourneyArchived fact;
  ASSERT_TRUE(fact.ParseFromString(Journal()[0].payload));
  EXPECT_EQ(fact.journey_id(), "onboarding");
  EXPECT_EQ(fact.archive_time().seconds(), 1'777'888'800);

  clock_.Advance(absl::Hours(1));
  for (const std::string& etag : {std::string(), journey.etag(), archived.journey().etag()}) {
    EXPECT_EQ(ArchiveJourney("onboarding", etag)->SerializeAsString(), archived.SerializeAsString());
  }
  EXPECT_THAT(Journal(), SizeIs(1));

  EXPECT_EQ(GetJourney("onboarding")->journey().SerializeAsString(), archived.journey().SerializeAsString());
  ASSERT_THAT(ListJourneys(0)->journeys(), SizeIs(1));
  EXPECT_EQ(ListJourneys(0)->journeys(0).journey_id(), "renewal");
  v1::ListJourneysRequest request;
  request.set_archived(true);
  const auto list = Ask<v1::ListJourneysResponse>(request).value();
  ASSERT_THAT(list.journeys(), SizeIs(1));
  EXPECT_EQ(list.journeys(0).journey_id(), "onboarding");
}

TEST_P(JourneysTest, OnlyAnExistingJourneyIsArchivedAndAsItWasRead) {
  EXPECT_EQ(ReasonOf(ArchiveJourney("onboarding").status()), "NOT_FOUND");
  CreateJourney("onboarding").value();
  EXPECT_EQ(ReasonOf(ArchiveJourney("onboarding", "of yesterday").status()), "ETAG_MISMATCH");
  v1::ArchiveJourneyRequest request;
  request.set_journey_id("onboarding");
  request.set_request_id(std::string(101, 'r'));
  EXPECT_THAT(FieldsOf(Ask<v1::ArchiveJourneyResponse>(request).status()), ElementsAre("request_id"));
  request.set_request_id("r-1");
  const auto first = Ask<v1::ArchiveJourneyResponse>(request).value();
  EXPECT_EQ(Ask<v1::ArchiveJourneyResponse>(request)->SerializeAsString(), first.SerializeAsString());
  request.set_journey_id("renewal");
  EXPECT_EQ(ReasonOf(Ask<v1::ArchiveJourneyResponse>(request).status()), "REQUEST_ID_REUSED");
}

TEST_P(JourneysTest, AnArchivedJourneyTakesNoDraftsOrPublications) {
  const v1::JourneyVersion draft = Onboarding();
  ArchiveJourney("onboarding").value();
  EXPECT_EQ(ReasonOf(CreateDraft("onboarding", ReachedBy("login")).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(UpdateDraft(UpdateOf(draft, ReachedBy("login"))).status()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(Publish("onboarding", 1).status()), "WRONG_STATE");
  EXPECT_EQ(GetVersion("onboarding", 1)->version().SerializeAsString(), draft.SerializeAsString());
}

TEST_P(JourneysTest, ListsThoseWithALabel) {
  for (const std::string id : {"adoption", "onboarding", "renewal"}) {
    v1::CreateJourneyRequest request;
    request.mutable_journey()->set_journey_id(id);
    request.mutable_journey()->set_title(id);
    (*request.mutable_journey()->mutable_labels())["team"] = id == "adoption" ? "success" : "growth";
    Ask<v1::CreateJourneyResponse>(request).value();
  }
  v1::ListJourneysRequest request;
  request.set_label("team=growth");
  request.set_page_size(1);
  const auto first = Ask<v1::ListJourneysResponse>(request).value();
  ASSERT_THAT(first.journeys(), SizeIs(1));
  EXPECT_EQ(first.journeys(0).journey_id(), "onboarding");
  request.set_page_token(first.next_page_token());
  const auto second = Ask<v1::ListJourneysResponse>(request).value();
  EXPECT_EQ(second.journeys(0).journey_id(), "renewal");
  EXPECT_EQ(second.next_page_token(), "");
  request.set_label("team=success");
  EXPECT_THAT(FieldsOf(Ask<v1::ListJourneysResponse>(request).status()), ElementsAre("page_token"));
  request.clear_page_token();
  for (const std::string label : {"team", "=growth", "Team=growth"}) {
    request.set_label(label);
    EXPECT_THAT(FieldsOf(Ask<v1::ListJourneysResponse>(request).status()), ElementsAre("label")) << label;
  }
}

}  // namespace
}  // namespace waymark::journey
