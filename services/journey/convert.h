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
#include "services/journey/lifecycle.h"
#include "services/rules/finding.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::journey {

// Who makes a change, and how a repeat of it is known.
struct Call {
  std::string workspace;
  std::string request_id;
  std::string body;  // The request's bytes.
};

// What a version says, as it is stored.
struct Content {
  std::string definition;  // A serialised waymark.journey.v1.JourneyDefinition.
  std::string content_hash;
};

struct NewJourney {
  Call call;
  std::string journey_id;
  std::string title;
};

struct NewDraft {
  Call call;
  std::string journey_id;
  Content content;
  std::string change_note;
};

// What is absent stays as it is.
struct DraftChange {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::optional<Content> content;
  std::optional<std::string> change_note;
  std::string etag;
};

struct PublishOrder {
  Call call;
  std::string journey_id;
  uint32_t number = 0;
  std::string etag;  // Empty: whatever the draft says now.
};

struct JourneyPage {
  std::string workspace;
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
absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request);
absl::StatusOr<DraftChange> ToDraftChange(absl::string_view workspace, const v1::UpdateDraftRequest& request);
absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request);
absl::StatusOr<JourneyPage> ToJourneyPage(absl::string_view workspace, const v1::ListJourneysRequest& request);
absl::StatusOr<VersionPage> ToVersionPage(absl::string_view workspace, const v1::ListVersionsRequest& request);
absl::StatusOr<std::string> ToJourneyId(absl::string_view journey_id);

v1::ValidateVersionResponse ToValidateVersionResponse(const v1::ValidateVersionRequest& request);

v1::Journey ToProto(const Journey& journey);
// Without a definition where `version` has none. Errors: INTERNAL  the stored definition is unreadable.
absl::StatusOr<v1::JourneyVersion> ToProto(const Version& version);
absl::StatusOr<v1::VersionPublished> ToFact(const Journey& journey, const Version& version);
// What is wrong with a stored definition. Errors: INTERNAL  it is unreadable.
absl::StatusOr<std::vector<rules::Finding>> FindingsIn(const Version& version);

// `journeys` and `versions` may hold one more than the page: then there is a next page.
v1::ListJourneysResponse ToProto(const JourneyPage& page, const std::vector<Journey>& journeys);
absl::StatusOr<v1::ListVersionsResponse> ToProto(const VersionPage& page, const std::vector<Version>& versions);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_CONVERT_H_
