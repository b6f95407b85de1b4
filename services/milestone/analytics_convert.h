// protobuf <-> plain structs of analytics, and the checks of what comes from outside.
#ifndef WAYMARK_SERVICES_MILESTONE_ANALYTICS_CONVERT_H_
#define WAYMARK_SERVICES_MILESTONE_ANALYTICS_CONVERT_H_

#include <google/protobuf/duration.pb.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/milestone/census.h"
#include "services/milestone/statistics.h"
#include "services/rules/definition.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

// Errors: INVALID_ARGUMENT  a field is malformed, the window is empty, or as_of is after `now`.
absl::StatusOr<Cohort> ToCohort(const std::string& journey_id, const v1::Cohort& cohort, absl::Time now);

// The cohort as of the beginning of the period, with histories up to its end. Errors: INVALID_ARGUMENT  besides those
// of ToCohort: the period is empty or malformed, or a source is.
absl::StatusOr<Cohort> ToCohort(const v1::GetRevenueRequest& request, absl::Time now);

void SetDuration(absl::Duration duration, google::protobuf::Duration* to);
v1::TimeSummary ToProto(const TimesSummary& summary);

// The key, where there is no title.
const std::string& TitleOf(const rules::Stage& stage);
const std::string& TitleOf(const rules::Milestone& milestone);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_ANALYTICS_CONVERT_H_
