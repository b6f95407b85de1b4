#include "services/rules/scenario_check.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::rules {
namespace {

bool Has(const std::vector<std::string>& list, const std::string& key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

// Why no customer can fulfil both (or the one, where both are the same); nothing where one may.
std::optional<std::string> WhyNot(const Expectation& one, const Expectation& other) {
  if (!one.stage.empty() && !other.stage.empty() && one.stage != other.stage) {
    return absl::StrCat("it cannot stand in \"", one.stage, "\" and in \"", other.stage, "\" at once");
  }
  const bool both = one.state != ExpectedState::kNotAsked && other.state != ExpectedState::kNotAsked;
  if (both && one.state != other.state) return "the enrollment cannot have become two things at once";
  const auto needs_entry = [](const Expectation& expectation) {
    return !expectation.stage.empty() || !expectation.exit.empty();
  };
  if ((one.state == ExpectedState::kNotEnrolled && needs_entry(other)) ||
      (other.state == ExpectedState::kNotEnrolled && needs_entry(one))) {
    return "who has not got in stands in no stage and takes no exit";
  }
  const auto stays = [](const Expectation& expectation) {
    return expectation.state != ExpectedState::kNotAsked && expectation.state != ExpectedState::kExited;
  };
  if ((!one.exit.empty() && stays(other)) || (!other.exit.empty() && stays(one))) {
    return "an exit is asked for, and not that one was taken: state EXITED";
  }
  if (!one.exit.empty() && !other.exit.empty() && one.exit != other.exit) {
    return "only one exit can have been taken";
  }
  for (const std::string& key : one.achieved) {
    if (Has(other.not_achieved, key)) return absl::StrCat("\"", key, "\" is to be achieved and not to be");
  }
  for (const std::string& key : one.not_achieved) {
    if (Has(other.achieved, key)) return absl::StrCat("\"", key, "\" is to be achieved and not to be");
  }
  return std::nullopt;
}

}  // namespace

std::vector<Finding> CheckScenarios(absl::Span<const Scenario> scenarios) {
  std::vector<Finding> findings;
  for (size_t i = 0; i < scenarios.size(); ++i) {
    const std::vector<Expectation>& expect = scenarios[i].expect;
    absl::Duration last;
    for (const ScenarioStep& step : scenarios[i].steps) last = std::max(last, step.at);
    for (size_t k = 0; k < expect.size(); ++k) {
      for (size_t j = 0; j <= k; ++j) {
        if (expect[j].at.value_or(last) != expect[k].at.value_or(last)) continue;
        std::optional<std::string> why = WhyNot(expect[j], expect[k]);
        if (!why.has_value()) continue;
        Note(findings, {"EXPECTATION_CONTRADICTORY", absl::StrCat("scenarios[", i, "].expect[", k, "]"),
                        *std::move(why), "say what must be so, or another time", Layer::kMeaning});
        break;
      }
    }
  }
  return findings;
}

}  // namespace waymark::rules
