#include "tests/rules/corpus.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/document/document.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

Criterion PlanIs(std::string plan) {
  return {AttributeIs{{.name = "plan", .comparison = Comparison::kEquals, .values = {Value(std::move(plan))}}}};
}

Criterion SeatsAtLeast(double seats) {
  return {AttributeIs{{.name = "seats", .comparison = Comparison::kAtLeast, .values = {Value(seats)}}}};
}

Sample ReadSample(const std::string& folder, const std::filesystem::path& path) {
  Sample sample{.file = absl::StrCat(folder, "/", path.filename().string()), .surroundings = CorpusWorkspace()};
  absl::StatusOr<std::string> text = ReadFile(path.string());
  EXPECT_TRUE(text.ok()) << sample.file << ": " << text.status();
  sample.text = *std::move(text);
  for (absl::string_view line : absl::StrSplit(sample.text, '\n')) {
    if (absl::ConsumePrefix(&line, "# finds: ")) {
      sample.finds.emplace_back(line);
    } else if (absl::ConsumePrefix(&line, "# warns: ")) {
      sample.warns.emplace_back(line);
    } else if (absl::ConsumePrefix(&line, "# seen: ")) {
      sample.surroundings.event_types.emplace();
      for (absl::string_view type : absl::StrSplit(line, ',')) {
        sample.surroundings.event_types->insert(std::string(absl::StripAsciiWhitespace(type)));
      }
    }
  }
  document::Reading reading = document::ReadYaml(sample.text, manifest::v1::Manifest());
  for (const document::Problem& problem : reading.problems) {
    ADD_FAILURE() << sample.file << ":" << problem.position.line << ": " << problem.message;
  }
  EXPECT_EQ(reading.documents.size(), 1u) << sample.file;
  if (reading.documents.size() == 1) {
    sample.journey = static_cast<const manifest::v1::Manifest&>(*reading.documents[0].message).journey();
  }
  sample.surroundings.journey_id = sample.journey.journey_id();
  return sample;
}

}  // namespace

Surroundings CorpusWorkspace() {
  return {
      .removed = {.stages = {{"kick-off-call", 2}},
                  .milestones = {{"legacy-import", 2}},
                  .exits = {{"gone", 2}},
                  .transitions = {{"old-shortcut", 3}},
                  .touchpoints = {{"fax", 3}},
                  .goals = {{"be-faster", 3}},
                  .scenarios = {{"first-draft", 3}}},
      .personas = {{{"admin", 3}, {"champion", 1}, {"end-user", 2}, {"buyer", 1}}},
      .segments = {{{"enterprise", 2}, {"startup", 1}, {"self-serve", 4}, {"regulated", 1}}},
      .segment_rules = {{"enterprise", SeatsAtLeast(500)},
                        {"startup",
                         {Some{.quorum = Quorum::kAll, .criteria = {PlanIs("team"), {NoneOf{{SeatsAtLeast(500)}}}}}}},
                        {"self-serve", PlanIs("free")},
                        {"regulated",
                         {AttributeIs{{.name = "industry",
                                       .comparison = Comparison::kOneOf,
                                       .values = {Value("bank"), Value("insurance"), Value("health")}}}}}},
      .journeys = {{"onboarding", "adoption", "renewal", "trial"}},
      .scorecards = {{{"health", {"green", "yellow", "red"}}}},
      .playbooks = {{"welcome", "rescue", "renewal-offer"}},
  };
}

std::vector<Sample> ReadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat(WAYMARK_SOURCE_DIR, "/tests/rules/corpus/", folder))) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Sample> samples;
  for (const std::filesystem::path& path : paths) samples.push_back(ReadSample(folder, path));
  return samples;
}

std::vector<std::string> CodesAndPaths(const std::vector<Finding>& findings, Severity severity) {
  std::vector<std::string> found;
  for (const Finding& finding : findings) {
    if (finding.severity == severity) found.push_back(absl::StrCat(finding.code, " ", finding.path));
  }
  return found;
}

}  // namespace waymark::rules
