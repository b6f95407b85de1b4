#include "services/notification/planner.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/notification/channel_store.h"
#include "services/notification/convert.h"
#include "services/notification/delivery_store.h"
#include "services/notification/playbook_store.h"
#include "services/notification/template.h"

namespace waymark::notification {
namespace {

constexpr size_t kMostJson = 20'000;
constexpr int kCustomersAtOnce = 1000;

// A notification, and where it is to go.
struct Intent {
  Notification notification;
  std::string channel_id;
  bool historical = false;  // Nobody is to hear of it.
};

using Playbooks = std::map<Occasion, std::vector<std::pair<Version, Definition>>>;

absl::StatusOr<Playbooks> LoadPlaybooks(sql::Transaction& tx, absl::Span<const Happening> happenings) {
  std::set<Occasion> distinct;
  for (const Happening& happening : happenings) distinct.insert({happening.workspace, happening.trigger});
  const std::vector<Occasion> occasions(distinct.begin(), distinct.end());
  ASSIGN_OR_RETURN(const std::vector<std::vector<Version>> waiting, LoadWaiting(tx, occasions));
  Playbooks playbooks;
  for (size_t i = 0; i < occasions.size(); ++i) {
    for (const Version& version : waiting[i]) {
      ASSIGN_OR_RETURN(Definition definition, ToDefinition(version));
      playbooks[occasions[i]].emplace_back(version, std::move(definition));
    }
  }
  return playbooks;
}

Intent ToIntent(const Happening& happening, const Version& version, const Step& step, absl::Time now) {
  return {.notification = {.workspace = happening.workspace,
                           .notification_id = NewId(now),
                           .playbook_id = version.playbook_id,
                           .playbook_version = version.number,
                           .step_key = step.key,
                           .customer_id = happening.customer_id,
                           .effect_key = happening.effect_key,
                           .kind = happening.trigger.kind,
                           .variables = happening.variables,
                           .title = Render(step.title, happening.variables),
                           .text = Render(step.text, happening.variables),
                           .occur_time = happening.time,
                           .create_time = now},
          .channel_id = step.channel_id,
          .historical = happening.historical};
}

// Those intents that nothing was made of before.
absl::StatusOr<std::vector<Intent>> KeepNew(sql::Transaction& tx, std::vector<Intent> intents) {
  std::vector<Notification> notifications;
  for (const Intent& intent : intents) notifications.push_back(intent.notification);
  ASSIGN_OR_RETURN(const std::vector<bool> added, AddNotifications(tx, notifications));
  std::vector<Intent> fresh;
  for (size_t i = 0; i < intents.size(); ++i) {
    if (added[i]) fresh.push_back(std::move(intents[i]));
  }
  return fresh;
}

absl::StatusOr<std::set<ChannelName>> ActiveChannels(sql::Transaction& tx, const std::vector<Intent>& intents) {
  std::map<std::string, std::set<std::string>> wanted;  // By workspace.
  for (const Intent& intent : intents) wanted[intent.notification.workspace].insert(intent.channel_id);
  std::set<ChannelName> active;
  for (const auto& [workspace, channel_ids] : wanted) {
    ASSIGN_OR_RETURN(const std::set<std::string> some, ActiveAmong(tx, workspace, channel_ids));
    for (const std::string& channel_id : some) active.insert({workspace, channel_id});
  }
  return active;
}

// Erases what is known of a customer that was deleted, who is found among all of its workspace.
absl::Status Erase(sql::Transaction& tx, const Deletion& deletion) {
  std::string after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<std::string> customers,
                     ListCustomers(tx, deletion.workspace, after, kCustomersAtOnce));
    if (customers.empty()) return absl::OkStatus();
    for (const std::string& customer_id : customers) {
      if (HmacSha256Hex(deletion.salt, customer_id) == deletion.customer_hash) {
        return EraseCustomer(tx, deletion.workspace, customer_id);
      }
    }
    after = customers.back();
  }
}

}  // namespace

absl::Status Planner::Apply(sql::Transaction& tx, absl::Span<const journal::Entry> entries) {
  std::vector<Happening> happenings;
  for (const journal::Entry& entry : entries) {
    if (const std::optional<Deletion> deletion = ToDeletion(entry); deletion.has_value()) {
      // What came before it may be of the customer.
      if (!happenings.empty()) RETURN_IF_ERROR(Plan(tx, happenings));
      happenings.clear();
      RETURN_IF_ERROR(Erase(tx, *deletion));
      continue;
    }
    if (const std::optional<Renaming> renaming = ToRenaming(entry); renaming.has_value()) {
      if (!happenings.empty()) RETURN_IF_ERROR(Plan(tx, happenings));
      happenings.clear();
      RETURN_IF_ERROR(RenameCustomer(tx, renaming->workspace, renaming->customer_id, renaming->into));
      continue;
    }
    ASSIGN_OR_RETURN(std::optional<Happening> happening, ToHappening(entry));
    if (happening.has_value()) happenings.push_back(*std::move(happening));
  }
  return happenings.empty() ? absl::OkStatus() : Plan(tx, happenings);
}

absl::Status Planner::Plan(sql::Transaction& tx, absl::Span<const Happening> happenings) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Playbooks playbooks, LoadPlaybooks(tx, happenings));
  std::vector<Intent> intents;
  for (const Happening& happening : happenings) {
    const auto waiting = playbooks.find({happening.workspace, happening.trigger});
    if (waiting == playbooks.end()) continue;
    for (const auto& [version, definition] : waiting->second) {
      for (const Step& step : definition.steps) intents.push_back(ToIntent(happening, version, step, now));
    }
  }
  if (intents.empty()) return absl::OkStatus();

  ASSIGN_OR_RETURN(intents, KeepNew(tx, std::move(intents)));
  intents.erase(std::remove_if(intents.begin(), intents.end(), [](const Intent& intent) { return intent.historical; }),
                intents.end());
  ASSIGN_OR_RETURN(const std::set<ChannelName> active, ActiveChannels(tx, intents));
  std::vector<Delivery> deliveries;
  for (const auto& [notification, channel_id, historical] : intents) {
    std::string bar;
    if (!active.contains({notification.workspace, channel_id})) {
      bar = "channel_disabled";
    } else if (ToWebhookJson(notification, true).size() > kMostJson) {
      bar = "body_too_large";
    }
    ASSIGN_OR_RETURN(Standing standing, notification::Plan(now, bar));
    deliveries.push_back({.workspace = notification.workspace,
                          .delivery_id = NewId(now),
                          .notification_id = notification.notification_id,
                          .customer_id = notification.customer_id,
                          .channel_id = channel_id,
                          .wire_id = WireIdOf(notification.notification_id),
                          .standing = std::move(standing),
                          .create_time = now,
                          .update_time = now});
  }
  return AddDeliveries(tx, deliveries);
}

}  // namespace waymark::notification
