// Any bytes as a definition on the wire: it is checked, made ready for the fold and run, whatever it says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/diff.h"
#include "services/rules/convert/form.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/journey.h"
#include "services/rules/scenario.h"
#include "waymark/journey/v1/definition.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  waymark::journey::v1::JourneyDefinition message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto findings = waymark::rules::Check(message);
  if (findings.size() > waymark::rules::kMostFindings) std::abort();
  if (!waymark::rules::CheckForm(message).empty()) return 0;

  const bool same =
      waymark::rules::ContentHash(message) == waymark::rules::ContentHash(waymark::journey::v1::JourneyDefinition());
  if (waymark::rules::Diff(waymark::journey::v1::JourneyDefinition(), message).empty() != same) std::abort();
  const waymark::rules::Journey journey(
      {.journey_id = "fuzzed", .number = 1, .definition = waymark::rules::FromProto(message)});
  for (const waymark::rules::Scenario& scenario : waymark::rules::ScenariosOf(message)) {
    waymark::rules::RunScenario(journey, scenario);
  }
  return 0;
}
