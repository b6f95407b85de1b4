// What is kept of what customers did: how many events of each type on each day, and the stages they passed. Everything
// is kept under two times, when it happened and when it became known, so that what was known on a past day can still
// be told. Rows only grow or are added, in whatever order events come.
//
// Views in what is passed must outlive the call. Days are UTC days since 1970-01-01.
#ifndef WAYMARK_SERVICES_HEALTH_ACTIVITY_STORE_H_
#define WAYMARK_SERVICES_HEALTH_ACTIVITY_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/health/scoring.h"

namespace waymark::health {

// Events of one type that a customer had on one day and that became known on one day.
struct Activity {
  absl::string_view workspace;
  absl::string_view customer_id;
  absl::string_view event_type;
  int64_t event_day = 0;
  int64_t recorded_day = 0;
  int64_t events = 0;
  absl::Time last_time;
};

// Adds to what is kept: counts add up, the last time is the latest. Quickest in the order of the fields.
absl::Status AddActivity(sql::Transaction& tx, absl::Span<const Activity> activities);

// What was told of a customer's way, with the position in the teller's lane that orders it.
struct PassageRow {
  absl::string_view workspace;
  absl::string_view customer_id;
  std::string journey_id;
  int64_t position = 0;
  Passage passage;
  absl::Time recorded_time;
};
absl::Status AddPassages(sql::Transaction& tx, absl::Span<const PassageRow> rows);

// Erases all of both of a customer.
absl::Status EraseActivity(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id);

// Erases all of both.
absl::Status EraseAllActivity(sql::Transaction& tx);

// Asks for a customer's events of a type (empty: of every type) on the days from `first_day` to `last_day`.
struct ActivityQuery {
  absl::string_view customer_id;
  absl::string_view event_type;
  int64_t first_day = 0;
  int64_t last_day = 0;
};

// How many there were, as far as known by the end of `known_day`.
absl::StatusOr<std::vector<int64_t>> CountEvents(sql::Transaction& tx, absl::string_view workspace,
                                                 absl::Span<const ActivityQuery> queries, int64_t known_day);
// When the last one was, as far as known by the end of `known_day`.
absl::StatusOr<std::vector<std::optional<absl::Time>>> LastEvents(sql::Transaction& tx, absl::string_view workspace,
                                                                  absl::Span<const ActivityQuery> queries,
                                                                  int64_t known_day);

// What was told of each customer's way through a journey, as far as known at `known_at`, in the order of telling.
absl::StatusOr<std::vector<std::vector<Passage>>> ListPassages(sql::Transaction& tx, absl::string_view workspace,
                                                               absl::string_view journey_id,
                                                               absl::Span<const std::string> customers,
                                                               absl::Time known_at);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_ACTIVITY_STORE_H_
