#include "services/journey/editor.h"

#include <optional>
#include <utility>

#include "common/base/status.h"
#include "services/journey/journey_store.h"

namespace waymark::journey {

absl::StatusOr<Version> AddDraft(const Change& change, const Journey& journey, Version draft, const Version* parent) {
  RETURN_IF_ERROR(CheckOpen(journey));
  std::optional<Version> published;
  if (parent == nullptr && journey.latest_published_number > 0) {
    ASSIGN_OR_RETURN(published, LoadPublished(change.tx, change.workspace, journey.journey_id));
    parent = &*published;
  }
  draft.journey_id = journey.journey_id;
  draft.number = journey.last_number + 1;
  draft.create_time = change.now;
  if (parent != nullptr) {
    draft.parent_number = parent->number;
    draft.parent_content_hash = parent->content_hash;
  }
  RETURN_IF_ERROR(AddVersion(change.tx, change.workspace, draft));
  return draft;
}

absl::StatusOr<v1::CreateJourneyResponse> Editor::CreateJourney(const NewJourney& wanted) {
  return changes_.Run<v1::CreateJourneyResponse>(
      wanted.call, "CreateJourney", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::CreateJourneyResponse> {
        const Journey journey = {.journey_id = wanted.journey_id,
                                 .title = wanted.title,
                                 .labels = wanted.labels,
                                 .required_approvals = wanted.required_approvals,
                                 .create_time = change.now,
                                 .archive_time = std::nullopt};
        RETURN_IF_ERROR(AddJourney(change.tx, change.workspace, journey));
        v1::CreateJourneyResponse response;
        *response.mutable_journey() = ToProto(journey);
        return response;
      });
}

absl::StatusOr<v1::UpdateJourneyResponse> Editor::UpdateJourney(const JourneyChange& wanted) {
  return changes_.Run<v1::UpdateJourneyResponse>(
      wanted.call, "UpdateJourney", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::UpdateJourneyResponse> {
        ASSIGN_OR_RETURN(Journey journey, LoadJourney(change.tx, change.workspace, wanted.journey_id));
        RETURN_IF_ERROR(CheckChange(journey, wanted.etag));
        journey.title = wanted.title.value_or(journey.title);
        journey.labels = wanted.labels.value_or(journey.labels);
        journey.required_approvals = wanted.required_approvals.value_or(journey.required_approvals);
        ++journey.revision;
        RETURN_IF_ERROR(SaveJourney(change.tx, change.workspace, journey));
        v1::UpdateJourneyResponse response;
        *response.mutable_journey() = ToProto(journey);
        return response;
      });
}

absl::StatusOr<v1::ArchiveJourneyResponse> Editor::ArchiveJourney(const JourneyArchival& wanted) {
  return changes_.Run<v1::ArchiveJourneyResponse>(
      wanted.call, "ArchiveJourney", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::ArchiveJourneyResponse> {
        ASSIGN_OR_RETURN(Journey journey, LoadJourney(change.tx, change.workspace, wanted.journey_id));
        ASSIGN_OR_RETURN(const Step step, DecideArchival(journey, wanted.etag));
        if (step == Step::kNow) {
          journey.archive_time = change.now;
          ++journey.revision;
          RETURN_IF_ERROR(SaveJourney(change.tx, change.workspace, journey));
          v1::JourneyArchived fact;
          fact.set_journey_id(journey.journey_id);
          *fact.mutable_archive_time() = ToTimestamp(change.now);
          change.Tell(journey.journey_id, fact);
        }
        v1::ArchiveJourneyResponse response;
        *response.mutable_journey() = ToProto(journey);
        return response;
      });
}

absl::StatusOr<v1::CreateDraftResponse> Editor::CreateDraft(const NewDraft& wanted) {
  return changes_.Run<v1::CreateDraftResponse>(
      wanted.call, "CreateDraft", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::CreateDraftResponse> {
        ASSIGN_OR_RETURN(const Journey journey, LoadJourney(change.tx, change.workspace, wanted.journey_id));
        Version draft = {.change_note = wanted.change_note};
        AddAuthor(draft, wanted.author);
        std::optional<Version> parent;
        if (wanted.content.has_value()) {
          draft.definition = wanted.content->definition;
          draft.content_hash = wanted.content->content_hash;
        } else {
          ASSIGN_OR_RETURN(parent, LoadVersion(change.tx, change.workspace, wanted.journey_id, wanted.from_number));
          draft.definition = parent->definition;
          draft.content_hash = parent->content_hash;
        }
        ASSIGN_OR_RETURN(draft, AddDraft(change, journey, std::move(draft), parent.has_value() ? &*parent : nullptr));
        v1::CreateDraftResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(draft));
        return response;
      });
}

absl::StatusOr<v1::UpdateDraftResponse> Editor::UpdateDraft(const DraftChange& wanted) {
  return changes_.Run<v1::UpdateDraftResponse>(
      wanted.call, "UpdateDraft", {wanted.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::UpdateDraftResponse> {
        ASSIGN_OR_RETURN(Version draft, LoadVersion(change.tx, change.workspace, wanted.journey_id, wanted.number));
        ASSIGN_OR_RETURN(const Journey journey, LoadJourney(change.tx, change.workspace, wanted.journey_id));
        RETURN_IF_ERROR(CheckOpen(journey));
        RETURN_IF_ERROR(CheckChange(draft, wanted.etag));
        if (wanted.content.has_value()) {
          draft.definition = wanted.content->definition;
          draft.content_hash = wanted.content->content_hash;
        }
        draft.change_note = wanted.change_note.value_or(draft.change_note);
        AddAuthor(draft, wanted.author);
        ++draft.revision;
        RETURN_IF_ERROR(SaveVersion(change.tx, change.workspace, draft));
        v1::UpdateDraftResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(draft));
        return response;
      });
}

}  // namespace waymark::journey
