#include "common/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/metrics/registry.h"

namespace waymark::metrics {
namespace {

class CounterSeries final : public Counter {
 public:
  explicit CounterSeries(prometheus::Counter& series) : series_(series) {}
  void Add(double amount) override { series_.Increment(amount); }

 private:
  prometheus::Counter& series_;
};

class GaugeSeries final : public Gauge {
 public:
  explicit GaugeSeries(prometheus::Gauge& series) : series_(series) {}
  void Set(double value) override { series_.Set(value); }

 private:
  prometheus::Gauge& series_;
};

class HistogramSeries final : public Histogram {
 public:
  explicit HistogramSeries(prometheus::Histogram& series) : series_(series) {}
  void Observe(double value) override { series_.Observe(value); }

 private:
  prometheus::Histogram& series_;
};

// The series of one kind by (name, labels). They are kept for the life of the process, since callers keep references.
template <typename Series>
class SeriesByName {
 public:
  template <typename Make>
  Series& Get(absl::string_view name, const Labels& labels, const Make& make) {
    absl::MutexLock lock(&mutex_);
    std::unique_ptr<Series>& series = series_[{std::string(name), labels}];
    if (series == nullptr) series = make();
    return *series;
  }

 private:
  absl::Mutex mutex_;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Series>> series_ ABSL_GUARDED_BY(mutex_);
};

// 100 µs to 100 s, in steps of 1, 2.5 and 5.
const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const auto* const buckets = new prometheus::Histogram::BucketBoundaries{
      1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};
  return *buckets;
}

}  // namespace

const std::shared_ptr<prometheus::Registry>& Registry() {
  static const auto* const registry = new std::shared_ptr<prometheus::Registry>(
      std::make_shared<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge));
  return *registry;
}

Counter& GetCounter(absl::string_view name, absl::string_view help, const Labels& labels) {
  static auto* const all = new SeriesByName<Counter>;
  return all->Get(name, labels, [&] {
    auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(*Registry());
    return std::make_unique<CounterSeries>(family.Add(labels));
  });
}

Gauge& GetGauge(absl::string_view name, absl::string_view help, const Labels& labels) {
  static auto* const all = new SeriesByName<Gauge>;
  return all->Get(name, labels, [&] {
    auto& family = prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(*Registry());
    return std::make_unique<GaugeSeries>(family.Add(labels));
  });
}

Histogram& GetHistogram(absl::string_view name, absl::string_view help, const Labels& labels) {
  static auto* const all = new SeriesByName<Histogram>;
  return all->Get(name, labels, [&] {
    auto& family = prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(*Registry());
    return std::make_unique<HistogramSeries>(family.Add(labels, Buckets()));
  });
}

std::string Render() { return prometheus::TextSerializer().Serialize(Registry()->Collect()); }

}  // namespace waymark::metrics
