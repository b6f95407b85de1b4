// Requests -> what the use cases take, checked; what they found -> responses; facts of others -> what happened. Past
// this nothing checks a request again.
#ifndef WAYMARK_SERVICES_NOTIFICATION_CONVERT_H_
#define WAYMARK_SERVICES_NOTIFICATION_CONVERT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/journal/entry.h"
#include "common/journal/token.h"
#include "services/notification/channel.h"
#include "services/notification/delivery.h"
#include "services/notification/delivery_store.h"
#include "services/notification/playbook.h"
#include "services/notification/trigger.h"
#include "waymark/notification/v1/channel.pb.h"
#include "waymark/notification/v1/notification.pb.h"
#include "waymark/notification/v1/playbook.pb.h"

namespace waymark::notification {

// Who makes a change, and how a repeat of it is known.
struct Call {
  std::string workspace;
  std::string request_id;
  std::string body;  // The request's bytes, secrets replaced by their hashes.
};

struct NewPlaybook {
  Call call;
  std::string playbook_id;
  std::string title;
};

struct NewDraft {
  Call call;
  std::string playbook_id;
  std::string definition;  // A serialised waymark.notification.v1.PlaybookDefinition.
  std::string content_hash;
  std::string change_note;
};

struct PublishOrder {
  Call call;
  std::string playbook_id;
  uint32_t number = 0;
  std::string etag;  // Empty: whatever the draft says now.
};

struct NewChannel {
  Call call;
  Channel channel;     // Without create_time.
  std::string secret;  // Its bytes; empty: to be generated where the channel signs.
};

// A page of playbooks or channels.
struct Page {
  std::string workspace;
  std::string after;  // The last id seen.
  int limit = 0;
  std::string bound_to;  // What its token is bound to.
};

struct DeliveryPage {
  Page page;
  DeliveryFilter filter;
  std::vector<journal::TokenPosition> not_before;  // What must have been followed first.
};

// Errors of all: INVALID_ARGUMENT  as the proto says, every field named. NOT_FOUND  the id is none that such a thing
// can have.
absl::StatusOr<NewPlaybook> ToNewPlaybook(absl::string_view workspace, const v1::CreatePlaybookRequest& request);
absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request);
absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request);
absl::StatusOr<NewChannel> ToNewChannel(absl::string_view workspace, const v1::CreateChannelRequest& request);
absl::StatusOr<Page> ToPage(absl::string_view workspace, const v1::ListPlaybooksRequest& request);
absl::StatusOr<Page> ToPage(absl::string_view workspace, const v1::ListChannelsRequest& request);
absl::StatusOr<DeliveryPage> ToDeliveryPage(absl::string_view workspace, const v1::ListDeliveriesRequest& request);
absl::StatusOr<std::string> ToPlaybookId(absl::string_view playbook_id);
absl::StatusOr<std::string> ToChannelId(absl::string_view channel_id);
absl::StatusOr<std::string> ToDeliveryId(absl::string_view delivery_id);

// What a stored version does. Errors: INTERNAL  its definition is unreadable.
absl::StatusOr<Definition> ToDefinition(const Version& version);

v1::Playbook ToProto(const Playbook& playbook);
// Errors: INTERNAL  the stored definition is unreadable.
absl::StatusOr<v1::PlaybookVersion> ToProto(const Version& version);
v1::Channel ToProto(const Channel& channel);
v1::Delivery ToProto(const Delivery& delivery, const Notification& notification);
v1::Attempt ToProto(const Attempt& attempt);

// That a customer was deleted: which, a hash of its id keyed with the salt tells (CustomerDeleted). Nullopt for any
// other entry.
struct Deletion {
  std::string workspace;
  std::string salt;
  std::string customer_hash;
};
std::optional<Deletion> ToDeletion(const journal::Entry& entry);

// That a customer is now another name of another one. Nullopt for any other entry.
struct Renaming {
  std::string workspace;
  std::string customer_id;
  std::string into;
};
std::optional<Renaming> ToRenaming(const journal::Entry& entry);

// What an entry of another service's journal tells that a playbook may wait for; nothing where it is no such thing.
// Errors: FAILED_PRECONDITION  the type is not known, or the entry is unreadable.
absl::StatusOr<std::optional<Happening>> ToHappening(const journal::Entry& entry);

// What a webhook posts: a WebhookBody as JSON. The same arguments give the same bytes.
std::string ToWebhookJson(const Notification& notification, bool possible_duplicate);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_CONVERT_H_
