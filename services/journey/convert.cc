#include "services/journey/convert.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/entry.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/diff.h"
#include "services/rules/convert/form.h"
#include "services/rules/placement.h"

namespace waymark::journey {
namespace {

constexpr size_t kMostTitleCharacters = 200;
constexpr size_t kMostNoteCharacters = 2'000;
constexpr int kMostLabels = 64;
constexpr size_t kMostLabelBytes = 255;
constexpr uint32_t kMostApprovalsRequired = 5;
constexpr int kMostAssumed = 1'000;

absl::Status CheckTitle(absl::string_view field, absl::string_view title) {
  if (title.empty()) return InvalidField(field, "must be given: say what people call the journey");
  return CheckCharacters(field, title, kMostTitleCharacters);
}

absl::StatusOr<Labels> ToLabels(absl::string_view field, const google::protobuf::Map<std::string, std::string>& map) {
  if (map.size() > kMostLabels) return InvalidField(field, absl::StrCat("must be at most ", kMostLabels));
  const Labels labels(map.begin(), map.end());
  for (const auto& [key, value] : labels) {
    if (const std::string wrong = WhatIsWrongWithKey(key); !wrong.empty()) {
      return InvalidField(field, absl::StrCat("the key \"", absl::CHexEscape(key.substr(0, 100)), "\" ", wrong));
    }
    const std::string at = absl::StrCat(field, "[", key, "]");
    RETURN_IF_ERROR(CheckText(at, value, kMostLabelBytes));
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); })) {
      return InvalidField(at, "must not contain control characters");
    }
  }
  return labels;
}

absl::Status CheckRequiredApprovals(absl::string_view field, uint32_t count) {
  if (count <= kMostApprovalsRequired) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("must be at most ", kMostApprovalsRequired));
}

// The mask's paths; where it is empty, the fields that are set. `known` are those that may be named.
template <typename Request>
absl::StatusOr<std::vector<std::string>> FieldsToChange(
    const Request& request, absl::string_view holder,
    const std::vector<std::pair<std::string, bool>>& known_and_whether_set) {
  std::vector<std::string> names, fields;
  for (const auto& [name, is_set] : known_and_whether_set) {
    names.push_back(name);
    if (is_set) fields.push_back(name);
  }
  const std::string choice = absl::StrJoin(names, ", ");
  const auto& paths = request.update_mask().paths();
  if (!paths.empty()) fields.assign(paths.begin(), paths.end());
  for (const std::string& field : fields) {
    if (std::find(names.begin(), names.end(), field) != names.end()) continue;
    return InvalidField("update_mask", absl::StrCat("may name ", choice, ", nothing else"));
  }
  if (fields.empty()) return InvalidField(holder, absl::StrCat("holds nothing to change: set one of ", choice));
  return fields;
}

template <typename Request>
absl::StatusOr<VersionOrder> ToOrder(absl::string_view workspace, const Request& request) {
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return VersionOrder{.call = ToCall(workspace, request),
                      .journey_id = std::move(journey_id),
                      .number = request.number(),
                      .etag = request.etag()};
}

bool IsHash(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

// Absent where nobody moves. What a plan says besides is asked only of one that moves somebody.
absl::StatusOr<std::optional<v1::MigrationPlan>> ToMigration(const v1::MigrationPlan& plan) {
  constexpr char kAsGiven[] = "must be as milestone's PreviewVersion gave it: pass its plan on as it is";
  switch (plan.migration()) {
    case v1::MIGRATION_UNSPECIFIED:
    case v1::MIGRATION_PIN:
      return std::nullopt;
    case v1::MIGRATION_REPLAY:
    case v1::MIGRATION_MAP:
      break;
    default:
      return InvalidField("plan.migration", "must be MIGRATION_PIN, MIGRATION_REPLAY or MIGRATION_MAP");
  }
  if (!IsHash(plan.content_hash())) return InvalidField("plan.content_hash", kAsGiven);
  if (!IsHash(plan.outcome_hash())) return InvalidField("plan.outcome_hash", kAsGiven);
  if (!plan.has_as_of() || plan.as_of().nanos() < 0 || plan.as_of().nanos() > 999'999'999) {
    return InvalidField("plan.as_of", kAsGiven);
  }
  if (plan.epoch() <= 0) return InvalidField("plan.epoch", kAsGiven);
  const auto& positions = plan.lane_positions();
  if (positions.size() != journal::kLanes ||
      std::any_of(positions.begin(), positions.end(), [](int64_t position) { return position < 0; })) {
    return InvalidField("plan.lane_positions", kAsGiven);
  }
  if (plan.has_map() && plan.migration() != v1::MIGRATION_MAP) return InvalidField("plan.map", kAsGiven);
  if (plan.map().stages().size() > rules::kMostMappedStages ||
      plan.map().milestones().size() > rules::kMostMappedMilestones) {
    return InvalidField("plan.map", kAsGiven);
  }
  return plan;
}

absl::StatusOr<std::vector<std::string>> ToAssumed(absl::string_view field,
                                                   const google::protobuf::RepeatedPtrField<std::string>& ids) {
  if (ids.size() > kMostAssumed) return InvalidField(field, absl::StrCat("must be at most ", kMostAssumed));
  return std::vector<std::string>(ids.begin(), ids.end());
}

std::string BoundTo(const JourneyPage& page) {
  std::string bound = absl::StrCat(page.workspace, "/ListJourneys/", page.filter.archived);
  if (page.filter.label.has_value()) {
    absl::StrAppend(&bound, "/", page.filter.label->first, "=", page.filter.label->second);
  }
  return bound;
}
std::string BoundTo(const VersionPage& page) { return absl::StrCat(page.workspace, "/ListVersions/", page.journey_id); }

v1::VersionState ToProto(VersionState state) {
  switch (state) {
    case VersionState::kDraft:
      return v1::VERSION_STATE_DRAFT;
    case VersionState::kPublished:
      return v1::VERSION_STATE_PUBLISHED;
    case VersionState::kRetired:
      return v1::VERSION_STATE_RETIRED;
  }
  return v1::VERSION_STATE_UNSPECIFIED;
}

v1::Layer ToProto(rules::Layer layer) {
  switch (layer) {
    case rules::Layer::kForm:
      return v1::LAYER_FORM;
    case rules::Layer::kReferences:
      return v1::LAYER_REFERENCES;
    case rules::Layer::kMeaning:
      return v1::LAYER_MEANING;
  }
  return v1::LAYER_UNSPECIFIED;
}

v1::DifferenceKind ToProto(rules::Difference::Kind kind) {
  switch (kind) {
    case rules::Difference::Kind::kAdded:
      return v1::DIFFERENCE_KIND_ADDED;
    case rules::Difference::Kind::kRemoved:
      return v1::DIFFERENCE_KIND_REMOVED;
    case rules::Difference::Kind::kChanged:
      return v1::DIFFERENCE_KIND_CHANGED;
    case rules::Difference::Kind::kMoved:
      return v1::DIFFERENCE_KIND_MOVED;
  }
  return v1::DIFFERENCE_KIND_UNSPECIFIED;
}

v1::Finding ToProto(const rules::Finding& finding) {
  v1::Finding message;
  message.set_code(finding.code);
  message.set_path(finding.path);
  message.set_message(finding.message);
  message.set_hint(finding.hint);
  message.set_severity(finding.severity == rules::Severity::kError ? v1::SEVERITY_ERROR : v1::SEVERITY_WARNING);
  message.set_layer(ToProto(finding.layer));
  return message;
}

}  // namespace

absl::StatusOr<std::string> ToJourneyId(absl::string_view journey_id) {
  if (WhatIsWrongWithName(journey_id).empty()) return std::string(journey_id);
  return NotFound(absl::StrCat("journey \"", absl::CHexEscape(journey_id.substr(0, 100)), "\""));
}

absl::StatusOr<Content> ToContent(absl::string_view field, const v1::JourneyDefinition& definition) {
  RETURN_IF_ERROR(CheckFindings(field, rules::Check(definition)));
  v1::JourneyDefinition known = definition;
  known.DiscardUnknownFields();
  return Content{.definition = DeterministicBytes(known), .content_hash = rules::ContentHash(known)};
}

absl::StatusOr<NewJourney> ToNewJourney(absl::string_view workspace, const v1::CreateJourneyRequest& request) {
  const v1::Journey& journey = request.journey();
  RETURN_IF_ERROR(CheckName("journey.journey_id", journey.journey_id()));
  RETURN_IF_ERROR(CheckTitle("journey.title", journey.title()));
  RETURN_IF_ERROR(CheckRequiredApprovals("journey.required_approvals", journey.required_approvals()));
  ASSIGN_OR_RETURN(Labels labels, ToLabels("journey.labels", journey.labels()));
  return NewJourney{.call = ToCall(workspace, request),
                    .journey_id = journey.journey_id(),
                    .title = journey.title(),
                    .labels = std::move(labels),
                    .required_approvals = journey.required_approvals()};
}

absl::StatusOr<JourneyChange> ToJourneyChange(absl::string_view workspace, const v1::UpdateJourneyRequest& request) {
  if (request.etag().empty()) return InvalidField("etag", "must be given: pass the one of the journey that was read");
  const v1::Journey& journey = request.journey();
  JourneyChange change;
  change.call = ToCall(workspace, request);
  change.etag = request.etag();
  ASSIGN_OR_RETURN(const std::vector<std::string> fields,
                   FieldsToChange(request, "journey",
                                  {{"title", !journey.title().empty()},
                                   {"labels", !journey.labels().empty()},
                                   {"required_approvals", journey.required_approvals() != 0}}));
  for (const std::string& field : fields) {
    if (field == "title") {
      RETURN_IF_ERROR(CheckTitle("journey.title", journey.title()));
      change.title = journey.title();
    } else if (field == "labels") {
      ASSIGN_OR_RETURN(change.labels, ToLabels("journey.labels", journey.labels()));
    } else {
      RETURN_IF_ERROR(CheckRequiredApprovals("journey.required_approvals", journey.required_approvals()));
      change.required_approvals = journey.required_approvals();
    }
  }
  ASSIGN_OR_RETURN(change.journey_id, ToJourneyId(journey.journey_id()));
  return change;
}

absl::StatusOr<JourneyArchival> ToJourneyArchival(absl::string_view workspace,
                                                  const v1::ArchiveJourneyRequest& request) {
  ASSIGN_OR_RETURN(std::string journey_id, ToJourneyId(request.journey_id()));
  return JourneyArchival{
      .call = ToCall(workspace, request), .journey_id = std::move(journey_id), .etag = request.etag()};
}

absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request) {
  NewDraft draft = {.call = ToCall(workspace, request),
                    .journey_id = "",
                    .content = std::nullopt,
                    .from_number = request.from_number(),
                    .change_note = request.change_note(),
                    .author = request.author()};
  RETURN_IF_ERROR(CheckCharacters("change_note", request.change_note(), kMostNoteCharacters));
  RETURN_IF_ERROR(CheckPerson("author", request.author()));
  if (draft.from_number == 0) {
    ASSIGN_OR_RETURN(draft.content, ToContent("definition", request.definition()));
  } else if (request.has_definition()) {
    return InvalidField("from_number", "cannot be given beside a definition: give one of both");
  }
  ASSIGN_OR_RETURN(draft.journey_id, ToJourneyId(request.journey_id()));
  return draft;
}

absl::StatusOr<DraftChange> ToDraftChange(absl::string_view workspace, const v1::UpdateDraftRequest& request) {
  if (request.etag().empty()) return InvalidField("etag", "must be given: pass the one of the draft that was read");
  DraftChange change;
  change.call = ToCall(workspace, request);
  change.number = request.number();
  change.etag = request.etag();
  change.author = request.author();
  RETURN_IF_ERROR(CheckPerson("author", request.author()));
  ASSIGN_OR_RETURN(const std::vector<std::string> fields,
                   FieldsToChange(request, "version",
                                  {{"definition", request.version().has_definition()},
                                   {"change_note", !request.version().change_note().empty()}}));
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

absl::StatusOr<VersionOrder> ToVersionOrder(absl::string_view workspace, const v1::PublishVersionRequest& request) {
  ASSIGN_OR_RETURN(VersionOrder order, ToOrder(workspace, request));
  if (request.has_plan()) {
    ASSIGN_OR_RETURN(order.plan, ToMigration(request.plan()));
  }
  return order;
}

absl::StatusOr<VersionOrder> ToVersionOrder(absl::string_view workspace, const v1::RetireVersionRequest& request) {
  return ToOrder(workspace, request);
}

absl::StatusOr<Subject> ToSubject(absl::string_view workspace, const v1::ValidateVersionRequest& request) {
  Subject subject = {.workspace = std::string(workspace),
                     .definition = std::nullopt,
                     .journey_id = request.journey_id(),
                     .number = request.number(),
                     .assumed_personas = {},
                     .assumed_segments = {},
                     .assumed_journeys = {}};
  ASSIGN_OR_RETURN(subject.assumed_personas, ToAssumed("assumed_persona_ids", request.assumed_persona_ids()));
  ASSIGN_OR_RETURN(subject.assumed_segments, ToAssumed("assumed_segment_ids", request.assumed_segment_ids()));
  ASSIGN_OR_RETURN(subject.assumed_journeys, ToAssumed("assumed_journey_ids", request.assumed_journey_ids()));
  if (request.has_definition()) {
    subject.definition = request.definition();
    if (!WhatIsWrongWithName(subject.journey_id).empty()) subject.journey_id.clear();
    return subject;
  }
  if (request.journey_id().empty()) {
    return InvalidField("definition", "must be given, or else the journey_id and number of a version");
  }
  ASSIGN_OR_RETURN(subject.journey_id, ToJourneyId(request.journey_id()));
  return subject;
}

absl::StatusOr<Subject> ToSubject(absl::string_view workspace, const v1::RunScenariosRequest& request) {
  v1::ValidateVersionRequest same;
  if (request.has_definition()) {
    RETURN_IF_ERROR(CheckFindings("definition", rules::Check(request.definition())));
    *same.mutable_definition() = request.definition();
  }
  same.set_journey_id(request.journey_id());
  same.set_number(request.number());
  return ToSubject(workspace, same);
}

absl::StatusOr<Picture> ToPicture(absl::string_view workspace, const v1::RenderJourneyMapRequest& request) {
  if (!v1::MapFormat_IsValid(request.format())) {
    return InvalidField("format", "must be MAP_FORMAT_SVG or MAP_FORMAT_MERMAID");
  }
  RETURN_IF_ERROR(CheckCharacters("title", request.title(), kMostTitleCharacters));
  RETURN_IF_ERROR(CheckFindings("overlay", rules::CheckForm(request.overlay())));
  v1::RunScenariosRequest same;
  if (request.has_definition()) *same.mutable_definition() = request.definition();
  same.set_journey_id(request.journey_id());
  same.set_number(request.number());
  ASSIGN_OR_RETURN(Subject subject, ToSubject(workspace, same));
  return Picture{.subject = std::move(subject),
                 .format = request.format(),
                 .overlay = request.overlay(),
                 .title = request.title()};
}

absl::StatusOr<Comparison> ToComparison(absl::string_view workspace, const v1::DiffVersionsRequest& request) {
  Comparison comparison = {.workspace = std::string(workspace),
                           .journey_id = "",
                           .from_number = request.from_number(),
                           .to_number = request.to_number(),
                           .to_definition = std::nullopt};
  if (request.has_to_definition()) {
    RETURN_IF_ERROR(CheckFindings("to_definition", rules::Check(request.to_definition())));
    comparison.to_definition = request.to_definition();
  }
  ASSIGN_OR_RETURN(comparison.journey_id, ToJourneyId(request.journey_id()));
  return comparison;
}

absl::StatusOr<JourneyPage> ToJourneyPage(absl::string_view workspace, const v1::ListJourneysRequest& request) {
  JourneyPage page = {.workspace = std::string(workspace),
                      .filter = {.archived = request.archived(), .label = std::nullopt},
                      .after = ""};
  if (!request.label().empty()) {
    const std::pair<std::string, std::string> label = absl::StrSplit(request.label(), absl::MaxSplits('=', 1));
    const bool sound = label.first.size() < request.label().size() && WhatIsWrongWithKey(label.first).empty() &&
                       CheckText("label", label.second, kMostLabelBytes).ok() &&
                       label.second.find('\0') == std::string::npos;
    if (!sound) return InvalidField("label", "must be a key and a value, such as team=growth");
    page.filter.label = label;
  }
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

v1::ValidateVersionResponse ToValidateVersionResponse(const v1::JourneyDefinition& definition,
                                                      const std::vector<rules::Finding>& findings) {
  v1::ValidateVersionResponse response;
  for (const rules::Finding& finding : findings) *response.add_findings() = ToProto(finding);
  const bool has_form = std::none_of(findings.begin(), findings.end(), [](const rules::Finding& finding) {
    return finding.layer == rules::Layer::kForm;
  });
  if (has_form) response.set_content_hash(rules::ContentHash(definition));
  return response;
}

v1::DiffVersionsResponse ToDiffVersionsResponse(const v1::JourneyDefinition& before,
                                                const v1::JourneyDefinition& after) {
  v1::DiffVersionsResponse response;
  for (const rules::Difference& difference : rules::Diff(before, after)) {
    v1::Difference& shown = *response.add_differences();
    shown.set_kind(ToProto(difference.kind));
    shown.set_path(difference.path);
    shown.set_text(difference.words);
  }
  return response;
}

v1::Journey ToProto(const Journey& journey) {
  v1::Journey message;
  message.set_journey_id(journey.journey_id);
  message.set_title(journey.title);
  message.mutable_labels()->insert(journey.labels.begin(), journey.labels.end());
  message.set_required_approvals(journey.required_approvals);
  message.set_latest_published_number(journey.latest_published_number);
  message.set_etag(EtagOf(journey));
  *message.mutable_create_time() = ToTimestamp(journey.create_time);
  if (journey.archive_time.has_value()) *message.mutable_archive_time() = ToTimestamp(*journey.archive_time);
  return message;
}

absl::StatusOr<v1::JourneyDefinition> ReadDefinition(const Version& version) {
  v1::JourneyDefinition definition;
  if (definition.ParseFromString(version.definition)) return definition;
  return absl::InternalError(absl::StrCat("the stored definition of ", NameOf(version), " is unreadable"));
}

absl::StatusOr<v1::JourneyVersion> ToProto(const Version& version) {
  v1::JourneyVersion message;
  message.set_journey_id(version.journey_id);
  message.set_number(version.number);
  message.set_state(ToProto(version.state));
  message.set_content_hash(version.content_hash);
  if (!version.definition.empty()) {
    ASSIGN_OR_RETURN(*message.mutable_definition(), ReadDefinition(version));
  }
  message.set_change_note(version.change_note);
  message.set_etag(EtagOf(version));
  message.set_parent_number(version.parent_number);
  message.set_parent_content_hash(version.parent_content_hash);
  for (const std::string& author : version.authors) message.add_authors(author);
  *message.mutable_create_time() = ToTimestamp(version.create_time);
  if (version.publish_time.has_value()) *message.mutable_publish_time() = ToTimestamp(*version.publish_time);
  if (version.retire_time.has_value()) *message.mutable_retire_time() = ToTimestamp(*version.retire_time);
  return message;
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
