#include "services/health/measures.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/status.h"
#include "services/health/activity_store.h"

namespace waymark::health {
namespace {

// Before every day that an event can have.
constexpr int64_t kFirstDay = std::numeric_limits<int32_t>::min();

// Loads one measure of many customers; one overload for each kind of source.
struct Loader {
  sql::Transaction& tx;
  absl::string_view workspace;
  absl::Span<const std::string> customers;
  absl::Time as_of;

  // One query per customer and event type, customer by customer; one per customer where no types are named.
  std::vector<ActivityQuery> Queries(const std::vector<std::string>& event_types, const Days& days) const {
    std::vector<ActivityQuery> queries;
    for (const std::string& customer : customers) {
      for (const std::string& type : event_types) queries.push_back({customer, type, days.first, days.last});
      if (event_types.empty()) queries.push_back({customer, "", days.first, days.last});
    }
    return queries;
  }

  absl::StatusOr<std::vector<int64_t>> Count(const std::vector<std::string>& event_types, const Days& days) const {
    ASSIGN_OR_RETURN(const std::vector<int64_t> counts,
                     CountEvents(tx, workspace, Queries(event_types, days), DayOf(as_of)));
    const size_t each = std::max<size_t>(1, event_types.size());
    std::vector<int64_t> sums(customers.size());
    for (size_t i = 0; i < counts.size(); ++i) sums[i / each] += counts[i];
    return sums;
  }

  absl::StatusOr<std::vector<Value>> operator()(const EventCount& source) const {
    ASSIGN_OR_RETURN(const std::vector<int64_t> counts, Count(source.event_types, WindowOf(source.days, as_of)));
    std::vector<Value> values;
    for (const int64_t count : counts) values.push_back(Quantity{.numerator = count});
    return values;
  }

  absl::StatusOr<std::vector<Value>> operator()(const EventTrend& source) const {
    ASSIGN_OR_RETURN(const std::vector<int64_t> recent, Count(source.event_types, WindowOf(source.days, as_of)));
    ASSIGN_OR_RETURN(const std::vector<int64_t> before, Count(source.event_types, WindowOf(source.days, as_of, 1)));
    std::vector<Value> values;
    for (size_t i = 0; i < customers.size(); ++i) values.push_back(Change{.recent = recent[i], .before = before[i]});
    return values;
  }

  absl::StatusOr<std::vector<Value>> operator()(const DaysSince& source) const {
    const Days days = {.first = kFirstDay, .last = DayOf(as_of)};
    ASSIGN_OR_RETURN(const std::vector<std::optional<absl::Time>> times,
                     LastEvents(tx, workspace, Queries(source.event_types, days), DayOf(as_of)));
    const size_t each = std::max<size_t>(1, source.event_types.size());
    std::vector<std::optional<absl::Time>> last(customers.size());
    for (size_t i = 0; i < times.size(); ++i) last[i / each] = std::max(last[i / each], times[i]);
    std::vector<Value> values;
    for (const std::optional<absl::Time>& time : last) {
      values.push_back(time.has_value() ? DaysBetween(*time, as_of) : Value(Unknown{}));
    }
    return values;
  }

  absl::StatusOr<std::vector<Value>> operator()(const StageAge& source) const {
    // By the end of the day, as for events.
    const absl::Time known_at = absl::UnixEpoch() + absl::Hours(24) * (DayOf(as_of) + 1) - absl::Microseconds(1);
    ASSIGN_OR_RETURN(const std::vector<std::vector<Passage>> ways,
                     ListPassages(tx, workspace, source.journey_id, customers, known_at));
    std::vector<Value> values;
    for (const std::vector<Passage>& way : ways) values.push_back(StageValue(way, as_of, source.planned_days));
    return values;
  }
};

}  // namespace

absl::StatusOr<std::vector<std::vector<Value>>> LoadValues(sql::Transaction& tx, absl::string_view workspace,
                                                           const Definition& definition,
                                                           absl::Span<const std::string> customers, absl::Time as_of) {
  const Loader loader = {.tx = tx, .workspace = workspace, .customers = customers, .as_of = as_of};
  std::vector<std::vector<Value>> values(customers.size());
  for (const Measure& measure : definition.measures) {
    ASSIGN_OR_RETURN(const std::vector<Value> column, std::visit(loader, measure.source));
    for (size_t i = 0; i < customers.size(); ++i) values[i].push_back(column[i]);
  }
  return values;
}

}  // namespace waymark::health
