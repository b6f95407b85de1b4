// Files that are wrong, hostile or huge: each is answered at once, by place, and nothing falls over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_dir.h"

namespace waymark::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// What `waymark validate` says of a text, a line each, without the file's name and the last line.
std::vector<std::string> Said(const std::string& text, const std::string& name = "x.yaml") {
  const support::TempDir dir;
  support::WriteFile(dir.File(name), text);
  const Ran ran = RunCommand({"validate", "-f", dir.File(name)});
  EXPECT_EQ(ran.code, kFailed) << ran.out;
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(ran.err, '\n', absl::SkipEmpty())) {
    absl::ConsumePrefix(&line, absl::StrCat(dir.File(name), ":"));
    if (!absl::ConsumePrefix(&line, "waymark: ")) lines.emplace_back(line);
  }
  return lines;
}

// A journey with this in its definition, four spaces in.
std::string Journey(const std::string& inside) {
  return absl::StrCat("journey:\n  journey_id: j\n  definition:\n    entry: {triggers: [{any_event: {}}]}\n", inside);
}

std::string Milestone(const std::string& key, const std::string& criterion) {
  return absl::StrCat("          - {key: ", key, ", scope: SCOPE_ALL_HISTORY, criterion: ", criterion, "}\n");
}

constexpr char kStage[] = "    stages:\n      - key: s\n        milestones:\n";
constexpr char kCount[] = "{event_count: {event_types: [a]}}";

TEST(BadInputTest, WrongTypesAndUnknownNamesAreToldByPlace) {
  EXPECT_THAT(Said(Journey("    stages: none\n")),
              Contains(StartsWith("5:13: journey.definition.stages: must be a list")));
  EXPECT_THAT(Said(Journey("    stages: [[]]\n")),
              Contains(StartsWith("5:14: journey.definition.stages[0]: must be a mapping")));
  EXPECT_THAT(Said(Journey("    staiges: []\n")), Contains(HasSubstr("did you mean \"stages\"?")));
  EXPECT_THAT(Said(Journey("    description: [x]\n")),
              Contains(StartsWith("5:18: journey.definition.description: must be one")));
  EXPECT_THAT(Said(Journey("    description: a\n    description: b\n")),
              Contains(StartsWith("6:5: journey.definition.description: is given twice")));
  EXPECT_THAT(Said(Journey("    enroll_from: soon\n")),
              Contains(StartsWith("5:18: journey.definition.enroll_from: \"soon\" is not a time")));
}

TEST(BadInputTest, DurationsThatAreNoneAreToldByPlace) {
  for (const char* lateness : {"0s", "0d", "-1d", "3651d", "100000w"}) {
    EXPECT_THAT(Said(Journey(absl::StrCat("    lateness: ", lateness, "\n"))),
                Contains(AllOf(StartsWith("5:5: journey.definition.lateness: the duration is out of range"),
                               HasSubstr("[OUT_OF_RANGE]"))))
        << lateness;
  }
  EXPECT_THAT(Said(Journey("    lateness: 99999999999999999999d\n")), Contains(HasSubstr("is not a duration")));
}

TEST(BadInputTest, NumbersThatAreNoneAreToldByPlace) {
  const auto at_least = [](const std::string& number) {
    return Journey(kStage + Milestone("m", absl::StrCat("{attribute: {name: a, at_least: ", number, "}}")));
  };
  EXPECT_THAT(Said(at_least("NaN")), Contains(HasSubstr("criterion.attribute.at_least: it is not a finite number")));
  EXPECT_THAT(Said(at_least(".inf")), Contains(HasSubstr("it is not a finite number")));
  EXPECT_THAT(Said(at_least("1e999")), Contains(HasSubstr("\"1e999\" is too large a number")));
  EXPECT_THAT(Said(at_least("0x10")), Contains(HasSubstr("\"0x10\" is not a number")));
}

TEST(BadInputTest, AliasesInACircleAndBombsAreRefused) {
  EXPECT_THAT(Said("journey: &j\n  definition: *j\n"), Contains(HasSubstr("the alias stands inside of what it names")));
  EXPECT_THAT(Said("journey: *j\n"), Contains(StartsWith("1:10: malformed YAML: ")));
  std::string bomb = "journey:\n  definition:\n    scenarios:\n      - key: k\n        steps:\n";
  absl::StrAppend(&bomb, "          - {attributes: {a0: &a0 [x, x, x, x, x, x, x, x, x, x]}}\n");
  for (int i = 1; i < 12; ++i) {
    absl::StrAppend(&bomb, "          - {attributes: {a: &a", i, " [");
    for (int k = 0; k < 10; ++k) absl::StrAppend(&bomb, k == 0 ? "" : ", ", "*a", i - 1);
    absl::StrAppend(&bomb, "]}}\n");
  }
  EXPECT_THAT(Said(bomb), Contains(HasSubstr("there are more than 200000 values")));
}

TEST(BadInputTest, WhatIsFarTooMuchIsToldOnce) {
  std::string milestones = kStage;
  for (int i = 0; i < 10'000; ++i) milestones += Milestone(absl::StrCat("m", i), kCount);
  EXPECT_THAT(Said(Journey(milestones)),
              Contains(AllOf(StartsWith("7:9: journey.definition.stages[0].milestones: there are 10000; keep to 200"),
                             HasSubstr("[TOO_MANY]"))));

  std::string nested = "{}";
  for (int i = 0; i < 200; ++i) nested = absl::StrCat("{all_of: {criteria: [", nested, "]}}");
  EXPECT_THAT(Said(Journey(kStage + Milestone("m", nested))), Contains(HasSubstr("it is nested more than 64 deep")));
  std::string levels = kCount;
  for (int i = 0; i < 17; ++i) levels = absl::StrCat("{all_of: {criteria: [", levels, "]}}");
  EXPECT_THAT(Said(Journey(kStage + Milestone("m", levels))), SizeIs(testing::Ge(1)));

  EXPECT_THAT(Said(Journey(absl::StrCat("    description: ", std::string(1 << 20, 'x'), "\n"))),
              Contains(StartsWith("5:5: journey.definition.description: it has 1048576 characters; keep to 2000")));
  EXPECT_THAT(Said("#" + std::string(5 << 20, 'x')), SizeIs(0));  // Told on the last line: it is larger than 4 MiB.
}

TEST(BadInputTest, TextsOfEveryScriptAreCountedInCharactersAndShownSafely) {
  std::string title;
  for (int i = 0; i < 201; ++i) title += i % 2 == 0 ? "😀" : "ש";
  EXPECT_THAT(Said(Journey(absl::StrCat("    stages: [{key: s, title: ", title, "}]\n"))),
              Contains(HasSubstr("title: it has 201 characters; keep to 200")));
  for (const std::string& line : Said(Journey("    \"\\e[31mred\\u202e\": 1\n"))) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  }
  EXPECT_THAT(Said("journey: {title: \xFF}"), Contains(StartsWith("1:18: not UTF-8")));
}

TEST(BadInputTest, JsonIsReadStrictly) {
  EXPECT_THAT(Said("{\"journey\": {\"journey_id\": \"j\",}}", "x.json"),
              Contains(StartsWith("1:32: malformed JSON: ")));
  EXPECT_THAT(Said("journey: {}", "x.json"), Contains(StartsWith("1:1: malformed JSON: ")));
}

}  // namespace
}  // namespace waymark::cli
