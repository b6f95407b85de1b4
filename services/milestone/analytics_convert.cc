#include "services/milestone/analytics_convert.h"

#include <google/protobuf/timestamp.pb.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
absl::StatusOr<Cohort> ToCohort(const std::string& journey_id, const v1::Cohort& cohort, absl::Time now) {
  RETURN_IF_ERROR(CheckName("journey_id", journey_id));
  Cohort made{.journey_id = journey_id, .version = cohort.version(), .segment_id = cohort.segment_id()};
  if (cohort.has_enrolled_from()) {
    ASSIGN_OR_RETURN(made.enrolled_from, ToInstant("cohort.enrolled_from", cohort.enrolled_from()));
  }
  if (cohort.has_enrolled_until()) {
    ASSIGN_OR_RETURN(made.enrolled_until, ToInstant("cohort.enrolled_until", cohort.enrolled_until()));
    if (made.enrolled_until <= made.enrolled_from) {
      return InvalidField("cohort.enrolled_until",
                          "must be after enrolled_from: nobody can have enrolled between them");
    }
  }
  if (cohort.has_as_of()) {
    ASSIGN_OR_RETURN(made.as_of, ToInstant("cohort.as_of", cohort.as_of()));
    if (*made.as_of > now) {
      return InvalidField("cohort.as_of", "is in the future; leave it out for how things stand now");
    }
  }
  if (!cohort.segment_id().empty()) RETURN_IF_ERROR(CheckName("cohort.segment_id", cohort.segment_id()));
  return made;
}

absl::StatusOr<Cohort> ToCohort(const v1::GetRevenueRequest& request, absl::Time now) {
  constexpr int kMostSources = 20;
  ASSIGN_OR_RETURN(Cohort made, ToCohort(request.journey_id(), request.cohort(), now));
  if (made.as_of.has_value()) return InvalidField("cohort.as_of", "must be left out: the period says as of when");
  ASSIGN_OR_RETURN(made.as_of, ToInstant("from", request.from()));
  made.history_until = now;
  if (request.has_until()) {
    ASSIGN_OR_RETURN(made.history_until, ToInstant("until", request.until()));
  }
  if (*made.history_until <= *made.as_of) return InvalidField("until", "must be after from");
  if (*made.history_until > now) return InvalidField("until", "is in the future; the period ends now at the latest");
  if (request.sources().empty() || request.sources_size() > kMostSources) {
    return InvalidField("sources", absl::StrCat("must be 1 to ", kMostSources, ", not ", request.sources_size()));
  }
  std::set<std::string> types;
  for (int i = 0; i < request.sources_size(); ++i) {
    const v1::RevenueSource& source = request.sources(i);
    const std::string field = absl::StrCat("sources[", i, "]");
    RETURN_IF_ERROR(CheckId(field + ".event_type", source.event_type()));
    RETURN_IF_ERROR(CheckText(field + ".property", source.property(), 255));
    if (!types.insert(source.event_type()).second) {
      return InvalidField(field + ".event_type", "is that of another source; say each type once");
    }
    if (!v1::RevenueAmount_IsValid(source.amount())) {
      return InvalidField(field + ".amount", "is none that this server knows: a total or a change");
    }
    if (!v1::RevenueKind_IsValid(source.kind())) {
      return InvalidField(field + ".kind", "is none that this server knows; leave it out");
    }
  }
  return made;
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* to) {
  const int64_t nanos = absl::ToInt64Nanoseconds(duration % absl::Seconds(1));
  to->set_seconds(absl::ToInt64Seconds(duration));
  to->set_nanos(static_cast<int32_t>(nanos));
}

v1::TimeSummary ToProto(const TimesSummary& summary) {
  v1::TimeSummary to;
  to.set_finished(summary.finished);
  to.set_unfinished(summary.unfinished);
  if (summary.p50.has_value()) SetDuration(*summary.p50, to.mutable_p50());
  if (summary.p90.has_value()) SetDuration(*summary.p90, to.mutable_p90());
  if (summary.median.has_value()) SetDuration(*summary.median, to.mutable_median());
  return to;
}

const std::string& TitleOf(const rules::Stage& stage) { return stage.title.empty() ? stage.key : stage.title; }
const std::string& TitleOf(const rules::Milestone& milestone) {
  return milestone.title.empty() ? milestone.key : milestone.title;
}

}  // namespace waymark::milestone
