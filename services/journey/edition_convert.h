// Requests about personas and segments -> what the use cases take, checked; and editions -> messages. Both kinds are
// read and written by the same code, which knows them by what is said here.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITION_CONVERT_H_
#define WAYMARK_SERVICES_JOURNEY_EDITION_CONVERT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/journey/edition.h"
#include "services/journey/fields.h"
#include "services/rules/finding.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::journey {

struct PersonaKind {
  static constexpr EditionKind kKind = EditionKind::kPersona;
  using Thing = v1::Persona;
  using Definition = v1::PersonaDefinition;
  using CreateRequest = v1::CreatePersonaRequest;
  using CreateResponse = v1::CreatePersonaResponse;
  using GetRequest = v1::GetPersonaRequest;
  using GetResponse = v1::GetPersonaResponse;
  using ListRequest = v1::ListPersonasRequest;
  using ListResponse = v1::ListPersonasResponse;
  using UpdateRequest = v1::UpdatePersonaRequest;
  using UpdateResponse = v1::UpdatePersonaResponse;
  using ArchiveRequest = v1::ArchivePersonaRequest;
  using ArchiveResponse = v1::ArchivePersonaResponse;

  template <typename Message>
  static const Thing& Of(const Message& message) {
    return message.persona();
  }
  template <typename Message>
  static const std::string& IdOf(const Message& message) {
    return message.persona_id();
  }
  static void SetId(const std::string& id, Thing& thing) { thing.set_persona_id(id); }
  template <typename Response>
  static Thing& In(Response& response) {
    return *response.mutable_persona();
  }
  static Thing& AddTo(ListResponse& response) { return *response.add_personas(); }
};

struct SegmentKind {
  static constexpr EditionKind kKind = EditionKind::kSegment;
  using Thing = v1::Segment;
  using Definition = v1::SegmentDefinition;
  using CreateRequest = v1::CreateSegmentRequest;
  using CreateResponse = v1::CreateSegmentResponse;
  using GetRequest = v1::GetSegmentRequest;
  using GetResponse = v1::GetSegmentResponse;
  using ListRequest = v1::ListSegmentsRequest;
  using ListResponse = v1::ListSegmentsResponse;
  using UpdateRequest = v1::UpdateSegmentRequest;
  using UpdateResponse = v1::UpdateSegmentResponse;
  using ArchiveRequest = v1::ArchiveSegmentRequest;
  using ArchiveResponse = v1::ArchiveSegmentResponse;

  template <typename Message>
  static const Thing& Of(const Message& message) {
    return message.segment();
  }
  template <typename Message>
  static const std::string& IdOf(const Message& message) {
    return message.segment_id();
  }
  static void SetId(const std::string& id, Thing& thing) { thing.set_segment_id(id); }
  template <typename Response>
  static Thing& In(Response& response) {
    return *response.mutable_segment();
  }
  static Thing& AddTo(ListResponse& response) { return *response.add_segments(); }
};

// What an edition says, as it is stored.
struct EditionContent {
  std::string id;
  std::string definition;
  std::string content_hash;
};

struct NewEdition {
  Call call;
  EditionContent content;
  std::string etag;  // Empty where the thing is new.
};

struct EditionArchival {
  Call call;
  std::string id;
  std::string etag;  // Empty: however it is.
};

struct EditionPage {
  std::string workspace;
  bool archived = false;
  std::string after;  // The last id seen.
  int limit = 0;
};

// Everything wrong with what a persona or a segment says, in the order of its fields.
std::vector<rules::Finding> CheckDefinition(const v1::PersonaDefinition& definition);
std::vector<rules::Finding> CheckDefinition(const v1::SegmentDefinition& definition);

// As it is stored. Errors: INVALID_ARGUMENT  with every finding, below `field`.
template <typename Definition>
absl::StatusOr<EditionContent> ToEditionContent(absl::string_view field, const std::string& id,
                                                const Definition& definition);

// Errors of all: INVALID_ARGUMENT  as the proto says. NOT_FOUND  the id is none that such a thing can have.
template <typename Kind>
absl::StatusOr<NewEdition> ToFirstEdition(absl::string_view workspace, const typename Kind::CreateRequest& request);
template <typename Kind>
absl::StatusOr<NewEdition> ToNextEdition(absl::string_view workspace, const typename Kind::UpdateRequest& request);
template <typename Kind>
absl::StatusOr<EditionArchival> ToArchival(absl::string_view workspace, const typename Kind::ArchiveRequest& request);
template <typename Kind>
absl::StatusOr<EditionPage> ToEditionPage(absl::string_view workspace, const typename Kind::ListRequest& request);
absl::StatusOr<std::string> ToEditionId(EditionKind kind, absl::string_view id);

// Errors: INTERNAL  the stored definition is unreadable.
template <typename Kind>
absl::StatusOr<typename Kind::Thing> ToProto(const Edition& edition);
// `editions` may hold one more than the page: then there is a next page.
template <typename Kind>
absl::StatusOr<typename Kind::ListResponse> ToProto(const EditionPage& page, const std::vector<Edition>& editions);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITION_CONVERT_H_
