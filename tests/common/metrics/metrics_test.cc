#include "common/metrics/metrics.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::metrics {
namespace {

using ::testing::HasSubstr;

// The value of a series in Prometheus' text; 0 where it is not there yet. Metrics live as long as the process, so tests
// look at what was added.
double ValueOf(const std::string& series) {
  double value = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(Render(), '\n'))) {
    if (!absl::StartsWith(line, series + " ")) continue;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(series.size() + 1), &value));
  }
  return value;
}

TEST(MetricsTest, ACounterAddsUp) {
  const std::string series = "waymark_ingest_events_total{answer=\"STORED\"}";
  const double before = ValueOf(series);
  Counter& events = GetCounter("waymark_ingest_events_total", "Events stored.", {{"answer", "STORED"}});
  events.Add(2);
  events.Add(3);
  EXPECT_EQ(ValueOf(series), before + 5);
  EXPECT_THAT(Render(), HasSubstr("# HELP waymark_ingest_events_total Events stored.\n"
                                  "# TYPE waymark_ingest_events_total counter\n"));
}

TEST(MetricsTest, AGaugeShowsTheLastValue) {
  Gauge& lag = GetGauge("waymark_follower_lag_entries", "Entries not yet applied.");
  lag.Set(12);
  lag.Set(7);
  EXPECT_THAT(Render(), HasSubstr("waymark_follower_lag_entries 7\n"));
}

TEST(MetricsTest, AHistogramCountsByBucketFrom100MicrosecondsTo100Seconds) {
  const auto bucket = [](const std::string& most) {
    return ValueOf("waymark_commit_seconds_bucket{le=\"" + most + "\"}");
  };
  const double before = ValueOf("waymark_commit_seconds_count");
  const double times = before / 3 + 1;  // How often this has run, now included.
  Histogram& commit = GetHistogram("waymark_commit_seconds", "How long commits took.");
  commit.Observe(0.00005);
  commit.Observe(0.3);
  commit.Observe(1000);
  EXPECT_EQ(ValueOf("waymark_commit_seconds_count"), before + 3);
  EXPECT_EQ(bucket("0.0001"), times);
  EXPECT_EQ(bucket("0.25"), times);
  EXPECT_EQ(bucket("0.5"), 2 * times);
  EXPECT_EQ(bucket("100"), 2 * times);
  EXPECT_EQ(bucket("+Inf"), 3 * times);
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameSeries) {
  Counter& calls = GetCounter("waymark_calls_total", "Calls.", {{"method", "A"}});
  EXPECT_EQ(&calls, &GetCounter("waymark_calls_total", "Calls.", {{"method", "A"}}));
  EXPECT_NE(&calls, &GetCounter("waymark_calls_total", "Calls.", {{"method", "B"}}));
}

}  // namespace
}  // namespace waymark::metrics
