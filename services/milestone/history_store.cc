#include "services/milestone/history_store.h"

#include <algorithm>
#include <string>

#include "common/base/status.h"

namespace waymark::milestone {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "customers and their histories, published journeys", R"sql(
CREATE TABLE customer (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL,
  revision BIGINT NOT NULL, version_position BIGINT NOT NULL, checkpoint BYTEA NOT NULL,
  sealed_items BIGINT NOT NULL, open_items BYTEA NOT NULL,
  PRIMARY KEY (workspace, customer_id)
) /* clustered */;
CREATE TABLE history_segment (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL, first_item BIGINT NOT NULL,
  last_position BIGINT NOT NULL, items BYTEA NOT NULL,
  PRIMARY KEY (workspace, customer_id, first_item)
) /* clustered */;
CREATE TABLE catalog (
  workspace TEXT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL
) /* clustered */;
CREATE TABLE journey_version (
  workspace TEXT NOT NULL, journey_id TEXT NOT NULL, number BIGINT NOT NULL,
  content_hash TEXT NOT NULL, definition BYTEA NOT NULL, closed BIGINT NOT NULL,
  PRIMARY KEY (workspace, journey_id, number)
);
CREATE TABLE sweep (
  workspace TEXT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL, after_customer TEXT NOT NULL
);
)sql"},
    {2, "segments of versions; when time alone may change a customer", R"sql(
ALTER TABLE journey_version ADD COLUMN segments BYTEA;
ALTER TABLE customer ADD COLUMN next_change BIGINT;
CREATE INDEX customer_next_change ON customer (next_change) WHERE next_change IS NOT NULL;
)sql"},
    {3, "migrations to published versions", R"sql(
CREATE TABLE migration (
  workspace TEXT NOT NULL, journey_id TEXT NOT NULL, number BIGINT NOT NULL,
  plan BYTEA NOT NULL, state BIGINT NOT NULL, after_customer TEXT NOT NULL,
  moved BIGINT NOT NULL, changed_since BIGINT NOT NULL, changed_customers BYTEA NOT NULL, found_hash TEXT NOT NULL,
  PRIMARY KEY (workspace, journey_id, number)
);
)sql"},
    {4, "earlier states of long histories", R"sql(
CREATE TABLE history_checkpoint (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL, event_count BIGINT NOT NULL,
  revision BIGINT NOT NULL, end_time BIGINT NOT NULL, through_position BIGINT NOT NULL,
  pending BYTEA NOT NULL, checkpoint BYTEA NOT NULL,
  PRIMARY KEY (workspace, customer_id, event_count)
) /* clustered */;
)sql"},
    {5, "customers that were deleted, as keyed hashes", R"sql(
CREATE TABLE tombstone_secret (
  id BIGINT NOT NULL PRIMARY KEY, secret BYTEA NOT NULL
);
CREATE TABLE tombstone (
  workspace TEXT NOT NULL, customer_hash TEXT NOT NULL,
  PRIMARY KEY (workspace, customer_hash)
);
)sql"},
    {6, "customers that were merged into others", R"sql(
CREATE TABLE customer_alias (
  workspace TEXT NOT NULL, customer_id TEXT NOT NULL, into_customer_id TEXT NOT NULL,
  PRIMARY KEY (workspace, customer_id)
);
CREATE INDEX customer_alias_by_target ON customer_alias (workspace, into_customer_id);
)sql"},
    {7, "how many a map leaves where they are", R"sql(
ALTER TABLE migration ADD COLUMN stayed BIGINT NOT NULL DEFAULT 0;
)sql"},
};

constexpr char kLoadSegments[] =
    "SELECT items FROM history_segment WHERE workspace = $1 AND customer_id = $2 AND first_item >= $3 "
    "ORDER BY first_item";
constexpr char kLoadSegmentsAfter[] =
    "SELECT items FROM history_segment WHERE workspace = $1 AND customer_id = $2 AND last_position > $3 "
    "ORDER BY first_item LIMIT $4";
constexpr char kDropSegments[] =
    "DELETE FROM history_segment WHERE workspace = $1 AND customer_id = $2 AND first_item >= $3";
constexpr char kStoreSegment[] =
    "INSERT INTO history_segment (workspace, customer_id, first_item, last_position, items) "
    "VALUES ($1, $2, $3, $4, $5)";

constexpr int kSegmentsPerQuery = 8;

absl::Status Append(const sql::Rows& rows, std::vector<HistoryItem>& items) {
  for (const sql::Row& row : rows) {
    ASSIGN_OR_RETURN(const std::vector<HistoryItem> found, DecodeItems(row.Blob(0)));
    items.insert(items.end(), found.begin(), found.end());
  }
  return absl::OkStatus();
}

// A customer whose items are being sealed.
struct Sealing {
  absl::string_view workspace;
  Customer* customer;
  int64_t first;                   // From here on segments are written anew.
  std::vector<Segment> segments;   // Those written.
  std::vector<HistoryItem> items;  // What they hold.
  CustomerName name() const { return {workspace, customer->customer_id}; }
};

// What is to be written anew, without what was sealed before.
Sealing Begin(absl::string_view workspace, Customer& customer) {
  const int64_t more = static_cast<int64_t>(customer.open.size()) / kSealedAtOnce * kSealedAtOnce;
  Sealing sealing{.workspace = workspace, .customer = &customer, .segments = SegmentsOf(customer.sealed + more)};
  const std::vector<Segment> before = SegmentsOf(customer.sealed);
  size_t kept = 0;
  while (kept < before.size() && before[kept] == sealing.segments[kept]) ++kept;
  sealing.first = sealing.segments[kept].first;
  sealing.segments.erase(sealing.segments.begin(), sealing.segments.begin() + static_cast<ptrdiff_t>(kept));
  return sealing;
}

// Moves the open items that are sealed, and remembers their fingerprints where the others' are known.
void Take(Sealing& sealing) {
  Customer& customer = *sealing.customer;
  const auto end = customer.open.begin() + static_cast<ptrdiff_t>(customer.open.size()) / kSealedAtOnce * kSealedAtOnce;
  if (customer.sealed == 0) customer.sealed_fingerprints.emplace();
  if (customer.sealed_fingerprints.has_value()) {
    std::vector<uint32_t>& known = *customer.sealed_fingerprints;
    const auto old_size = static_cast<ptrdiff_t>(known.size());
    for (auto item = customer.open.begin(); item != end; ++item) {
      if (item->counts()) known.push_back(item->fingerprint);
    }
    std::sort(known.begin() + old_size, known.end());
    std::inplace_merge(known.begin(), known.begin() + old_size, known.end());
  }
  sealing.items.insert(sealing.items.end(), customer.open.begin(), end);
  customer.sealed += end - customer.open.begin();
  customer.open.erase(customer.open.begin(), end);
}

}  // namespace

sql::Schema schema() { return {.name = "milestone", .migrations = kMigrations}; }

absl::StatusOr<std::vector<std::vector<HistoryItem>>> LoadSealed(sql::Transaction& tx,
                                                                 absl::Span<const FirstItem> wanted) {
  std::vector<sql::Params> sets;
  sets.reserve(wanted.size());
  for (const auto& [name, first] : wanted) sets.push_back({name.workspace, name.customer_id, first});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadSegments, sets));
  std::vector<std::vector<HistoryItem>> items(wanted.size());
  for (size_t i = 0; i < answers.size(); ++i) RETURN_IF_ERROR(Append(answers[i], items[i]));
  return items;
}

absl::Status SealItems(sql::Transaction& tx, absl::Span<const std::pair<absl::string_view, Customer*>> customers) {
  std::vector<Sealing> sealings;
  for (const auto& [workspace, customer] : customers) {
    if (customer->open.size() >= kSealedAtOnce) sealings.push_back(Begin(workspace, *customer));
  }
  std::vector<Sealing*> merging;  // Those that also rewrite what was sealed before.
  std::vector<FirstItem> merged;
  std::vector<sql::Params> dropped;
  for (Sealing& sealing : sealings) {
    if (sealing.first == sealing.customer->sealed) continue;
    merging.push_back(&sealing);
    merged.push_back({sealing.name(), sealing.first});
    dropped.push_back({sealing.workspace, sealing.customer->customer_id, sealing.first});
  }
  ASSIGN_OR_RETURN(std::vector<std::vector<HistoryItem>> loaded, LoadSealed(tx, merged));
  for (size_t i = 0; i < merging.size(); ++i) {
    if (static_cast<int64_t>(loaded[i].size()) != merging[i]->customer->sealed - merging[i]->first) {
      return absl::InternalError("a part of a customer's history is missing");
    }
    merging[i]->items = std::move(loaded[i]);
  }
  std::vector<std::string> encoded;
  std::vector<sql::Params> stored;
  for (Sealing& sealing : sealings) {
    Take(sealing);
    for (const Segment& segment : sealing.segments) {
      const auto items = absl::MakeConstSpan(sealing.items).subspan(segment.first - sealing.first, segment.size);
      encoded.push_back(EncodeItems(items));
      stored.push_back({sealing.workspace, sealing.customer->customer_id, segment.first, items.back().position, 0});
    }
  }
  for (size_t i = 0; i < stored.size(); ++i) stored[i].back() = sql::Bytes{encoded[i]};
  RETURN_IF_ERROR(tx.ExecuteMany(kDropSegments, dropped).status());
  return tx.InsertMany(kStoreSegment, stored);
}

absl::StatusOr<std::vector<int64_t>> ListTimelinePositions(sql::Transaction& tx, absl::string_view workspace,
                                                           const Customer& customer, int64_t after, int enough) {
  std::vector<int64_t> positions;
  const auto add = [&](absl::Span<const HistoryItem> items) {
    for (const HistoryItem& item : items) {
      if (item.position > after) positions.push_back(item.position);
    }
  };
  int64_t from = after;
  for (bool more = customer.sealed > 0; more && static_cast<int>(positions.size()) < enough;) {
    ASSIGN_OR_RETURN(const sql::Rows rows,
                     tx.Query(kLoadSegmentsAfter, {workspace, customer.customer_id, from, kSegmentsPerQuery}));
    std::vector<HistoryItem> items;
    RETURN_IF_ERROR(Append(rows, items));
    add(items);
    more = rows.size() == kSegmentsPerQuery;
    if (!items.empty()) from = items.back().position;
  }
  add(customer.open);
  return positions;
}

}  // namespace waymark::milestone
