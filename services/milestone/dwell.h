// How long stages and milestones take. What is measured is said in protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_DWELL_H_
#define WAYMARK_SERVICES_MILESTONE_DWELL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "services/milestone/census.h"
#include "services/milestone/statistics.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

// Keeps every time, 16 bytes each, since a percentile by nearest rank is one of them.
class Dwell {
 public:
  // `from_stage`: of the shown version, where since_start begins; absent: with the enrollment. `shown` must outlive
  // this.
  Dwell(const rules::Journey& shown, std::optional<size_t> from_stage);

  void Add(const Traveller& traveller);
  // Once, since it reorders the times.
  void Write(v1::GetDwellResponse& to);

 private:
  void Add(const rules::Run& run, const rules::Journey& version, const Counterparts::Places& places, absl::Time now);
  // When since_start begins; nothing where it has not.
  std::optional<absl::Time> StartOf(const rules::Run& run, const Counterparts::Places& places) const;

  const rules::Journey& shown_;
  const std::optional<size_t> from_stage_;
  Counterparts counterparts_;
  int64_t enrolled_ = 0;
  std::vector<Times> stays_;        // Of each stage.
  std::vector<Times> since_start_;  // Likewise.
  std::vector<Times> milestones_;   // Of each milestone.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_DWELL_H_
