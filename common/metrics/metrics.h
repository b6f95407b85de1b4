// Numbers about the process, in Prometheus' model, shown by the admin port.
#ifndef WAYMARK_COMMON_METRICS_METRICS_H_
#define WAYMARK_COMMON_METRICS_METRICS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark::metrics {

using Labels = std::map<std::string, std::string>;

// Names follow Prometheus' habits: `waymark_ingest_events_total`, `waymark_follower_lag_entries`, durations in seconds.
// Label values come from small fixed sets, never from ids. Thread-safe; looking a series up takes a lock, so hot paths
// keep what they got.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double amount) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

Counter& GetCounter(absl::string_view name, absl::string_view help, const Labels& labels = {});
Gauge& GetGauge(absl::string_view name, absl::string_view help, const Labels& labels = {});
// Buckets from 100 µs to 100 s, for durations in seconds.
Histogram& GetHistogram(absl::string_view name, absl::string_view help, const Labels& labels = {});

// Everything, as Prometheus text.
std::string Render();

}  // namespace waymark::metrics

#endif  // WAYMARK_COMMON_METRICS_METRICS_H_
