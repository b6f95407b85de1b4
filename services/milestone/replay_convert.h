// Requests of ReplayService -> orders, checked.
#ifndef WAYMARK_SERVICES_MILESTONE_REPLAY_CONVERT_H_
#define WAYMARK_SERVICES_MILESTONE_REPLAY_CONVERT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/milestone/replayer.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::milestone {

// Errors of all: INVALID_ARGUMENT  as the proto says, every field named; of a definition every finding.
absl::StatusOr<ReplayOrder> ToReplayOrder(const std::string& workspace, const v1::Replay& replay, absl::Time now);
absl::StatusOr<RecomputeOrder> ToRecomputeOrder(const std::string& workspace, const v1::RecomputeRequest& request);
// How many changes are told. Errors: INVALID_ARGUMENT  negative.
absl::StatusOr<size_t> ToChangeLimit(int32_t asked);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REPLAY_CONVERT_H_
