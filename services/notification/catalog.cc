#include "services/notification/catalog.h"

#include <string>
#include <vector>

#include "common/base/checks.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/notification/channel_store.h"
#include "services/notification/delivery_store.h"
#include "services/notification/playbook_store.h"

namespace waymark::notification {
namespace {

const std::string kFollowed[] = {"milestone", "health"};

}  // namespace

absl::StatusOr<v1::GetPlaybookResponse> Catalog::GetPlaybook(absl::string_view workspace,
                                                             absl::string_view playbook_id) {
  v1::GetPlaybookResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Playbook playbook, LoadPlaybook(tx, workspace, playbook_id));
    *response.mutable_playbook() = ToProto(playbook);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListPlaybooksResponse> Catalog::ListPlaybooks(const Page& page) {
  std::vector<Playbook> playbooks;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(playbooks, notification::ListPlaybooks(tx, page.workspace, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  v1::ListPlaybooksResponse response;
  if (playbooks.size() > static_cast<size_t>(page.limit)) {
    playbooks.pop_back();
    response.set_next_page_token(MakePageToken(page.bound_to, playbooks.back().playbook_id));
  }
  for (const Playbook& playbook : playbooks) *response.add_playbooks() = ToProto(playbook);
  return response;
}

absl::StatusOr<v1::GetVersionResponse> Catalog::GetVersion(absl::string_view workspace, absl::string_view playbook_id,
                                                           uint32_t number) {
  v1::GetVersionResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Version version, number == 0 ? LoadPublished(tx, workspace, playbook_id)
                                                        : LoadVersion(tx, workspace, playbook_id, number));
    ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::GetChannelResponse> Catalog::GetChannel(absl::string_view workspace, absl::string_view channel_id) {
  v1::GetChannelResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Channel channel, LoadChannel(tx, workspace, channel_id));
    *response.mutable_channel() = ToProto(channel);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListChannelsResponse> Catalog::ListChannels(const Page& page) {
  std::vector<Channel> channels;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(channels, notification::ListChannels(tx, page.workspace, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  v1::ListChannelsResponse response;
  if (channels.size() > static_cast<size_t>(page.limit)) {
    channels.pop_back();
    response.set_next_page_token(MakePageToken(page.bound_to, channels.back().channel_id));
  }
  for (const Channel& channel : channels) *response.add_channels() = ToProto(channel);
  return response;
}

absl::StatusOr<v1::GetDeliveryResponse> Catalog::GetDelivery(absl::string_view workspace,
                                                             absl::string_view delivery_id) {
  v1::GetDeliveryResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Delivery delivery, LoadDelivery(tx, workspace, delivery_id));
    ASSIGN_OR_RETURN(const std::vector<Notification> notifications, LoadNotifications(tx, {delivery}));
    ASSIGN_OR_RETURN(const std::vector<Attempt> attempts, LoadAttempts(tx, delivery));
    *response.mutable_delivery() = ToProto(delivery, notifications[0]);
    for (const Attempt& attempt : attempts) *response.mutable_delivery()->add_attempts() = ToProto(attempt);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListDeliveriesResponse> Catalog::ListDeliveries(const DeliveryPage& wanted, absl::Time deadline) {
  RETURN_IF_ERROR(
      journal::WaitForToken(journal_, wanted.not_before, kFollowed, "consistency.at_least_as_fresh", deadline));
  const Page& page = wanted.page;
  v1::ListDeliveriesResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<Delivery> deliveries,
                     notification::ListDeliveries(tx, page.workspace, wanted.filter, page.after, page.limit + 1));
    if (deliveries.size() > static_cast<size_t>(page.limit)) {
      deliveries.pop_back();
      response.set_next_page_token(MakePageToken(page.bound_to, deliveries.back().delivery_id));
    }
    ASSIGN_OR_RETURN(const std::vector<Notification> notifications, LoadNotifications(tx, deliveries));
    for (size_t i = 0; i < deliveries.size(); ++i) {
      *response.add_deliveries() = ToProto(deliveries[i], notifications[i]);
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace waymark::notification
