#include "services/health/score_store.h"

#include <utility>

#include "common/base/status.h"
#include "common/journal/journal.h"

namespace waymark::health {
namespace {

constexpr char kAddNews[] =
    "INSERT INTO customer (workspace, lane, customer_id, known_since, news, depth) VALUES ($1, $2, $3, $4, $5, $6) "
    "ON CONFLICT (workspace, lane, customer_id) DO UPDATE SET "
    "news = CASE WHEN excluded.news > customer.news THEN excluded.news ELSE customer.news END, "
    "depth = CASE WHEN excluded.depth > customer.depth THEN excluded.depth ELSE customer.depth END "
    "WHERE excluded.news > customer.news OR excluded.depth > customer.depth";
constexpr char kFindLaneWithNews[] = "SELECT lane FROM customer WHERE news > 0 AND lane >= $1 ORDER BY lane LIMIT 1";
constexpr char kListWithNews[] =
    "SELECT workspace, customer_id, known_since, news, depth FROM customer WHERE news > 0 AND lane = $1 "
    "ORDER BY workspace, customer_id LIMIT $2";
constexpr char kListCustomers[] =
    "SELECT workspace, customer_id, known_since, news, depth FROM customer "
    "WHERE workspace = $1 AND lane = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4";
constexpr char kFindCustomer[] =
    "SELECT workspace, customer_id, known_since, news, depth FROM customer "
    "WHERE workspace = $1 AND lane = $2 AND customer_id = $3";
constexpr char kClearNews[] =
    "UPDATE customer SET news = 0, depth = 0 WHERE workspace = $1 AND lane = $2 AND customer_id = $3";

constexpr const char* kErase[] = {
    "DELETE FROM customer WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM activity WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM passage WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM score WHERE workspace = $1 AND customer_id = $2",
};
// A sweep that is just there begins again.
constexpr char kForgetInSweep[] =
    "UPDATE sweep SET after_customer = '' WHERE workspace = $1 AND lane = $2 AND after_customer = $3";

constexpr char kStartSweep[] =
    "INSERT INTO sweep (workspace, lane, day, after_customer) VALUES ($1, $2, $3, '') "
    "ON CONFLICT (workspace, lane) DO UPDATE SET day = excluded.day, after_customer = ''";
constexpr char kFindSweep[] =
    "SELECT workspace, lane, day, after_customer FROM sweep WHERE (after_customer IS NOT NULL OR day < $2) "
    "AND lane >= $1 ORDER BY lane, workspace LIMIT 1";
constexpr char kLockSweep[] =
    "SELECT workspace, lane, day, after_customer FROM sweep WHERE workspace = $1 AND lane = $2 FOR UPDATE";
constexpr char kSaveSweep[] = "UPDATE sweep SET day = $3, after_customer = $4 WHERE workspace = $1 AND lane = $2";

constexpr char kSaveRecord[] =
    "INSERT INTO score (workspace, scorecard_id, customer_id, version, as_of, health_milli, coverage_ppm, shown_band, "
    "band, band_since, candidate, candidate_since, candidate_past, band_changes, contributions, band_past) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
    "ON CONFLICT (workspace, scorecard_id, customer_id) DO UPDATE SET version = excluded.version, "
    "as_of = excluded.as_of, health_milli = excluded.health_milli, coverage_ppm = excluded.coverage_ppm, "
    "shown_band = excluded.shown_band, band = excluded.band, band_since = excluded.band_since, "
    "candidate = excluded.candidate, candidate_since = excluded.candidate_since, "
    "candidate_past = excluded.candidate_past, "
    "band_changes = excluded.band_changes, contributions = excluded.contributions, band_past = excluded.band_past";
constexpr char kLoadRecord[] =
    "SELECT customer_id, scorecard_id, version, as_of, health_milli, coverage_ppm, shown_band, band, band_since, "
    "candidate, candidate_since, candidate_past, band_changes, contributions, band_past FROM score "
    "WHERE workspace = $1 AND scorecard_id = $2 AND customer_id = $3";
constexpr char kListRecords[] =
    "SELECT customer_id, scorecard_id, version, as_of, health_milli, coverage_ppm, shown_band, band, band_since, "
    "candidate, candidate_since, candidate_past, band_changes, contributions, band_past FROM score "
    "WHERE workspace = $1 AND scorecard_id = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4";
constexpr char kListRecordsInBand[] =
    "SELECT customer_id, scorecard_id, version, as_of, health_milli, coverage_ppm, shown_band, band, band_since, "
    "candidate, candidate_since, candidate_past, band_changes, contributions, band_past FROM score "
    "WHERE workspace = $1 AND scorecard_id = $2 AND customer_id > $3 AND shown_band = $5 ORDER BY customer_id LIMIT $4";

constexpr int kShownInsufficient = 4;  // In shown_band, beside the values of Band.

int LaneOf(const Customer& customer) { return journal::LaneOf(customer.workspace, customer.customer_id); }

Customer ToCustomer(const sql::Row& row) {
  return {.workspace = row.Text(0),
          .customer_id = row.Text(1),
          .known_since = row.Time(2),
          .news = static_cast<News>(row.Int(3)),
          .depth = static_cast<int>(row.Int(4))};
}

std::vector<Customer> ToCustomers(const sql::Rows& rows) {
  std::vector<Customer> customers;
  for (const sql::Row& row : rows) customers.push_back(ToCustomer(row));
  return customers;
}

Sweep ToSweep(const sql::Row& row) {
  return {.workspace = row.Text(0),
          .lane = static_cast<int>(row.Int(1)),
          .day = row.Int(2),
          .after = row.IsNull(3) ? std::nullopt : std::optional(row.Text(3))};
}

int ShownOf(const ShownBand& shown) {
  return shown.band.has_value() ? static_cast<int>(*shown.band) : kShownInsufficient;
}

sql::Params ToParams(absl::string_view workspace, const Record& record) {
  std::optional<int> band, candidate;
  std::optional<absl::Time> band_since, candidate_since;
  if (record.band.has_value()) {
    band = static_cast<int>(record.band->band);
    band_since = record.band->since;
    if (record.band->candidate.has_value()) {
      candidate = static_cast<int>(*record.band->candidate);
      candidate_since = record.band->candidate_since;
    }
  }
  const int shown = record.sufficient ? *band : kShownInsufficient;
  return {workspace,
          record.scorecard_id,
          record.customer_id,
          record.version,
          record.as_of,
          record.health_milli,
          record.coverage_ppm,
          shown,
          band,
          band_since,
          candidate,
          candidate_since,
          record.band.has_value() && record.band->candidate_past,
          record.band_changes,
          sql::Bytes{record.contributions},
          record.band.has_value() && record.band->past};
}

Record ToRecord(const sql::Row& row) {
  Record record = {.customer_id = row.Text(0),
                   .scorecard_id = row.Text(1),
                   .version = static_cast<uint32_t>(row.Int(2)),
                   .as_of = row.Time(3),
                   .coverage_ppm = static_cast<int32_t>(row.Int(5)),
                   .sufficient = row.Int(6) != kShownInsufficient,
                   .band_changes = row.Int(12),
                   .contributions = row.Blob(13)};
  if (!row.IsNull(4)) record.health_milli = static_cast<int32_t>(row.Int(4));
  if (!row.IsNull(7)) {
    record.band = BandState{.band = static_cast<Band>(row.Int(7)), .since = row.Time(8), .past = row.Bool(14)};
    if (!row.IsNull(9)) {
      record.band->candidate = static_cast<Band>(row.Int(9));
      record.band->candidate_since = row.Time(10);
      record.band->candidate_past = row.Bool(11);
    }
  }
  return record;
}

}  // namespace

absl::Status AddNews(sql::Transaction& tx, absl::Span<const Customer> customers) {
  std::vector<sql::Params> sets;
  sets.reserve(customers.size());
  for (const Customer& customer : customers) {
    sets.push_back({customer.workspace, LaneOf(customer), customer.customer_id, customer.known_since,
                    static_cast<int>(customer.news), customer.depth});
  }
  return tx.ExecuteMany(kAddNews, sets).status();
}

absl::StatusOr<std::optional<int>> FindLaneWithNews(sql::Transaction& tx, int lane) {
  for (const int from : {lane, 0}) {
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindLaneWithNews, {from}));
    if (!rows.empty()) return static_cast<int>(rows[0].Int(0));
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Customer>> ListWithNews(sql::Transaction& tx, int lane, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListWithNews, {lane, limit}));
  return ToCustomers(rows);
}

absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace, int lane,
                                                    absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListCustomers, {workspace, lane, after, limit}));
  return ToCustomers(rows);
}

absl::StatusOr<std::optional<Customer>> FindCustomer(sql::Transaction& tx, absl::string_view workspace,
                                                     absl::string_view customer_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows,
                   tx.Query(kFindCustomer, {workspace, journal::LaneOf(workspace, customer_id), customer_id}));
  if (rows.empty()) return std::nullopt;
  return ToCustomer(rows[0]);
}

absl::Status EraseCustomer(sql::Transaction& tx, absl::string_view workspace, int lane, absl::string_view customer_id) {
  for (const char* const erase : kErase) {
    RETURN_IF_ERROR(tx.Execute(erase, {workspace, customer_id}).status());
  }
  return tx.Execute(kForgetInSweep, {workspace, lane, customer_id}).status();
}

absl::Status ClearNews(sql::Transaction& tx, absl::Span<const Customer> customers) {
  std::vector<sql::Params> sets;
  for (const Customer& customer : customers) {
    if (customer.news != News::kNone) sets.push_back({customer.workspace, LaneOf(customer), customer.customer_id});
  }
  return tx.ExecuteMany(kClearNews, sets).status();
}

absl::Status StartSweeps(sql::Transaction& tx, absl::string_view workspace, int64_t day) {
  std::vector<sql::Params> sets;
  for (int lane = 0; lane < journal::kLanes; ++lane) sets.push_back({workspace, lane, day});
  return tx.ExecuteMany(kStartSweep, sets).status();
}

absl::StatusOr<std::optional<Sweep>> FindSweep(sql::Transaction& tx, int lane, int64_t today) {
  for (const int from : {lane, 0}) {
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kFindSweep, {from, today}));
    if (!rows.empty()) return ToSweep(rows[0]);
  }
  return std::nullopt;
}

absl::StatusOr<Sweep> LockSweep(sql::Transaction& tx, absl::string_view workspace, int lane) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLockSweep, {workspace, lane}));
  if (rows.empty()) return absl::InternalError("a sweep that was found is gone");
  return ToSweep(rows[0]);
}

absl::Status SaveSweep(sql::Transaction& tx, const Sweep& sweep) {
  return tx.Execute(kSaveSweep, {sweep.workspace, sweep.lane, sweep.day, sweep.after}).status();
}

absl::Status SaveRecords(sql::Transaction& tx, absl::string_view workspace, absl::Span<const Record> records) {
  std::vector<sql::Params> sets;
  for (const Record& record : records) sets.push_back(ToParams(workspace, record));
  return tx.ExecuteMany(kSaveRecord, sets).status();
}

absl::StatusOr<std::vector<std::optional<Record>>> LoadRecords(sql::Transaction& tx, absl::string_view workspace,
                                                               absl::string_view scorecard_id,
                                                               absl::Span<const std::string> customers) {
  std::vector<sql::Params> sets;
  for (const std::string& customer : customers) sets.push_back({workspace, scorecard_id, customer});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoadRecord, sets));
  std::vector<std::optional<Record>> records;
  for (const sql::Rows& rows : answers) {
    records.push_back(rows.empty() ? std::nullopt : std::optional(ToRecord(rows[0])));
  }
  return records;
}

absl::StatusOr<std::vector<Record>> ListRecords(sql::Transaction& tx, absl::string_view workspace,
                                                absl::string_view scorecard_id, const std::optional<ShownBand>& shown,
                                                absl::string_view after, int limit) {
  sql::Params params = {workspace, scorecard_id, after, limit};
  if (shown.has_value()) params.push_back(ShownOf(*shown));
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(shown.has_value() ? kListRecordsInBand : kListRecords, params));
  std::vector<Record> records;
  for (const sql::Row& row : rows) records.push_back(ToRecord(row));
  return records;
}

}  // namespace waymark::health
