// What is kept of scores: which customers are known and have news, how far each sweep through them has come, and the
// last score of each customer on each scorecard. Everything of a customer is written under the lock of its lane.
#ifndef WAYMARK_SERVICES_HEALTH_SCORE_STORE_H_
#define WAYMARK_SERVICES_HEALTH_SCORE_STORE_H_

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

// ---- Customers ----

// A customer that is known, with what came of it since it was last scored.
struct Customer {
  std::string workspace;
  std::string customer_id;
  absl::Time known_since;  // When the first that is known of it was recorded.
  News news = News::kNone;
  int depth = 0;  // The greatest of its news.
  friend bool operator==(const Customer&, const Customer&) = default;
};

// Adds customers, or raises the news and depth of those that are known.
absl::Status AddNews(sql::Transaction& tx, absl::Span<const Customer> customers);

// The first lane from `lane` on, around all of them, where a customer has news; absent where none has.
absl::StatusOr<std::optional<int>> FindLaneWithNews(sql::Transaction& tx, int lane);

// Customers of a lane with news, by workspace and id; at most `limit`.
absl::StatusOr<std::vector<Customer>> ListWithNews(sql::Transaction& tx, int lane, int limit);

// Customers of a workspace in a lane, by id, after `after`; at most `limit`.
absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace, int lane,
                                                    absl::string_view after, int limit);

// Absent where the workspace has no such customer.
absl::StatusOr<std::optional<Customer>> FindCustomer(sql::Transaction& tx, absl::string_view workspace,
                                                     absl::string_view customer_id);

// Erases every row about a customer, of whichever table.
absl::Status EraseCustomer(sql::Transaction& tx, absl::string_view workspace, int lane, absl::string_view customer_id);

// Their news is scored.
absl::Status ClearNews(sql::Transaction& tx, absl::Span<const Customer> customers);

// ---- Sweeps ----

// The way through all customers of a workspace in a lane: once a day, and once a version is published.
struct Sweep {
  std::string workspace;
  int lane = 0;
  int64_t day = 0;                   // The day it was started for.
  std::optional<std::string> after;  // The last customer scored; absent once it has come to the end.
};

// Starts every lane's sweep of a workspace from the beginning.
absl::Status StartSweeps(sql::Transaction& tx, absl::string_view workspace, int64_t day);

// A sweep that has not come to its end, or was started for a day before `today`; absent where there is none. The lowest
// lane from `lane` on, around all of them.
absl::StatusOr<std::optional<Sweep>> FindSweep(sql::Transaction& tx, int lane, int64_t today);

// The sweep of a workspace and lane, locked until `tx` ends.
absl::StatusOr<Sweep> LockSweep(sql::Transaction& tx, absl::string_view workspace, int lane);

absl::Status SaveSweep(sql::Transaction& tx, const Sweep& sweep);

// ---- Scores ----

// The last score of a customer on a scorecard.
struct Record {
  std::string customer_id;
  std::string scorecard_id;
  uint32_t version = 0;
  absl::Time as_of;
  std::optional<int32_t> health_milli;
  int32_t coverage_ppm = 0;
  bool sufficient = false;
  std::optional<BandState> band;
  int64_t band_changes = 0;   // How often a band was decided.
  std::string contributions;  // A serialised waymark.health.v1.Health with nothing but contributions.
  friend bool operator==(const Record&, const Record&) = default;
};

// Which records are listed: those shown in a band, or as INSUFFICIENT_DATA.
struct ShownBand {
  std::optional<Band> band;  // Absent: insufficient data.
};

absl::Status SaveRecords(sql::Transaction& tx, absl::string_view workspace, absl::Span<const Record> records);

// Each customer's record on a scorecard; absent where there is none.
absl::StatusOr<std::vector<std::optional<Record>>> LoadRecords(sql::Transaction& tx, absl::string_view workspace,
                                                               absl::string_view scorecard_id,
                                                               absl::Span<const std::string> customers);

// A scorecard's records, all or those shown in a band, by customer, after `after`; at most `limit`.
absl::StatusOr<std::vector<Record>> ListRecords(sql::Transaction& tx, absl::string_view workspace,
                                                absl::string_view scorecard_id, const std::optional<ShownBand>& shown,
                                                absl::string_view after, int limit);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_SCORE_STORE_H_
