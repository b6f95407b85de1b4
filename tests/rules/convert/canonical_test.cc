#include "services/rules/convert/canonical.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {
namespace {

using ::testing::SizeIs;

journey::v1::JourneyDefinition Parse(const std::string& text) {
  journey::v1::JourneyDefinition message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

constexpr char kShort[] = R"pb(
  entry { triggers { first_event { event_types: "signed_up" } } }
  stages {
    key: "setup"
    goal: "Data flows."
    milestones {
      key: "connected"
      scope: SCOPE_ALL_HISTORY
      criterion {
        event_count {
          event_types: "source_connected"
          where { name: "plan" exists: false }
        }
      }
    }
  }
)pb";

TEST(CanonicalTest, WhatIsSpelledOutMeansTheSame) {
  journey::v1::JourneyDefinition spelled_out = Parse(kShort);
  spelled_out.set_kind(journey::v1::KIND_CURRENT_STATE);
  spelled_out.set_subject(journey::v1::SUBJECT_CUSTOMER);
  spelled_out.mutable_entry()->set_re_entry(journey::v1::RE_ENTRY_NEVER);
  journey::v1::Stage& stage = *spelled_out.mutable_stages(0);
  stage.set_title("setup");
  stage.set_regress(journey::v1::REGRESS_FORBID);
  stage.mutable_milestones(0)->set_latching(journey::v1::LATCHING_LATCHED);
  stage.mutable_milestones(0)->set_party(journey::v1::PARTY_CUSTOMER);
  stage.mutable_milestones(0)->mutable_criterion()->mutable_event_count()->set_at_least(1);
  EXPECT_EQ(ContentHash(spelled_out), ContentHash(Parse(kShort)));
  MakeCanonical(spelled_out);
  EXPECT_EQ(spelled_out.DebugString(), Parse(kShort).DebugString());
}

TEST(CanonicalTest, TheHashStaysWhatItWas) {
  EXPECT_EQ(ContentHash(Parse(kShort)), "c7a44f53b4849548545e8b34fc7843a7c6c3f5495e3d4952c71a583b51cf0dde");
}

TEST(CanonicalTest, EveryChangeChangesTheHash) {
  std::vector<journey::v1::JourneyDefinition> changed(14, Parse(kShort));
  const auto milestone = [&](int i) { return changed[i].mutable_stages(0)->mutable_milestones(0); };
  changed[1].mutable_entry()->mutable_triggers(0)->mutable_any_event();
  changed[2].mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("trial_started");
  changed[3].add_stages()->set_key("next");
  changed[4].mutable_stages(0)->set_key("start");
  changed[5].mutable_stages(0)->set_title("Set-up");
  changed[6].mutable_stages(0)->clear_goal();
  milestone(7)->set_scope(journey::v1::SCOPE_FROM_STAGE);
  milestone(8)->mutable_criterion()->mutable_event_count()->set_at_least(2);
  milestone(9)->mutable_criterion()->mutable_event_count()->mutable_where(0)->set_exists(true);
  milestone(10)->mutable_criterion()->mutable_event_count()->set_distinct(journey::v1::DISTINCT_USERS);
  changed[11].set_subject(journey::v1::SUBJECT_USER);
  changed[12].mutable_stages(0)->mutable_experience();
  changed[13].mutable_stages(0)->mutable_target()->set_seconds(60);
  std::set<std::string> hashes;
  for (const journey::v1::JourneyDefinition& definition : changed) hashes.insert(ContentHash(definition));
  EXPECT_THAT(hashes, SizeIs(changed.size()));
}

TEST(CanonicalTest, TheOrderOfAnObjectsKeysIsNone) {
  google::protobuf::Struct forth, back;
  for (int i = 0; i < 50; ++i) (*forth.mutable_fields())[std::to_string(i)].set_number_value(i);
  for (int i = 49; i >= 0; --i) (*back.mutable_fields())[std::to_string(i)].set_number_value(i);
  EXPECT_EQ(ContentHash(forth), ContentHash(back));
  (*back.mutable_fields())["7"].set_number_value(8);
  EXPECT_NE(ContentHash(forth), ContentHash(back));
}

}  // namespace
}  // namespace waymark::rules
