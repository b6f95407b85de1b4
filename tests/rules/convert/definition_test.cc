#include "services/rules/convert/definition.h"

#include <google/protobuf/text_format.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

journey::v1::JourneyDefinition Parse(const std::string& text) {
  journey::v1::JourneyDefinition message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// What anybody would write.
constexpr char kOnboarding[] = R"pb(
  entry { first_event { event_types: "signed_up" } }
  stages {
    key: "setup"
    goal: "Data flows."
    milestones {
      key: "data-connected"
      title: "Data connected"
      scope: SCOPE_ALL_HISTORY
      criterion { event_count { event_types: "source_connected" } }
    }
  }
  stages {
    key: "adoption"
    title: "Adoption"
    milestones {
      key: "habit"
      scope: SCOPE_FROM_STAGE
      criterion { event_count { event_types: "report_run" event_types: "report_shared" at_least: 5 } }
    }
  }
)pb";

Definition Onboarding() { return FromProto(Parse(kOnboarding)).definition; }

std::vector<std::string> CodesAndPaths(const std::vector<Finding>& findings) {
  std::vector<std::string> said;
  for (const Finding& finding : findings) said.push_back(absl::StrCat(finding.code, " ", finding.path));
  return said;
}

// A definition with the same seed is the same.
Definition RandomDefinition(int seed) {
  std::mt19937 random(seed);
  const auto number = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  const auto text = [&] {
    std::string text = "x";
    for (int i = number(0, 12); i > 0; --i) text += number(0, 9) == 0 ? "ü" : std::string(1, number(' ', '~'));
    return text;
  };
  const auto texts = [&] {
    std::vector<std::string> texts;
    for (int i = number(1, 4); i > 0; --i) texts.push_back(text());
    return texts;
  };
  Definition definition;
  if (number(0, 1) == 0) definition.entry = FirstEvent{texts()};
  for (int i = number(0, 6); i > 0; --i) {
    Stage stage = {.key = text(), .title = text(), .goal = number(0, 1) == 0 ? "" : text(), .milestones = {}};
    for (int j = number(0, 4); j > 0; --j) {
      stage.milestones.push_back({.key = text(),
                                  .title = text(),
                                  .scope = number(0, 1) == 0 ? Scope::kFromStage : Scope::kAllHistory,
                                  .criterion = EventCount{texts(), static_cast<uint32_t>(number(1, 1'000'000))}});
    }
    definition.stages.push_back(stage);
  }
  return definition;
}

TEST(DefinitionTest, ReadsWhatPeopleWrite) {
  const Reading reading = FromProto(Parse(kOnboarding));
  EXPECT_THAT(reading.findings, IsEmpty());
  EXPECT_THAT(Check(reading), IsEmpty());
  const Definition expected = {
      .entry = FirstEvent{{"signed_up"}},
      .stages = {{.key = "setup",
                  .title = "setup",
                  .goal = "Data flows.",
                  .milestones = {{.key = "data-connected",
                                  .title = "Data connected",
                                  .scope = Scope::kAllHistory,
                                  .criterion = EventCount{{"source_connected"}, 1}}}},
                 {.key = "adoption",
                  .title = "Adoption",
                  .goal = "",
                  .milestones = {{.key = "habit",
                                  .title = "habit",
                                  .scope = Scope::kFromStage,
                                  .criterion = EventCount{{"report_run", "report_shared"}, 5}}}}}};
  EXPECT_EQ(reading.definition, expected);
}

TEST(DefinitionTest, ThousandRandomDefinitionsComeBackEqualWithAHashOfTheirOwn) {
  std::set<std::string> hashes;
  for (int seed = 0; seed < 1000; ++seed) {
    const Definition definition = RandomDefinition(seed);
    const Reading reading = FromProto(ToProto(definition));
    ASSERT_THAT(reading.findings, IsEmpty()) << seed;
    ASSERT_EQ(reading.definition, definition) << seed;
    ASSERT_EQ(ContentHash(reading.definition), ContentHash(definition)) << seed;
    hashes.insert(ContentHash(definition));
  }
  std::vector<Definition> distinct;
  for (int seed = 0; seed < 1000; ++seed) {
    Definition definition = RandomDefinition(seed);
    if (std::find(distinct.begin(), distinct.end(), definition) == distinct.end()) distinct.push_back(definition);
  }
  EXPECT_EQ(hashes.size(), distinct.size());
}

TEST(DefinitionTest, TheHashDoesNotDependOnHowItIsWritten) {
  journey::v1::JourneyDefinition spelled_out = Parse(kOnboarding);
  spelled_out.mutable_stages(0)->set_title("setup");
  spelled_out.mutable_stages(0)->mutable_milestones(0)->mutable_criterion()->mutable_event_count()->set_at_least(1);
  EXPECT_EQ(ContentHash(FromProto(spelled_out).definition), ContentHash(Onboarding()));
}

TEST(DefinitionTest, TheHashStaysWhatItWas) {
  EXPECT_EQ(ContentHash(Onboarding()), "155700a8f7e46c952ec4cedbf43b270a50ebe056e8eaed4f053f2618800e950f");
}

TEST(DefinitionTest, EveryChangeChangesTheHash) {
  std::vector<Definition> changed(11, Onboarding());
  changed[1].entry = AnyEvent{};
  changed[2].entry = FirstEvent{{"signed_up", "trial_started"}};
  std::swap(changed[3].stages[0], changed[3].stages[1]);
  changed[4].stages[0].key = "start";
  changed[5].stages[0].title = "Set-up";
  changed[6].stages[0].goal = "";
  changed[7].stages[0].milestones[0].scope = Scope::kFromStage;
  changed[8].stages[1].milestones[0].key = "usage";
  std::get<EventCount>(changed[9].stages[1].milestones[0].criterion).at_least = 6;
  std::get<EventCount>(changed[10].stages[1].milestones[0].criterion).event_types = {"report_runreport_shared"};
  std::set<std::string> hashes;
  for (const Definition& definition : changed) hashes.insert(ContentHash(definition));
  EXPECT_THAT(hashes, SizeIs(changed.size()));
}

TEST(DefinitionTest, WhatIsNotStatedIsFound) {
  const Reading reading = FromProto(Parse(R"pb(
    stages {
      key: "setup"
      milestones { key: "connected" }
    }
  )pb"));
  EXPECT_THAT(CodesAndPaths(reading.findings),
              ElementsAre("ENTRY_MISSING entry", "SCOPE_MISSING stages[0].milestones[0].scope",
                          "CRITERION_MISSING stages[0].milestones[0].criterion"));
  EXPECT_THAT(CodesAndPaths(Check(reading)), SizeIs(3)) << "nothing is found inside of what is missing";
}

TEST(DefinitionTest, AScopeOfALaterReleaseIsRefused) {
  journey::v1::JourneyDefinition message = Parse(kOnboarding);
  message.mutable_stages(0)->mutable_milestones(0)->set_scope(static_cast<journey::v1::Scope>(99));
  EXPECT_THAT(CodesAndPaths(Check(FromProto(message))), ElementsAre("SCOPE_MISSING stages[0].milestones[0].scope"));
}

TEST(DefinitionTest, TextIsUtf8) {
  journey::v1::JourneyDefinition message = Parse(kOnboarding);
  message.mutable_stages(0)->set_goal("\xff");
  message.mutable_stages(1)->mutable_milestones(0)->mutable_criterion()->mutable_event_count()->set_event_types(1,
                                                                                                                "\xc0");
  EXPECT_THAT(CodesAndPaths(Check(FromProto(message))),
              ElementsAre("TEXT_MALFORMED stages[0].goal",
                          "TEXT_MALFORMED stages[1].milestones[0].criterion.event_count.event_types[1]"));
}

TEST(DefinitionTest, FindingsComeInTheOrderOfTheDefinition) {
  journey::v1::JourneyDefinition message = Parse(kOnboarding);
  message.mutable_entry()->mutable_first_event()->clear_event_types();
  message.mutable_stages(0)->set_key("");
  message.mutable_stages(0)->mutable_milestones(0)->clear_scope();
  message.mutable_stages(1)->set_key("UPPER");
  EXPECT_THAT(CodesAndPaths(Check(FromProto(message))),
              ElementsAre("EVENT_TYPES_MISSING entry.first_event.event_types", "KEY_MALFORMED stages[0].key",
                          "SCOPE_MISSING stages[0].milestones[0].scope", "KEY_MALFORMED stages[1].key"));
}

TEST(DefinitionTest, AHostileDefinitionCostsLittle) {
  journey::v1::JourneyDefinition message;
  journey::v1::Stage& stage = *message.add_stages();
  for (int i = 0; i < 1'000'000; ++i) stage.add_milestones();
  const Reading reading = FromProto(message);
  EXPECT_THAT(reading.findings, SizeIs(100));
  EXPECT_LT(reading.definition.stages[0].milestones.size(), 100u);
  EXPECT_THAT(Check(reading), SizeIs(100));
}

}  // namespace
}  // namespace waymark::rules
