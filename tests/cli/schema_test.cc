// What schema.h promises, before judges from outside: ajv, with yaml reading the files.
#include "services/cli/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "common/document/document.h"
#include "services/cli/demo.h"
#include "services/journey/templates/templates.h"
#include "tests/rules/convert/random_message.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::cli {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

class SchemaTest : public testing::Test {
 protected:
  // The judge's line for each document of these texts.
  std::vector<std::string> Judge(const std::vector<std::string>& texts) {
    std::vector<std::string> files;
    for (size_t i = 0; i < texts.size(); ++i) {
      files.push_back(dir_.File(absl::StrCat("file", i, ".yaml")));
      support::WriteFile(files.back(), texts[i]);
    }
    return JudgeFiles(files);
  }

  std::vector<std::string> JudgeFiles(const std::vector<std::string>& files) {
    support::WriteFile(dir_.File("schema.json"), ManifestSchema());
    std::vector<std::string> argv = {"node", WAYMARK_SOURCE_DIR "/tests/support/judge_schema.mjs",
                                     dir_.File("schema.json")};
    argv.insert(argv.end(), files.begin(), files.end());
    const auto judge = support::RunToEnd({.argv = argv});
    EXPECT_TRUE(judge.ok() && judge->exit_code == 0) << judge.status() << judge->err;
    if (!judge.ok()) return {};
    return absl::StrSplit(judge->out, '\n', absl::SkipEmpty());
  }

  const support::TempDir dir_;
};

// The shortest journey, with a place for more in its definition.
std::string Journey(const std::string& more, const std::string& stage = "key: setup") {
  return absl::StrCat(
      "journey:\n  journey_id: trial\n  definition:\n    entry: {triggers: [{any_event: {}}]}\n    stages: [{", stage,
      "}]\n    ", more, "\n");
}

std::string Milestone(const std::string& criterion) {
  return Journey(
      "", absl::StrCat("key: setup, milestones: [{key: a, scope: SCOPE_FROM_STAGE, criterion: ", criterion, "}]"));
}

TEST_F(SchemaTest, TheDemosFilesAreTaken) {
  ASSERT_TRUE(WriteDemo(dir_.path(), absl::CivilDay(2026, 5, 4)).ok());
  const std::vector<std::string> judged =
      JudgeFiles({dir_.File("journey.yaml"), dir_.File("scorecard.yaml"), dir_.File("playbook.yaml")});
  EXPECT_GE(judged.size(), 3);
  EXPECT_THAT(judged, Each(EndsWith(": taken")));
}

TEST_F(SchemaTest, EveryTemplateIsTaken) {
  std::vector<std::string> texts;
  for (const journey::Template& one : journey::Templates()) texts.emplace_back(one.yaml);
  const std::vector<std::string> judged = Judge(texts);
  EXPECT_GE(judged.size(), texts.size());
  EXPECT_THAT(judged, Each(EndsWith(": taken")));
}

TEST_F(SchemaTest, WhateverHasFormIsTakenInBothSpellings) {
  std::vector<std::string> texts;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    rules::RandomMessages random(seed);
    manifest::v1::Manifest manifest;
    manifest.mutable_journey()->set_journey_id("random");
    random.Fill(*manifest.mutable_journey()->mutable_definition());
    texts.push_back(document::WriteYaml(manifest, document::Fields::kSet));
    texts.push_back(document::WriteJson(manifest, document::Fields::kSet));
    manifest::v1::Manifest persona;
    persona.mutable_persona()->set_persona_id("random");
    random.Fill(*persona.mutable_persona()->mutable_definition());
    texts.push_back(document::WriteYaml(persona, document::Fields::kSet));
  }
  const std::vector<std::string> judged = Judge(texts);
  EXPECT_THAT(judged, SizeIs(texts.size()));
  EXPECT_THAT(judged, Each(EndsWith(": taken")));
}

TEST_F(SchemaTest, NamesMayBeCamelCaseAndDurationsAsPeopleSayThem) {
  EXPECT_THAT(Judge({"journey: {journeyId: trial, definition: {entry: {triggers: [{firstEvent: {eventTypes: [a]}}]}}}",
                     Journey("lateness: 3650d"), Journey("lateness: 521w"), Journey("lateness: 87600h"),
                     Journey("lateness: 315360000s"), Journey("lateness: 0.5s"), Journey("effect_horizon: 365d"),
                     Journey("", "key: setup, stuckAfter: 1.5s")}),
              Each(EndsWith(": taken")));
}

TEST_F(SchemaTest, EveryDefectOfFormIsRefused) {
  const std::vector<std::string> defects = {
      "flow: {}",
      "{}",
      "journey: {journey_id: a, definition: {entry: {triggers: [{any_event: {}}]}}}\nchannel: {channel_id: b, log: {}}",
      "journey: {journey_id: Trial, definition: {entry: {triggers: [{any_event: {}}]}}}",
      "journey: {journey_id: a, journeyId: a, definition: {entry: {triggers: [{any_event: {}}]}}}",
      "journey: {journey_id: a, definition: {}}",
      "journey: {journey_id: a, definition: {entry: {triggers: []}}}",
      "journey: {journey_id: a, definition: {entry: {triggers: [{}]}}}",
      "journey: {journey_id: a, definition: {entry: {triggers: [{any_event: {}, by_call: {}}]}}}",
      Journey("surprise: 1"),
      Journey("kind: CURRENT"),
      Journey("lateness: 0d"),
      Journey("lateness: -1d"),
      Journey("lateness: 3651d"),
      Journey("lateness: 522w"),
      Journey("lateness: 315360001s"),
      Journey("lateness: 14 days"),
      Journey("lateness: 86400"),
      Journey("effect_horizon: 366d"),
      Journey("enroll_from: yesterday"),
      Journey(absl::StrCat("description: ", std::string(2001, 'x'))),
      Journey("goals: [{key: Large}]"),
      Journey("change_plan: [{owner: me}]"),
      Journey("change_plan: [{what: train, due_date: 4.5.2026}]"),
      Journey("personas: [{persona_id: a_b}]"),
      Journey("calendar: {time_zone: \"Berlin time\"}"),
      Journey("exits: [{key: gone, criterion: {attested: {}}}]"),
      Journey("exits: [{key: gone, criterion: {attested: {}}, outcome: OUTCOME_UNSPECIFIED}]"),
      Journey("", "title: Setup"),
      Journey("", "key: setup, risk: maybe"),
      Journey("", "key: setup, exit_rule: {at_least: 0}"),
      Journey("", "key: setup, exit_rule: {at_least: 201}"),
      Journey("", "key: setup, owner_roles: [csm, csm]"),
      Journey("", "key: setup, milestones: [{key: a}]"),
      Milestone("{}"),
      Milestone("{event_count: {event_types: []}}"),
      Milestone("{event_count: {event_types: [\"\"]}}"),
      Milestone("{event_count: {event_types: [a, a]}}"),
      Milestone("{event_count: {event_types: [\"a\\nb\"]}}"),
      Milestone("{event_count: {event_types: [a], at_least: 1000001}}"),
      Milestone("{event_count: {event_types: [a], at_least: -1}}"),
      Milestone("{event_count: {event_types: [a], at_least: 1.5}}"),
      Milestone("{event_count: {event_types: [a], at_least: three}}"),
      Milestone("{event_count: {event_types: a}}"),
      Milestone("{event_count: {event_types: [a], where: [{name: plan}]}}"),
      Milestone("{sequence: {steps: [{event_types: [a]}]}}"),
      Milestone("{absence: {}}"),
      Milestone("{all_of: {}}"),
      "persona: {persona_id: a, definition: {}}",
      "segment: {segment_id: a, definition: {title: A}}",
  };
  const std::vector<std::string> judged = Judge(defects);
  ASSERT_THAT(judged, SizeIs(defects.size()));
  for (size_t i = 0; i < judged.size(); ++i) EXPECT_THAT(judged[i], HasSubstr(": refused: ")) << defects[i];
}

TEST_F(SchemaTest, EditorsAreToldWhatTheProtosSay) {
  EXPECT_THAT(ManifestSchema(), HasSubstr("\"description\": \"How many; 1 to 1,000,000"));
  EXPECT_THAT(ManifestSchema(), HasSubstr("SCOPE_ALL_HISTORY: Everything, also before the enrollment."));
  EXPECT_THAT(ManifestSchema(), HasSubstr("\"$schema\": \"https://json-schema.org/draft/2020-12/schema\""));
}

}  // namespace
}  // namespace waymark::cli
