#include "services/rules/convert/definition.h"

#include <google/protobuf/text_format.h>

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
  entry { triggers { first_event { event_types: "signed_up" } } }
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

std::vector<std::string> CodesAndPaths(const std::vector<Finding>& findings) {
  std::vector<std::string> said;
  for (const Finding& finding : findings) said.push_back(absl::StrCat(finding.code, " ", finding.path));
  return said;
}

TEST(DefinitionTest, ReadsWhatPeopleWrite) {
  EXPECT_THAT(Check(Parse(kOnboarding)), IsEmpty());
  EXPECT_EQ(
      FromProto(Parse(kOnboarding)),
      (Definition{
          .entry = {.triggers = {FirstEvent{{.event_types = {"signed_up"}}}}},
          .stages = {
              {.key = "setup",
               .title = "setup",
               .milestones = {{.key = "data-connected",
                               .title = "Data connected",
                               .scope = Scope::kAllHistory,
                               .criterion = {EventCount{.events = {.event_types = {"source_connected"}}}}}}},
              {.key = "adoption",
               .title = "Adoption",
               .milestones = {{.key = "habit",
                               .title = "habit",
                               .scope = Scope::kFromStage,
                               .criterion = {EventCount{.events = {.event_types = {"report_run", "report_shared"}},
                                                        .at_least = 5}}}}}}}));
}

TEST(DefinitionTest, ReadsEveryKindOfCriterion) {
  journey::v1::Criterion message;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        all_of {
          criteria {
            event_count {
              event_types: "a"
              at_least: 2
              distinct: DISTINCT_PROPERTY
              distinct_property: "kind"
              within { seconds: 60 }
              where {
                name: "plan"
                equals { string_value: "team" }
              }
              where { name: "seats" at_least: 3 }
            }
          }
          criteria { any_of { criteria { segment { segment_id: "big" } } } }
          criteria {
            at_least_of {
              n: 2
              criteria { milestone { milestone_key: "m" } }
              criteria { attested { role: "csm" } }
            }
          }
          criteria { none_of { criteria { health_band { scorecard_id: "card" bands: "red" } } } }
          criteria {
            sequence {
              steps { event_types: "a" }
              steps { event_types: "b" }
              max_gap { seconds: 5 }
            }
          }
          criteria {
            absence {
              event_types: "a"
              lasting { seconds: 7 }
              since: ANCHOR_ENROLLED
            }
          }
          criteria { attribute { name: "owner" exists: false } }
          criteria { date_reached { attribute: "renewal_date" offset_months: -6 } }
        })pb",
      &message));
  const Criterion expected = {
      Some{.quorum = Quorum::kAll,
           .criteria = {
               {EventCount{.events = {.event_types = {"a"},
                                      .where = {{"plan", Comparison::kEquals, {std::string("team")}},
                                                {"seats", Comparison::kAtLeast, {3.0}}}},
                           .at_least = 2,
                           .within = absl::Minutes(1),
                           .distinct = Distinct::kProperty,
                           .distinct_property = "kind"}},
               {Some{.quorum = Quorum::kAny, .criteria = {{InSegment{"big"}}}}},
               {Some{.quorum = Quorum::kAtLeast, .at_least = 2, .criteria = {{MilestoneMet{"m"}}, {Attested{"csm"}}}}},
               {NoneOf{{{InBand{"card", {"red"}}}}}},
               {Sequence{.steps = {{.event_types = {"a"}}, {.event_types = {"b"}}}, .max_gap = absl::Seconds(5)}},
               {Absence{.events = {.event_types = {"a"}}, .lasting = absl::Seconds(7), .since = Anchor::kEnrolled}},
               {AttributeIs{{"owner", Comparison::kNotExists, {}}}},
               {DateReached{.attribute = "renewal_date", .offset_months = -6}}}}};
  EXPECT_EQ(FromProto(message), expected);
}

TEST(DefinitionTest, WhatIsNotStatedIsFoundAndNothingInsideOfIt) {
  EXPECT_THAT(CodesAndPaths(Check(Parse(R"pb(
                stages {
                  key: "setup"
                  milestones { key: "connected" }
                }
              )pb"))),
              ElementsAre("MISSING entry", "MISSING stages[0].milestones[0].scope",
                          "MISSING stages[0].milestones[0].criterion"));
}

TEST(DefinitionTest, AScopeOfALaterReleaseIsRefused) {
  journey::v1::JourneyDefinition message = Parse(kOnboarding);
  message.mutable_stages(0)->mutable_milestones(0)->set_scope(static_cast<journey::v1::Scope>(99));
  EXPECT_THAT(CodesAndPaths(Check(message)), ElementsAre("ENUM_UNKNOWN stages[0].milestones[0].scope"));
}

TEST(DefinitionTest, FindingsComeInTheOrderOfTheDefinition) {
  journey::v1::JourneyDefinition message = Parse(kOnboarding);
  message.mutable_entry()->mutable_triggers(0)->mutable_first_event()->clear_event_types();
  message.mutable_stages(0)->set_key("");
  message.mutable_stages(0)->mutable_milestones(0)->clear_scope();
  message.mutable_stages(1)->mutable_milestones(0)->set_key("data-connected");
  message.mutable_stages(1)->set_key("UPPER");
  EXPECT_THAT(CodesAndPaths(Check(message)),
              ElementsAre("TOO_FEW entry.triggers[0].first_event.event_types", "MISSING stages[0].key",
                          "MISSING stages[0].milestones[0].scope", "KEY_MALFORMED stages[1].key",
                          "KEY_REPEATED stages[1].milestones[0].key"));
}

TEST(DefinitionTest, AHostileDefinitionCostsLittle) {
  journey::v1::JourneyDefinition message;
  journey::v1::Stage& stage = *message.add_stages();
  for (int i = 0; i < 1'000'000; ++i) stage.add_milestones();
  EXPECT_THAT(Check(message), SizeIs(kMostFindings));
}

}  // namespace
}  // namespace waymark::rules
