#include "services/health/editor.h"

#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/journal/token.h"
#include "common/requests/requests.h"
#include "services/health/score_store.h"
#include "services/health/scorecard_store.h"

namespace waymark::health {

template <typename Response>
absl::StatusOr<Response> Editor::Change(const Call& call, absl::string_view method, absl::string_view scorecard_id,
                                        absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx)> change) {
  const int lane = journal::LaneOf(call.workspace, scorecard_id);
  const requests::Request request = {
      .workspace = call.workspace, .request_id = call.request_id, .method = method, .body = call.body};
  std::string answer;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const journal::Lanes lanes, journal_.Lock(tx, {lane}));
    ASSIGN_OR_RETURN(
        answer, requests::Once(tx, request, clock_.Now(), [&]() -> absl::StatusOr<std::string> {
          ASSIGN_OR_RETURN(Response response, change(tx));
          // Scorecards tell nothing, so what the lane holds already is all there is to reach.
          if (const int64_t head = lanes.Head(lane); head > 0) {
            response.set_consistency_token(journal::MakeToken({{journal_.name(), journal_.epoch(), lane, head}}));
          }
          return response.SerializeAsString();
        }));
    return absl::OkStatus();
  }));
  Response response;
  if (!response.ParseFromString(answer)) return absl::InternalError("a stored answer is unreadable");
  return response;
}

absl::StatusOr<v1::CreateScorecardResponse> Editor::CreateScorecard(const NewScorecard& wanted) {
  return Change<v1::CreateScorecardResponse>(wanted.call, "CreateScorecard", wanted.scorecard_id,
                                             [&](sql::Transaction& tx) -> absl::StatusOr<v1::CreateScorecardResponse> {
                                               const Scorecard scorecard = {.scorecard_id = wanted.scorecard_id,
                                                                            .title = wanted.title,
                                                                            .create_time = clock_.Now()};
                                               RETURN_IF_ERROR(AddScorecard(tx, wanted.call.workspace, scorecard));
                                               v1::CreateScorecardResponse response;
                                               *response.mutable_scorecard() = ToProto(scorecard);
                                               return response;
                                             });
}

absl::StatusOr<v1::CreateDraftResponse> Editor::CreateDraft(const NewDraft& wanted) {
  return Change<v1::CreateDraftResponse>(
      wanted.call, "CreateDraft", wanted.scorecard_id,
      [&](sql::Transaction& tx) -> absl::StatusOr<v1::CreateDraftResponse> {
        ASSIGN_OR_RETURN(const Scorecard scorecard, LoadScorecard(tx, wanted.call.workspace, wanted.scorecard_id));
        const Version draft = {.scorecard_id = scorecard.scorecard_id,
                               .number = scorecard.last_number + 1,
                               .definition = wanted.definition,
                               .content_hash = wanted.content_hash,
                               .change_note = wanted.change_note,
                               .create_time = clock_.Now(),
                               .publish_time = std::nullopt};
        RETURN_IF_ERROR(AddVersion(tx, wanted.call.workspace, draft));
        v1::CreateDraftResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(draft));
        return response;
      });
}

absl::StatusOr<v1::PublishVersionResponse> Editor::PublishVersion(const PublishOrder& order) {
  return Change<v1::PublishVersionResponse>(
      order.call, "PublishVersion", order.scorecard_id,
      [&](sql::Transaction& tx) -> absl::StatusOr<v1::PublishVersionResponse> {
        const std::string& workspace = order.call.workspace;
        ASSIGN_OR_RETURN(const Scorecard scorecard, LoadScorecard(tx, workspace, order.scorecard_id));
        ASSIGN_OR_RETURN(Version version, LoadVersion(tx, workspace, order.scorecard_id, order.number));
        ASSIGN_OR_RETURN(const Publication publication, DecidePublication(scorecard, version, order.etag));
        if (publication == Publication::kNow) {
          const absl::Time now = clock_.Now();
          version.state = VersionState::kPublished;
          version.publish_time = now;
          ++version.revision;
          RETURN_IF_ERROR(SavePublication(tx, workspace, version));
          RETURN_IF_ERROR(StartSweeps(tx, workspace, DayOf(now)));
        }
        v1::PublishVersionResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
        return response;
      });
}

}  // namespace waymark::health
