#include "services/milestone/mapping.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {

rules::KeyMap FromProto(const journey::v1::KeyMap& map) {
  return {.stages = {map.stages().begin(), map.stages().end()},
          .milestones = {map.milestones().begin(), map.milestones().end()}};
}

journey::v1::KeyMap ToProto(const rules::KeyMap& map) {
  journey::v1::KeyMap message;
  message.mutable_stages()->insert(map.stages.begin(), map.stages.end());
  message.mutable_milestones()->insert(map.milestones.begin(), map.milestones.end());
  return message;
}

std::vector<v1::RecordAccepted> ToRecords(absl::string_view customer_id, const rules::Placements& placements,
                                          const rules::Journey& from, const rules::Journey& to, absl::Time as_of) {
  const std::string& journey_id = to.version().journey_id;
  std::vector<v1::RecordAccepted> records;
  for (const rules::Placement& placement : placements.overrides) {
    v1::RecordAccepted& accepted = records.emplace_back();
    accepted.set_backfill(true);
    v1::Record& record = *accepted.mutable_record();
    record.set_record_id(absl::StrCat(kOwnIds, "map/", journey_id, "/", from.version().number, "/",
                                      absl::ToUnixMicros(as_of), "/", placement.entry_key));
    record.set_customer_id(std::string(customer_id));
    SetTime(as_of, record.mutable_time());
    record.set_author("waymark");
    record.set_reason(absl::StrCat("moved by map from stage ", placement.from_stage, " of version ",
                                   from.version().number, " to version ", to.version().number));
    v1::StageOverridden& stage = *record.mutable_stage_override();
    stage.set_journey_id(journey_id);
    stage.set_stage_key(placement.stage);
    stage.set_entry_key(placement.entry_key);
    for (const std::string& milestone : placement.milestones) stage.add_milestone_keys(milestone);
  }
  return records;
}

}  // namespace waymark::milestone
