#include "services/health/activity_store.h"

#include <array>
#include <utility>

#include "common/base/status.h"

namespace waymark::health {
namespace {

constexpr char kAddActivity[] =
    "INSERT INTO activity (workspace, customer_id, event_type, event_day, recorded_day, events, last_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (workspace, customer_id, event_type, event_day, recorded_day) DO UPDATE SET "
    "events = activity.events + excluded.events, last_time = CASE WHEN excluded.last_time > activity.last_time "
    "THEN excluded.last_time ELSE activity.last_time END";
constexpr char kAddPassage[] =
    "INSERT INTO passage (workspace, customer_id, journey_id, position, kind, stage_key, time, recorded_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

// One type is a stretch of the clustered key; every type is the customer's whole stretch.
constexpr char kCountOfType[] =
    "SELECT CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM activity WHERE workspace = $1 AND customer_id = $2 "
    "AND event_day >= $3 AND event_day <= $4 AND recorded_day <= $5 AND event_type = $6";
constexpr char kCountOfEvery[] =
    "SELECT CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM activity WHERE workspace = $1 AND customer_id = $2 "
    "AND event_day >= $3 AND event_day <= $4 AND recorded_day <= $5";
constexpr char kLastOfType[] =
    "SELECT MAX(last_time) FROM activity WHERE workspace = $1 AND customer_id = $2 "
    "AND event_day >= $3 AND event_day <= $4 AND recorded_day <= $5 AND event_type = $6";
constexpr char kLastOfEvery[] =
    "SELECT MAX(last_time) FROM activity WHERE workspace = $1 AND customer_id = $2 "
    "AND event_day >= $3 AND event_day <= $4 AND recorded_day <= $5";

constexpr char kListPassages[] =
    "SELECT kind, stage_key, time FROM passage WHERE workspace = $1 AND customer_id = $2 AND journey_id = $3 "
    "AND recorded_time <= $4 ORDER BY position";

// Runs `of_type` for the queries that name a type and `of_every` for the others; the i-th answer is the i-th query's
// row.
absl::StatusOr<std::vector<sql::Rows>> Ask(sql::Transaction& tx, absl::string_view workspace,
                                           absl::Span<const ActivityQuery> queries, int64_t known_day,
                                           absl::string_view of_type, absl::string_view of_every) {
  std::array<std::vector<sql::Params>, 2> sets;
  std::array<std::vector<size_t>, 2> places;
  for (size_t i = 0; i < queries.size(); ++i) {
    const ActivityQuery& query = queries[i];
    sql::Params params = {workspace, query.customer_id, query.first_day, query.last_day, known_day};
    const bool every = query.event_type.empty();
    if (!every) params.push_back(query.event_type);
    sets[every].push_back(std::move(params));
    places[every].push_back(i);
  }
  std::vector<sql::Rows> answers(queries.size());
  for (const bool every : {false, true}) {
    if (sets[every].empty()) continue;
    ASSIGN_OR_RETURN(std::vector<sql::Rows> rows, tx.QueryMany(every ? of_every : of_type, sets[every]));
    for (size_t i = 0; i < rows.size(); ++i) answers[places[every][i]] = std::move(rows[i]);
  }
  return answers;
}

}  // namespace

absl::Status AddActivity(sql::Transaction& tx, absl::Span<const Activity> activities) {
  std::vector<sql::Params> sets;
  sets.reserve(activities.size());
  for (const Activity& activity : activities) {
    sets.push_back({activity.workspace, activity.customer_id, activity.event_type, activity.event_day,
                    activity.recorded_day, activity.events, activity.last_time});
  }
  return tx.ExecuteMany(kAddActivity, sets).status();
}

absl::Status AddPassages(sql::Transaction& tx, absl::Span<const PassageRow> rows) {
  std::vector<sql::Params> sets;
  for (const PassageRow& row : rows) {
    sets.push_back({row.workspace, row.customer_id, row.journey_id, row.position, static_cast<int>(row.passage.kind),
                    row.passage.stage_key, row.passage.time, row.recorded_time});
  }
  return tx.ExecuteMany(kAddPassage, sets).status();
}

absl::Status EraseActivity(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id) {
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM activity WHERE workspace = $1 AND customer_id = $2", {workspace, customer_id}).status());
  return tx.Execute("DELETE FROM passage WHERE workspace = $1 AND customer_id = $2", {workspace, customer_id}).status();
}

absl::Status EraseAllActivity(sql::Transaction& tx) {
  RETURN_IF_ERROR(tx.Execute("DELETE FROM activity").status());
  return tx.Execute("DELETE FROM passage").status();
}

absl::StatusOr<std::vector<int64_t>> CountEvents(sql::Transaction& tx, absl::string_view workspace,
                                                 absl::Span<const ActivityQuery> queries, int64_t known_day) {
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers,
                   Ask(tx, workspace, queries, known_day, kCountOfType, kCountOfEvery));
  std::vector<int64_t> counts;
  for (const sql::Rows& rows : answers) counts.push_back(rows[0].Int(0));
  return counts;
}

absl::StatusOr<std::vector<std::optional<absl::Time>>> LastEvents(sql::Transaction& tx, absl::string_view workspace,
                                                                  absl::Span<const ActivityQuery> queries,
                                                                  int64_t known_day) {
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers,
                   Ask(tx, workspace, queries, known_day, kLastOfType, kLastOfEvery));
  std::vector<std::optional<absl::Time>> times;
  for (const sql::Rows& rows : answers) {
    times.push_back(rows[0].IsNull(0) ? std::nullopt : std::optional(rows[0].Time(0)));
  }
  return times;
}

absl::StatusOr<std::vector<std::vector<Passage>>> ListPassages(sql::Transaction& tx, absl::string_view workspace,
                                                               absl::string_view journey_id,
                                                               absl::Span<const std::string> customers,
                                                               absl::Time known_at) {
  std::vector<sql::Params> sets;
  for (const std::string& customer : customers) sets.push_back({workspace, customer, journey_id, known_at});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kListPassages, sets));
  std::vector<std::vector<Passage>> ways;
  for (const sql::Rows& rows : answers) {
    std::vector<Passage>& way = ways.emplace_back();
    for (const sql::Row& row : rows) {
      way.push_back({.kind = static_cast<Passage::Kind>(row.Int(0)), .stage_key = row.Text(1), .time = row.Time(2)});
    }
  }
  return ways;
}

}  // namespace waymark::health
