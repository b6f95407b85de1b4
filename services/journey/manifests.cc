#include "services/journey/manifests.h"

#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/document/document.h"
#include "services/journey/templates/templates.h"

namespace waymark::journey {
namespace {

using manifest::v1::Manifest;

constexpr size_t kMostDocumentBytes = 2 << 20;
constexpr size_t kMostNoteCharacters = 2'000;
constexpr size_t kMostTitleCharacters = 200;

std::string BoundTo(const TemplatePage& page) { return absl::StrCat(page.workspace, "/ListTemplates"); }

}  // namespace

absl::StatusOr<std::vector<Manifest>> ReadManifests(absl::string_view field, absl::string_view text) {
  if (text.size() > kMostDocumentBytes) {
    return InvalidField(field, absl::StrCat("must be at most ", kMostDocumentBytes, " bytes, not ", text.size()));
  }
  const document::Reading reading = document::ReadYaml(text, Manifest::default_instance());
  std::vector<FieldViolation> violations;
  for (const document::Problem& problem : reading.problems) {
    violations.push_back({std::string(field), document::ToString("", problem).substr(1)});
  }
  if (!violations.empty()) return InvalidFields(violations);
  std::vector<Manifest> manifests;
  for (const document::Document& document : reading.documents) {
    manifests.push_back(static_cast<const Manifest&>(*document.message));
  }
  return manifests;
}

absl::Status FillPlan(absl::string_view field, const manifest::v1::JourneyManifest& manifest, Plan& plan) {
  // What is asked of a new journey is asked of the document's, whether or not it is new.
  v1::CreateJourneyRequest create;
  v1::Journey& journey = *create.mutable_journey();
  journey.set_journey_id(manifest.journey_id());
  journey.set_title(manifest.title().empty() ? manifest.journey_id() : manifest.title());
  *journey.mutable_labels() = manifest.labels();
  journey.set_required_approvals(manifest.required_approvals());
  ASSIGN_OR_RETURN(plan.journey, ToNewJourney(plan.call.workspace, create));
  ASSIGN_OR_RETURN(plan.content, ToContent(absl::StrCat(field, ".definition"), manifest.definition()));
  return absl::OkStatus();
}

absl::StatusOr<Plan> ToPlan(absl::string_view workspace, const v1::ImportJourneyRequest& request) {
  Plan plan;
  plan.call = ToCall(workspace, request);
  plan.change_note = request.change_note();
  plan.author = request.author();
  RETURN_IF_ERROR(CheckCharacters("change_note", request.change_note(), kMostNoteCharacters));
  RETURN_IF_ERROR(CheckPerson("author", request.author()));
  ASSIGN_OR_RETURN(const std::vector<Manifest> manifests, ReadManifests("document", request.document()));
  if (manifests.size() != 1 || !manifests[0].has_journey()) {
    return InvalidField("document", "must describe one journey: begin with journey:");
  }
  RETURN_IF_ERROR(FillPlan("journey", manifests[0].journey(), plan));
  return plan;
}

absl::StatusOr<Plan> ToPlan(absl::string_view workspace, const v1::CreateJourneyFromTemplateRequest& request) {
  Plan plan;
  plan.call = ToCall(workspace, request);
  plan.author = request.author();
  RETURN_IF_ERROR(CheckPerson("author", request.author()));
  if (!request.journey_id().empty()) RETURN_IF_ERROR(CheckName("journey_id", request.journey_id()));
  RETURN_IF_ERROR(CheckCharacters("title", request.title(), kMostTitleCharacters));
  const Template* wanted = FindTemplate(request.template_id());
  if (wanted == nullptr) {
    return NotFound(absl::StrCat("template \"", absl::CHexEscape(request.template_id().substr(0, 100)), "\""));
  }
  plan.change_note = absl::StrCat("From the template ", wanted->id, ".");
  ASSIGN_OR_RETURN(const std::vector<Manifest> manifests, ReadManifests("template_id", wanted->yaml));
  for (const Manifest& manifest : manifests) {
    if (manifest.has_persona()) {
      ASSIGN_OR_RETURN(plan.personas.emplace_back(),
                       ToEditionContent("persona", manifest.persona().persona_id(), manifest.persona().definition()));
    } else if (manifest.has_segment()) {
      ASSIGN_OR_RETURN(plan.segments.emplace_back(),
                       ToEditionContent("segment", manifest.segment().segment_id(), manifest.segment().definition()));
    } else if (manifest.has_journey()) {
      manifest::v1::JourneyManifest journey = manifest.journey();
      if (!request.journey_id().empty()) journey.set_journey_id(request.journey_id());
      if (!request.title().empty()) journey.set_title(request.title());
      RETURN_IF_ERROR(FillPlan("journey", journey, plan));
    }
  }
  return plan;
}

absl::StatusOr<TemplatePage> ToTemplatePage(absl::string_view workspace, const v1::ListTemplatesRequest& request) {
  TemplatePage page = {.workspace = std::string(workspace), .after = ""};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(page), request.page_token()));
  return page;
}

v1::ListTemplatesResponse ListTemplates(const TemplatePage& page) {
  std::map<absl::string_view, const Template*> by_id;
  for (const Template& offered : Templates()) by_id[offered.id] = &offered;
  v1::ListTemplatesResponse response;
  for (auto it = by_id.upper_bound(page.after); it != by_id.end(); ++it) {
    if (response.templates_size() == page.limit) {
      response.set_next_page_token(
          MakePageToken(BoundTo(page), response.templates(response.templates_size() - 1).template_id()));
      break;
    }
    const Template& offered = *it->second;
    v1::JourneyTemplate& shown = *response.add_templates();
    shown.set_template_id(std::string(offered.id));
    shown.set_title(std::string(offered.title));
    shown.set_summary(std::string(offered.summary));
    shown.set_document(std::string(offered.yaml));
  }
  return response;
}

absl::StatusOr<Export> ToExport(absl::string_view workspace, const v1::ExportJourneyRequest& request) {
  if (!v1::DocumentFormat_IsValid(request.format())) {
    return InvalidField("format", "must be DOCUMENT_FORMAT_YAML or DOCUMENT_FORMAT_JSON");
  }
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return Export{.workspace = std::string(workspace),
                .journey_id = std::move(journey_id),
                .number = request.number(),
                .format = request.format()};
}

absl::StatusOr<v1::ExportJourneyResponse> ToDocument(const Export& wanted, const Journey& journey,
                                                     const Version& version) {
  Manifest manifest;
  manifest::v1::JourneyManifest& written = *manifest.mutable_journey();
  written.set_journey_id(journey.journey_id);
  written.set_title(journey.title);
  written.mutable_labels()->insert(journey.labels.begin(), journey.labels.end());
  written.set_required_approvals(journey.required_approvals);
  ASSIGN_OR_RETURN(*written.mutable_definition(), ReadDefinition(version));
  v1::ExportJourneyResponse response;
  response.set_document(wanted.format == v1::DOCUMENT_FORMAT_JSON
                            ? document::WriteJson(manifest, document::Fields::kSet)
                            : document::WriteYaml(manifest, document::Fields::kSet));
  response.set_number(version.number);
  response.set_content_hash(version.content_hash);
  return response;
}

}  // namespace waymark::journey
