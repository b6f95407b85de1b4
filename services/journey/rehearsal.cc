#include "services/journey/rehearsal.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/journey.h"
#include "services/rules/scenario.h"

namespace waymark::journey {
namespace {

rules::Journey MakeJourney(const v1::JourneyDefinition& definition, const std::vector<v1::PinnedSegment>& segments) {
  rules::JourneyVersion version = {.journey_id = "", .content_hash = "", .definition = rules::FromProto(definition)};
  for (const v1::PinnedSegment& segment : segments) {
    version.segments.push_back({segment.segment_id(), rules::FromProto(segment.criterion())});
  }
  return rules::Journey(std::move(version));
}

v1::KeyCoverage ToProto(const std::set<std::string>& everything, const std::set<std::string>& covered) {
  v1::KeyCoverage message;
  for (const std::string& key : everything) {
    *(covered.contains(key) ? message.add_covered() : message.add_uncovered()) = key;
  }
  return message;
}

v1::ScenarioCoverage ToProto(const std::string& persona_id, const rules::Coverage& everything,
                             const rules::Coverage& covered) {
  v1::ScenarioCoverage message;
  message.set_persona_id(persona_id);
  *message.mutable_stages() = ToProto(everything.stages, covered.stages);
  *message.mutable_milestones() = ToProto(everything.milestones, covered.milestones);
  *message.mutable_transitions() = ToProto(everything.transitions, covered.transitions);
  *message.mutable_exits() = ToProto(everything.exits, covered.exits);
  return message;
}

}  // namespace

v1::RunScenariosResponse Rehearse(const v1::JourneyDefinition& definition,
                                  const std::vector<v1::PinnedSegment>& segments) {
  v1::RunScenariosResponse response;
  const rules::Journey journey = MakeJourney(definition, segments);
  // Under "" what all of them have gone through; sorted, so that it comes first.
  std::map<std::string, rules::Coverage> coverage = {{"", {}}};
  for (const rules::Scenario& scenario : rules::ScenariosOf(definition)) {
    const rules::ScenarioResult result = rules::RunScenario(journey, scenario);
    v1::ScenarioResult& shown = *response.add_results();
    shown.set_key(scenario.key);
    shown.set_title(scenario.title.empty() ? scenario.key : scenario.title);
    shown.set_persona_id(scenario.persona_id);
    shown.set_holds(result.failures.empty());
    for (const std::string& failure : result.failures) shown.add_failures(failure);
    coverage[""].Add(result.coverage);
    if (!scenario.persona_id.empty()) coverage[scenario.persona_id].Add(result.coverage);
  }
  const rules::Coverage everything = rules::Everything(journey);
  for (const auto& [persona_id, covered] : coverage) {
    *response.add_coverage() = ToProto(persona_id, everything, covered);
  }
  return response;
}

std::vector<std::string> FailuresIn(const v1::RunScenariosResponse& rehearsal) {
  std::vector<std::string> failures;
  for (const v1::ScenarioResult& result : rehearsal.results()) {
    for (const std::string& failure : result.failures()) {
      failures.push_back(absl::StrCat("scenario ", result.key(), ": ", failure));
    }
  }
  return failures;
}

}  // namespace waymark::journey
