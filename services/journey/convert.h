// Requests -> what the use cases take, checked; and what they found -> responses. Past this nothing checks a request
// again.
#ifndef WAYMARK_SERVICES_JOURNEY_CONVERT_H_
#define WAYMARK_SERVICES_JOURNEY_CONVERT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/journey/fields.h"
#include "services/journey/journey_store.h"
#include "services/journey/lifecycle.h"
#include "services/rules/finding.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::journey {

// What a version says, as it is stored.
struct Content {
  std::string definition;  // A serialised waymark.journey.v1.JourneyDefinition.
  std::string content_hash;
};

struct NewJourney {
  Call call;
  std::string journey_id;
  std::string title;
  Labels labels;
  uint32_t required_approvals = 0;
};

// What is absent stays as it is.
struct JourneyChange {
  Call call;
  std::string journey_id;
  std::optional<std::string> title;
  std::optional<Labels> labels;
  std::optional<uint32_t> required_approvals;
  std::string etag;
};

struct JourneyArchival {
  Call call;
  std::string journey_id;
  std::string etag;  // Empty: whatever it says now.
};

struct NewDraft {
  Call call;
  std::string journey_id;
  std::optional<Content> content;  // Absent: that of the version from_number.
  uint32_t from_number = 0;
  std::string change_note;
  std::string author;  // Empty: not said.
};

// What is absent stays as it is.
struct DraftChange {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::optional<Content> content;
  std::optional<std::string> change_note;
  std::string author;  // Empty: not said.
  std::string etag;
};

// To publish or to retire.
struct VersionOrder {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string etag;                       // Empty: whatever it says now.
  std::optional<v1::MigrationPlan> plan;  // Of a publication: who is under way moves; absent: nobody does.
};

// What is to be looked at: a definition, or a version that is stored.
struct Subject {
  std::string workspace;
  std::optional<v1::JourneyDefinition> definition;
  std::string journey_id;  // Of the version, or for which the definition is meant; empty: none.
  uint32_t number = 0;     // Without a definition; 0: the latest published one.
  // What is taken to exist, though it may not be stored.
  std::vector<std::string> assumed_personas;
  std::vector<std::string> assumed_segments;
  std::vector<std::string> assumed_journeys;
};

// What is to be compared.
struct Comparison {
  std::string workspace;
  std::string journey_id;
  uint32_t from_number = 0;                            // 0: the latest published one.
  uint32_t to_number = 0;                              // 0: the newest one.
  std::optional<v1::JourneyDefinition> to_definition;  // Instead of to_number.
};

// What is to be drawn.
struct Picture {
  Subject subject;
  v1::MapFormat format = v1::MAP_FORMAT_SVG;
  v1::MapOverlay overlay;
  std::string title;  // Empty: the journey's.
};

struct JourneyPage {
  std::string workspace;
  JourneyFilter filter;
  std::string after;  // The last journey_id seen.
  int limit = 0;
};

struct VersionPage {
  std::string workspace;
  std::string journey_id;
  uint32_t below = 0;  // The last number seen.
  int limit = 0;
};

// Errors of all: INVALID_ARGUMENT  as the proto says, every field named. NOT_FOUND  the journey_id is none that a
// journey can have.
absl::StatusOr<NewJourney> ToNewJourney(absl::string_view workspace, const v1::CreateJourneyRequest& request);
absl::StatusOr<JourneyChange> ToJourneyChange(absl::string_view workspace, const v1::UpdateJourneyRequest& request);
absl::StatusOr<JourneyArchival> ToJourneyArchival(absl::string_view workspace,
                                                  const v1::ArchiveJourneyRequest& request);
absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request);
absl::StatusOr<DraftChange> ToDraftChange(absl::string_view workspace, const v1::UpdateDraftRequest& request);
absl::StatusOr<VersionOrder> ToVersionOrder(absl::string_view workspace, const v1::PublishVersionRequest& request);
absl::StatusOr<VersionOrder> ToVersionOrder(absl::string_view workspace, const v1::RetireVersionRequest& request);
absl::StatusOr<Subject> ToSubject(absl::string_view workspace, const v1::ValidateVersionRequest& request);
absl::StatusOr<Subject> ToSubject(absl::string_view workspace, const v1::RunScenariosRequest& request);
absl::StatusOr<Comparison> ToComparison(absl::string_view workspace, const v1::DiffVersionsRequest& request);
absl::StatusOr<Picture> ToPicture(absl::string_view workspace, const v1::RenderJourneyMapRequest& request);
absl::StatusOr<JourneyPage> ToJourneyPage(absl::string_view workspace, const v1::ListJourneysRequest& request);
absl::StatusOr<VersionPage> ToVersionPage(absl::string_view workspace, const v1::ListVersionsRequest& request);
absl::StatusOr<std::string> ToJourneyId(absl::string_view journey_id);

// A draft must have form; whether it has meaning is asked when it is published. Errors: INVALID_ARGUMENT  with every
// finding of form, below `field`.
absl::StatusOr<Content> ToContent(absl::string_view field, const v1::JourneyDefinition& definition);

v1::ValidateVersionResponse ToValidateVersionResponse(const v1::JourneyDefinition& definition,
                                                      const std::vector<rules::Finding>& findings);

v1::DiffVersionsResponse ToDiffVersionsResponse(const v1::JourneyDefinition& before,
                                                const v1::JourneyDefinition& after);

v1::Journey ToProto(const Journey& journey);
// Without a definition where `version` has none. Errors: INTERNAL  the stored definition is unreadable.
absl::StatusOr<v1::JourneyVersion> ToProto(const Version& version);
absl::StatusOr<v1::JourneyDefinition> ReadDefinition(const Version& version);

// `journeys` and `versions` may hold one more than the page: then there is a next page.
v1::ListJourneysResponse ToProto(const JourneyPage& page, const std::vector<Journey>& journeys);
absl::StatusOr<v1::ListVersionsResponse> ToProto(const VersionPage& page, const std::vector<Version>& versions);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_CONVERT_H_
