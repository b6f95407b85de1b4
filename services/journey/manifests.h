// Journeys as documents that people keep in files: read, checked, and written.
#ifndef WAYMARK_SERVICES_JOURNEY_MANIFESTS_H_
#define WAYMARK_SERVICES_JOURNEY_MANIFESTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/journey/convert.h"
#include "services/journey/edition_convert.h"
#include "services/journey/fields.h"
#include "services/journey/lifecycle.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/journey/v1/template_gallery.pb.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::journey {

// What is to be there, once all of it is made.
struct Plan {
  Call call;
  std::vector<EditionContent> personas;
  std::vector<EditionContent> segments;
  NewJourney journey;  // Made where it is missing; its call is not used.
  Content content;
  std::string change_note;
  std::string author;  // Empty: not said.
};

struct Export {
  std::string workspace;
  std::string journey_id;
  uint32_t number = 0;  // 0: the latest published one.
  v1::DocumentFormat format = v1::DOCUMENT_FORMAT_YAML;
};

struct TemplatePage {
  std::string workspace;
  std::string after;  // The last template_id seen.
  int limit = 0;
};

// Errors of all: INVALID_ARGUMENT, NOT_FOUND  as the proto says.
absl::StatusOr<Plan> ToPlan(absl::string_view workspace, const v1::ImportJourneyRequest& request);
absl::StatusOr<Plan> ToPlan(absl::string_view workspace, const v1::CreateJourneyFromTemplateRequest& request);
absl::StatusOr<TemplatePage> ToTemplatePage(absl::string_view workspace, const v1::ListTemplatesRequest& request);
v1::ListTemplatesResponse ListTemplates(const TemplatePage& page);
absl::StatusOr<Export> ToExport(absl::string_view workspace, const v1::ExportJourneyRequest& request);

// The documents of a text. Errors: INVALID_ARGUMENT  with every problem, by line and column (`field`).
absl::StatusOr<std::vector<manifest::v1::Manifest>> ReadManifests(absl::string_view field, absl::string_view text);

// The journey of a document, as it is to be made. Errors: INVALID_ARGUMENT  something of it is malformed, below
// `field`.
absl::Status FillPlan(absl::string_view field, const manifest::v1::JourneyManifest& manifest, Plan& plan);

// Errors: INTERNAL  the stored definition is unreadable.
absl::StatusOr<v1::ExportJourneyResponse> ToDocument(const Export& wanted, const Journey& journey,
                                                     const Version& version);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MANIFESTS_H_
