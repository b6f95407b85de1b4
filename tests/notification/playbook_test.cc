#include "services/notification/playbook.h"

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/notification/template.h"

namespace waymark::notification {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::set<std::string> kKnown = {"customer_id", "previous_band"};

TEST(TemplateTest, VariablesStandForTheirValues) {
  EXPECT_EQ(Render("{{customer_id}} and {{ customer_id }}", {{"customer_id", "acme"}}), "acme and acme");
}

TEST(TemplateTest, SectionsShowWhatIsPresentAndInvertedOnesWhatIsAbsent) {
  const char* text = "{{#previous_band}}was {{previous_band}}{{/previous_band}}{{^previous_band}}new{{/previous_band}}";
  EXPECT_EQ(WhatIsWrongWithTemplate(text, kKnown), "");
  EXPECT_EQ(Render(text, {{"previous_band", "green"}}), "was green");
  EXPECT_EQ(Render(text, {}), "new");
}

TEST(TemplateTest, ValuesAreNeverTemplates) {
  EXPECT_EQ(Render("Hi {{customer_id}}", {{"customer_id", "{{previous_band}} {{#x}} {{>y}}"}}),
            "Hi {{previous_band}} {{#x}} {{>y}}");
}

TEST(TemplateTest, ValuesAreNotEscapedInPlainText) {
  EXPECT_EQ(Render("{{customer_id}}", {{"customer_id", "Smith & Sons <b>"}}), "Smith & Sons <b>");
}

TEST(TemplateTest, UnknownVariablesAreWrongWhereverTheyStand) {
  for (const char* text :
       {"{{customer}}", "{{#customer}}x{{/customer}}", "{{^previous_band}}{{nobody}}{{/previous_band}}",
        "{{#previous_band}}{{^customer_id}}{{hidden}}{{/customer_id}}{{/previous_band}}", "{{.}}",
        "{{customer_id.name}}"}) {
    EXPECT_THAT(WhatIsWrongWithTemplate(text, kKnown), HasSubstr("unknown variable")) << text;
  }
  EXPECT_THAT(WhatIsWrongWithTemplate("{{customer}}", kKnown), HasSubstr("there are customer_id, previous_band"));
}

TEST(TemplateTest, MalformedTemplatesAreWrong) {
  for (const char* text : {"{{customer_id", "{{", "{{}}", "{{ }}", "{{#previous_band}}x", "{{/previous_band}}",
                           "{{#previous_band}}{{/customer_id}}", "a {{ b"}) {
    EXPECT_NE(WhatIsWrongWithTemplate(text, kKnown), "") << text;
  }
}

TEST(TemplateTest, PartialsDelimitersAndUnescapedTagsAreRefused) {
  for (const char* text :
       {"{{>customer_id}}", "{{=<% %>=}}", "{{= =}}", "{{=}}", "{{&customer_id}}", "{{{customer_id}}}"}) {
    EXPECT_THAT(WhatIsWrongWithTemplate(text, kKnown), HasSubstr("may be used")) << text;
  }
}

TEST(TemplateTest, CommentsAndSingleBracesAreText) {
  EXPECT_EQ(WhatIsWrongWithTemplate("{a} {{! nobody sees this }}", kKnown), "");
  EXPECT_EQ(Render("{a} {{! nobody sees this }}.", {}), "{a} .");
}

TEST(TemplateTest, SectionsEndAtEightLevels) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{{#customer_id}}";
    for (int i = 0; i < depth; ++i) text += "{{/customer_id}}";
    return text;
  };
  EXPECT_EQ(WhatIsWrongWithTemplate(nested(8), kKnown), "");
  EXPECT_THAT(WhatIsWrongWithTemplate(nested(9), kKnown), HasSubstr("deeper than 8"));
  EXPECT_THAT(WhatIsWrongWithTemplate(nested(200), kKnown), HasSubstr("deeper than 8"));
}

Definition Welcome(std::string text) {
  return {
      .trigger = {TriggerKind::kStageEntered, "onboarding", "adoption"},
      .steps = {{.key = "tell", .channel_id = "ops", .title = "{{customer_id}} moved on", .text = std::move(text)}}};
}

TEST(PlaybookTest, AWholeOneHasNoFindings) { EXPECT_THAT(FindingsIn(Welcome("{{stage_key}}"), {"ops"}), IsEmpty()); }

TEST(PlaybookTest, ChannelsThatAreNotActiveAndVariablesOfOtherTriggersAreFound) {
  const std::vector<FieldViolation> findings = FindingsIn(Welcome("{{band}}"), {"sales"});
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].field, "definition.steps[0].send.channel_id");
  EXPECT_EQ(findings[1].field, "definition.steps[0].send.text");
}

Version Draft(uint32_t number) {
  return {.playbook_id = "welcome",
          .number = number,
          .definition = "",
          .content_hash = "abc",
          .change_note = "",
          .create_time = absl::UnixEpoch(),
          .publish_time = std::nullopt};
}

Playbook PublishedUpTo(uint32_t number) {
  return {.playbook_id = "welcome",
          .title = "Welcome",
          .last_number = 9,
          .latest_published_number = number,
          .create_time = absl::UnixEpoch()};
}

TEST(PlaybookTest, ADraftIsPublishedOnce) {
  Version version = Draft(3);
  EXPECT_EQ(DecidePublication(PublishedUpTo(2), version, EtagOf(version), {}).value(), Publication::kNow);
  EXPECT_EQ(DecidePublication(PublishedUpTo(2), version, "", {}).value(), Publication::kNow);
  version.state = VersionState::kPublished;
  EXPECT_EQ(DecidePublication(PublishedUpTo(3), version, EtagOf(version), {}).value(), Publication::kAlready);
  EXPECT_EQ(DecidePublication(PublishedUpTo(3), version, "", {{"anything", "wrong since"}}).value(),
            Publication::kAlready);
}

TEST(PlaybookTest, ADraftIsNotPublishedWithAnotherEtagOrFindingsOrBelowAnother) {
  EXPECT_EQ(DecidePublication(PublishedUpTo(2), Draft(3), "other", {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(DecidePublication(PublishedUpTo(2), Draft(3), "", {{"a", "b"}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecidePublication(PublishedUpTo(4), Draft(3), "", {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::notification
