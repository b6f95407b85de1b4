#include "services/journey/editor.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "common/requests/requests.h"
#include "services/journey/journey_store.h"

namespace waymark::journey {

template <typename Response>
absl::StatusOr<Response> Editor::Change(
    const Call& call, absl::string_view method, absl::string_view journey_id,
    absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx, journal::Lanes& lanes)> change) {
  const int lane = journal::LaneOf(call.workspace, journey_id);
  const requests::Request request = {
      .workspace = call.workspace, .request_id = call.request_id, .method = method, .body = call.body};
  std::string answer;
  journal::Lanes lanes;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {lane}));
    ASSIGN_OR_RETURN(answer, requests::Once(tx, request, clock_.Now(), [&]() -> absl::StatusOr<std::string> {
                       ASSIGN_OR_RETURN(Response response, change(tx, lanes));
                       response.set_consistency_token(
                           journal::MakeToken({{journal_.name(), journal_.epoch(), lane, lanes.Head(lane)}}));
                       return response.SerializeAsString();
                     }));
    return journal_.Store(tx, lanes);
  }));
  journal_.Announce(lanes);
  Response response;
  if (!response.ParseFromString(answer)) return absl::InternalError("a stored answer is unreadable");
  return response;
}

absl::StatusOr<v1::CreateJourneyResponse> Editor::CreateJourney(const NewJourney& wanted) {
  return Change<v1::CreateJourneyResponse>(
      wanted.call, "CreateJourney", wanted.journey_id,
      [&](sql::Transaction& tx, journal::Lanes&) -> absl::StatusOr<v1::CreateJourneyResponse> {
        const Journey journey = {.journey_id = wanted.journey_id, .title = wanted.title, .create_time = clock_.Now()};
        RETURN_IF_ERROR(AddJourney(tx, wanted.call.workspace, journey));
        v1::CreateJourneyResponse response;
        *response.mutable_journey() = ToProto(journey);
        return response;
      });
}

absl::StatusOr<v1::CreateDraftResponse> Editor::CreateDraft(const NewDraft& wanted) {
  return Change<v1::CreateDraftResponse>(
      wanted.call, "CreateDraft", wanted.journey_id,
      [&](sql::Transaction& tx, journal::Lanes&) -> absl::StatusOr<v1::CreateDraftResponse> {
        ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, wanted.call.workspace, wanted.journey_id));
        const Version draft = {.journey_id = journey.journey_id,
                               .number = journey.last_number + 1,
                               .definition = wanted.content.definition,
                               .content_hash = wanted.content.content_hash,
                               .change_note = wanted.change_note,
                               .create_time = clock_.Now(),
                               .publish_time = std::nullopt};
        RETURN_IF_ERROR(AddVersion(tx, wanted.call.workspace, draft));
        v1::CreateDraftResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(draft));
        return response;
      });
}

absl::StatusOr<v1::UpdateDraftResponse> Editor::UpdateDraft(const DraftChange& change) {
  return Change<v1::UpdateDraftResponse>(
      change.call, "UpdateDraft", change.journey_id,
      [&](sql::Transaction& tx, journal::Lanes&) -> absl::StatusOr<v1::UpdateDraftResponse> {
        ASSIGN_OR_RETURN(Version draft, LoadVersion(tx, change.call.workspace, change.journey_id, change.number));
        RETURN_IF_ERROR(CheckChange(draft, change.etag));
        if (change.content.has_value()) {
          draft.definition = change.content->definition;
          draft.content_hash = change.content->content_hash;
        }
        draft.change_note = change.change_note.value_or(draft.change_note);
        ++draft.revision;
        RETURN_IF_ERROR(SaveVersion(tx, change.call.workspace, draft));
        v1::UpdateDraftResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(draft));
        return response;
      });
}

absl::StatusOr<v1::PublishVersionResponse> Editor::PublishVersion(const PublishOrder& order) {
  return Change<v1::PublishVersionResponse>(
      order.call, "PublishVersion", order.journey_id,
      [&](sql::Transaction& tx, journal::Lanes& lanes) -> absl::StatusOr<v1::PublishVersionResponse> {
        const std::string& workspace = order.call.workspace;
        ASSIGN_OR_RETURN(const Journey journey, LoadJourney(tx, workspace, order.journey_id));
        ASSIGN_OR_RETURN(Version version, LoadVersion(tx, workspace, order.journey_id, order.number));
        ASSIGN_OR_RETURN(const std::vector<rules::Finding> findings, FindingsIn(version));
        ASSIGN_OR_RETURN(const Publication publication, DecidePublication(journey, version, order.etag, findings));
        if (publication == Publication::kNow) {
          version.state = VersionState::kPublished;
          version.publish_time = clock_.Now();
          ++version.revision;
          RETURN_IF_ERROR(SaveVersion(tx, workspace, version));
          ASSIGN_OR_RETURN(const v1::VersionPublished fact, ToFact(journey, version));
          lanes.Append({{.workspace = workspace,
                         .key = version.journey_id,
                         .type = fact.GetTypeName(),
                         .payload = fact.SerializeAsString()}});
        }
        v1::PublishVersionResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
        return response;
      });
}

}  // namespace waymark::journey
