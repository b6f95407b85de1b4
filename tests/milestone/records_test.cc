// What people say of customers is part of their histories: attributes, attestations, enrollments, exits, overrides, and
// the bands that `health` tells.
#include "services/milestone/records.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/milestone/bands.h"
#include "services/milestone/convert.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"
#include "waymark/health/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// Entered by a call or any event; one stage with a milestone of each kind that only records achieve, then another.
journey::v1::JourneyDefinition Journey(const std::string& criterion, const std::string& trigger = "any_event {}") {
  return Parse<journey::v1::JourneyDefinition>(
      absl::StrCat("entry { triggers { ", trigger,
                   " } } stages { key: 'first' milestones { key: 'it' scope: "
                   "SCOPE_FROM_ENTRY criterion { ",
                   criterion,
                   " } } } stages { key: 'second' milestones { key: 'never' scope: SCOPE_FROM_STAGE criterion { "
                   "event_count { event_types: 'never' } } } } stages { key: 'third' }"));
}

class RecordsTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::Status Identify(const std::string& text) {
    return Call<v1::IdentifyResponse>(world_.customers(), &v1::CustomerService::Stub::Identify,
                                      Parse<v1::IdentifyRequest>(absl::StrCat("customer_id: 'acme' ", text)))
        .status();
  }
  absl::Status Attest(const std::string& text) {
    return Call<v1::AttestMilestoneResponse>(
               world_.milestones(), &v1::MilestoneService::Stub::AttestMilestone,
               Parse<v1::AttestMilestoneRequest>(absl::StrCat("customer_id: 'acme' journey_id: 'j' ", text)))
        .status();
  }
  absl::Status Enroll(const std::string& text) {
    return Call<v1::EnrollResponse>(world_.milestones(), &v1::MilestoneService::Stub::Enroll,
                                    Parse<v1::EnrollRequest>(absl::StrCat("customer_id: 'acme' ", text)))
        .status();
  }
  absl::Status Exit(const std::string& text) {
    return Call<v1::ExitEnrollmentResponse>(
               world_.milestones(), &v1::MilestoneService::Stub::ExitEnrollment,
               Parse<v1::ExitEnrollmentRequest>(absl::StrCat("customer_id: 'acme' journey_id: 'j' ", text)))
        .status();
  }
  absl::Status Override(const std::string& text) {
    return Call<v1::OverrideStageResponse>(
               world_.milestones(), &v1::MilestoneService::Stub::OverrideStage,
               Parse<v1::OverrideStageRequest>(absl::StrCat("customer_id: 'acme' journey_id: 'j' ", text)))
        .status();
  }
  v1::Customer Customer() {
    v1::GetCustomerRequest request;
    request.set_customer_id("acme");
    const auto response =
        Call<v1::GetCustomerResponse>(world_.customers(), &v1::CustomerService::Stub::GetCustomer, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->customer() : v1::Customer();
  }
  std::vector<v1::Record> Records() {
    v1::ListTimelineRequest request;
    request.set_customer_id("acme");
    const auto response =
        Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<v1::Record> records;
    for (const v1::TimelineItem& item : response->items()) {
      if (item.has_record()) records.push_back(item.record());
    }
    return records;
  }
  // What `health` tells, as a follower would.
  void Band(health::v1::Band band, int minutes, int depth = 1) {
    health::v1::BandChanged fact;
    fact.set_customer_id("acme");
    fact.set_scorecard_id("card");
    fact.set_band(band);
    fact.mutable_as_of()->set_seconds(absl::ToUnixSeconds(Noon() + absl::Minutes(minutes)));
    const journal::Entry entry{.lane = journal::LaneOf("default", "acme"),
                               .position = ++health_position_,
                               .workspace = "default",
                               .key = "acme",
                               .depth = depth,
                               .type = fact.GetDescriptor()->full_name(),
                               .payload = fact.SerializeAsString()};
    BandRecorder bands(world_.parts().tracker());
    journal::Journal& journal = world_.parts().journal();
    std::optional<journal::Lanes> lanes;
    const absl::Status status = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(lanes, journal.Lock(tx, {entry.lane}));
      RETURN_IF_ERROR(bands.Apply(tx, *lanes, {&entry, 1}));
      return journal.Store(tx, *lanes);
    });
    ASSERT_TRUE(status.ok()) << status;
    bands.Applied(*lanes);
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
  int64_t health_position_ = 0;
};

TEST_P(RecordsTest, AttributesHoldFromTheirTimeOnHoweverLateTheyAreSaid) {
  world_.Publish("j", 1, Journey("attribute { name: 'plan' equals { string_value: 'pro' } }"));
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(world_.Ingest({At(10, "acme", "login", "e0")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  const int64_t five_past = absl::ToUnixSeconds(Noon() + absl::Minutes(5));
  ASSERT_TRUE(Identify(absl::StrCat("time { seconds: ", five_past,
                                    " } attributes { fields { key: 'plan' value { "
                                    "string_value: 'pro' } } }"))
                  .ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  // As though it had been known when the event came.
  const auto stage = world_.GetProgress("acme")->enrollments(0).stages(0);
  EXPECT_EQ(stage.complete_time().seconds(), absl::ToUnixSeconds(Noon() + absl::Minutes(10)));
}

TEST_P(RecordsTest, AttributesAreReplacedByTheirFirstNamesAndForgottenByNull) {
  ASSERT_TRUE(Identify("attributes { fields { key: 'plan' value { string_value: 'free' } } fields { key: 'owner.csm' "
                       "value { string_value: 'ann' } } fields { key: 'seats' value { number_value: 3 } } }")
                  .ok());
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(Identify("attributes { fields { key: 'owner.sales' value { string_value: 'ben' } } fields { key: 'seats' "
                       "value { null_value: NULL_VALUE } } }")
                  .ok());
  ASSERT_TRUE(
      Identify("user_id: 'u' attributes { fields { key: 'email' value { string_value: 'u@example.com' } } }").ok());
  const v1::Customer customer = Customer();
  EXPECT_EQ(customer.event_count(), 0);
  std::vector<std::string> known;
  for (const auto& [name, value] : customer.attributes().fields()) {
    known.push_back(absl::StrCat(name, "=", value.string_value()));
  }
  std::sort(known.begin(), known.end());
  EXPECT_THAT(known, ElementsAre("owner.sales=ben", "plan=free"));
  EXPECT_EQ(customer.users().at("u").fields().at("email").string_value(), "u@example.com");
}

TEST_P(RecordsTest, ARepeatedRequestIsRecordedOnceAndAnotherOfItsIdIsRefused) {
  const std::string plan = "attributes { fields { key: 'plan' value { string_value: 'pro' } } } ";
  ASSERT_TRUE(Identify(absl::StrCat(plan, "request_id: 'r'")).ok());
  clock_.Advance(absl::Minutes(3));
  ASSERT_TRUE(Identify(absl::StrCat(plan, "request_id: 'r'")).ok());
  EXPECT_EQ(Records().size(), 1u);
  const absl::Status other = Identify(absl::StrCat(plan, "request_id: 'r' author: 'ann'"));
  EXPECT_EQ(other.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.message()), HasSubstr("request_id"));
  EXPECT_EQ(Records().size(), 1u);
  // Without one, everything said is recorded.
  ASSERT_TRUE(Identify(plan).ok());
  ASSERT_TRUE(Identify(plan).ok());
  EXPECT_EQ(Records().size(), 3u);
}

TEST_P(RecordsTest, AnEventAndARecordMayHaveOneId) {
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "x")}).ok());
  ASSERT_TRUE(Identify("request_id: 'x' attributes { fields { key: 'plan' value { string_value: 'pro' } } }").ok());
  EXPECT_EQ(Records().size(), 1u);
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "login", "x")}), ElementsAre("DUPLICATE"));
}

TEST_P(RecordsTest, AnAttestationAchievesWhatAsksForIt) {
  world_.Publish("j", 1, Journey("attested { role: 'csm' }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(std::string(Attest("milestone_key: 'it'").message()), HasSubstr("as csm"));
  EXPECT_EQ(Attest("milestone_key: 'it' role: 'sales'").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Attest("milestone_key: 'never' role: 'csm'").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Attest("milestone_key: 'nowhere'").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  ASSERT_TRUE(Attest("milestone_key: 'it' role: 'csm' author: 'ann' reason: 'seen it' request_id: 'a'").ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  EXPECT_EQ(Records().at(0).author(), "ann");
  EXPECT_THAT(world_.GetProgress("acme")->enrollments(0).stages(0).milestones(0).witness_event_ids(), ElementsAre("a"));
}

TEST_P(RecordsTest, ACallEnrollsWhereTheJourneyIsEnteredByCall) {
  world_.Publish("j", 1, Journey("event_count { event_types: 'go' }", "by_call {}"));
  world_.Publish("other", 1, Journey("event_count { event_types: 'go' }"));
  EXPECT_EQ(Enroll("journey_id: 'nowhere'").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Enroll("journey_id: 'other'").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Enroll("journey_id: 'j'").ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
}

TEST_P(RecordsTest, AnExitEndsWhatIsOpenAndARepeatAnswersTheSame) {
  world_.Publish("j", 1, Journey("event_count { event_types: 'go' }"));
  EXPECT_EQ(Exit("").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  EXPECT_EQ(Exit("entry_key: 'contract-7'").code(), absl::StatusCode::kFailedPrecondition);
  // Events may be dated a little ahead: what is decided now is decided after them.
  ASSERT_TRUE(world_.Ingest({At(3, "acme", "login", "e1")}).ok());
  ASSERT_TRUE(Exit("reason: 'closed down' request_id: 'r'").ok());
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).current().state(), v1::ENROLLMENT_STATE_EXITED);
  EXPECT_TRUE(Exit("reason: 'closed down' request_id: 'r'").ok());
  EXPECT_EQ(Exit("reason: 'closed down'").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Records().size(), 1u);
}

TEST_P(RecordsTest, WhatIsDecidedNowComesAfterALateEventOfTheSameCommit) {
  world_.Publish("j", 1, Journey("event_count { event_types: 'go' }"));
  ASSERT_TRUE(world_.Ingest({At(-2, "acme", "login", "e0"), At(3, "acme", "login", "e1")}).ok());
  const auto exit = ToRecord(Parse<v1::ExitEnrollmentRequest>("customer_id: 'acme' journey_id: 'j'"), clock_.Now());
  ASSERT_TRUE(exit.ok()) << exit.status();
  v1::IngestEventsRequest late;
  *late.add_events() = At(2, "acme", "go", "e2");
  const auto events = ToBatch("default", late.SerializeAsString(), clock_.Now());
  ASSERT_TRUE(events.ok()) << events.status();
  const std::unique_ptr<Batch> record = ToBatch("default", *exit);
  ASSERT_TRUE(world_.parts().tracker().Record({record.get(), events->get()}).ok());
  // The event, which was before it, has moved the customer on.
  const v1::CurrentStage stage = world_.GetProgress("acme")->enrollments(0).current();
  EXPECT_EQ(stage.state(), v1::ENROLLMENT_STATE_EXITED);
  EXPECT_EQ(stage.stage_key(), "second");
}

TEST_P(RecordsTest, AnOverrideIsHistoryThatRecomputingKeeps) {
  world_.Publish("j", 1, Journey("event_count { event_types: 'go' }"));
  EXPECT_EQ(Override("stage_key: 'second' reason: 'x'").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(Override("stage_key: 'second'").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Override("stage_key: 'nowhere' reason: 'x'").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Override("stage_key: 'first' reason: 'x'").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Override("stage_key: 'second' reason: 'trained on site' author: 'ann'").ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  // Another journey makes everybody be folded anew; so does an event from before.
  world_.Publish("other", 1, Journey("event_count { event_types: 'go' }"));
  ASSERT_TRUE(world_.Ingest({At(-10, "acme", "login", "e1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second other:first");
  EXPECT_EQ(Records().at(0).reason(), "trained on site");
}

TEST_P(RecordsTest, BandsThatHealthTellsCount) {
  world_.Publish("j", 1, Journey("health_band { scorecard_id: 'card' bands: 'green' }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  Band(health::v1::BAND_RED, 1);
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  Band(health::v1::BAND_GREEN, 2);
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
  // Read from the cache, too.
  v1::GetCurrentStageRequest request;
  request.set_customer_id("acme");
  EXPECT_EQ(world_.GetStage(request)->stages().enrollments(0).stage_key(), "second");
  EXPECT_THAT(Records().at(0).record_id(), ::testing::StartsWith("waymark/health/"));
  // A ring of rules ends.
  Band(health::v1::BAND_RED, 3, journal::kMaxDepth);
  EXPECT_EQ(Records().size(), 2u);
}

TEST_P(RecordsTest, WhatIsWrongIsNamed) {
  const auto field = [](const absl::Status& status) { return std::string(status.message()); };
  EXPECT_THAT(field(Identify("")), HasSubstr("attributes"));
  EXPECT_THAT(field(Identify("attributes { fields { key: '' value { bool_value: true } } }")), HasSubstr("attributes"));
  EXPECT_THAT(field(Identify("time { seconds: 1 } attributes { fields { key: 'a' value { bool_value: true } } }")),
              HasSubstr("time"));
  EXPECT_THAT(field(Identify(absl::StrCat("attributes { fields { key: 'a' value { string_value: '",
                                          std::string(70'000, 'x'), "' } } }"))),
              HasSubstr("attributes"));
  std::string deep = "bool_value: true";
  for (int i = 0; i < 9; ++i) deep = absl::StrCat("struct_value { fields { key: 'a' value { ", deep, " } } }");
  EXPECT_THAT(field(Identify(absl::StrCat("attributes { fields { key: 'a' value { ", deep, " } } }"))),
              HasSubstr("levels"));
  EXPECT_THAT(field(Attest("milestone_key: 'NO'")), HasSubstr("milestone_key"));
  EXPECT_THAT(field(Exit(absl::StrCat("reason: '", std::string(2'001, 'x'), "'"))), HasSubstr("reason"));
  EXPECT_THAT(field(Exit(absl::StrCat("request_id: '", std::string(101, 'x'), "'"))), HasSubstr("request_id"));
  EXPECT_THAT(field(Exit("request_id: 'waymark/health/band/card/acme/1@1774000000'")), HasSubstr("request_id"));
}

TEST_P(RecordsTest, WhatIsNotThereIsNamedAndNothingIsLost) {
  const auto code = [](const absl::Status& status) { return status.code(); };
  // No journey at all.
  for (const absl::Status& status : {Enroll("journey_id: 'j'"), Attest("milestone_key: 'm'")}) {
    EXPECT_EQ(code(status), absl::StatusCode::kNotFound) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("journey \"j\""));
  }
  for (const absl::Status& status : {Override("stage_key: 'first' reason: 'x'"), Exit("")}) {
    EXPECT_EQ(code(status), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("no open enrollment in journey j"));
  }
  EXPECT_EQ(code(world_.GetProgress("acme").status()), absl::StatusCode::kNotFound) << "and nobody was made of it";
  world_.Publish("j", 1, Journey("event_count { event_types: 'go' }"));
  ASSERT_TRUE(world_.Ingest({At(0, "acme", "login", "e0")}).ok());
  EXPECT_EQ(code(Override("stage_key: 'nowhere' reason: 'x'")), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(Attest("milestone_key: 'nothing'")), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.StageOf("acme"), "j:first");
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "go", "e1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
}

TEST_P(RecordsTest, NobodyNewGetsIntoARetiredVersionAndWhoIsInGoesOn) {
  journey::v1::JourneyDefinition definition = Journey("event_count { event_types: 'go' }");
  definition.mutable_entry()->clear_triggers();
  definition.mutable_entry()->add_triggers()->mutable_by_call();
  world_.Publish("j", 1, definition);
  ASSERT_TRUE(Enroll("journey_id: 'j'").ok());
  journey::v1::VersionRetired fact;
  fact.set_journey_id("j");
  fact.set_number(1);
  const journal::Entry entry{.workspace = "default",
                             .key = "j",
                             .type = fact.GetDescriptor()->full_name(),
                             .payload = fact.SerializeAsString()};
  journal::Lanes lanes;
  ASSERT_TRUE(db_->Transact([&](sql::Transaction& tx) { return ApplyJourneyFacts(tx, lanes, {&entry, 1}); }).ok());
  world_.Settle();
  v1::EnrollRequest enroll;
  enroll.set_customer_id("beta");
  enroll.set_journey_id("j");
  const absl::Status refused =
      Call<v1::EnrollResponse>(world_.milestones(), &v1::MilestoneService::Stub::Enroll, enroll).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("journey"));
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "go", "e1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:second");
}

// Whatever is told in whatever order, in however many calls: the same progress.
TEST_P(RecordsTest, ProgressIsTheSameInWhateverOrderEverythingIsTold) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  world_.Publish("j", 1,
                 Journey("all_of { criteria { attested {} } criteria { attribute { name: 'plan' equals { string_value: "
                         "'pro' } } } criteria { event_count { event_types: 'go' at_least: 2 } } }",
                         "by_call {}"));
  clock_.Advance(absl::Hours(24));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::function<absl::Status(const std::string& customer)>> tellings;
    for (int i = 0; i < 8; ++i) {
      const int64_t seconds = absl::ToUnixSeconds(Noon()) + static_cast<int64_t>(random() % 600);
      const std::string id = absl::StrCat("i", i);
      switch (random() % 4) {
        case 0:
          tellings.push_back([=, this](const std::string& customer) {
            auto request = Parse<v1::IdentifyRequest>(absl::StrCat(
                "time { seconds: ", seconds, " } attributes { fields { key: 'plan' value { string_value: '",
                seconds % 2 == 0 ? "pro" : "free", "' } } }"));
            request.set_customer_id(customer);
            request.set_request_id(id);
            return Call<v1::IdentifyResponse>(world_.customers(), &v1::CustomerService::Stub::Identify, request)
                .status();
          });
          break;
        case 1:
          tellings.push_back([=, this](const std::string& customer) {
            auto request = Parse<v1::AttestMilestoneRequest>(
                absl::StrCat("journey_id: 'j' milestone_key: 'it' time { seconds: ", seconds, " }"));
            request.set_customer_id(customer);
            request.set_request_id(id);
            return Call<v1::AttestMilestoneResponse>(world_.milestones(), &v1::MilestoneService::Stub::AttestMilestone,
                                                     request)
                .status();
          });
          break;
        case 2:
          tellings.push_back([=, this](const std::string& customer) {
            auto request = Parse<v1::EnrollRequest>(absl::StrCat("journey_id: 'j' time { seconds: ", seconds, " }"));
            request.set_customer_id(customer);
            request.set_request_id(id);
            return Call<v1::EnrollResponse>(world_.milestones(), &v1::MilestoneService::Stub::Enroll, request).status();
          });
          break;
        default:
          tellings.push_back([=, this](const std::string& customer) {
            v1::Event event = At(0, customer, "go", id);
            event.mutable_event_time()->set_seconds(seconds);
            return world_.Ingest({event}).status();
          });
      }
    }
    std::vector<std::string> answers;
    for (int order = 0; order < 3; ++order) {
      const std::string customer = absl::StrCat("c", round, "-", order);
      for (const auto& tell : tellings) {
        const absl::Status status = tell(customer);
        ASSERT_TRUE(status.ok()) << status;
      }
      v1::GetProgressResponse answer = *world_.GetProgress(customer);
      answer.clear_customer_id();
      answer.clear_consistency_token();
      answers.push_back(answer.DebugString());
      std::shuffle(tellings.begin(), tellings.end(), random);
    }
    ASSERT_EQ(answers[0], answers[1]);
    ASSERT_EQ(answers[0], answers[2]);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RecordsTest, support::BothEngines(), support::EngineName);

}  // namespace
}  // namespace waymark::milestone
