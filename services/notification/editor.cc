#include "services/notification/editor.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "common/requests/requests.h"
#include "services/notification/channel_store.h"
#include "services/notification/playbook_store.h"
#include "services/notification/signature.h"

namespace waymark::notification {
namespace {

constexpr size_t kSecretBytes = 24;  // What Standard Webhooks recommends at least.

std::set<std::string> ChannelsOf(const Definition& definition) {
  std::set<std::string> channels;
  for (const Step& step : definition.steps) channels.insert(step.channel_id);
  return channels;
}

}  // namespace

template <typename Response>
absl::StatusOr<Response> Editor::Change(const Call& call, absl::string_view method, absl::string_view id,
                                        absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx)> change) {
  const int lane = journal::LaneOf(call.workspace, id);
  const requests::Request request = {
      .workspace = call.workspace, .request_id = call.request_id, .method = method, .body = call.body};
  std::string answer;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const journal::Lanes lanes, journal_.Lock(tx, {lane}));
    ASSIGN_OR_RETURN(answer, requests::Once(tx, request, clock_.Now(), [&]() -> absl::StatusOr<std::string> {
                       ASSIGN_OR_RETURN(Response response, change(tx));
                       response.set_consistency_token(
                           journal::MakeToken({{journal_.name(), journal_.epoch(), lane, lanes.Head(lane)}}));
                       return response.SerializeAsString();
                     }));
    return absl::OkStatus();
  }));
  Response response;
  if (!response.ParseFromString(answer)) return absl::InternalError("a stored answer is unreadable");
  return response;
}

absl::StatusOr<v1::CreatePlaybookResponse> Editor::CreatePlaybook(const NewPlaybook& wanted) {
  return Change<v1::CreatePlaybookResponse>(wanted.call, "CreatePlaybook", wanted.playbook_id,
                                            [&](sql::Transaction& tx) -> absl::StatusOr<v1::CreatePlaybookResponse> {
                                              const Playbook playbook = {.playbook_id = wanted.playbook_id,
                                                                         .title = wanted.title,
                                                                         .create_time = clock_.Now()};
                                              RETURN_IF_ERROR(AddPlaybook(tx, wanted.call.workspace, playbook));
                                              v1::CreatePlaybookResponse response;
                                              *response.mutable_playbook() = ToProto(playbook);
                                              return response;
                                            });
}

absl::StatusOr<v1::CreateDraftResponse> Editor::CreateDraft(const NewDraft& wanted) {
  return Change<v1::CreateDraftResponse>(
      wanted.call, "CreateDraft", wanted.playbook_id,
      [&](sql::Transaction& tx) -> absl::StatusOr<v1::CreateDraftResponse> {
        ASSIGN_OR_RETURN(const Playbook playbook, LoadPlaybook(tx, wanted.call.workspace, wanted.playbook_id));
        const Version draft = {.playbook_id = playbook.playbook_id,
                               .number = playbook.last_number + 1,
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
      order.call, "PublishVersion", order.playbook_id,
      [&](sql::Transaction& tx) -> absl::StatusOr<v1::PublishVersionResponse> {
        const std::string& workspace = order.call.workspace;
        ASSIGN_OR_RETURN(const Playbook playbook, LoadPlaybook(tx, workspace, order.playbook_id));
        ASSIGN_OR_RETURN(Version version, LoadVersion(tx, workspace, order.playbook_id, order.number));
        ASSIGN_OR_RETURN(const Definition definition, ToDefinition(version));
        ASSIGN_OR_RETURN(const std::set<std::string> active, ActiveAmong(tx, workspace, ChannelsOf(definition)));
        ASSIGN_OR_RETURN(const Publication publication,
                         DecidePublication(playbook, version, order.etag, FindingsIn(definition, active)));
        if (publication == Publication::kNow) {
          version.state = VersionState::kPublished;
          version.publish_time = clock_.Now();
          RETURN_IF_ERROR(SavePublication(tx, workspace, version, definition.trigger));
        }
        v1::PublishVersionResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
        return response;
      });
}

absl::StatusOr<v1::CreateChannelResponse> Editor::CreateChannel(const NewChannel& wanted) {
  std::string shown;  // A secret that was generated; never part of the answer that is stored for repeats.
  ASSIGN_OR_RETURN(
      v1::CreateChannelResponse response,
      Change<v1::CreateChannelResponse>(wanted.call, "CreateChannel", wanted.channel.channel_id,
                                        [&](sql::Transaction& tx) -> absl::StatusOr<v1::CreateChannelResponse> {
                                          Channel channel = wanted.channel;
                                          channel.create_time = clock_.Now();
                                          std::string secret = wanted.secret;
                                          if (channel.kind == ChannelKind::kWebhook && secret.empty()) {
                                            secret = RandomBytes(kSecretBytes);
                                            shown = WriteSecret(secret);
                                          }
                                          RETURN_IF_ERROR(AddChannel(tx, wanted.call.workspace, channel, secret));
                                          v1::CreateChannelResponse response;
                                          *response.mutable_channel() = ToProto(channel);
                                          return response;
                                        }));
  response.set_webhook_secret(shown);
  return response;
}

}  // namespace waymark::notification
