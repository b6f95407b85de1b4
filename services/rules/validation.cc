#include "services/rules/validation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "services/rules/contradiction.h"
#include "services/rules/cycles.h"
#include "services/rules/flow.h"
#include "services/rules/outlook.h"
#include "services/rules/references.h"
#include "services/rules/scenario_check.h"
#include "services/rules/shape.h"
#include "services/rules/timing.h"

namespace waymark::rules {
namespace {

void Append(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (Finding& finding : more) Note(findings, std::move(finding));
}

// Whether it is too much to be reasoned about.
bool IsTooMuch(const std::vector<Finding>& findings) {
  return findings.size() >= kMostFindings || std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
           return finding.code == "TOO_MANY" || finding.code == "TOO_DEEP";
         });
}

}  // namespace

std::vector<Finding> Validate(const Definition& definition, const Surroundings& surroundings,
                              absl::Span<const Scenario> scenarios) {
  std::vector<Finding> findings = CheckShape(definition);
  if (IsTooMuch(findings)) return findings;
  Append(findings, CheckReferences(definition, scenarios, surroundings));
  const Outlook outlook(definition, surroundings.segment_rules);
  std::vector<Finding> meaning = CheckCriteria(outlook);
  // What has no form inside means nothing.
  meaning.erase(std::remove_if(meaning.begin(), meaning.end(),
                               [&](const Finding& finding) {
                                 return std::any_of(findings.begin(), findings.end(), [&](const Finding& inside) {
                                   return inside.layer == Layer::kForm && absl::StartsWith(inside.path, finding.path);
                                 });
                               }),
                meaning.end());
  absl::flat_hash_set<std::string> faulty;
  for (const auto* list : {&findings, &meaning}) {
    for (const Finding& finding : *list) {
      if (finding.severity == Severity::kError) faulty.insert(finding.path);
    }
  }
  Append(meaning, CheckFlow(outlook, faulty));
  Append(meaning, CheckCycles(outlook));
  Append(meaning, CheckTiming(definition));
  Append(meaning, CheckScenarios(scenarios));
  if (!definition.tracks) {
    for (Finding& finding : meaning) {
      if (finding.code != "NOTHING_TO_PASS") finding.severity = Severity::kWarning;
    }
  }
  Append(findings, std::move(meaning));
  return findings;
}

std::vector<Finding> ValidateSegment(const Criterion& criterion, const Surroundings& surroundings) {
  std::vector<Finding> findings = CheckShapeOfSegment(criterion);
  if (IsTooMuch(findings)) return findings;
  Append(findings, CheckReferencesOfSegment(criterion, surroundings));
  Append(findings, CheckCriterionOfSegment(criterion));
  return findings;
}

}  // namespace waymark::rules
