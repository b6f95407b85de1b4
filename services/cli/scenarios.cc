#include "services/cli/scenarios.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "services/cli/findings.h"
#include "services/cli/manifests.h"
#include "services/cli/table.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/journey.h"
#include "services/rules/scenario.h"

namespace waymark::cli {
namespace {

// How many names of what is left out are listed in a line.
constexpr size_t kMostNames = 4;

rules::Journey Compile(const manifest::v1::JourneyManifest& manifest, const std::vector<rules::SegmentRule>& segments) {
  return rules::Journey({.journey_id = manifest.journey_id(),
                         .number = 1,
                         .definition = rules::FromProto(manifest.definition()),
                         .segments = segments});
}

// Runs the scenarios of one journey; how many do not hold.
int64_t RunAll(const SourcedManifest& source, const rules::Journey& journey,
               const std::vector<rules::Scenario>& scenarios, std::ostream& out) {
  int64_t failed = 0;
  size_t width = 0;
  for (const rules::Scenario& scenario : scenarios) width = std::max(width, scenario.key.size());
  for (size_t i = 0; i < scenarios.size(); ++i) {
    const rules::Scenario& scenario = scenarios[i];
    const rules::ScenarioResult result = rules::RunScenario(journey, scenario);
    const bool holds = result.failures.empty();
    const std::string title = scenario.title == scenario.key ? "" : Printable(scenario.title);
    out << (holds ? "  ✓ " : "  ✗ ") << scenario.key;
    if (!title.empty()) out << std::string(width - scenario.key.size() + 2, ' ') << title;
    out << "\n";
    if (holds) continue;
    ++failed;
    const std::string place = absl::StrCat("journey.definition.scenarios[", i, "]");
    for (const std::string& failure : result.failures) {
      out << "      " << document::ToString(source.file, {source.document.PositionOf(place), "", Printable(failure)})
          << "\n";
    }
  }
  return failed;
}

// What is in `all` and not in `seen`, a few by name: `transitions decided, completed`.
std::string Missing(const std::set<std::string>& all, const std::set<std::string>& seen, absl::string_view noun) {
  std::vector<std::string> names;
  std::set_difference(all.begin(), all.end(), seen.begin(), seen.end(), std::back_inserter(names));
  if (names.empty()) return "";
  const size_t more = names.size() > kMostNames ? names.size() - kMostNames : 0;
  names.resize(names.size() - more);
  return absl::StrCat(noun, names.size() == 1 ? " " : "s ", absl::StrJoin(names, ", "),
                      more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

// Everything that was not gone through; empty where nothing is left out.
std::string LeftOut(const rules::Coverage& all, const rules::Coverage& seen) {
  std::vector<std::string> kinds = {
      Missing(all.stages, seen.stages, "stage"), Missing(all.transitions, seen.transitions, "transition"),
      Missing(all.milestones, seen.milestones, "milestone"), Missing(all.exits, seen.exits, "exit")};
  kinds.erase(std::remove(kinds.begin(), kinds.end(), ""), kinds.end());
  return absl::StrJoin(kinds, "; ");
}

std::string Share(const std::set<std::string>& seen, const std::set<std::string>& all) {
  return absl::StrCat(seen.size(), "/", all.size());
}

// Per persona, how much of the journey is gone through.
void ShowCoverage(const rules::Journey& journey, const std::vector<rules::Scenario>& scenarios, std::ostream& out) {
  const rules::Coverage all = rules::Everything(journey);
  std::map<std::string, rules::Coverage> coverage = rules::CoverageByPersona(journey, scenarios);
  std::map<std::string, int> runs;
  for (const rules::Scenario& scenario : scenarios) {
    if (!scenario.persona_id.empty()) ++runs[scenario.persona_id];
  }
  std::vector<std::string> personas;
  for (const rules::Persona& persona : journey.version().definition.personas) personas.push_back(persona.persona_id);
  for (const auto& [persona, count] : runs) {
    if (std::find(personas.begin(), personas.end(), persona) == personas.end()) personas.push_back(persona);
  }
  using Align = Table::Align;
  Table table({{"PERSONA"},
               {"SCENARIOS", Align::kRight},
               {"STAGES", Align::kRight},
               {"TRANSITIONS", Align::kRight},
               {"MILESTONES", Align::kRight},
               {"EXITS", Align::kRight}});
  std::string left_out;
  const auto add = [&](const std::string& name, const rules::Coverage& seen, int64_t count) {
    table.Add({name, absl::StrCat(count), Share(seen.stages, all.stages), Share(seen.transitions, all.transitions),
               Share(seen.milestones, all.milestones), Share(seen.exits, all.exits)});
    const std::string missing = count == 0 ? "anything" : LeftOut(all, seen);
    if (!missing.empty()) absl::StrAppend(&left_out, "  ", Printable(name), " never: ", missing, "\n");
  };
  for (const std::string& persona : personas) add(persona, coverage[persona], runs[persona]);
  add("all of them", coverage[""], static_cast<int64_t>(scenarios.size()));
  out << "\n" << table.Render() << (left_out.empty() ? "" : "\n") << left_out;
}

}  // namespace

absl::Status TestScenarios(const std::vector<std::string>& paths, std::ostream& out, std::ostream& err) {
  ASSIGN_OR_RETURN(const std::vector<SourcedManifest> sources, ReadSound(paths, err));
  Tally tally;
  std::vector<const SourcedManifest*> journeys;
  for (const SourcedManifest& source : sources) {
    Tell(source, CheckOffline(source, sources), err, &tally);
    if (source.manifest.has_journey()) journeys.push_back(&source);
  }
  if (tally.errors > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(Count(tally.errors, "error"), " found, see above; no scenario was run"));
  }
  if (journeys.empty()) return absl::NotFoundError("there is no journey in these files");

  const std::vector<rules::SegmentRule> segments = SegmentRulesIn(sources);
  int64_t run = 0;
  int64_t failed = 0;
  absl::string_view space = "";
  for (const SourcedManifest* source : journeys) {
    const manifest::v1::JourneyManifest& manifest = source->manifest.journey();
    const rules::Journey journey = Compile(manifest, segments);
    const std::vector<rules::Scenario> scenarios = rules::ScenariosOf(manifest.definition());
    out << space << NameOf(source->manifest) << ": "
        << (scenarios.empty() ? "no scenarios" : Count(static_cast<int64_t>(scenarios.size()), "scenario")) << "\n";
    space = "\n";
    failed += RunAll(*source, journey, scenarios, out);
    run += static_cast<int64_t>(scenarios.size());
    if (!scenarios.empty()) ShowCoverage(journey, scenarios, out);
  }
  if (failed > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(failed, " of ", Count(run, "scenario"), failed == 1 ? " does" : " do", " not hold, see above"));
  }
  out << "\n"
      << (run == 0   ? "nothing was run"
          : run == 1 ? "1 scenario holds"
                     : absl::StrCat("all ", run, " scenarios hold"))
      << "\n";
  return absl::OkStatus();
}

}  // namespace waymark::cli
