// Personas and segments: the same promises, kept by the same code, so each is tested for both.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/journey/edition_convert.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What a thing of each kind says at first.
v1::PersonaDefinition Saying(std::string title, const PersonaKind&) {
  v1::PersonaDefinition definition;
  definition.set_title(title);
  definition.add_goals("Numbers that one can trust");
  return definition;
}
v1::SegmentDefinition Saying(std::string title, const SegmentKind&) {
  v1::SegmentDefinition definition;
  definition.set_title(title);
  definition.mutable_criterion()->mutable_attribute()->set_name("seats");
  definition.mutable_criterion()->mutable_attribute()->set_at_least(100);
  return definition;
}

void SetId(std::string id, v1::GetPersonaRequest& request) { request.set_persona_id(id); }
void SetId(std::string id, v1::GetSegmentRequest& request) { request.set_segment_id(id); }
void SetId(std::string id, v1::ArchivePersonaRequest& request) { request.set_persona_id(id); }
void SetId(std::string id, v1::ArchiveSegmentRequest& request) { request.set_segment_id(id); }
const auto& ListOf(const v1::ListPersonasResponse& response) { return response.personas(); }
const auto& ListOf(const v1::ListSegmentsResponse& response) { return response.segments(); }

class EditionsTest : public ServiceTest {
 protected:
  template <typename Kind>
  auto Create(std::string id, std::string title, std::string request_id = "", std::string workspace = "acme") {
    typename Kind::CreateRequest request;
    Kind::SetId(id, Kind::In(request));
    *Kind::In(request).mutable_definition() = Saying(title, Kind());
    request.set_request_id(request_id);
    return Ask<typename Kind::CreateResponse>(request, workspace);
  }
  template <typename Kind>
  auto Get(std::string id, uint32_t number = 0, std::string workspace = "acme") {
    typename Kind::GetRequest request;
    SetId(id, request);
    request.set_number(number);
    return Ask<typename Kind::GetResponse>(request, workspace);
  }
  template <typename Kind>
  auto List(int page_size, std::string page_token = "", bool archived = false, std::string workspace = "acme") {
    typename Kind::ListRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_archived(archived);
    return Ask<typename Kind::ListResponse>(request, workspace);
  }
  template <typename Kind>
  auto Update(std::string id, std::string title, std::string etag, std::string request_id = "") {
    typename Kind::UpdateRequest request;
    Kind::SetId(id, Kind::In(request));
    *Kind::In(request).mutable_definition() = Saying(title, Kind());
    request.set_etag(etag);
    request.set_request_id(request_id);
    return Ask<typename Kind::UpdateResponse>(request);
  }
  template <typename Kind>
  auto Archive(std::string id, std::string etag = "", std::string request_id = "") {
    typename Kind::ArchiveRequest request;
    SetId(id, request);
    request.set_etag(etag);
    request.set_request_id(request_id);
    return Ask<typename Kind::ArchiveResponse>(request);
  }

  // The promises, one by one, for a kind.
  template <typename Kind>
  void Lives() {
    const auto first = Create<Kind>("ada", "Ada, дата 🚀")->SerializeAsString();
    const auto created = Kind::Of(*Get<Kind>("ada"));
    EXPECT_EQ(created.number(), 1u);
    EXPECT_EQ(created.definition().title(), "Ada, дата 🚀");
    EXPECT_THAT(created.content_hash(), SizeIs(64));
    EXPECT_EQ(created.create_time().seconds(), 1'777'885'200);
    EXPECT_FALSE(created.has_archive_time());

    clock_.Advance(absl::Hours(1));
    const auto second = Kind::Of(*Update<Kind>("ada", "Ada II", created.etag()));
    EXPECT_EQ(second.number(), 2u);
    EXPECT_NE(second.etag(), created.etag());
    EXPECT_NE(second.content_hash(), created.content_hash());
    EXPECT_EQ(second.create_time().seconds(), 1'777'888'800);
    EXPECT_EQ(Kind::Of(*Get<Kind>("ada")).SerializeAsString(), second.SerializeAsString());
    const auto old = Kind::Of(*Get<Kind>("ada", 1));
    EXPECT_EQ(old.definition().title(), "Ada, дата 🚀") << "an edition never changes";
    EXPECT_EQ(old.etag(), second.etag()) << "an etag is that of the thing";

    const auto same = Kind::Of(*Update<Kind>("ada", "Ada II", second.etag()));
    EXPECT_EQ(same.SerializeAsString(), second.SerializeAsString()) << "what says the same is no new edition";

    clock_.Advance(absl::Hours(1));
    const auto archived = Kind::Of(*Archive<Kind>("ada", second.etag()));
    EXPECT_EQ(archived.archive_time().seconds(), 1'777'892'400);
    for (const std::string& etag : {std::string(), second.etag(), archived.etag()}) {
      EXPECT_EQ(Kind::Of(*Archive<Kind>("ada", etag)).SerializeAsString(), archived.SerializeAsString());
    }
    EXPECT_EQ(ReasonOf(Update<Kind>("ada", "Ada III", archived.etag()).status()), "WRONG_STATE");
    EXPECT_THAT(Journal(), IsEmpty()) << "a journey tells of the editions that it pins";
  }

  template <typename Kind>
  void IsRefusedWhereItMustBe() {
    const std::string word = WordFor(Kind::kKind);
    EXPECT_EQ(ReasonOf(Get<Kind>("ada").status()), "NOT_FOUND");
    EXPECT_EQ(ReasonOf(Get<Kind>("No id").status()), "NOT_FOUND");
    EXPECT_EQ(ReasonOf(Update<Kind>("ada", "Ada", "some").status()), "NOT_FOUND");
    EXPECT_EQ(ReasonOf(Archive<Kind>("ada").status()), "NOT_FOUND");
    EXPECT_THAT(FieldsOf(Create<Kind>("Ada", "Ada").status()), ElementsAre(absl::StrCat(word, ".", word, "_id")));
    EXPECT_THAT(FieldsOf(Create<Kind>("ada", "").status()), ElementsAre(absl::StrCat(word, ".definition.title")));
    EXPECT_THAT(FieldsOf(Create<Kind>("ada", std::string(1 << 20, 'x')).status()),
                ElementsAre(absl::StrCat(word, ".definition.title")));
    EXPECT_THAT(FieldsOf(Create<Kind>("ada", "Ada", std::string(101, 'r')).status()), ElementsAre("request_id"));
    EXPECT_THAT(List<Kind>(0)->next_page_token(), IsEmpty());
    EXPECT_THAT(ListOf(*List<Kind>(0)), IsEmpty()) << "and nothing is stored";

    const auto created = Kind::Of(*Create<Kind>("ada", "Ada"));
    EXPECT_EQ(ReasonOf(Create<Kind>("ada", "Another").status()), "ALREADY_EXISTS");
    EXPECT_EQ(ReasonOf(Get<Kind>("ada", 2).status()), "NOT_FOUND");
    EXPECT_EQ(ReasonOf(Update<Kind>("ada", "Ada", "of yesterday").status()), "ETAG_MISMATCH");
    EXPECT_THAT(FieldsOf(Update<Kind>("ada", "Ada", "").status()), ElementsAre("etag"));
    EXPECT_THAT(FieldsOf(Update<Kind>("ada", "", created.etag()).status()),
                ElementsAre(absl::StrCat(word, ".definition.title")));
    EXPECT_THAT(FieldsOf(Archive<Kind>("ada", "", std::string(101, 'r')).status()), ElementsAre("request_id"));
    EXPECT_EQ(ReasonOf(Archive<Kind>("ada", "of yesterday").status()), "ETAG_MISMATCH");
    EXPECT_EQ(Kind::Of(*Get<Kind>("ada")).SerializeAsString(), created.SerializeAsString());
  }

  template <typename Kind>
  void IsRepeated() {
    const auto first = Create<Kind>("ada", "Ada", "r-1").value();
    clock_.Advance(absl::Hours(1));
    EXPECT_EQ(Create<Kind>("ada", "Ada", "r-1")->SerializeAsString(), first.SerializeAsString());
    EXPECT_EQ(ReasonOf(Create<Kind>("bob", "Bob", "r-1").status()), "REQUEST_ID_REUSED");
    const std::string etag = Kind::Of(first).etag();
    const auto second = Update<Kind>("ada", "Ada II", etag, "r-2").value();
    EXPECT_EQ(Update<Kind>("ada", "Ada II", etag, "r-2")->SerializeAsString(), second.SerializeAsString());
    EXPECT_EQ(ReasonOf(Update<Kind>("ada", "Ada III", etag, "r-2").status()), "REQUEST_ID_REUSED");
    const auto archived = Archive<Kind>("ada", "", "r-3").value();
    EXPECT_EQ(Archive<Kind>("ada", "", "r-3")->SerializeAsString(), archived.SerializeAsString());
    EXPECT_EQ(ReasonOf(Archive<Kind>("bob", "", "r-3").status()), "REQUEST_ID_REUSED");
  }

  template <typename Kind>
  void IsListed() {
    for (const std::string id : {"cy", "ada", "bob"}) Create<Kind>(id, id).value();
    Create<Kind>("eve", "Globex's", "", "globex").value();
    Update<Kind>("ada", "Ada II", Kind::Of(*Get<Kind>("ada")).etag()).value();
    Archive<Kind>("bob").value();
    const auto first = List<Kind>(1).value();
    ASSERT_THAT(ListOf(first), SizeIs(1));
    EXPECT_EQ(Kind::IdOf(ListOf(first)[0]), "ada");
    EXPECT_EQ(ListOf(first)[0].number(), 2u) << "the newest edition";
    const auto second = List<Kind>(1, first.next_page_token()).value();
    ASSERT_THAT(ListOf(second), SizeIs(1));
    EXPECT_EQ(Kind::IdOf(ListOf(second)[0]), "cy");
    EXPECT_EQ(second.next_page_token(), "");
    ASSERT_THAT(ListOf(*List<Kind>(0, "", true)), SizeIs(1));
    EXPECT_EQ(Kind::IdOf(ListOf(*List<Kind>(0, "", true))[0]), "bob");
    EXPECT_THAT(FieldsOf(List<Kind>(-1).status()), ElementsAre("page_size"));
    EXPECT_THAT(FieldsOf(List<Kind>(1, "nonsense").status()), ElementsAre("page_token"));
    EXPECT_THAT(FieldsOf(List<Kind>(1, first.next_page_token(), true).status()), ElementsAre("page_token"));
    EXPECT_THAT(FieldsOf(List<Kind>(1, first.next_page_token(), false, "globex").status()), ElementsAre("page_token"));
    EXPECT_EQ(ReasonOf(Get<Kind>("ada", 0, "globex").status()), "NOT_FOUND");
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, EditionsTest, support::BothEngines(), support::EngineName);

TEST_P(EditionsTest, APersonaHasImmutableEditionsUntilItIsArchived) { Lives<PersonaKind>(); }
TEST_P(EditionsTest, ASegmentHasImmutableEditionsUntilItIsArchived) { Lives<SegmentKind>(); }
TEST_P(EditionsTest, AMalformedOrMissingPersonaIsRefused) { IsRefusedWhereItMustBe<PersonaKind>(); }
TEST_P(EditionsTest, AMalformedOrMissingSegmentIsRefused) { IsRefusedWhereItMustBe<SegmentKind>(); }
TEST_P(EditionsTest, RepeatedCallsAboutAPersonaAnswerAsTheFirst) { IsRepeated<PersonaKind>(); }
TEST_P(EditionsTest, RepeatedCallsAboutASegmentAnswerAsTheFirst) { IsRepeated<SegmentKind>(); }
TEST_P(EditionsTest, PersonasAreListedByIdInPages) { IsListed<PersonaKind>(); }
TEST_P(EditionsTest, SegmentsAreListedByIdInPages) { IsListed<SegmentKind>(); }

TEST_P(EditionsTest, APersonaAndASegmentMayShareAnId) {
  Create<PersonaKind>("ada", "Ada").value();
  Create<SegmentKind>("ada", "Ada's").value();
  EXPECT_EQ(Get<PersonaKind>("ada")->persona().definition().title(), "Ada");
  EXPECT_EQ(Get<SegmentKind>("ada")->segment().definition().title(), "Ada's");
}

TEST_P(EditionsTest, ASegmentsRuleNamesNothingOfAJourney) {
  v1::CreateSegmentRequest request;
  request.mutable_segment()->set_segment_id("big");
  v1::SegmentDefinition& definition = *request.mutable_segment()->mutable_definition();
  definition.set_title("Big");
  v1::CriterionList& any = *definition.mutable_criterion()->mutable_any_of();
  any.add_criteria()->mutable_milestone()->set_milestone_key("done");
  any.add_criteria()->mutable_attested();
  any.add_criteria()->mutable_none_of()->add_criteria()->mutable_segment()->set_segment_id("small");
  any.add_criteria()->mutable_health_band()->set_scorecard_id("health");
  any.mutable_criteria(3)->mutable_health_band()->add_bands("green");
  EXPECT_THAT(FieldsOf(Ask<v1::CreateSegmentResponse>(request).status()),
              ElementsAre("segment.definition.criterion.any_of.criteria[0].milestone",
                          "segment.definition.criterion.any_of.criteria[1].attested",
                          "segment.definition.criterion.any_of.criteria[2].none_of.criteria[0].segment"));
  any.mutable_criteria()->DeleteSubrange(0, 3);
  EXPECT_EQ(Ask<v1::CreateSegmentResponse>(request).status(), absl::OkStatus());
}

}  // namespace
}  // namespace waymark::journey
