#include "services/notification/delivery_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::notification {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "notifications, deliveries and attempts", R"sql(
CREATE TABLE notification (
  workspace TEXT NOT NULL,
  notification_id TEXT NOT NULL,
  playbook_id TEXT NOT NULL,
  playbook_version BIGINT NOT NULL,
  step_key TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  effect_key TEXT NOT NULL,
  trigger_kind BIGINT NOT NULL,
  variables TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  occur_time BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, notification_id),
  UNIQUE (workspace, playbook_id, step_key, effect_key)
) /* clustered */;
CREATE TABLE delivery (
  workspace TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  notification_id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  generation BIGINT NOT NULL,
  wire_id TEXT NOT NULL,
  state BIGINT NOT NULL,
  lease BIGINT NOT NULL,
  next_at BIGINT,
  deadline BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  possible_duplicate BIGINT NOT NULL,
  skip_reason TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, delivery_id),
  UNIQUE (workspace, notification_id, channel_id, generation)
) /* clustered */;
CREATE INDEX delivery_by_customer ON delivery (workspace, customer_id, delivery_id);
CREATE INDEX delivery_by_state ON delivery (workspace, state, delivery_id);
CREATE INDEX delivery_due ON delivery (workspace, channel_id, next_at) WHERE next_at IS NOT NULL;
CREATE TABLE attempt (
  workspace TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT,
  verdict BIGINT,
  response_code BIGINT NOT NULL,
  detail TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  PRIMARY KEY (workspace, delivery_id, number)
) /* clustered */
)sql"},
    {2, "notifications without a delivery", R"sql(
CREATE INDEX notification_by_customer ON notification (workspace, customer_id)
)sql"},
};

constexpr char kAddNotification[] =
    "INSERT INTO notification (workspace, notification_id, playbook_id, playbook_version, step_key, customer_id, "
    "effect_key, trigger_kind, variables, title, body, occur_time, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";
constexpr char kLoadNotification[] =
    "SELECT workspace, notification_id, playbook_id, playbook_version, step_key, customer_id, effect_key, "
    "trigger_kind, variables, title, body, occur_time, create_time FROM notification "
    "WHERE workspace = $1 AND notification_id = $2";

constexpr char kAddDelivery[] =
    "INSERT INTO delivery (workspace, delivery_id, notification_id, customer_id, channel_id, generation, wire_id, "
    "state, lease, next_at, deadline, attempts, possible_duplicate, skip_reason, create_time, update_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
#define WAYMARK_SELECT_DELIVERY                                                                                  \
  "SELECT workspace, delivery_id, notification_id, customer_id, channel_id, generation, wire_id, state, lease, " \
  "next_at, deadline, attempts, possible_duplicate, skip_reason, create_time, update_time FROM delivery "
constexpr char kLoadDelivery[] = WAYMARK_SELECT_DELIVERY "WHERE workspace = $1 AND delivery_id = $2";
// A page by whichever index serves its filter; $2 is the first id not wanted.
constexpr char kList[] =
    WAYMARK_SELECT_DELIVERY "WHERE workspace = $1 AND delivery_id < $2 ORDER BY delivery_id DESC LIMIT $3";
constexpr char kListOfCustomer[] = WAYMARK_SELECT_DELIVERY
    "WHERE workspace = $1 AND delivery_id < $2 AND customer_id = $4 ORDER BY delivery_id DESC LIMIT $3";
constexpr char kListInState[] = WAYMARK_SELECT_DELIVERY
    "WHERE workspace = $1 AND delivery_id < $2 AND state = $4 ORDER BY delivery_id DESC LIMIT $3";
constexpr char kListOfCustomerInState[] = WAYMARK_SELECT_DELIVERY
    "WHERE workspace = $1 AND delivery_id < $2 AND customer_id = $4 AND state = $5 ORDER BY delivery_id DESC LIMIT $3";
// Every channel that has anything to do, without reading how much: a receiver with a long queue costs no more than one
// with a short one.
constexpr char kListDueChannels[] =
    "SELECT workspace, channel_id FROM channel c WHERE EXISTS (SELECT 1 FROM delivery d "
    "WHERE d.workspace = c.workspace AND d.channel_id = c.channel_id AND d.next_at <= $1) "
    "ORDER BY workspace, channel_id";
constexpr char kLoadDue[] = WAYMARK_SELECT_DELIVERY
    "WHERE workspace = $1 AND channel_id = $2 AND next_at <= $3 ORDER BY next_at, delivery_id LIMIT $4";
#undef WAYMARK_SELECT_DELIVERY
constexpr char kSaveStanding[] =
    "UPDATE delivery SET state = $5, lease = $6, next_at = $7, attempts = $8, possible_duplicate = $9, "
    "skip_reason = $10, update_time = $11 WHERE workspace = $1 AND delivery_id = $2 AND state = $3 AND lease = $4";

constexpr char kBeginAttempt[] =
    "INSERT INTO attempt (workspace, delivery_id, number, start_time, response_code, detail, excerpt) "
    "VALUES ($1, $2, $3, $4, 0, '', '')";
constexpr char kEndAttempt[] =
    "UPDATE attempt SET end_time = $4, verdict = $5, response_code = $6, detail = $7, excerpt = $8 "
    "WHERE workspace = $1 AND delivery_id = $2 AND number = $3 AND verdict IS NULL";
// Every delivery has a notification.
constexpr char kListCustomers[] =
    "SELECT DISTINCT customer_id FROM notification WHERE workspace = $1 AND customer_id > $2 ORDER BY customer_id "
    "LIMIT $3";
constexpr const char* kErase[] = {
    "DELETE FROM attempt WHERE workspace = $1 AND delivery_id IN "
    "(SELECT delivery_id FROM delivery WHERE workspace = $1 AND customer_id = $2)",
    "DELETE FROM delivery WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM notification WHERE workspace = $1 AND customer_id = $2",
};
constexpr char kLoadAttempts[] =
    "SELECT number, start_time, end_time, verdict, response_code, detail, excerpt FROM attempt "
    "WHERE workspace = $1 AND delivery_id = $2 ORDER BY number";

// One `name=value` a line: names are ours, and values hold no control characters (convert sees to that).
std::string WriteVariables(const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables) absl::StrAppend(&text, name, "=", value, "\n");
  return text;
}

Variables ReadVariables(absl::string_view text) {
  Variables variables;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> variable = absl::StrSplit(line, absl::MaxSplits('=', 1));
    variables.insert(variable);
  }
  return variables;
}

std::optional<absl::Time> TimeIn(const sql::Row& row, size_t column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Time(column);
}

Notification ToNotification(const sql::Row& row) {
  return {.workspace = row.Text(0),
          .notification_id = row.Text(1),
          .playbook_id = row.Text(2),
          .playbook_version = static_cast<uint32_t>(row.Int(3)),
          .step_key = row.Text(4),
          .customer_id = row.Text(5),
          .effect_key = row.Text(6),
          .kind = static_cast<TriggerKind>(row.Int(7)),
          .variables = ReadVariables(row.Text(8)),
          .title = row.Text(9),
          .text = row.Text(10),
          .occur_time = row.Time(11),
          .create_time = row.Time(12)};
}

Delivery ToDelivery(const sql::Row& row) {
  return {.workspace = row.Text(0),
          .delivery_id = row.Text(1),
          .notification_id = row.Text(2),
          .customer_id = row.Text(3),
          .channel_id = row.Text(4),
          .generation = static_cast<uint32_t>(row.Int(5)),
          .wire_id = row.Text(6),
          .standing = {.state = static_cast<State>(row.Int(7)),
                       .lease = row.Int(8),
                       .next_at = TimeIn(row, 9),
                       .deadline = row.Time(10),
                       .attempts = static_cast<int>(row.Int(11)),
                       .possible_duplicate = row.Bool(12),
                       .skip_reason = row.Text(13)},
          .create_time = row.Time(14),
          .update_time = row.Time(15)};
}

Attempt ToAttempt(const sql::Row& row) {
  return {.number = static_cast<int>(row.Int(0)),
          .start_time = row.Time(1),
          .end_time = TimeIn(row, 2),
          .verdict = row.IsNull(3) ? std::nullopt : std::optional(static_cast<Verdict>(row.Int(3))),
          .response_code = static_cast<int>(row.Int(4)),
          .detail = row.Text(5),
          .excerpt = row.Text(6)};
}

std::vector<Delivery> ToDeliveries(const sql::Rows& rows) {
  std::vector<Delivery> deliveries;
  for (const sql::Row& row : rows) deliveries.push_back(ToDelivery(row));
  return deliveries;
}

}  // namespace

sql::Schema DeliverySchema() { return {"notification_delivery", kMigrations}; }

absl::StatusOr<std::vector<bool>> AddNotifications(sql::Transaction& tx, absl::Span<const Notification> notifications) {
  std::vector<std::string> variables;
  for (const Notification& notification : notifications) variables.push_back(WriteVariables(notification.variables));
  std::vector<sql::Params> sets;
  for (size_t i = 0; i < notifications.size(); ++i) {
    const Notification& n = notifications[i];
    sets.push_back({n.workspace, n.notification_id, n.playbook_id, n.playbook_version, n.step_key, n.customer_id,
                    n.effect_key, static_cast<int>(n.kind), variables[i], n.title, n.text, n.occur_time,
                    n.create_time});
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> added, tx.ExecuteMany(kAddNotification, sets));
  return std::vector<bool>(added.begin(), added.end());
}

absl::Status AddDeliveries(sql::Transaction& tx, absl::Span<const Delivery> deliveries) {
  std::vector<sql::Params> sets;
  for (const Delivery& d : deliveries) {
    sets.push_back({d.workspace, d.delivery_id, d.notification_id, d.customer_id, d.channel_id, d.generation, d.wire_id,
                    static_cast<int>(d.standing.state), d.standing.lease, d.standing.next_at, d.standing.deadline,
                    d.standing.attempts, d.standing.possible_duplicate, d.standing.skip_reason, d.create_time,
                    d.update_time});
  }
  return tx.ExecuteMany(kAddDelivery, sets).status();
}

absl::StatusOr<std::vector<Notification>> LoadNotifications(sql::Transaction& tx,
                                                            absl::Span<const Delivery> deliveries) {
  std::vector<sql::Params> sets;
  for (const Delivery& delivery : deliveries) sets.push_back({delivery.workspace, delivery.notification_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadNotification, sets));
  std::vector<Notification> notifications;
  for (const sql::Rows& rows : answers) {
    if (rows.empty()) return absl::InternalError("a delivery's notification is missing");
    notifications.push_back(ToNotification(rows[0]));
  }
  return notifications;
}

absl::StatusOr<Delivery> LoadDelivery(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view delivery_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadDelivery, {workspace, delivery_id}));
  if (rows.empty()) return NotFound(absl::StrCat("delivery \"", delivery_id, "\""));
  return ToDelivery(rows[0]);
}

absl::StatusOr<std::vector<Delivery>> ListDeliveries(sql::Transaction& tx, absl::string_view workspace,
                                                     const DeliveryFilter& filter, absl::string_view below, int limit) {
  // Ids are 26 characters of lower-case base 32, so this is above all of them.
  sql::Params params = {workspace, below.empty() ? "zzzzzzzzzzzzzzzzzzzzzzzzzz" : below, limit};
  const char* query = kList;
  if (!filter.customer_id.empty()) {
    query = filter.state.has_value() ? kListOfCustomerInState : kListOfCustomer;
    params.push_back(filter.customer_id);
  } else if (filter.state.has_value()) {
    query = kListInState;
  }
  if (filter.state.has_value()) params.push_back(static_cast<int>(*filter.state));
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(query, params));
  return ToDeliveries(rows);
}

absl::StatusOr<std::vector<ChannelName>> ListDueChannels(sql::Transaction& tx, absl::Time now) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListDueChannels, {now}));
  std::vector<ChannelName> channels;
  for (const sql::Row& row : rows) channels.push_back({row.Text(0), row.Text(1)});
  return channels;
}

absl::StatusOr<std::vector<Delivery>> LoadDue(sql::Transaction& tx, absl::Span<const ChannelName> channels,
                                              absl::Time now, int limit) {
  std::vector<sql::Params> sets;
  for (const auto& [workspace, channel_id] : channels) sets.push_back({workspace, channel_id, now, limit});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadDue, sets));
  std::vector<Delivery> due;
  for (const sql::Rows& rows : answers) {
    for (const sql::Row& row : rows) due.push_back(ToDelivery(row));
  }
  return due;
}

absl::StatusOr<bool> SaveStanding(sql::Transaction& tx, const Delivery& before, const Standing& after, absl::Time now) {
  ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute(kSaveStanding, {before.workspace, before.delivery_id, static_cast<int>(before.standing.state),
                                 before.standing.lease, static_cast<int>(after.state), after.lease, after.next_at,
                                 after.attempts, after.possible_duplicate, after.skip_reason, now}));
  return changed == 1;
}

absl::Status BeginAttempt(sql::Transaction& tx, const Delivery& delivery, int number, absl::Time now) {
  return tx.Execute(kBeginAttempt, {delivery.workspace, delivery.delivery_id, number, now}).status();
}

absl::Status EndAttempt(sql::Transaction& tx, const Delivery& delivery, int number, const Outcome& outcome,
                        absl::Time now) {
  return tx
      .Execute(kEndAttempt, {delivery.workspace, delivery.delivery_id, number, now, static_cast<int>(outcome.verdict),
                             outcome.response_code, outcome.detail, outcome.excerpt})
      .status();
}

absl::StatusOr<std::vector<Attempt>> LoadAttempts(sql::Transaction& tx, const Delivery& delivery) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadAttempts, {delivery.workspace, delivery.delivery_id}));
  std::vector<Attempt> attempts;
  for (const sql::Row& row : rows) attempts.push_back(ToAttempt(row));
  return attempts;
}

absl::StatusOr<std::vector<std::string>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListCustomers, {workspace, after, limit}));
  std::vector<std::string> customers;
  for (const sql::Row& row : rows) customers.push_back(row.Text(0));
  return customers;
}

absl::Status RenameCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id,
                            absl::string_view into) {
  for (const char* const rename : {"UPDATE notification SET customer_id = $3 WHERE workspace = $1 AND customer_id = $2",
                                   "UPDATE delivery SET customer_id = $3 WHERE workspace = $1 AND customer_id = $2"}) {
    RETURN_IF_ERROR(tx.Execute(rename, {workspace, customer_id, into}).status());
  }
  return absl::OkStatus();
}

absl::Status EraseCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id) {
  for (const char* const erase : kErase) {
    RETURN_IF_ERROR(tx.Execute(erase, {workspace, customer_id}).status());
  }
  return absl::OkStatus();
}

}  // namespace waymark::notification
