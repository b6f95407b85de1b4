// What document.h and duration.h promise: every problem named by line, column and field, and nothing lost on the way.
#include "common/document/document.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/document/duration.h"
#include "waymark/manifest/v1/manifest.pb.h"
#include "waymark/milestone/v1/event.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::document {
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

Reading Read(const std::string& text) { return ReadYaml(text, Manifest::default_instance()); }

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
  const Reading reading = Read(kOnboarding);
  ASSERT_THAT(reading.problems, IsEmpty());
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*reading.documents[0].message, Onboarding()));
}

TEST(YamlReaderTest, FieldNamesMayBeCamelCase) {
  const Reading reading = Read("journey: {journeyId: onboarding}");
  ASSERT_THAT(reading.problems, IsEmpty());
  EXPECT_EQ(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().journey_id(), "onboarding");
}

TEST(YamlReaderTest, SeveralDocumentsAreReadAndEmptyOnesSkipped) {
  const Reading reading = Read("journey: {journey_id: a}\n---\n---\njourney: {journey_id: b}\n");
  EXPECT_THAT(reading.problems, IsEmpty());
  EXPECT_EQ(reading.documents.size(), 2);
}

TEST(YamlReaderTest, NullLeavesAFieldUnset) {
  const Reading reading = Read("journey: {journey_id: a, title: null, definition: ~}");
  ASSERT_THAT(reading.problems, IsEmpty());
  EXPECT_FALSE(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().has_definition());
}

TEST(YamlReaderTest, PositionsLeadBackToTheText) {
  const Reading reading = Read(kOnboarding);
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

TEST(YamlReaderTest, ABracketThatClosesNothingIsMalformed) {
  for (const char* text : {"journey: {}\n}", "{journey: {}}]", "]", "a: }"}) {
    EXPECT_THAT(ProblemsOf(text), ElementsAre(HasSubstr("malformed YAML: "))) << text;
  }
}

TEST(YamlReaderTest, UnknownFieldNamesTheNearestOne) {
  EXPECT_THAT(
      ProblemsOf(With("at_least: 3", "at_lest: 3")),
      ElementsAre("j.yaml:14:17: journey.definition.stages[0].milestones[0].criterion.event_count: unknown field "
                  "\"at_lest\"; did you mean \"at_least\"?"));
}

TEST(YamlReaderTest, UnknownFieldLikeNoOtherNamesAllThereAre) {
  EXPECT_THAT(ProblemsOf("flow: {}"), ElementsAre("j.yaml:1:1: unknown field \"flow\"; known are journey, scorecard, "
                                                  "playbook, channel, persona, segment"));
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
              ElementsAre(AllOf(HasSubstr("j.yaml:10:20: journey.definition.stages[0].milestones[0].scope: "
                                          "\"from_stage\" is none of SCOPE_FROM_STAGE, "),
                                HasSubstr("; did you mean SCOPE_FROM_STAGE?"))));
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
  const Reading bomb = ReadYaml(text, milestone::v1::Event::default_instance());
  ASSERT_FALSE(bomb.problems.empty());
  EXPECT_THAT(bomb.problems.back().message, HasSubstr("there are more than 200000 values"));
}

TEST(YamlReaderTest, GoogleTypesHaveTheirJsonForm) {
  const Reading reading = ReadYaml(
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
  const Reading reading = ReadYaml("event_time: yesterday", milestone::v1::Event::default_instance());
  ASSERT_EQ(reading.problems.size(), 1);
  EXPECT_THAT(reading.problems[0].message, HasSubstr("\"yesterday\" is not a time; write RFC 3339"));
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
  const Reading reading = Read(text);
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*reading.documents[0].message, Onboarding()));
}

TEST(YamlWriterTest, TextThatYamlWouldReadAsSomethingElseIsQuoted) {
  for (const std::string title :
       {"true", "12", "", "a: b", "# x", "- x", "x ", "NO", "~", "é ü", "a\nb", "\"q\"", "{x}"}) {
    Manifest manifest;
    manifest.mutable_journey()->set_journey_id("x");
    manifest.mutable_journey()->set_title(title);
    const Reading reading = Read(WriteYaml(manifest, Fields::kSet));
    ASSERT_THAT(reading.problems, IsEmpty()) << title;
    EXPECT_EQ(static_cast<const Manifest&>(*reading.documents.at(0).message).journey().title(), title);
  }
}

TEST(YamlWriterTest, AllFieldsShowNumbersThatAreZero) {
  milestone::v1::MilestoneProgress progress;
  progress.set_needed(3);
  EXPECT_THAT(WriteYaml(progress, Fields::kAll), HasSubstr("counted: 0\nneeded: 3\nwitness_event_ids: []\n"));
  EXPECT_THAT(WriteJson(progress, Fields::kAll), HasSubstr("\"counted\": 0"));
}

// A text of ours as an event's: it can hold anything.
milestone::v1::Event WithProperty(const std::string& name, const std::string& text) {
  milestone::v1::Event event;
  event.set_event_id(text);
  (*event.mutable_properties()->mutable_fields())[name].set_string_value(text);
  return event;
}

std::vector<std::string> TrickyTexts() {
  std::vector<std::string> texts = {"",
                                    " ",
                                    "~",
                                    "null",
                                    "Null",
                                    "true",
                                    "False",
                                    "yes",
                                    "NO",
                                    "on",
                                    "12",
                                    "012",
                                    "0x1F",
                                    "1e3",
                                    "-1.5",
                                    ".5",
                                    "1_000",
                                    "NaN",
                                    ".nan",
                                    ".inf",
                                    "-.inf",
                                    "Infinity",
                                    "2026-05-04",
                                    "12:30",
                                    "14d",
                                    "- x",
                                    "? x",
                                    ": x",
                                    "a: b",
                                    "a:b",
                                    "# x",
                                    "a #b",
                                    "a#b",
                                    "x ",
                                    " x",
                                    "\tx",
                                    "x\t",
                                    "&a",
                                    "*a",
                                    "!tag",
                                    "!!str x",
                                    "|",
                                    ">",
                                    "%x",
                                    "@x",
                                    "`x",
                                    "'q'",
                                    "\"q\"",
                                    "it's",
                                    "{x}",
                                    "[x]",
                                    "a, b",
                                    "a]b",
                                    "---",
                                    "...",
                                    "--- x",
                                    "<<",
                                    "=",
                                    "\\",
                                    "\\n",
                                    "a\\",
                                    "a\nb",
                                    "a\n",
                                    "\na",
                                    "a\n\n",
                                    "\n",
                                    "a\n\nb",
                                    "a\n b",
                                    " a\nb",
                                    "a \nb",
                                    "a\n#b",
                                    "a\n---\nb",
                                    "a\r\nb",
                                    "\r",
                                    "a\rb",
                                    "a\n\tb",
                                    "\x01\x02",
                                    "\x1b[31mred",
                                    "\x7f",
                                    "\xC2\x85",
                                    "a\xE2\x80\xA8z",
                                    "\xEF\xBB\xBF"
                                    "bom",
                                    "é ü",
                                    "😀",
                                    "👩‍👩‍👧",
                                    "שלום",
                                    "\xE2\x80\xAEtxt.exe",
                                    "a\xC2\xA0",
                                    "\xF3\xA0\x80\x81",
                                    "\xEF\xBF\xBE",
                                    "\xEF\xBF\xBF",
                                    "key: |\n  text",
                                    "…",
                                    "日本語の長い文"};
  texts.push_back(std::string("nul\0inside", 10));
  texts.push_back(std::string(5000, 'x'));
  texts.push_back(std::string(1 << 20, ' ') + "long");
  return texts;
}

TEST(RoundTripTest, EveryTextComesBackAsItWas) {
  for (const std::string& text : TrickyTexts()) {
    const milestone::v1::Event event = WithProperty(text, text);
    for (const std::string& written : {WriteYaml(event, Fields::kSet), WriteJson(event, Fields::kSet)}) {
      const Reading reading = ReadYaml(written, event);
      ASSERT_THAT(reading.problems, IsEmpty()) << written.substr(0, 200) << reading.problems[0].message;
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*reading.documents.at(0).message, event))
          << written.substr(0, 200);
    }
    EXPECT_EQ(ReadJson(WriteJson(event, Fields::kSet), event).documents.size(), 1);
  }
}

TEST(RoundTripTest, EveryNumberComesBackAsItWas) {
  for (const double number : {0.0, -0.0, 0.1, 1.0 / 3, 1e300, 5e-324, -1.7976931348623157e308, 9007199254740993.0, 1e21,
                              123456789.125, 2147483648.0}) {
    milestone::v1::Event event;
    (*event.mutable_properties()->mutable_fields())["n"].set_number_value(number);
    for (const std::string& written : {WriteYaml(event, Fields::kSet), WriteJson(event, Fields::kSet)}) {
      const Reading reading = ReadYaml(written, event);
      ASSERT_THAT(reading.problems, IsEmpty()) << written;
      const auto& read = static_cast<const milestone::v1::Event&>(*reading.documents.at(0).message);
      const double back = read.properties().fields().at("n").number_value();
      EXPECT_EQ(back, number);
      EXPECT_EQ(std::signbit(back), std::signbit(number));
    }
  }
}

TEST(RoundTripTest, NullInsideOfObjectsIsAValue) {
  const Reading reading = ReadYaml("properties: {a: null, b: [~, 1], c: {}}", milestone::v1::Event::default_instance());
  ASSERT_THAT(reading.problems, IsEmpty());
  const auto& event = static_cast<const milestone::v1::Event&>(*reading.documents.at(0).message);
  EXPECT_TRUE(event.properties().fields().at("a").has_null_value());
  EXPECT_EQ(WriteYaml(event, Fields::kSet), "properties: {a: null, b: [null, 1], c: {}}\n");
}

TEST(YamlWriterTest, LongTextsStandOnLinesOfTheirOwn) {
  Manifest manifest;
  auto& stage = *manifest.mutable_journey()->mutable_definition()->add_stages();
  stage.set_goal("Data flows.\n\nEvery day.\n");
  for (int i = 0; i < 3; ++i) stage.mutable_experience()->add_pain_points("The data are somewhere else, every time");
  EXPECT_EQ(WriteYaml(manifest, Fields::kSet), R"(journey:
  definition:
    stages:
      - goal: |
          Data flows.

          Every day.
        experience:
          pain_points:
            - "The data are somewhere else, every time"
            - "The data are somewhere else, every time"
            - "The data are somewhere else, every time"
)");
}

TEST(YamlReaderTest, DurationsAreWrittenAsPeopleSayThem) {
  for (const auto& [text, seconds] : std::vector<std::pair<std::string, int64_t>>{
           {"14d", 1209600}, {"2w", 1209600}, {"36h", 129600}, {"90m", 5400}, {"1209600s", 1209600}, {"-1d", -86400}}) {
    for (const std::string& written : {"target: " + text, "{\"target\": \"" + text + "\"}"}) {
      const Reading reading = ReadYaml(written, journey::v1::Stage::default_instance());
      ASSERT_THAT(reading.problems, IsEmpty()) << written;
      EXPECT_EQ(static_cast<const journey::v1::Stage&>(*reading.documents.at(0).message).target().seconds(), seconds);
    }
  }
  for (const char* wrong : {"soon", "14", "d", "1.5d", "1d12h", "1e3s", "+1d", "0x1d", "14 d", "400000000000s",
                            "9999999999999999w", "1.s", ".5s", "1.0000000001s", "[]", "{}"}) {
    const Reading reading = ReadYaml(absl::StrCat("target: ", wrong), journey::v1::Stage::default_instance());
    ASSERT_EQ(reading.problems.size(), 1) << wrong;
    EXPECT_THAT(reading.problems[0].message, HasSubstr("is not a duration; write one such as 14d, 36h, 90m or 30s"));
    EXPECT_EQ(reading.problems[0].position, (Position{1, 9}));
  }
}

TEST(DurationTest, TheShortestExactOneIsWritten) {
  for (const char* text : {"0s", "1s", "90s", "1m", "90m", "1h", "36h", "1d", "10d", "1w", "2w", "30d", "52w", "0.5s",
                           "-0.000000001s", "-3d", "315576000000s", "1.25s"}) {
    const auto duration = ReadDuration(text);
    ASSERT_TRUE(duration.has_value()) << text;
    const std::string written = WriteDuration(*duration);
    EXPECT_LE(written.size(), std::string(text).size());
    const auto back = ReadDuration(written);
    ASSERT_TRUE(back.has_value()) << written;
    EXPECT_EQ(back->seconds(), duration->seconds());
    EXPECT_EQ(back->nanos(), duration->nanos());
  }
  EXPECT_EQ(WriteDuration(*ReadDuration("1209600s")), "2w");
  EXPECT_EQ(WriteDuration(*ReadDuration("129600s")), "36h");
  EXPECT_EQ(WriteDuration(*ReadDuration("7d")), "1w");
  EXPECT_EQ(WriteDuration(*ReadDuration("61s")), "61s");
}

TEST(LimitsTest, WhatIsTooMuchIsToldByPlace) {
  const auto problem_of = [](const std::string& text, const Limits& limits) {
    const Reading reading = ReadYaml(text, milestone::v1::Event::default_instance(), limits);
    return reading.problems.empty() ? "" : ToString("x", reading.problems[0]);
  };
  EXPECT_EQ(problem_of("event_id: aaaa\n", {.bytes = 10}), "x:1:1: it is larger than 10 bytes");
  EXPECT_EQ(problem_of("properties:\n  a: [[[]]]\n", {.depth = 4}),
            "x:2:8: malformed YAML: it is nested more than 4 deep");
  EXPECT_THAT(problem_of("properties: {a: [1, 2, 3, 4]}", {.values = 6}), HasSubstr("more than 6 values"));
  EXPECT_EQ(problem_of("properties: {a: [1, 2]}", {.depth = 3, .values = 7}), "");
  EXPECT_THAT(problem_of("{\"properties\": {\"a\": [[[]]]}}", {.depth = 4}), HasSubstr("nested more than 4 deep"));
  // 200 levels and a million brackets.
  for (const size_t depth : {200, 1'000'000}) {
    EXPECT_THAT(problem_of(absl::StrCat("properties: {a: ", std::string(depth, '[')), {}), HasSubstr("malformed YAML"));
    const Reading json = ReadJson(std::string(depth, '['), milestone::v1::Event::default_instance());
    EXPECT_EQ(ToString("x", json.problems.at(0)), "x:1:65: malformed JSON: nested too deep");
  }
}

TEST(LimitsTest, AnAliasInsideOfWhatItNamesIsRefused) {
  const Reading reading = ReadYaml("properties: &p\n  a: [1, *p]\n", milestone::v1::Event::default_instance());
  ASSERT_EQ(reading.problems.size(), 1);
  EXPECT_EQ(ToString("x", reading.problems[0]), "x:2:10: malformed YAML: the alias stands inside of what it names");
}

TEST(LimitsTest, AliasesThatStandForLittleAreRead) {
  const Reading reading = ReadYaml("properties: {a: &a [1, 2], b: *a}", milestone::v1::Event::default_instance());
  ASSERT_THAT(reading.problems, IsEmpty());
  EXPECT_EQ(WriteYaml(*reading.documents.at(0).message, Fields::kSet), "properties: {a: [1, 2], b: [1, 2]}\n");
}

TEST(LimitsTest, NobodyReadsOnAfterAHundredProblems) {
  std::string text;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, "wrong", i, ": 1\n");
  EXPECT_EQ(ReadYaml(text, milestone::v1::Event::default_instance()).problems.size(), kMostProblems);
}

TEST(YamlReaderTest, TagsThatNobodyKnowsAreRefused) {
  EXPECT_THAT(ProblemsOf("journey: !mine {journey_id: a}"), ElementsAre(HasSubstr("the tag !mine is not known")));
  EXPECT_THAT(ProblemsOf("journey: {journey_id: !!str a}"), IsEmpty());
}

TEST(YamlReaderTest, NamesGivenTwiceInsideOfObjectsAreNamed) {
  const Reading reading = ReadYaml("properties:\n  plan: a\n  plan: b\n", milestone::v1::Event::default_instance());
  ASSERT_EQ(reading.problems.size(), 1);
  EXPECT_EQ(ToString("x", reading.problems[0]), "x:3:3: properties[\"plan\"]: is given twice; remove one");
}

TEST(JsonReaderTest, IsStrictAndTellsPlaces) {
  const auto problem_of = [](const std::string& text) {
    return ToString("x", ReadJson(text, Manifest::default_instance()).problems.at(0));
  };
  EXPECT_EQ(problem_of("{\n  \"journey\": {\"title\": \"a\",}\n}"),
            "x:2:28: malformed JSON: expected a name in double quotes");
  EXPECT_EQ(problem_of("{\n  \"journey\": {\"titel\": \"a\"}\n}"),
            "x:2:15: journey: unknown field \"titel\"; did you mean \"title\"?");
  EXPECT_EQ(problem_of("{\"journey\": {\"title\": \"a\", \"title\": \"b\"}}"),
            "x:1:28: journey.title: is given twice; remove one");
  EXPECT_EQ(problem_of("journey: {}"), "x:1:1: malformed JSON: expected a value");
}

}  // namespace
}  // namespace waymark::document
