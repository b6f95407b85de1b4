// What diff.h promises.
#include "services/rules/convert/diff.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/canonical.h"
#include "tests/rules/convert/random_message.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace v1 = journey::v1;
using v1::JourneyDefinition;

constexpr char kBefore[] = R"pb(
  entry { triggers { first_event { event_types: "signed_up" } } }
  stages {
    key: "setup"
    milestones {
      key: "first_report"
      scope: SCOPE_FROM_STAGE
      criterion { event_count { event_types: "report_run" } }
    }
    milestones {
      key: "invited"
      scope: SCOPE_ALL_HISTORY
      criterion { event_count { event_types: "user_invited" at_least: 2 } }
    }
    target { seconds: 1209600 }
  }
  stages { key: "adoption" title: "Adoption" }
  stages { key: "expansion" }
  stages { key: "renewal" }
  transitions { key: "next" from_stage: "setup" to_stage: "adoption" }
  transitions { key: "skip" from_stage: "setup" to_stage: "renewal" }
  personas { persona_id: "ada" }
)pb";

JourneyDefinition Before() {
  JourneyDefinition message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kBefore, &message));
  return message;
}

// What the diff says of a change, each line as `~ path | words`.
std::vector<std::string> Said(const std::function<void(JourneyDefinition&)>& change) {
  JourneyDefinition after = Before();
  change(after);
  std::vector<std::string> said;
  for (const Difference& line : Diff(Before(), after)) {
    const char* sign = line.kind == Difference::Kind::kAdded     ? "+ "
                       : line.kind == Difference::Kind::kRemoved ? "- "
                       : line.kind == Difference::Kind::kMoved   ? "> "
                                                                 : "~ ";
    said.push_back(absl::StrCat(sign, line.path, " | ", line.words));
  }
  return said;
}

v1::Milestone& FirstReport(JourneyDefinition& journey) { return *journey.mutable_stages(0)->mutable_milestones(0); }

TEST(DiffTest, WhatIsEqualOrMeansTheSameHasNoDifference) {
  EXPECT_THAT(Said([](auto&) {}), IsEmpty());
  EXPECT_THAT(Said([](auto& journey) {
                journey.set_kind(v1::KIND_CURRENT_STATE);
                FirstReport(journey).set_title("first_report");
                FirstReport(journey).mutable_criterion()->mutable_event_count()->set_at_least(1);
              }),
              IsEmpty());
}

TEST(DiffTest, ChangesAreSaidWithWhatTheyAreAbout) {
  EXPECT_THAT(
      Said([](auto& journey) { FirstReport(journey).mutable_criterion()->mutable_event_count()->set_at_least(3); }),
      ElementsAre("~ stages[0].milestones[0].criterion.event_count.at_least | milestone first_report: "
                  "at least 1 → 3"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages(1)->set_title("Habit"); }),
              ElementsAre("~ stages[1].title | stage adoption: title \"Adoption\" → \"Habit\""));
  EXPECT_THAT(Said([](auto& journey) { FirstReport(journey).set_scope(v1::SCOPE_ALL_HISTORY); }),
              ElementsAre("~ stages[0].milestones[0].scope | milestone first_report: scope from stage → all history"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages(0)->mutable_target()->set_seconds(7 * 86'400); }),
              ElementsAre("~ stages[0].target | stage setup: target 14 d → 7 d"));
  EXPECT_THAT(Said([](auto& journey) { journey.set_subject(v1::SUBJECT_USER); }),
              ElementsAre("~ subject | subject customer → user"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_entry()->set_re_entry(v1::RE_ENTRY_ALWAYS); }),
              ElementsAre("~ entry.re_entry | entry: re entry never → always"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_personas(0)->set_anchor(true); }),
              ElementsAre("~ personas[0].anchor | persona ada anchor no → yes"));
}

TEST(DiffTest, WhatComesAndGoesIsSaid) {
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages(1)->add_milestones()->set_key("share"); }),
              ElementsAre("+ stages[1].milestones[0] | milestone share added to stage adoption"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_transitions()->RemoveLast(); }),
              ElementsAre("- transitions[1] | transition skip removed"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages()->DeleteSubrange(0, 1); }),
              ElementsAre("- stages[0] | stage setup removed, with first_report, invited"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages(1)->mutable_stuck_after()->set_seconds(129600); }),
              ElementsAre("+ stages[1].stuck_after | stage adoption: stuck after added: 36 h"));
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages(0)->set_goal("Data flows."); }),
              ElementsAre("+ stages[0].goal | stage setup: goal added: \"Data flows.\""));
  EXPECT_THAT(Said([](auto& journey) {
                journey.mutable_stages(1)->mutable_entry_criterion()->mutable_segment()->set_segment_id("smb");
              }),
              ElementsAre("+ stages[1].entry_criterion | stage adoption: entry criterion added: belongs to smb"));
}

TEST(DiffTest, WhatIsMovedIsOneLine) {
  EXPECT_THAT(Said([](auto& journey) { journey.mutable_stages()->SwapElements(2, 3); }),
              ElementsAre("> stages[2] | stage renewal moved before expansion"));
  EXPECT_THAT(Said([](auto& journey) {
                for (int i = 0; i < 3; ++i) journey.mutable_stages()->SwapElements(i, i + 1);
              }),
              ElementsAre("> stages[3] | stage setup moved to the end"));
  EXPECT_THAT(Said([](auto& journey) {
                *journey.mutable_stages(1)->add_milestones() = journey.stages(0).milestones(1);
                journey.mutable_stages(0)->mutable_milestones()->RemoveLast();
                journey.mutable_stages(1)->mutable_milestones(0)->set_optional(true);
              }),
              ElementsAre("> stages[1].milestones[0] | milestone invited moved from stage setup to stage adoption",
                          "~ stages[1].milestones[0].optional | milestone invited: optional no → yes"));
}

TEST(DiffTest, WhatIsInsertedIsOneLineWhateverFollows) {
  EXPECT_THAT(Said([](auto& journey) {
                journey.add_stages()->set_key("launch");
                for (int i = 4; i > 1; --i) journey.mutable_stages()->SwapElements(i, i - 1);
              }),
              ElementsAre("+ stages[1] | stage launch added after setup"));
  EXPECT_THAT(Said([](auto& journey) {
                auto& triggers = *journey.mutable_entry()->mutable_triggers();
                triggers.Add()->mutable_by_call();
                triggers.SwapElements(0, 1);
              }),
              ElementsAre("+ entry.triggers[0] | entry: trigger added: somebody enrolls the customer"));
}

TEST(DiffTest, CriteriaOfAnotherKindAreSaidAsAWhole) {
  EXPECT_THAT(
      Said([](auto& journey) { FirstReport(journey).mutable_criterion()->mutable_attested()->set_role("csm"); }),
      ElementsAre("~ stages[0].milestones[0].criterion | milestone first_report: report_run → "
                  "a csm confirms it"));
}

TEST(DiffTest, LongTextsAreShownWhereTheyDiffer) {
  JourneyDefinition before, after;
  before.set_description(std::string(200, 'a') + " 😀 before " + std::string(100, 'b'));
  after.set_description(std::string(200, 'a') + " 😀 after " + std::string(100, 'b'));
  const std::vector<Difference> lines = Diff(before, after);
  ASSERT_EQ(lines.size(), 1);
  EXPECT_TRUE(IsUtf8(lines[0].words));
  EXPECT_LT(lines[0].words.size(), 200);
  EXPECT_THAT(lines[0].words, testing::AllOf(testing::HasSubstr(" before "), testing::HasSubstr(" after ")));
}

TEST(DiffPropertyTest, IsEmptyExactlyWhereTheHashesAreEqual) {
  int equal = 0;
  for (uint64_t seed = 0; seed < 3'000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomMessages random(seed);
    JourneyDefinition before;
    random.Fill(before);
    JourneyDefinition after = before;
    for (uint64_t i = random.Below(3); i > 0; --i) random.Mutate(after);
    const std::vector<Difference> forth = Diff(before, after);
    const bool same = ContentHash(before) == ContentHash(after);
    equal += same;
    ASSERT_EQ(forth.empty(), same) << before.DebugString() << "\n---\n" << after.DebugString();
    ASSERT_EQ(Diff(after, before).empty(), same);
    for (const Difference& line : forth) {
      ASSERT_TRUE(IsUtf8(line.words));
      ASSERT_FALSE(line.words.empty());
    }
  }
  // Both happen often.
  EXPECT_GT(equal, 300);
  EXPECT_LT(equal, 2'700);
}

}  // namespace
}  // namespace waymark::rules
