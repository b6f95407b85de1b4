// Documents: a journey written to a file and read back, without loss.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"
#include "waymark/journey/v1/template_gallery.pb.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TransferTest : public ServiceTest {
 protected:
  auto Export(std::string journey_id, uint32_t number = 0, v1::DocumentFormat format = v1::DOCUMENT_FORMAT_YAML) {
    v1::ExportJourneyRequest request;
    request.set_journey_id(journey_id);
    request.set_number(number);
    request.set_format(format);
    return Ask<v1::ExportJourneyResponse>(request);
  }
  auto Import(std::string document, std::string request_id = "", std::string workspace = "acme") {
    v1::ImportJourneyRequest request;
    request.set_document(document);
    request.set_change_note("From a file.");
    request.set_author("Ann");
    request.set_request_id(request_id);
    return Ask<v1::ImportJourneyResponse>(request, workspace);
  }
  static std::string Trial(std::string more = "") {
    return absl::StrCat(R"(journey:
  journey_id: trial
  title: Worth paying for
  labels: {team: growth}
  required_approvals: 1
  definition:
    entry: {triggers: [{first_event: {event_types: [signed_up]}}]}
    stages:
      - key: evaluate
        milestones:
          - key: reports
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [report_run], at_least: 3}}
)",
                        more);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, TransferTest, support::BothEngines(), support::EngineName);

TEST_P(TransferTest, WhatIsExportedIsImportedWithoutLossInBothFormats) {
  CreatePersona("ada").value();
  CreateSegment("big").value();
  CreateJourney("onboarding", "تهيئة العملاء 🚀: \"first\"").value();
  v1::JourneyDefinition definition = ReachedByBig("A_SUBMITTED/COMPLETE");
  definition.set_description("Two\nlines, a tab\t, 'quotes' and # no comment");
  definition.mutable_stages(0)->set_title("- [ ] yes: 12");
  definition.mutable_stages(0)->mutable_target()->set_seconds(1'209'600);
  definition.mutable_stages(0)->mutable_experience()->set_mood(-2);
  CreateDraft("onboarding", definition).value();
  Publish("onboarding", 1).value();
  for (const auto format : {v1::DOCUMENT_FORMAT_UNSPECIFIED, v1::DOCUMENT_FORMAT_YAML, v1::DOCUMENT_FORMAT_JSON}) {
    const auto exported = Export("onboarding", 0, format).value();
    EXPECT_EQ(exported.number(), 1u);
    EXPECT_EQ(exported.content_hash(), GetVersion("onboarding", 1)->version().content_hash());
    EXPECT_EQ(exported.document().front() == '{', format == v1::DOCUMENT_FORMAT_JSON);
    const auto same = Import(exported.document()).value();
    EXPECT_FALSE(same.draft_created()) << "the newest version says the same already";
    EXPECT_EQ(same.version().number(), 1u);
    const std::string other = absl::StrCat("copy-", format);
    const auto copy = Import(absl::StrReplaceAll(exported.document(), {{"onboarding", other}})).value();
    EXPECT_TRUE(copy.journey_created());
    EXPECT_EQ(copy.version().content_hash(), exported.content_hash());
    EXPECT_EQ(GetJourney(other)->journey().title(), "تهيئة العملاء 🚀: \"first\"");
    EXPECT_EQ(copy.version().definition().SerializeAsString(),
              GetVersion("onboarding", 1)->version().definition().SerializeAsString());
  }
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1));
}

TEST_P(TransferTest, AnImportMakesTheJourneyAndADraft) {
  const auto imported = Import(Trial()).value();
  EXPECT_TRUE(imported.journey_created());
  EXPECT_TRUE(imported.draft_created());
  EXPECT_EQ(imported.version().state(), v1::VERSION_STATE_DRAFT);
  EXPECT_EQ(imported.version().change_note(), "From a file.");
  EXPECT_THAT(imported.version().authors(), ElementsAre("Ann"));
  const v1::Journey journey = GetJourney("trial")->journey();
  EXPECT_EQ(journey.title(), "Worth paying for");
  EXPECT_EQ(journey.labels().at("team"), "growth");
  EXPECT_EQ(journey.required_approvals(), 1u);
  EXPECT_EQ(Export("trial", 1)->content_hash(), imported.version().content_hash());

  const auto again = Import(Trial()).value();
  EXPECT_FALSE(again.journey_created());
  EXPECT_FALSE(again.draft_created());
  EXPECT_EQ(again.version().SerializeAsString(), imported.version().SerializeAsString());
  const auto changed = Import(absl::StrReplaceAll(Trial(), {{"at_least: 3", "at_least: 4"}})).value();
  EXPECT_TRUE(changed.draft_created());
  EXPECT_EQ(changed.version().number(), 2u);
}

TEST_P(TransferTest, WhatLeavesEditionsOpenIsTheSameAsWhatIsPinnedToTheNewest) {
  CreateSegment("big").value();
  const std::string document = Trial("    segments: [{segment_id: big}]\n");
  Import(document).value();
  v1::UpdateJourneyRequest update;
  *update.mutable_journey() = GetJourney("trial")->journey();
  update.mutable_update_mask()->add_paths("required_approvals");
  update.mutable_journey()->set_required_approvals(0);
  update.set_etag(update.journey().etag());
  Ask<v1::UpdateJourneyResponse>(update).value();
  Publish("trial", 1).value();
  EXPECT_FALSE(Import(document)->draft_created());
  Retire("trial", 1).value();
  EXPECT_TRUE(Import(document)->draft_created()) << "what is retired cannot be gone on with";
}

TEST_P(TransferTest, AMalformedDocumentIsRefusedWithEveryProblem) {
  const auto told = [&](std::string document) {
    std::vector<std::string> problems;
    for (const FieldViolation& violation : ViolationsOf(Import(document).status())) {
      problems.push_back(absl::StrCat(violation.field, " ", violation.description));
    }
    return problems;
  };
  EXPECT_THAT(told("journey: ["), ElementsAre(HasSubstr("document ")));
  EXPECT_THAT(told("journey: {journey_id: trial, colour: red, size: 3}"),
              ElementsAre(HasSubstr("colour"), HasSubstr("size")));
  EXPECT_THAT(told(""), ElementsAre(HasSubstr("must describe one journey")));
  EXPECT_THAT(told(absl::StrCat(Trial(), "---\n", Trial())), ElementsAre(HasSubstr("must describe one journey")));
  EXPECT_THAT(told("channel: {channel_id: log, log: {}}"), ElementsAre(HasSubstr("must describe one journey")));
  EXPECT_THAT(told("journey: {journey_id: Trial}"), ElementsAre(HasSubstr("journey.journey_id ")));
  EXPECT_THAT(told("journey: {journey_id: trial}"), ElementsAre(HasSubstr("journey.definition.entry ")));
  EXPECT_THAT(told(std::string((2 << 20) + 1, '#')), ElementsAre(HasSubstr("at most 2097152 bytes")));
  EXPECT_THAT(told(std::string(1 << 20, '[')), Not(IsEmpty()));
  EXPECT_THAT(ListJourneys(0)->journeys(), IsEmpty()) << "nothing is stored";
}

TEST_P(TransferTest, AnImportIsRefusedWhereADraftWouldBe) {
  v1::ImportJourneyRequest request;
  request.set_document(Trial());
  request.set_author(std::string(201, 'x'));
  EXPECT_THAT(FieldsOf(Ask<v1::ImportJourneyResponse>(request).status()), ElementsAre("author"));
  const auto first = Import(Trial(), "r-1").value();
  EXPECT_EQ(Import(Trial(), "r-1")->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReasonOf(Import(Trial("\n"), "r-1").status()), "REQUEST_ID_REUSED");
  ArchiveJourney("trial").value();
  EXPECT_EQ(ReasonOf(Import(Trial()).status()), "WRONG_STATE");
}

TEST_P(TransferTest, OnlyAnExistingVersionIsExported) {
  EXPECT_EQ(ReasonOf(Export("trial").status()), "NOT_FOUND");
  Import(Trial()).value();
  EXPECT_EQ(ReasonOf(Export("trial").status()), "NOT_FOUND") << "nothing is published";
  EXPECT_EQ(ReasonOf(Export("trial", 2).status()), "NOT_FOUND");
  EXPECT_THAT(FieldsOf(Export("trial", 1, static_cast<v1::DocumentFormat>(7)).status()), ElementsAre("format"));
}

// RenderJourneyMap.

TEST_P(TransferTest, AMapIsDrawnOfADefinitionAndOfAVersionWithItsNamesAndNumbers) {
  CreatePersona("ada", "Ada Lovelace").value();
  CreateSegment("big", "Big accounts").value();
  CreateJourney("onboarding", "Welcome <aboard>").value();
  CreateDraft("onboarding", ReachedByBig("report_run")).value();
  v1::RenderJourneyMapRequest request;
  request.set_journey_id("onboarding");
  request.set_number(1);
  v1::StageOverlay& overlay = *request.mutable_overlay()->add_stages();
  overlay.set_stage_key("setup");
  overlay.set_count(4711);
  const auto svg = Ask<v1::RenderJourneyMapResponse>(request).value();
  EXPECT_EQ(svg.media_type(), "image/svg+xml");
  for (const char* text : {"<svg xmlns=", "Welcome &lt;aboard&gt;", "Ada Lovelace", "Big accounts", "4,711"}) {
    EXPECT_THAT(svg.map(), HasSubstr(text));
  }
  EXPECT_EQ(Ask<v1::RenderJourneyMapResponse>(request)->map(), svg.map()) << "the same request, the same map";

  v1::RenderJourneyMapRequest offline;
  *offline.mutable_definition() = ReachedBy("report_run");
  offline.set_title("Not stored");
  offline.set_format(v1::MAP_FORMAT_MERMAID);
  const auto mermaid = Ask<v1::RenderJourneyMapResponse>(offline).value();
  EXPECT_EQ(mermaid.media_type(), "text/vnd.mermaid");
  EXPECT_THAT(mermaid.map(), HasSubstr("flowchart LR"));
}

TEST_P(TransferTest, OnlyWhatIsThereAndSoundIsDrawn) {
  v1::RenderJourneyMapRequest request;
  EXPECT_THAT(FieldsOf(Ask<v1::RenderJourneyMapResponse>(request).status()), ElementsAre("definition"));
  request.set_journey_id("onboarding");
  EXPECT_EQ(ReasonOf(Ask<v1::RenderJourneyMapResponse>(request).status()), "NOT_FOUND");
  request.set_format(static_cast<v1::MapFormat>(7));
  EXPECT_THAT(FieldsOf(Ask<v1::RenderJourneyMapResponse>(request).status()), ElementsAre("format"));
  request.clear_format();
  request.mutable_overlay()->add_stages();
  EXPECT_THAT(FieldsOf(Ask<v1::RenderJourneyMapResponse>(request).status()),
              ElementsAre("overlay.stages[0].stage_key"));
  request.clear_overlay();
  request.set_title(std::string(201, 'x'));
  EXPECT_THAT(FieldsOf(Ask<v1::RenderJourneyMapResponse>(request).status()), ElementsAre("title"));
}

// Templates.

TEST_P(TransferTest, TemplatesAreListedByIdInPages) {
  v1::ListTemplatesRequest request;
  const auto all = Ask<v1::ListTemplatesResponse>(request).value();
  ASSERT_THAT(all.templates(), SizeIs(4));
  EXPECT_EQ(all.templates(0).template_id(), "ecommerce");
  EXPECT_NE(all.templates(0).title(), "");
  EXPECT_NE(all.templates(0).summary(), "");
  EXPECT_THAT(all.templates(0).document(), HasSubstr("journey:"));
  request.set_page_size(3);
  const auto first = Ask<v1::ListTemplatesResponse>(request).value();
  ASSERT_THAT(first.templates(), SizeIs(3));
  request.set_page_token(first.next_page_token());
  const auto second = Ask<v1::ListTemplatesResponse>(request).value();
  ASSERT_THAT(second.templates(), SizeIs(1));
  EXPECT_EQ(second.templates(0).template_id(), "trial");
  EXPECT_EQ(second.next_page_token(), "");
  request.set_page_token("nonsense");
  EXPECT_THAT(FieldsOf(Ask<v1::ListTemplatesResponse>(request).status()), ElementsAre("page_token"));
  request.set_page_size(-1);
  EXPECT_THAT(FieldsOf(Ask<v1::ListTemplatesResponse>(request).status()), ElementsAre("page_size"));
}

TEST_P(TransferTest, EveryTemplateMakesAJourneyThatCanBePublishedExportedAndImported) {
  const auto all = Ask<v1::ListTemplatesResponse>(v1::ListTemplatesRequest()).value();
  for (const v1::JourneyTemplate& offered : all.templates()) {
    SCOPED_TRACE(offered.template_id());
    v1::CreateJourneyFromTemplateRequest request;
    request.set_template_id(offered.template_id());
    request.set_journey_id(absl::StrCat("my-", offered.template_id()));
    request.set_title("Ours");
    request.set_author("Ann");
    const auto made = Ask<v1::CreateJourneyFromTemplateResponse>(request).value();
    EXPECT_TRUE(made.journey_created());
    EXPECT_TRUE(made.draft_created());
    EXPECT_THAT(made.created_persona_ids(), Not(IsEmpty()));
    EXPECT_THAT(made.version().authors(), ElementsAre("Ann"));
    EXPECT_EQ(GetJourney(request.journey_id())->journey().title(), "Ours");
    const auto again = Ask<v1::CreateJourneyFromTemplateResponse>(request).value();
    EXPECT_EQ(again.version().DebugString(), made.version().DebugString());
    EXPECT_FALSE(again.journey_created() || again.draft_created());
    EXPECT_THAT(again.created_persona_ids(), IsEmpty());
    EXPECT_THAT(again.created_segment_ids(), IsEmpty());
    EXPECT_EQ(Publish(request.journey_id(), 1).status(), absl::OkStatus());
    EXPECT_FALSE(Ask<v1::CreateJourneyFromTemplateResponse>(request)->draft_created());
    for (const auto format : {v1::DOCUMENT_FORMAT_YAML, v1::DOCUMENT_FORMAT_JSON}) {
      const auto exported = Export(request.journey_id(), 0, format).value();
      const std::string other = absl::StrCat("copy-", format, "-", offered.template_id());
      const auto copy = Import(absl::StrReplaceAll(exported.document(), {{request.journey_id(), other}})).value();
      EXPECT_EQ(copy.version().content_hash(), exported.content_hash());
    }
  }
}

TEST_P(TransferTest, AJourneyIsMadeFromAnExistingTemplateAlone) {
  v1::CreateJourneyFromTemplateRequest request;
  const auto ask = [&] { return Ask<v1::CreateJourneyFromTemplateResponse>(request).status(); };
  EXPECT_EQ(ReasonOf(ask()), "NOT_FOUND");
  request.set_template_id("saas");
  request.set_journey_id("My journey");
  EXPECT_THAT(FieldsOf(ask()), ElementsAre("journey_id"));
  request.set_journey_id("mine");
  request.set_title(std::string(201, 'x'));
  EXPECT_THAT(FieldsOf(ask()), ElementsAre("title"));
  request.set_title("Mine");
  request.set_author(std::string(201, 'x'));
  EXPECT_THAT(FieldsOf(ask()), ElementsAre("author"));
  EXPECT_THAT(Ask<v1::ListPersonasResponse>(v1::ListPersonasRequest())->personas(), IsEmpty()) << "nothing is stored";
  request.clear_author();
  request.set_request_id("r-1");
  EXPECT_EQ(ask(), absl::OkStatus());
  request.set_journey_id("other");
  EXPECT_EQ(ReasonOf(ask()), "REQUEST_ID_REUSED");
  ArchiveJourney("mine").value();
  request.set_journey_id("mine");
  request.clear_request_id();
  EXPECT_EQ(ReasonOf(ask()), "WRONG_STATE");
}

}  // namespace
}  // namespace waymark::journey
