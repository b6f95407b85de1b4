// What the commands about files of journeys tell, without a server.
#include "services/cli/journey_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/journey/templates/templates.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_dir.h"

namespace waymark::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kTrial[] = R"(persona: {persona_id: maker, definition: {title: Maker}}
---
journey:
  journey_id: trial
  definition:
    entry: {triggers: [{first_event: {event_types: [signed_up]}}]}
    personas: [{persona_id: maker}, {persona_id: evaluator}]
    stages:
      - key: evaluate
        milestones:
          - key: three_reports
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [report_run], at_least: 3}}
      - key: convince
        milestones:
          - key: shared
            scope: SCOPE_ALL_HISTORY
            criterion: {event_count: {event_types: [dashboard_shared]}}
    scenarios:
      - key: three_in_a_week
        title: Three reports in a week lead on
        persona_id: maker
        steps:
          - {event: signed_up}
          - {at: 1d, event: report_run}
          - {at: 2d, event: report_run}
          - {at: 1w, event: report_run}
        expect:
          - {at: 2d, stage: evaluate, not_achieved: [three_reports]}
          - {stage: convince, achieved: [three_reports]}
)";

std::string With(const std::string& from, const std::string& to) {
  std::string text = kTrial;
  return text.replace(text.find(from), from.size(), to);
}

class JourneyCommandsTest : public testing::Test {
 protected:
  // The file's path, once it says this.
  std::string File(const std::string& text, const std::string& name = "trial.yaml") {
    support::WriteFile(dir_.File(name), text);
    return dir_.File(name);
  }
  const support::TempDir dir_;
};

TEST_F(JourneyCommandsTest, WhatIsSoundIsSaidSo) {
  const std::string file = File(kTrial);
  const Ran ran = RunCommand({"validate", "-f", file});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, absl::StrCat(file, ": persona maker is sound\n", file, ": journey trial is sound\n"));
}

TEST_F(JourneyCommandsTest, EveryFindingIsALineWithPlacePathHintAndCode) {
  std::string text = With("key: convince", "key: Convince");
  text.replace(text.find("at_least: 3"), 11, "within: 0s");
  text.replace(text.find("title: Maker"), 12, "description: x");
  const std::string file = File(text);
  const Ran ran = RunCommand({"validate", "-f", file});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, HasSubstr(absl::StrCat(file,
                                              ":1:30: persona.definition.title: it must not be empty; give title "
                                              "[MISSING]\n")));
  EXPECT_THAT(ran.err,
              HasSubstr(absl::StrCat(file, ":14:9: journey.definition.stages[1].key: the key is malformed; ")));
  EXPECT_THAT(ran.err, HasSubstr(absl::StrCat(file,
                                              ":13:66: journey.definition.stages[0].milestones[0].criterion."
                                              "event_count.within: the duration is out of range; ")));
  EXPECT_THAT(ran.err, HasSubstr("[KEY_MALFORMED]"));
  EXPECT_THAT(ran.err, HasSubstr("\nwaymark: 4 errors found, see above; nothing was changed\n"));
  EXPECT_EQ(ran.out, "");
}

TEST_F(JourneyCommandsTest, ScenariosThatHoldAreToldWithWhatTheyGoThrough) {
  const Ran ran = RunCommand({"test", File(kTrial)});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out,
            "journey trial: 1 scenario\n"
            "  ✓ three_in_a_week  Three reports in a week lead on\n"
            "\n"
            "PERSONA      SCENARIOS  STAGES  TRANSITIONS  MILESTONES  EXITS\n"
            "maker                1     2/2          0/0         1/2    0/0\n"
            "evaluator            0     0/2          0/0         0/2    0/0\n"
            "all of them          1     2/2          0/0         1/2    0/0\n"
            "\n"
            "  maker never: milestone shared\n"
            "  evaluator never: anything\n"
            "  all of them never: milestone shared\n"
            "\n"
            "1 scenario holds\n");
}

TEST_F(JourneyCommandsTest, AScenarioThatDoesNotHoldIsToldByPlaceAndInWords) {
  const std::string file = File(With("at_least: 3", "at_least: 4"));
  const Ran ran = RunCommand({"test", "-f", file});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.out, HasSubstr("  ✗ three_in_a_week  Three reports in a week lead on\n"));
  EXPECT_THAT(ran.out, HasSubstr(absl::StrCat(file, ":20:9: at 7 d: expected stage convince, stands in evaluate: ")));
  EXPECT_EQ(ran.err, "waymark: 1 of 1 scenario does not hold, see above\n");
}

TEST_F(JourneyCommandsTest, AFolderIsTestedAsAWhole) {
  File(kTrial, "a.yaml");
  File(
      "journey: {journey_id: other, definition: {entry: {triggers: [{any_event: {}}]}, stages: [{key: one, milestones: "
      "[{key: a, scope: "
      "SCOPE_FROM_STAGE, criterion: {attested: {}}}]}]}}",
      "b.yaml");
  const Ran ran = RunCommand({"test", dir_.path()});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("journey trial: 1 scenario\n"), HasSubstr("journey other: no scenarios\n")));
}

TEST_F(JourneyCommandsTest, NothingIsRunWhereAFileIsWrong) {
  const Ran ran = RunCommand({"test", File(With("key: convince", "key: Convince"))});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("waymark: 2 errors found, see above; no scenario was run\n"));
  EXPECT_THAT(RunCommand({"test", File("channel: {channel_id: a, log: {}}")}).err,
              HasSubstr("there is no journey in these files"));
}

TEST_F(JourneyCommandsTest, TwoFilesAreComparedInWords) {
  const std::string before = File(kTrial, "before.yaml");
  const std::string after = File(With("at_least: 3", "at_least: 5"), "after.yaml");
  EXPECT_EQ(RunCommand({"journey", "diff", before, after}).out,
            absl::StrCat(before, " → ", after, ": 1 difference\n\n~ milestone three_reports: at least 3 → 5\n"));
  EXPECT_EQ(RunCommand({"journey", "diff", before, before}).out,
            absl::StrCat(before, " and ", before, " say the same\n"));
  EXPECT_THAT(RunCommand({"journey", "diff", before, after, "-o", "yaml"}).out, HasSubstr("kind: CHANGED"));
  EXPECT_THAT(RunCommand({"journey", "diff", before, dir_.File("none.yaml")}).err, HasSubstr("cannot open"));
}

TEST_F(JourneyCommandsTest, EveryTemplateIsWrittenAndIsSoundAndItsScenariosHold) {
  const Ran listed = RunCommand({"journey", "init"});
  for (const journey::Template& one : journey::Templates()) {
    EXPECT_THAT(listed.out, HasSubstr(std::string(one.title)));
    const std::string folder = dir_.File("drafts");
    const Ran written = RunCommand({"journey", "init", "--template", std::string(one.id), folder});
    const std::string file = absl::StrCat(folder, "/", one.id, ".yaml");
    EXPECT_EQ(written.code, kDone) << written.err;
    EXPECT_THAT(written.out, HasSubstr(absl::StrCat("wrote ", file, ": ", one.title, "\n")));
    EXPECT_EQ(RunCommand({"validate", "-f", file}).code, kDone) << RunCommand({"validate", "-f", file}).err;
    EXPECT_EQ(RunCommand({"test", file}).code, kDone) << RunCommand({"test", file}).out;
    EXPECT_THAT(RunCommand({"journey", "render", "-f", file}).out, StartsWith("<"));
    EXPECT_THAT(RunCommand({"journey", "render", "-f", file, "-o", "mermaid"}).out, HasSubstr("flowchart LR"));
    // What somebody has edited is not written over.
    EXPECT_EQ(RunCommand({"journey", "init", "--template", std::string(one.id), folder}).code, kFailed);
  }
  EXPECT_THAT(RunCommand({"journey", "init", "--template", "sas"}).err, HasSubstr("did you mean saas?"));
  EXPECT_EQ(RunCommand({"journey", "render"}).code, kWrongUsage);
}

TEST_F(JourneyCommandsTest, HelpIsWhatANewcomerNeeds) {
  EXPECT_THAT(RunCommand({"journey", "--help"}).out, HasSubstr("waymark journey init"));
  EXPECT_THAT(RunCommand({"test", "--help"}).out, HasSubstr("scenarios:"));
  EXPECT_THAT(RunCommand({"journey", "schema", "--help"}).out, HasSubstr("yaml-language-server"));
}

}  // namespace
}  // namespace waymark::cli
