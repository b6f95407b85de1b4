#include "services/milestone/history_store.h"

#include "common/base/status.h"

namespace waymark::milestone {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "customers, their events and conclusions, published journeys", R"sql(
CREATE TABLE customer (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL,
  revision BIGINT NOT NULL, version_position BIGINT NOT NULL, checkpoint BYTEA NOT NULL,
  PRIMARY KEY (workspace, customer_id)
) /* clustered */;
CREATE TABLE event_item (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL, event_id TEXT NOT NULL,
  position BIGINT NOT NULL, content_hash BIGINT NOT NULL,
  PRIMARY KEY (workspace, customer_id, event_id)
) /* clustered */;
CREATE TABLE conclusion_item (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL, position BIGINT NOT NULL,
  PRIMARY KEY (workspace, customer_id, position)
) /* clustered */;
CREATE TABLE catalog (
  workspace TEXT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL
) /* clustered */;
CREATE TABLE journey_version (
  workspace TEXT NOT NULL, journey_id TEXT NOT NULL, number BIGINT NOT NULL,
  content_hash TEXT NOT NULL, definition BYTEA NOT NULL,
  PRIMARY KEY (workspace, journey_id, number)
);
CREATE TABLE sweep (
  workspace TEXT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL, after_customer TEXT NOT NULL
);
)sql"},
};

constexpr char kFindEvent[] =
    "SELECT position, content_hash FROM event_item WHERE workspace = $1 AND customer_id = $2 AND event_id = $3";
constexpr char kStoreEvent[] =
    "INSERT INTO event_item (workspace, customer_id, event_id, position, content_hash) VALUES ($1, $2, $3, $4, $5)";
constexpr char kListEventPositions[] = "SELECT position FROM event_item WHERE workspace = $1 AND customer_id = $2";
constexpr char kStoreConclusion[] =
    "INSERT INTO conclusion_item (workspace, customer_id, position) VALUES ($1, $2, $3)";
constexpr char kListTimelinePositions[] =
    "SELECT position FROM ("
    "SELECT position FROM event_item WHERE workspace = $1 AND customer_id = $2 AND position > $3 "
    "UNION ALL "
    "SELECT position FROM conclusion_item WHERE workspace = $1 AND customer_id = $2 AND position > $3) AS item "
    "ORDER BY position LIMIT $4";

}  // namespace

sql::Schema schema() { return {.name = "milestone", .migrations = kMigrations}; }

absl::StatusOr<std::vector<std::optional<EventRow>>> FindEvents(sql::Transaction& tx,
                                                                absl::Span<const EventName> events) {
  std::vector<sql::Params> sets;
  sets.reserve(events.size());
  for (const EventName& event : events) sets.push_back({event.workspace, event.customer_id, event.event_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kFindEvent, sets));
  std::vector<std::optional<EventRow>> found(events.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) continue;
    found[i] = EventRow{.position = answers[i][0].Int(0), .content_hash = static_cast<uint64_t>(answers[i][0].Int(1))};
  }
  return found;
}

absl::Status StoreEvents(sql::Transaction& tx, absl::Span<const EventName> events, absl::Span<const EventRow> rows) {
  std::vector<sql::Params> sets;
  sets.reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    sets.push_back({events[i].workspace, events[i].customer_id, events[i].event_id, rows[i].position,
                    static_cast<int64_t>(rows[i].content_hash)});
  }
  return tx.ExecuteMany(kStoreEvent, sets).status();
}

absl::StatusOr<std::vector<std::vector<int64_t>>> ListEventPositions(sql::Transaction& tx,
                                                                     absl::Span<const CustomerName> customers) {
  std::vector<sql::Params> sets;
  sets.reserve(customers.size());
  for (const CustomerName& customer : customers) sets.push_back({customer.workspace, customer.customer_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kListEventPositions, sets));
  std::vector<std::vector<int64_t>> positions(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    positions[i].reserve(answers[i].size());
    for (const sql::Row& row : answers[i]) positions[i].push_back(row.Int(0));
  }
  return positions;
}

absl::Status StoreConclusions(sql::Transaction& tx, absl::Span<const CustomerName> customers,
                              absl::Span<const int64_t> positions) {
  std::vector<sql::Params> sets;
  sets.reserve(customers.size());
  for (size_t i = 0; i < customers.size(); ++i) {
    sets.push_back({customers[i].workspace, customers[i].customer_id, positions[i]});
  }
  return tx.ExecuteMany(kStoreConclusion, sets).status();
}

absl::StatusOr<std::vector<int64_t>> ListTimelinePositions(sql::Transaction& tx, const CustomerName& customer,
                                                           int64_t after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows,
                   tx.Query(kListTimelinePositions, {customer.workspace, customer.customer_id, after, limit}));
  std::vector<int64_t> positions;
  for (const sql::Row& row : rows) positions.push_back(row.Int(0));
  return positions;
}

}  // namespace waymark::milestone
