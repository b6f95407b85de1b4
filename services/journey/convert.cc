#include "services/journey/convert.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"

namespace waymark::journey {
namespace {

constexpr size_t kMostTitleCharacters = 200;
constexpr size_t kMostNoteCharacters = 2'000;

template <typename Request>
Call ToCall(absl::string_view workspace, const Request& request) {
  Call call = {.workspace = std::string(workspace), .request_id = request.request_id(), .body = ""};
  google::protobuf::io::StringOutputStream stream(&call.body);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  return call;
}

absl::Status CheckCharacters(absl::string_view field, absl::string_view text, size_t most) {
  RETURN_IF_ERROR(CheckText(field, text, 4 * most));
  if (absl::StrContains(text, '\0')) return InvalidField(field, "must not contain NUL");
  const size_t characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters <= most) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("must be at most ", most, " characters, not ", characters));
}

// A draft must have form; whether it has meaning is asked when it is published.
absl::StatusOr<Content> ToContent(absl::string_view field, const v1::JourneyDefinition& message) {
  std::vector<FieldViolation> violations;
  for (const rules::Finding& finding : rules::Check(message)) {
    if (finding.layer != rules::Layer::kForm) continue;
    violations.push_back({absl::StrCat(field, ".", finding.path), absl::StrCat(finding.message, ": ", finding.hint)});
  }
  if (!violations.empty()) return InvalidFields(violations);
  v1::JourneyDefinition known = message;
  known.DiscardUnknownFields();
  return Content{.definition = known.SerializeAsString(), .content_hash = rules::ContentHash(known)};
}

// The mask's paths; where it is empty, the fields that are set.
absl::StatusOr<std::vector<std::string>> FieldsToChange(const v1::UpdateDraftRequest& request) {
  std::vector<std::string> fields(request.update_mask().paths().begin(), request.update_mask().paths().end());
  for (const std::string& field : fields) {
    if (field == "definition" || field == "change_note") continue;
    return InvalidField("update_mask", "may name definition and change_note, nothing else");
  }
  if (fields.empty() && request.version().has_definition()) fields.push_back("definition");
  if (request.update_mask().paths().empty() && !request.version().change_note().empty())
    fields.push_back("change_note");
  if (fields.empty()) return InvalidField("version", "holds nothing to change: set definition or change_note");
  return fields;
}

std::string BoundTo(const JourneyPage& page) { return absl::StrCat(page.workspace, "/ListJourneys"); }
std::string BoundTo(const VersionPage& page) { return absl::StrCat(page.workspace, "/ListVersions/", page.journey_id); }

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return timestamp;
}

absl::StatusOr<v1::JourneyDefinition> ReadDefinition(const Version& version) {
  v1::JourneyDefinition definition;
  if (definition.ParseFromString(version.definition)) return definition;
  return absl::InternalError(absl::StrCat("the stored definition of ", NameOf(version), " is unreadable"));
}

v1::Finding ToProto(const rules::Finding& finding) {
  v1::Finding message;
  message.set_code(finding.code);
  message.set_path(finding.path);
  message.set_message(finding.message);
  message.set_hint(finding.hint);
  message.set_severity(finding.severity == rules::Severity::kError ? v1::SEVERITY_ERROR : v1::SEVERITY_WARNING);
  return message;
}

}  // namespace

absl::StatusOr<std::string> ToJourneyId(absl::string_view journey_id) {
  if (WhatIsWrongWithName(journey_id).empty()) return std::string(journey_id);
  return NotFound(absl::StrCat("journey \"", absl::CHexEscape(journey_id.substr(0, 100)), "\""));
}

absl::StatusOr<NewJourney> ToNewJourney(absl::string_view workspace, const v1::CreateJourneyRequest& request) {
  const v1::Journey& journey = request.journey();
  RETURN_IF_ERROR(CheckName("journey.journey_id", journey.journey_id()));
  if (journey.title().empty()) return InvalidField("journey.title", "must be given: say what people call the journey");
  RETURN_IF_ERROR(CheckCharacters("journey.title", journey.title(), kMostTitleCharacters));
  return NewJourney{.call = ToCall(workspace, request), .journey_id = journey.journey_id(), .title = journey.title()};
}

absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request) {
  NewDraft draft = {
      .call = ToCall(workspace, request), .journey_id = "", .content = {}, .change_note = request.change_note()};
  RETURN_IF_ERROR(CheckCharacters("change_note", request.change_note(), kMostNoteCharacters));
  ASSIGN_OR_RETURN(draft.content, ToContent("definition", request.definition()));
  ASSIGN_OR_RETURN(draft.journey_id, ToJourneyId(request.journey_id()));
  return draft;
}

absl::StatusOr<DraftChange> ToDraftChange(absl::string_view workspace, const v1::UpdateDraftRequest& request) {
  if (request.etag().empty()) return InvalidField("etag", "must be given: pass the one of the draft that was read");
  DraftChange change;
  change.call = ToCall(workspace, request);
  change.number = request.number();
  change.etag = request.etag();
  ASSIGN_OR_RETURN(const std::vector<std::string> fields, FieldsToChange(request));
  for (const std::string& field : fields) {
    if (field == "definition") {
      ASSIGN_OR_RETURN(change.content, ToContent("version.definition", request.version().definition()));
    } else {
      RETURN_IF_ERROR(CheckCharacters("version.change_note", request.version().change_note(), kMostNoteCharacters));
      change.change_note = request.version().change_note();
    }
  }
  ASSIGN_OR_RETURN(change.journey_id, ToJourneyId(request.journey_id()));
  return change;
}

absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request) {
  ASSIGN_OR_RETURN(const std::string journey_id, ToJourneyId(request.journey_id()));
  return PublishOrder{
      .call = ToCall(workspace, request), .journey_id = journey_id, .number = request.number(), .etag = request.etag()};
}

absl::StatusOr<JourneyPage> ToJourneyPage(absl::string_view workspace, const v1::ListJourneysRequest& request) {
  JourneyPage page = {.workspace = std::string(workspace), .after = ""};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(page), request.page_token()));
  return page;
}

absl::StatusOr<VersionPage> ToVersionPage(absl::string_view workspace, const v1::ListVersionsRequest& request) {
  VersionPage page = {.workspace = std::string(workspace),
                      .journey_id = request.journey_id(),
                      .below = std::numeric_limits<uint32_t>::max()};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string last_seen, ReadPageToken(BoundTo(page), request.page_token()));
  if (!last_seen.empty() && !absl::SimpleAtoi(last_seen, &page.below)) {
    return InvalidField("page_token", "is not one that this list gave: start again without it");
  }
  ASSIGN_OR_RETURN(page.journey_id, ToJourneyId(request.journey_id()));
  return page;
}

v1::ValidateVersionResponse ToValidateVersionResponse(const v1::ValidateVersionRequest& request) {
  v1::ValidateVersionResponse response;
  const std::vector<rules::Finding> findings = rules::Check(request.definition());
  for (const rules::Finding& finding : findings) *response.add_findings() = ToProto(finding);
  const bool has_form = std::none_of(findings.begin(), findings.end(), [](const rules::Finding& finding) {
    return finding.layer == rules::Layer::kForm;
  });
  if (has_form) response.set_content_hash(rules::ContentHash(request.definition()));
  return response;
}

v1::Journey ToProto(const Journey& journey) {
  v1::Journey message;
  message.set_journey_id(journey.journey_id);
  message.set_title(journey.title);
  message.set_latest_published_number(journey.latest_published_number);
  *message.mutable_create_time() = ToTimestamp(journey.create_time);
  return message;
}

absl::StatusOr<v1::JourneyVersion> ToProto(const Version& version) {
  v1::JourneyVersion message;
  message.set_journey_id(version.journey_id);
  message.set_number(version.number);
  message.set_state(version.state == VersionState::kDraft ? v1::VERSION_STATE_DRAFT : v1::VERSION_STATE_PUBLISHED);
  message.set_content_hash(version.content_hash);
  if (!version.definition.empty()) {
    ASSIGN_OR_RETURN(*message.mutable_definition(), ReadDefinition(version));
  }
  message.set_change_note(version.change_note);
  message.set_etag(EtagOf(version));
  *message.mutable_create_time() = ToTimestamp(version.create_time);
  if (version.publish_time.has_value()) *message.mutable_publish_time() = ToTimestamp(*version.publish_time);
  return message;
}

absl::StatusOr<v1::VersionPublished> ToFact(const Journey& journey, const Version& version) {
  v1::VersionPublished fact;
  fact.set_journey_id(version.journey_id);
  fact.set_number(version.number);
  fact.set_content_hash(version.content_hash);
  fact.set_title(journey.title);
  ASSIGN_OR_RETURN(*fact.mutable_definition(), ReadDefinition(version));
  *fact.mutable_publish_time() = ToTimestamp(version.publish_time.value());
  return fact;
}

absl::StatusOr<std::vector<rules::Finding>> FindingsIn(const Version& version) {
  ASSIGN_OR_RETURN(const v1::JourneyDefinition definition, ReadDefinition(version));
  return rules::Check(definition);
}

v1::ListJourneysResponse ToProto(const JourneyPage& page, const std::vector<Journey>& journeys) {
  v1::ListJourneysResponse response;
  const size_t shown = std::min<size_t>(page.limit, journeys.size());
  for (size_t i = 0; i < shown; ++i) *response.add_journeys() = ToProto(journeys[i]);
  if (shown < journeys.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(page), journeys[shown - 1].journey_id));
  }
  return response;
}

absl::StatusOr<v1::ListVersionsResponse> ToProto(const VersionPage& page, const std::vector<Version>& versions) {
  v1::ListVersionsResponse response;
  const size_t shown = std::min<size_t>(page.limit, versions.size());
  for (size_t i = 0; i < shown; ++i) {
    ASSIGN_OR_RETURN(*response.add_versions(), ToProto(versions[i]));
  }
  if (shown < versions.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(page), absl::StrCat(versions[shown - 1].number)));
  }
  return response;
}

}  // namespace waymark::journey
