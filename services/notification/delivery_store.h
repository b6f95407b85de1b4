// What is kept of notifications, deliveries and attempts, each under its workspace.
#ifndef WAYMARK_SERVICES_NOTIFICATION_DELIVERY_STORE_H_
#define WAYMARK_SERVICES_NOTIFICATION_DELIVERY_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/notification/delivery.h"

namespace waymark::notification {

// The tables below: a part of the service's schema.
sql::Schema DeliverySchema();

// Stores those notifications that are the first of their (workspace, playbook, step, effect key), and says of each
// whether it was.
absl::StatusOr<std::vector<bool>> AddNotifications(sql::Transaction& tx, absl::Span<const Notification> notifications);

// Stores new deliveries.
absl::Status AddDeliveries(sql::Transaction& tx, absl::Span<const Delivery> deliveries);

// What each of `deliveries` sends; the i-th answer belongs to the i-th. Errors: INTERNAL  one is missing.
absl::StatusOr<std::vector<Notification>> LoadNotifications(sql::Transaction& tx,
                                                            absl::Span<const Delivery> deliveries);

// Errors: NOT_FOUND  the workspace has no such delivery, whether or not another one has.
absl::StatusOr<Delivery> LoadDelivery(sql::Transaction& tx, absl::string_view workspace, absl::string_view delivery_id);

// Which deliveries to list.
struct DeliveryFilter {
  std::string customer_id;     // Empty: of all.
  std::optional<State> state;  // Absent: in all.
};
// The workspace's deliveries with ids below `below` (empty: all), newest first; at most `limit`.
absl::StatusOr<std::vector<Delivery>> ListDeliveries(sql::Transaction& tx, absl::string_view workspace,
                                                     const DeliveryFilter& filter, absl::string_view below, int limit);

// A channel of a workspace.
struct ChannelName {
  std::string workspace;
  std::string channel_id;
  friend auto operator<=>(const ChannelName&, const ChannelName&) = default;
};
// The channels that have deliveries to be looked at by `now`, in order.
absl::StatusOr<std::vector<ChannelName>> ListDueChannels(sql::Transaction& tx, absl::Time now);
// What is to be looked at by `now`: of each channel the `limit` longest due.
absl::StatusOr<std::vector<Delivery>> LoadDue(sql::Transaction& tx, absl::Span<const ChannelName> channels,
                                              absl::Time now, int limit);

// Replaces the standing of a delivery that still stands as in `before`; false where it does not (another sender was
// faster, or the lease was lost), and nothing changed.
absl::StatusOr<bool> SaveStanding(sql::Transaction& tx, const Delivery& before, const Standing& after, absl::Time now);

// Stores that an attempt has begun.
absl::Status BeginAttempt(sql::Transaction& tx, const Delivery& delivery, int number, absl::Time now);
// Stores what became of an attempt that is under way.
absl::Status EndAttempt(sql::Transaction& tx, const Delivery& delivery, int number, const Outcome& outcome,
                        absl::Time now);
// A delivery's attempts, in order.
absl::StatusOr<std::vector<Attempt>> LoadAttempts(sql::Transaction& tx, const Delivery& delivery);

// The customers of a workspace that anything was made for, after `after`, bytewise; at most `limit`.
absl::StatusOr<std::vector<std::string>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view after, int limit);
// Erases every notification, delivery and attempt for a customer.
absl::Status EraseCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id);

// Makes what was told of a customer be told of another one.
absl::Status RenameCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id,
                            absl::string_view into);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_DELIVERY_STORE_H_
