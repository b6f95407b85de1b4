// What a scorecard version says: plain structs, already checked (convert.h makes them from protobuf), and integers
// alone. The meaning of each is in protos/waymark/health/v1/definition.proto.
//
// Values and parameters are in millionths of their unit (`micro`), points in thousandths (`milli`).
#ifndef WAYMARK_SERVICES_HEALTH_DEFINITION_H_
#define WAYMARK_SERVICES_HEALTH_DEFINITION_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace waymark::health {

// Event types, where none are named, mean every event.
struct EventCount {
  std::vector<std::string> event_types;
  int days = 0;
};
struct DaysSince {
  std::vector<std::string> event_types;
};
struct StageAge {
  std::string journey_id;
  int planned_days = 0;
};
struct EventTrend {
  std::vector<std::string> event_types;
  int days = 0;
};
using Source = std::variant<EventCount, DaysSince, StageAge, EventTrend>;

struct Linear {
  int64_t lo_micro = 0;
  int64_t hi_micro = 0;
};
struct Thresholds {
  struct Step {
    int64_t below_micro = 0;
    int32_t points_milli = 0;
  };
  std::vector<Step> steps;
  int32_t otherwise_milli = 0;
};
struct HalfLife {
  int64_t grace_micro = 0;
  int64_t half_life_micro = 0;
};
struct Trend {
  int64_t prior_micro = 0;
  int64_t ratio_micro = 0;
};
using Normaliser = std::variant<Linear, Thresholds, HalfLife, Trend>;

// What holds where there is no value.
struct Exclude {};
struct Fixed {
  int32_t points_milli = 0;
};
using MissingPolicy = std::variant<Exclude, Fixed>;

struct Measure {
  std::string key;
  std::string title;
  uint32_t weight = 1;
  bool required = false;
  Source source;
  Normaliser normaliser;
  MissingPolicy missing;
};

struct BandRule {
  int32_t red_below_milli = 50'000;
  int32_t green_from_milli = 75'000;
  int32_t margin_milli = 5'000;
  absl::Duration dwell_down = absl::ZeroDuration();
  absl::Duration dwell_up = absl::Hours(2 * 24);  // Two periods: customers are scored once a day at least.
};

struct Definition {
  std::vector<Measure> measures;
  BandRule bands;
  int min_coverage_percent = 50;
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_DEFINITION_H_
