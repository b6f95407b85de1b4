#include "common/metrics/metrics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::metrics {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, ACounterAddsUp) {
  Counter& events = GetCounter("waymark_ingest_events_total", "Events stored.", {{"answer", "STORED"}});
  events.Add(2);
  events.Add(3);
  EXPECT_THAT(Render(), HasSubstr("# HELP waymark_ingest_events_total Events stored.\n"
                                  "# TYPE waymark_ingest_events_total counter\n"
                                  "waymark_ingest_events_total{answer=\"STORED\"} 5\n"));
}

TEST(MetricsTest, AGaugeShowsTheLastValue) {
  Gauge& lag = GetGauge("waymark_follower_lag_entries", "Entries not yet applied.");
  lag.Set(12);
  lag.Set(7);
  EXPECT_THAT(Render(), HasSubstr("waymark_follower_lag_entries 7\n"));
}

TEST(MetricsTest, AHistogramCountsByBucketFrom100MicrosecondsTo100Seconds) {
  Histogram& commit = GetHistogram("waymark_commit_seconds", "How long commits took.");
  commit.Observe(0.00005);
  commit.Observe(0.3);
  commit.Observe(1000);
  const std::string text = Render();
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_bucket{le=\"0.25\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_bucket{le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_bucket{le=\"100\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("waymark_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameSeries) {
  Counter& calls = GetCounter("waymark_calls_total", "Calls.", {{"method", "A"}});
  EXPECT_EQ(&calls, &GetCounter("waymark_calls_total", "Calls.", {{"method", "A"}}));
  EXPECT_NE(&calls, &GetCounter("waymark_calls_total", "Calls.", {{"method", "B"}}));
}

}  // namespace
}  // namespace waymark::metrics
