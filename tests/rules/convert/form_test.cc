#include "services/rules/convert/form.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/persona.pb.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// The codes and paths of what is wrong with a message given as text.
template <typename Message>
std::vector<std::string> Wrong(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  std::vector<std::string> said;
  for (const Finding& finding : CheckForm(message)) {
    EXPECT_THAT(finding.message, Not(IsEmpty()));
    EXPECT_THAT(finding.hint, Not(IsEmpty()));
    said.push_back(absl::StrCat(finding.code, " ", finding.path));
  }
  return said;
}

namespace v1 = journey::v1;

TEST(FormTest, WhatIsRequiredMustBeThere) {
  EXPECT_THAT(Wrong<v1::Exit>(""), ElementsAre("MISSING key", "MISSING criterion", "MISSING outcome"));
  EXPECT_THAT(Wrong<v1::ExitRule>(""), ElementsAre("MISSING at_least"));
}

TEST(FormTest, OneOfAChoiceMustBeChosen) {
  EXPECT_THAT(Wrong<v1::Criterion>(""), ElementsAre("CHOICE_MISSING "));
  EXPECT_THAT(Wrong<v1::Entry>("triggers {}"), ElementsAre("CHOICE_MISSING triggers[0]"));
  EXPECT_THAT(Wrong<v1::Entry>("triggers { any_event {} }"), IsEmpty());
}

TEST(FormTest, ListsHaveBoundsAndNoEmptyText) {
  EXPECT_THAT(Wrong<v1::FirstEvent>(""), ElementsAre("TOO_FEW event_types"));
  std::string many;
  for (int i = 0; i < 50; ++i) absl::StrAppend(&many, "event_types: 'e", i, "' ");
  EXPECT_THAT(Wrong<v1::FirstEvent>(many), IsEmpty());
  EXPECT_THAT(Wrong<v1::FirstEvent>(many + "event_types: 'one more'"), ElementsAre("TOO_MANY event_types"));
  EXPECT_THAT(Wrong<v1::FirstEvent>("event_types: ''"), ElementsAre("MISSING event_types[0]"));
}

TEST(FormTest, WhatIsUniqueStandsOnce) {
  EXPECT_THAT(Wrong<v1::FirstEvent>("event_types: 'a' event_types: 'b' event_types: 'a'"),
              ElementsAre("VALUE_REPEATED event_types[2]"));
  EXPECT_THAT(Wrong<v1::JourneyDefinition>("entry { triggers { any_event {} } } goals { key: 'g' } goals { key: 'g' }"),
              ElementsAre("KEY_REPEATED goals[1].key"));
}

TEST(FormTest, TextHasALengthInCharactersAndIsUtf8) {
  std::string title;
  for (int i = 0; i < 200; ++i) title += "ü";
  EXPECT_THAT(Wrong<v1::PersonaDefinition>(absl::StrCat("title: '", title, "'")), IsEmpty());
  EXPECT_THAT(Wrong<v1::PersonaDefinition>(absl::StrCat("title: '", title, "x'")), ElementsAre("TEXT_TOO_LONG title"));
  EXPECT_THAT(Wrong<v1::PersonaDefinition>(R"(title: 'a' pains: '\xff')"), ElementsAre("TEXT_MALFORMED pains[0]"));
}

TEST(FormTest, NamesHaveTheirFormats) {
  EXPECT_THAT(Wrong<v1::Goal>("key: 'Upper'"), ElementsAre("KEY_MALFORMED key"));
  EXPECT_THAT(Wrong<v1::Goal>("key: 'a_b-1'"), IsEmpty());
  EXPECT_THAT(Wrong<v1::InSegment>("segment_id: 'a_b'"), ElementsAre("ID_MALFORMED segment_id"));
  EXPECT_THAT(Wrong<v1::FirstEvent>(R"(event_types: 'a\nb')"), ElementsAre("NAME_MALFORMED event_types[0]"));
  EXPECT_THAT(Wrong<v1::FirstEvent>(absl::StrCat("event_types: '", std::string(256, 'x'), "'")),
              ElementsAre("NAME_MALFORMED event_types[0]"));
  EXPECT_THAT(Wrong<v1::Calendar>("time_zone: 'Europe/Atlantis'"), ElementsAre("TIME_ZONE_UNKNOWN time_zone"));
  EXPECT_THAT(Wrong<v1::Calendar>("time_zone: 'Europe/Berlin'"), IsEmpty());
  EXPECT_THAT(Wrong<v1::PlannedChange>("what: 'train' due_date: '2026-02-30'"), ElementsAre("DATE_MALFORMED due_date"));
  EXPECT_THAT(Wrong<v1::PlannedChange>("what: 'train' due_date: '2026-02-28'"), IsEmpty());
}

TEST(FormTest, NumbersAndDurationsHaveARange) {
  EXPECT_THAT(Wrong<v1::EventCount>("event_types: 'a' at_least: 1000001"), ElementsAre("OUT_OF_RANGE at_least"));
  EXPECT_THAT(Wrong<v1::Absence>("lasting {}"), ElementsAre("OUT_OF_RANGE lasting"));
  EXPECT_THAT(Wrong<v1::Absence>("lasting { seconds: -5 }"), ElementsAre("OUT_OF_RANGE lasting"));
  EXPECT_THAT(Wrong<v1::Absence>("lasting { seconds: 315360000 }"), IsEmpty());
  EXPECT_THAT(Wrong<v1::Absence>("lasting { seconds: 315360001 }"), ElementsAre("OUT_OF_RANGE lasting"));
  EXPECT_THAT(Wrong<v1::Absence>(""), ElementsAre("MISSING lasting"));
  EXPECT_THAT(Wrong<v1::ValueCondition>("name: 'a' at_least: nan"), ElementsAre("OUT_OF_RANGE at_least"));
  EXPECT_THAT(Wrong<v1::JourneyDefinition>("entry { triggers { any_event {} } } enroll_from { seconds: 5 }"),
              ElementsAre("OUT_OF_RANGE enroll_from"));
}

TEST(FormTest, NestingHasABound) {
  v1::Criterion criterion;
  v1::Criterion* inner = &criterion;
  for (int i = 0; i < 200; ++i) inner = inner->mutable_all_of()->add_criteria();
  std::vector<Finding> findings = CheckForm(criterion);
  ASSERT_EQ(findings.size(), 1);
  EXPECT_EQ(findings[0].code, "TOO_DEEP");
}

TEST(FormTest, EnumsHaveKnownValues) {
  v1::Exit exit;
  exit.set_key("left");
  exit.mutable_criterion()->mutable_attested();
  exit.set_outcome(static_cast<v1::Outcome>(77));
  const std::vector<Finding> findings = CheckForm(exit);
  ASSERT_EQ(findings.size(), 1);
  EXPECT_EQ(findings[0].code, "ENUM_UNKNOWN");
  EXPECT_EQ(findings[0].path, "outcome");
}

}  // namespace
}  // namespace waymark::rules
