#include "services/journey/verdicts.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/reachability.h"
#include "services/rules/scenario.h"

namespace waymark::journey {
namespace {

v1::Verdict ToProto(std::string path, const std::string& key, const rules::Verdict& verdict) {
  v1::Verdict message;
  message.set_path(std::move(path));
  message.set_key(key);
  switch (verdict.answer) {
    case rules::Answer::kYes:
      message.set_reachability(v1::REACHABILITY_REACHABLE);
      for (const rules::ScenarioStep& step : rules::ExampleOf(verdict).steps)
        *message.add_example() = rules::ToProto(step);
      break;
    case rules::Answer::kNo:
      message.set_reachability(v1::REACHABILITY_UNREACHABLE);
      message.set_why(verdict.why);
      break;
    case rules::Answer::kUndecided:
      message.set_reachability(v1::REACHABILITY_UNDECIDED);
      break;
  }
  return message;
}

}  // namespace

std::vector<v1::Verdict> FindVerdicts(const v1::JourneyDefinition& definition,
                                      const std::vector<v1::PinnedSegment>& segments) {
  rules::JourneyVersion version = {.journey_id = "", .content_hash = "", .definition = rules::FromProto(definition)};
  for (const v1::PinnedSegment& segment : segments) {
    version.segments.push_back({segment.segment_id(), rules::FromProto(segment.criterion())});
  }
  const rules::Reachability found = rules::FindReachability(version);
  std::vector<v1::Verdict> verdicts;
  size_t milestone = 0;
  for (int i = 0; i < definition.stages_size(); ++i) {
    const v1::Stage& stage = definition.stages(i);
    verdicts.push_back(ToProto(absl::StrCat("stages[", i, "]"), stage.key(), found.stages[i]));
    for (int k = 0; k < stage.milestones_size(); ++k) {
      verdicts.push_back(ToProto(absl::StrCat("stages[", i, "].milestones[", k, "]"), stage.milestones(k).key(),
                                 found.milestones[milestone++]));
    }
  }
  for (int i = 0; i < definition.exits_size(); ++i) {
    verdicts.push_back(ToProto(absl::StrCat("exits[", i, "]"), definition.exits(i).key(), found.exits[i]));
  }
  return verdicts;
}

}  // namespace waymark::journey
