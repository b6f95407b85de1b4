#include "services/rules/convert/words.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

template <typename Message>
Message From(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

std::string InWords(const std::string& text, const Titles& titles = {}) {
  return DescribeCriterion(From<v1::Criterion>(text), titles);
}

TEST(DescribeCriterionTest, SaysHowOftenWhatMustHappen) {
  EXPECT_EQ(InWords("event_count {event_types: 'report_run'}"), "report_run");
  EXPECT_EQ(InWords("event_count {event_types: 'report_run' at_least: 1}"), "report_run");
  EXPECT_EQ(InWords("event_count {event_types: ['a', 'b', 'c'] at_least: 3}"), "3 × a, b or c");
  EXPECT_EQ(InWords("event_count {event_types: 'report_run' at_least: 3 within {seconds: 1209600}}"),
            "3 × report_run within 14 days");
}

TEST(DescribeCriterionTest, SaysWhatIsCountedInstead) {
  EXPECT_EQ(InWords("event_count {event_types: 'report_run' at_least: 2 distinct: DISTINCT_USERS}"),
            "report_run by 2 different users");
  EXPECT_EQ(
      InWords("event_count {event_types: 'report_run' at_least: 8 distinct: DISTINCT_DAYS within {seconds: 2419200}}"),
      "report_run on 8 different days within 28 days");
  EXPECT_EQ(
      InWords(
          "event_count {event_types: 'invited' at_least: 3 distinct: DISTINCT_PROPERTY distinct_property: 'email'}"),
      "invited with 3 different values of email");
  EXPECT_EQ(InWords("event_count {event_types: 'report_run' distinct: DISTINCT_USERS}"), "report_run by a user");
}

TEST(DescribeCriterionTest, SaysWhichPropertiesAreAsked) {
  EXPECT_EQ(InWords("event_count {event_types: 'trained' where {name: 'course' equals {string_value: 'admin'}} "
                    "where {name: 'hours' at_least: 2.5}}"),
            "trained where course is “admin” and hours is at least 2.5");
  EXPECT_EQ(InWords("attribute {name: 'plan' one_of {values {string_value: 'team'} values {string_value: 'pro'}}}"),
            "plan is “team” or “pro”");
  EXPECT_EQ(InWords("attribute {name: 'plan' not_one_of {values {string_value: 'free'}}}"), "plan is not “free”");
  EXPECT_EQ(InWords("attribute {name: 'seats' more_than: 10}"), "seats is more than 10");
  EXPECT_EQ(InWords("attribute {name: 'seats' at_most: 10}"), "seats is at most 10");
  EXPECT_EQ(InWords("attribute {name: 'seats' less_than: 10}"), "seats is less than 10");
  EXPECT_EQ(InWords("attribute {name: 'name' contains: 'GmbH'}"), "name contains “GmbH”");
  EXPECT_EQ(InWords("attribute {name: 'owner' exists: true}"), "owner is known");
  EXPECT_EQ(InWords("attribute {name: 'owner' exists: false}"), "owner is not known");
  EXPECT_EQ(InWords("attribute {name: 'club' equals {bool_value: true}}"), "club is true");
}

TEST(DescribeCriterionTest, PutsComposedPartsInBrackets) {
  EXPECT_EQ(
      InWords(
          "all_of {criteria {event_count {event_types: 'a'}} "
          "criteria {any_of {criteria {event_count {event_types: 'b'}} criteria {event_count {event_types: 'c'}}}}}"),
      "a and (b or c)");
  EXPECT_EQ(InWords("any_of {criteria {all_of {criteria {event_count {event_types: 'a'}}}}}"), "a");
  EXPECT_EQ(
      InWords("at_least_of {n: 2 criteria {event_count {event_types: 'a'}} criteria {event_count {event_types: 'b'}}}"),
      "at least 2 of: a; b");
}

TEST(DescribeCriterionTest, SaysWhatMustNotBe) {
  EXPECT_EQ(InWords("none_of {criteria {event_count {event_types: 'cancelled'}}}"), "no cancelled");
  EXPECT_EQ(InWords("none_of {criteria {attribute {name: 'plan' exists: true}}}"), "not: plan is known");
  EXPECT_EQ(InWords("none_of {criteria {event_count {event_types: 'a'}} criteria {event_count {event_types: 'b'}}}"),
            "none of: a; b");
  EXPECT_EQ(InWords("absence {event_types: 'login' lasting {seconds: 2592000}}"), "no login for 30 days");
  EXPECT_EQ(InWords("absence {lasting {seconds: 2592000} since: ANCHOR_ENROLLED}"),
            "no event for 30 days since the enrollment");
}

TEST(DescribeCriterionTest, SaysInWhichOrder) {
  EXPECT_EQ(InWords("sequence {steps {event_types: 'drafted'} steps {event_types: ['shared', 'sent']} "
                    "max_gap {seconds: 86400} max_span {seconds: 604800}}"),
            "drafted, then shared or sent, each at most 1 day after the one before, all within 7 days");
}

TEST(DescribeCriterionTest, SaysWhenADateHasCome) {
  EXPECT_EQ(InWords("date_reached {attribute: 'renewal_date'}"), "renewal_date has come");
  EXPECT_EQ(InWords("date_reached {attribute: 'renewal_date' offset_months: -6}"), "renewal_date is 6 months away");
  EXPECT_EQ(InWords("date_reached {attribute: 'renewal_date' offset_days: 1}"), "renewal_date is 1 day past");
  EXPECT_EQ(InWords("date_reached {attribute: 'renewal_date' offset_months: -1 offset_days: -14}"),
            "renewal_date is 1 month and 14 days away");
  EXPECT_EQ(InWords("date_reached {attribute: 'renewal_date' offset_months: -1 offset_days: 5}"),
            "it is 5 days after the day on which renewal_date is 1 month away");
}

TEST(DescribeCriterionTest, CallsThingsByTheirTitlesWhereTheyAreKnown) {
  const Titles titles{.milestones = {{"first_value", "First value"}}, .segments = {{"large", "Large accounts"}}};
  EXPECT_EQ(InWords("milestone {milestone_key: 'first_value'}", titles), "“First value” is achieved");
  EXPECT_EQ(InWords("milestone {milestone_key: 'first_value'}"), "“first_value” is achieved");
  EXPECT_EQ(InWords("segment {segment_id: 'large'}", titles), "belongs to Large accounts");
  EXPECT_EQ(InWords("health_band {scorecard_id: 'health' bands: ['green', 'amber']}"), "health is green or amber");
  EXPECT_EQ(InWords("attested {role: 'csm'}"), "a csm confirms it");
  EXPECT_EQ(InWords("attested {}"), "somebody confirms it");
  EXPECT_EQ(InWords(""), "nothing");
}

TEST(DescribeTriggerTest, SaysWhatOpensAnEnrollment) {
  const auto words = [](const std::string& text) { return DescribeTrigger(From<v1::Trigger>(text)); };
  EXPECT_EQ(words("any_event {}"), "the first event of any type");
  EXPECT_EQ(words("first_event {event_types: ['signed_up', 'invited']}"), "the first signed_up or invited");
  EXPECT_EQ(words("segment_entered {segment_id: 'large'}"), "the customer comes to belong to large");
  EXPECT_EQ(words("date_reached {attribute: 'start_date'}"), "start_date has come");
  EXPECT_EQ(words("journey_completed {journey_id: 'sales'}"), "journey sales is completed");
  EXPECT_EQ(words("by_call {}"), "somebody enrolls the customer");
  EXPECT_EQ(words(""), "nothing");
}

TEST(DescribeDurationTest, ByItsTwoLargestUnits) {
  const auto words = [](int64_t seconds) {
    google::protobuf::Duration duration;
    duration.set_seconds(seconds);
    return DescribeDuration(duration);
  };
  EXPECT_EQ(words(0), "0 seconds");
  EXPECT_EQ(words(1), "1 second");
  EXPECT_EQ(words(1'209'600), "14 days");
  EXPECT_EQ(words(129'600), "1 day 12 hours");
  EXPECT_EQ(words(90'061), "1 day 1 hour");
  EXPECT_EQ(words(5'400), "1 hour 30 minutes");
}

}  // namespace
}  // namespace waymark::rules
