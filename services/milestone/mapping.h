// Customers that move to another version by a map of its stages and milestones: what is recorded of them.
#ifndef WAYMARK_SERVICES_MILESTONE_MAPPING_H_
#define WAYMARK_SERVICES_MILESTONE_MAPPING_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/rules/journey.h"
#include "services/rules/placement.h"
#include "waymark/journey/v1/migration.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::milestone {

rules::KeyMap FromProto(const journey::v1::KeyMap& map);
journey::v1::KeyMap ToProto(const rules::KeyMap& map);

// The records of a customer's overrides, at `as_of`, when it was previewed: the same whenever they are made, but for
// the number of the version, which a draft has not yet, in their reasons.
std::vector<v1::RecordAccepted> ToRecords(absl::string_view customer_id, const rules::Placements& placements,
                                          const rules::Journey& from, const rules::Journey& to, absl::Time as_of);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MAPPING_H_
