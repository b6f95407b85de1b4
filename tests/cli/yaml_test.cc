// What services/cli/yaml.h and manifests.h promise: every problem named by line, column and field.
#include "services/cli/yaml.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/diff.h"
#include "services/cli/manifests.h"
#include "tests/support/temp_dir.h"
#include "waymark/manifest/v1/manifest.pb.h"
#include "waymark/milestone/v1/event.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::cli {
namespace {

using manifest::v1::Manifest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kOnboarding[] = R"(journey:
  journey_id: onboarding
  title: Onboarding
  definition:
    entry: {triggers: [{first_event: {event_types: [signed_up]}}]}
    stages:
      - key: setup
        milestones:
          - key: connected
            scope: SCOPE_FROM_STAGE
            criterion:
              event_count:
                event_types: [data_connected]
                at_least: 3
)";

Manifest Onboarding() {
  Manifest manifest;
  auto& journey = *manifest.mutable_journey();
  journey.set_journey_id("onboarding");
  journey.set_title("Onboarding");
  journey.mutable_definition()->mutable_entry()->add_triggers()->mutable_first_event()->add_event_types("signed_up");
  auto& stage = *journey.mutable_definition()->add_stages();
  stage.set_key("setup");
  auto& milestone = *stage.add_milestones();
  milestone.set_key("connected");
  milestone.set_scope(journey::v1::SCOPE_FROM_STAGE);
  auto& count = *milestone.mutable_criterion()->mutable_event_count();
  count.add_event_types("data_connected");
  count.set_at_least(3);
  return manifest;
}

YamlReading Read(const std::string& text) { return ReadYaml(text, Manifest::default_instance()); }

// The problems of a text, each as it is shown.
std::vector<std::string> ProblemsOf(const std::string& text) {
  std::vector<std::string> problems;
  for (const Problem& problem : Read(text).problems) problems.push_back(ToString("j.yaml", problem));
  return problems;
}

// kOnboarding with a piece replaced.
std::string With(const std::string& from, const std::string& to) {
  std::string text = kOnboarding;
  return text.replace(text.find(from), from.size(), to);
}

TEST(YamlReaderTest, ReadsTheJsonFormOfTheMessage) {
  const YamlReading reading = Read(kOnboarding);
  ASSERT_THAT(reading.problems, IsEmpty());
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*reading.documents[0].message, Onboarding()));
}

TEST(YamlReaderTest, FieldNamesMayBeCamelCase) {
  const YamlReading reading = Read("journey: {journeyId: onboarding}");
  ASSERT_THAT(reading.problems, IsEmpty());
  EXPECT_EQ(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().journey_id(), "onboarding");
}

TEST(YamlReaderTest, SeveralDocumentsAreReadAndEmptyOnesSkipped) {
  const YamlReading reading = Read("journey: {journey_id: a}\n---\n---\njourney: {journey_id: b}\n");
  EXPECT_THAT(reading.problems, IsEmpty());
  EXPECT_EQ(reading.documents.size(), 2);
}

TEST(YamlReaderTest, NullLeavesAFieldUnset) {
  const YamlReading reading = Read("journey: {journey_id: a, title: null, definition: ~}");
  ASSERT_THAT(reading.problems, IsEmpty());
  EXPECT_FALSE(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().has_definition());
}

TEST(YamlReaderTest, PositionsLeadBackToTheText) {
  const YamlReading reading = Read(kOnboarding);
  const Document& document = reading.documents.at(0);
  EXPECT_EQ(document.PositionOf("journey.definition.stages[0].key"), (Position{7, 9}));
  // What is not written lies in what is around it.
  EXPECT_EQ(document.PositionOf("journey.definition.stages[0].milestones[0].title"), (Position{9, 13}));
  EXPECT_EQ(document.PositionOf("nowhere"), (Position{1, 1}));
}

TEST(YamlReaderTest, MalformedYamlIsNamedByLineAndColumn) {
  EXPECT_THAT(ProblemsOf("journey:\n  journey_id: [a\n"), ElementsAre(HasSubstr("j.yaml:3:1: malformed YAML: ")));
  EXPECT_THAT(ProblemsOf("journey:\n\tjourney_id: a\n"), ElementsAre(HasSubstr("malformed YAML")));
}

TEST(YamlReaderTest, UnknownFieldNamesTheNearestOne) {
  EXPECT_THAT(
      ProblemsOf(With("at_least: 3", "at_lest: 3")),
      ElementsAre("j.yaml:14:17: journey.definition.stages[0].milestones[0].criterion.event_count: unknown field "
                  "\"at_lest\"; did you mean \"at_least\"?"));
}

TEST(YamlReaderTest, UnknownFieldLikeNoOtherNamesAllThereAre) {
  EXPECT_THAT(ProblemsOf("flow: {}"), ElementsAre("j.yaml:1:1: unknown field \"flow\"; known are journey, scorecard, "
                                                  "playbook, channel"));
}

TEST(YamlReaderTest, WordsAreNoNumbers) {
  EXPECT_THAT(ProblemsOf(With("at_least: 3", "at_least: three")),
              ElementsAre("j.yaml:14:27: journey.definition.stages[0].milestones[0].criterion.event_count.at_least: "
                          "\"three\" is not a whole number"));
}

TEST(YamlReaderTest, NumbersOutOfRangeNameTheRange) {
  EXPECT_THAT(ProblemsOf(With("at_least: 3", "at_least: -1")),
              ElementsAre(HasSubstr("\"-1\" is out of range: 0 to 4294967295")));
}

TEST(YamlReaderTest, UnknownEnumValueListsTheChoices) {
  EXPECT_THAT(ProblemsOf(With("SCOPE_FROM_STAGE", "from_stage")),
              ElementsAre(HasSubstr("j.yaml:10:20: journey.definition.stages[0].milestones[0].scope: \"from_stage\" is "
                                    "none of SCOPE_FROM_STAGE, SCOPE_ALL_HISTORY; did you mean SCOPE_FROM_STAGE?")));
}

TEST(YamlReaderTest, ShapesThatDoNotFitAreNamed) {
  EXPECT_THAT(ProblemsOf(With("[data_connected]", "data_connected")), ElementsAre(HasSubstr("j.yaml:13:30: ")));
  EXPECT_THAT(ProblemsOf("journey: onboarding"),
              ElementsAre(HasSubstr("1:10: journey: must be a mapping with journey_id")));
  EXPECT_THAT(ProblemsOf("journey: {title: [a, b]}"), ElementsAre(HasSubstr("must be one value; here stands a list")));
  EXPECT_THAT(ProblemsOf("- journey"), ElementsAre(HasSubstr("must be a mapping")));
}

TEST(YamlReaderTest, FieldsGivenTwiceAndRivalsAreNamed) {
  EXPECT_THAT(ProblemsOf("journey: {title: a, title: b}"),
              ElementsAre(HasSubstr("1:21: journey.title: is given twice")));
  EXPECT_THAT(ProblemsOf("journey: {journey_id: a}\nchannel: {channel_id: b}"),
              ElementsAre(HasSubstr("2:1: channel: cannot stand beside journey; choose one")));
}

TEST(YamlReaderTest, AllProblemsAreToldAtOnce) {
  EXPECT_THAT(ProblemsOf(With("at_least: 3", "at_least: x\n                at_most: 4") + "---\njourny: {}\n"),
              ElementsAre(HasSubstr("14:27"), HasSubstr("15:17"), HasSubstr("17:1")));
}

TEST(YamlReaderTest, WhatIsNotUtf8IsNamedByItsPlace) {
  EXPECT_THAT(ProblemsOf("journey:\n  title: \xC3\xA4\xFF\n"),
              ElementsAre("j.yaml:2:12: not UTF-8; save the file as UTF-8"));
}

TEST(YamlReaderTest, AliasesDoNotBlowUp) {
  // Ten times ten times ten … of them.
  std::string text = "properties:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = absl::StrCat("*a", i - 1);
    absl::StrAppend(&text, "  a", i, ": &a", i, " [", before);
    for (int k = 1; k < 10; ++k) absl::StrAppend(&text, ", ", before);
    text += "]\n";
  }
  const YamlReading bomb = ReadYaml(text, milestone::v1::Event::default_instance());
  ASSERT_FALSE(bomb.problems.empty());
  EXPECT_THAT(bomb.problems.back().message, HasSubstr("has more than 100000 values"));
}

TEST(YamlReaderTest, GoogleTypesHaveTheirJsonForm) {
  const YamlReading reading = ReadYaml(
      "event_id: e1\nevent_time: 2026-05-04T09:00:00Z\nproperties: {plan: team, seats: 3, tags: [a, true], zip: "
      "\"007\"}\n",
      milestone::v1::Event::default_instance());
  ASSERT_THAT(reading.problems, IsEmpty());
  const auto& event = static_cast<const milestone::v1::Event&>(*reading.documents.at(0).message);
  EXPECT_EQ(event.event_time().seconds(), 1777885200);
  EXPECT_EQ(event.properties().fields().at("seats").number_value(), 3);
  EXPECT_EQ(event.properties().fields().at("zip").string_value(), "007");
  EXPECT_TRUE(event.properties().fields().at("tags").list_value().values(1).bool_value());
}

TEST(YamlReaderTest, WrongTimeSaysHowTimesAreWritten) {
  const YamlReading reading = ReadYaml("event_time: yesterday", milestone::v1::Event::default_instance());
  ASSERT_EQ(reading.problems.size(), 1);
  EXPECT_THAT(reading.problems[0].message, HasSubstr("\"yesterday\" is not a Timestamp; write RFC 3339"));
}

TEST(YamlWriterTest, WhatIsWrittenIsReadBackEqual) {
  const std::string text = WriteYaml(Onboarding(), Fields::kSet);
  EXPECT_EQ(text, R"(journey:
  journey_id: onboarding
  title: Onboarding
  definition:
    entry:
      triggers:
        - first_event:
            event_types: [signed_up]
    stages:
      - key: setup
        milestones:
          - key: connected
            scope: SCOPE_FROM_STAGE
            criterion:
              event_count:
                event_types: [data_connected]
                at_least: 3
)");
  const YamlReading reading = Read(text);
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*reading.documents[0].message, Onboarding()));
}

TEST(YamlWriterTest, TextThatYamlWouldReadAsSomethingElseIsQuoted) {
  for (const std::string title :
       {"true", "12", "", "a: b", "# x", "- x", "x ", "NO", "~", "é ü", "a\nb", "\"q\"", "{x}"}) {
    Manifest manifest;
    manifest.mutable_journey()->set_journey_id("x");
    manifest.mutable_journey()->set_title(title);
    const YamlReading reading = Read(WriteYaml(manifest, Fields::kSet));
    ASSERT_THAT(reading.problems, IsEmpty()) << title;
    EXPECT_EQ(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().title(), title);
  }
}

TEST(YamlWriterTest, AllFieldsShowNumbersThatAreZero) {
  milestone::v1::MilestoneProgress progress;
  progress.set_needed(3);
  EXPECT_THAT(WriteYaml(progress, Fields::kAll), HasSubstr("counted: 0\nneeded: 3\nwitness_event_ids: []\n"));
  EXPECT_THAT(WriteJson(progress), HasSubstr("\"counted\": 0"));
}

TEST(DiffTest, ShowsWhatChangedAndAFewLinesAround) {
  EXPECT_EQ(Diff("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\ne\nf\n"), "  …\n  b\n  c\n- d\n+ D\n  e\n  f\n");
  EXPECT_EQ(Diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(Diff("", "a\n"), "+ a\n");
}

TEST(ManifestsTest, AFolderIsReadInTheOrderInWhichThingsNameEachOther) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "playbook: {playbook_id: p}\n---\njourney: {journey_id: j}\n");
  support::WriteFile(dir.File("b.json"), R"({"channel": {"channelId": "c", "log": {}}})");
  support::WriteFile(dir.File("notes.txt"), "not for us");
  const auto reading = ReadManifests({dir.path()});
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->problems, IsEmpty());
  std::vector<std::string> names;
  for (const SourcedManifest& source : reading->manifests) names.push_back(NameOf(source.manifest));
  EXPECT_THAT(names, ElementsAre("channel c", "journey j", "playbook p"));
}

TEST(ManifestsTest, ProblemsOfAllFilesAreTold) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "journey: {journey_id: j}\n---\njourney: {journey_id: j}\n");
  support::WriteFile(dir.File("b.yaml"), "{}\n");
  support::WriteFile(dir.File("c.yaml"), "# nothing\n");
  const auto reading = ReadManifests({dir.path()});
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->problems,
              ElementsAre(HasSubstr("a.yaml:3:1: journey j is described in"),
                          HasSubstr("b.yaml:1:1: describes nothing"), HasSubstr("c.yaml:1:1: is empty")));
}

TEST(ManifestsTest, WhatCannotBeReadIsAnError) {
  const support::TempDir dir;
  EXPECT_EQ(ReadManifests({dir.File("none.yaml")}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadManifests({dir.path()}).status().code(), absl::StatusCode::kNotFound);
  support::WriteFile(dir.File("large.yaml"), std::string((4 << 20) + 1, '#'));
  EXPECT_EQ(ReadManifests({dir.path()}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::cli
