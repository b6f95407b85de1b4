// What ingest promises, on both engines (protos/waymark/milestone/v1/event.proto).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/packed.h"
#include "services/milestone/convert.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class IngestTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

INSTANTIATE_TEST_SUITE_P(Engines, IngestTest, support::BothEngines(), support::EngineName);

// The field and message of the only event's answer.
std::pair<std::string, std::string> Refusal(World& world, const v1::Event& event) {
  const auto response = world.Ingest({event});
  if (!response.ok()) return {"call refused", std::string(response.status().message())};
  EXPECT_EQ(response->results(0).outcome(), v1::EVENT_OUTCOME_INVALID);
  return {response->results(0).field(), response->results(0).message()};
}

TEST_P(IngestTest, AcceptedEventsMoveTheCustomer) {
  world_.Publish("onboarding", 1, Onboarding());
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "connect", "1"), At(1, "acme", "report", "2")}), Each("ACCEPTED"));
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
}

TEST_P(IngestTest, RepeatChangesNothingAndIsAnsweredDuplicate) {
  world_.Publish("onboarding", 1, Onboarding());
  const v1::Event event = At(0, "acme", "report", "1");
  EXPECT_THAT(world_.Outcomes({event, event}), ElementsAre("ACCEPTED", "DUPLICATE"));
  EXPECT_THAT(world_.Outcomes({event}), ElementsAre("DUPLICATE"));
  EXPECT_EQ(world_.GetProgress("acme")->event_count(), 1);
}

TEST_P(IngestTest, SameIdWithOtherContentIsAConflictAndTheFirstStands) {
  world_.Publish("onboarding", 1, Onboarding());
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "connect", "1"), At(0, "acme", "report", "1")}),
              ElementsAre("ACCEPTED", "CONFLICT"));
  EXPECT_THAT(world_.Outcomes({At(5, "acme", "connect", "1")}), ElementsAre("CONFLICT"));
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
}

TEST_P(IngestTest, PropertiesInAnotherOrderAreTheSameContent) {
  v1::Event event = At(0, "acme", "connect", "1");
  (*event.mutable_properties()->mutable_fields())["plan"].set_string_value("team");
  (*event.mutable_properties()->mutable_fields())["seats"].set_number_value(5);
  EXPECT_THAT(world_.Outcomes({event}), ElementsAre("ACCEPTED"));
  // A map is written in no particular order: write the fields by hand, the other way round.
  v1::Event bare = event;
  bare.clear_properties();
  v1::Event plan = bare, seats = bare;
  (*plan.mutable_properties()->mutable_fields())["plan"].set_string_value("team");
  (*seats.mutable_properties()->mutable_fields())["seats"].set_number_value(5);
  const std::string reversed =
      bare.SerializeAsString() + seats.SerializeAsString().substr(bare.SerializeAsString().size());
  v1::Event merged;
  ASSERT_TRUE(merged.ParseFromString(reversed));
  (*merged.mutable_properties()->mutable_fields())["plan"].set_string_value("team");
  EXPECT_THAT(world_.Outcomes({merged}), ElementsAre("DUPLICATE"));
  (*event.mutable_properties()->mutable_fields())["seats"].set_number_value(6);
  EXPECT_THAT(world_.Outcomes({event}), ElementsAre("CONFLICT"));
}

// The content hash of an event with these serialised properties.
uint64_t ContentHash(absl::string_view properties) {
  std::string event = At(0, "acme", "connect", "1").SerializeAsString();
  event.push_back(7 << 3 | 2);
  PutText(properties, event);
  std::string request(1, 1 << 3 | 2);
  PutText(event, request);
  const auto batch = ToBatch("default", request, Noon());
  EXPECT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ((*batch)->events[0].wrong, "");
  return (*batch)->events[0].content_hash;
}

// Plain properties are read by hand; whoever writes them otherwise, and so has them read by protobuf, says the same.
TEST(ContentHashTest, IsTheSameHoweverPropertiesAreWritten) {
  std::mt19937 random(7);
  const auto text = [&] { return absl::StrCat(random() % 2 == 0 ? "küche" : "", random() % 1000); };
  for (int round = 0; round < 300; ++round) {
    google::protobuf::Struct properties;
    for (unsigned i = 0; i <= random() % 12; ++i) {
      google::protobuf::Value& value = (*properties.mutable_fields())[text()];
      switch (random() % 5) {
        case 0:
          value.set_null_value(google::protobuf::NULL_VALUE);
          break;
        case 1:
          value.set_number_value(static_cast<double>(random()) / 7);
          break;
        case 2:
          value.set_string_value(text());
          break;
        case 3:
          value.set_bool_value(random() % 2 == 0);
          break;
        default:
          break;  // No kind at all.
      }
    }
    const std::string usual = properties.SerializeAsString();
    const uint64_t hash = ContentHash(usual);
    EXPECT_EQ(ContentHash(usual + usual), hash) << properties.DebugString();  // The last of a key counts.
    EXPECT_EQ(ContentHash(usual + std::string("\x78\x01")), hash) << properties.DebugString();  // A field unknown here.
    (*properties.mutable_fields())["one more"].set_bool_value(true);
    EXPECT_NE(ContentHash(properties.SerializeAsString()), hash);
    (*properties.mutable_fields())["one more"].mutable_list_value();
    EXPECT_NE(ContentHash(properties.SerializeAsString()), hash);
  }
}

TEST_P(IngestTest, OneIdUnderTwoCustomersIsTwoEvents) {
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "connect", "1"), At(0, "bolt", "connect", "1")}), Each("ACCEPTED"));
}

TEST_P(IngestTest, BadEventNeverFailsItsNeighbours) {
  world_.Publish("onboarding", 1, Onboarding());
  v1::Event bad = At(0, "acme", "report", "2");
  bad.clear_event_time();
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "connect", "1"), bad, At(1, "acme", "report", "3")}),
              ElementsAre("ACCEPTED", "INVALID", "ACCEPTED"));
  EXPECT_EQ(world_.GetProgress("acme")->event_count(), 2);
}

TEST_P(IngestTest, EachFieldThatIsWrongIsNamed) {
  v1::Event event = At(0, "acme", "connect", "1");
  event.clear_event_id();
  EXPECT_EQ(Refusal(world_, event).first, "event_id");
  event = At(0, "", "connect", "1");
  EXPECT_EQ(Refusal(world_, event).first, "customer_id");
  event = At(0, "acme", "", "1");
  EXPECT_EQ(Refusal(world_, event).first, "type");
  event = At(0, "acme", "connect", std::string(256, 'x'));
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("event_id", HasSubstr("255")));
  event = At(0, "acme", "connect", "waymark/health/band/card/acme/1@1774000000");
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("event_id", HasSubstr("waymark/")));
  event = At(0, "ac\nme", "connect", "1");
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("customer_id", HasSubstr("control")));
  event = At(0, "acme", "connect", "1");
  event.set_user_id("\x01");
  EXPECT_EQ(Refusal(world_, event).first, "user_id");
  event = At(0, "acme", "connect", "1");
  event.clear_event_time();
  EXPECT_EQ(Refusal(world_, event).first, "event_time");
  event = At(6, "acme", "connect", "1");
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("event_time", HasSubstr("future")));
  event.mutable_event_time()->set_seconds(253'370'764'800);  // The year 9999.
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("event_time", HasSubstr("2000")));
  event.mutable_event_time()->set_seconds(-2'208'988'800);  // The year 1900.
  EXPECT_EQ(Refusal(world_, event).first, "event_time");
  event.mutable_event_time()->set_seconds(INT64_MAX);
  EXPECT_EQ(Refusal(world_, event).first, "event_time");
  event = At(0, "acme", "connect", "1");
  event.mutable_event_time()->set_nanos(-1);
  EXPECT_EQ(Refusal(world_, event).first, "event_time");
}

TEST_P(IngestTest, LimitsHoldAtTheLimitAndOneAbove) {
  EXPECT_THAT(world_.Outcomes({At(5, "acme", "connect", std::string(255, 'x'))}), ElementsAre("ACCEPTED"));
  v1::Event event = At(0, "acme", "connect", "1");
  google::protobuf::Value& note = (*event.mutable_properties()->mutable_fields())["note"];
  note.set_string_value("");
  note.set_string_value(std::string(kMostEventBytes - event.ByteSizeLong() - 8, 'x'));
  note.mutable_string_value()->append(kMostEventBytes - event.ByteSizeLong(), 'x');
  ASSERT_EQ(event.ByteSizeLong(), kMostEventBytes);
  EXPECT_THAT(world_.Outcomes({event}), ElementsAre("ACCEPTED"));
  event.set_event_id("2x");
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("event", HasSubstr("65536 bytes")));

  // Eight levels are allowed, nine are not.
  google::protobuf::Struct properties;
  google::protobuf::Struct* level = &properties;
  for (int i = 1; i < kMostPropertyLevels; ++i) level = (*level->mutable_fields())["a"].mutable_struct_value();
  (*level->mutable_fields())["a"].set_bool_value(true);
  event = At(0, "acme", "connect", "3");
  *event.mutable_properties() = properties;
  EXPECT_THAT(world_.Outcomes({event}), ElementsAre("ACCEPTED"));
  (*(*level->mutable_fields())["a"].mutable_struct_value()->mutable_fields())["b"].set_bool_value(true);
  event.set_event_id("4");
  *event.mutable_properties() = properties;
  EXPECT_THAT(Refusal(world_, event), ::testing::Pair("properties", HasSubstr("8 levels")));
}

TEST_P(IngestTest, CallIsOneToAThousandEvents) {
  EXPECT_THAT(world_.Ingest(std::vector<v1::Event>()).status().message(), HasSubstr("events"));
  std::vector<v1::Event> events;
  for (int i = 0; i < 1000; ++i) events.push_back(At(0, absl::StrCat("customer-", i), "connect", "1"));
  EXPECT_THAT(world_.Outcomes(events), AllOf(SizeIs(1000), Each("ACCEPTED")));
  events.push_back(At(0, "one-more", "connect", "1"));
  const absl::Status refused = world_.Ingest(events).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ViolationsOf(refused), Contains(::testing::Field(&FieldViolation::field, "events")));
}

// Sends bytes as they are.
absl::StatusOr<v1::IngestEventsResponse> SendBytes(World& world, const std::string& bytes) {
  // The same wire format, with events as bytes.
  v1::IngestEventsRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, bytes);
  return world.Ingest(request);
}

TEST_P(IngestTest, InvalidUtf8AndGarbageAreAnsweredForThemselves) {
  std::string event = At(0, "acme", "connect", "1").SerializeAsString();
  event.replace(event.find("connect"), 3, "\xff\xfe\xfd");
  auto response = SendBytes(world_, event);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->results(0).field(), "type");
  EXPECT_THAT(response->results(0).message(), HasSubstr("UTF-8"));
  response = SendBytes(world_, "\x0a\x7f garbage");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->results(0).field(), "event");
}

TEST_P(IngestTest, RandomBytesNeverBreakAnything) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  v1::Event event = At(0, "acme", "connect", "1");
  (*event.mutable_properties()->mutable_fields())["plan"].set_string_value("team");
  const std::string good = event.SerializeAsString();
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    for (unsigned i = 0; i <= random() % 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const auto batch = [&] {
      v1::IngestEventsRequest request;
      request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, bytes);
      return ToBatch("default", request.SerializeAsString(), Noon());
    }();
    ASSERT_TRUE(batch.ok()) << batch.status();
    const IncomingItem& incoming = (*batch)->events[0];
    if (!incoming.wrong_field.empty()) continue;
    // What passes can be read back from where it is kept, and says the same.
    const std::string payload = ToPayload(incoming, round % 2 == 0);
    const std::optional<rules::Event> kept = ReadEvent(payload, Noon());
    ASSERT_TRUE(kept.has_value());
    // What was sent as history is never too late.
    ASSERT_EQ(kept->received, round % 2 == 0 ? absl::InfinitePast() : Noon());
    ASSERT_EQ(kept->id, incoming.event.id);
    ASSERT_EQ(kept->time, incoming.event.time);
  }
}

TEST_P(IngestTest, LateEventIsSimplyRightAndToldAsARevision) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_THAT(world_.Outcomes({At(-20, "acme", "login", "1"), At(-5, "acme", "connect", "5")}), Each("ACCEPTED"));
  ASSERT_THAT(world_.Outcomes({At(-10, "acme", "connect", "4")}), ElementsAre("ACCEPTED"));
  const auto progress = world_.GetProgress("acme");
  ASSERT_TRUE(progress.ok()) << progress.status();
  const v1::MilestoneProgress& milestone = progress->enrollments(0).stages(0).milestones(0);
  EXPECT_THAT(milestone.witness_event_ids(), ElementsAre("4"));
  EXPECT_EQ(milestone.achieve_time().seconds(), absl::ToUnixSeconds(Noon() - absl::Minutes(10)));
  EXPECT_THAT(world_.Facts(), ElementsAre("CustomerEnrolled:acme", "StageEntered:acme", "MilestoneAchieved:acme",
                                          "StageEntered:acme", "MilestoneRevised:acme", "StageRevised:acme"));
}

TEST_P(IngestTest, BackfillCountsAndIsToldAsHistorical) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(-1, "acme", "connect", "1")}, true).ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_THAT(world_.Facts(), Each(HasSubstr("!")));
}

TEST_P(IngestTest, FactsOlderThanTheEffectHorizonAreHistorical) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(-24 * 60 - 1, "late", "connect", "1"), At(-24 * 60, "fresh", "connect", "1")}).ok());
  std::vector<std::string> facts = world_.Facts();
  EXPECT_THAT(facts, Contains("StageEntered:late!"));
  EXPECT_THAT(facts, Contains("StageEntered:fresh"));
}

TEST_P(IngestTest, WhoeverFulfilsEntryIsEnrolledWhicheverCameFirst) {
  ASSERT_TRUE(world_.Ingest({At(-2, "acme", "connect", "1"), At(-1, "bolt", "report", "1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "");
  world_.PublishOnly("onboarding", 1, Onboarding());
  EXPECT_EQ(world_.GetFunnel("onboarding")->pending_customers(), 2);
  world_.Settle();
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(world_.StageOf("bolt"), "onboarding:setup");
  EXPECT_THAT(world_.Facts(), Each(HasSubstr("!")));
}

TEST_P(IngestTest, CustomerInFlightStaysOnThePinnedVersion) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(-9, "acme", "login", "1")}).ok());
  world_.Publish("onboarding", 2, Steps({{"start", "sign"}, {"end", "pay"}}));
  ASSERT_TRUE(world_.Ingest({At(-8, "acme", "connect", "2"), At(-8, "bolt", "sign", "1")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(world_.StageOf("bolt"), "onboarding:end");
  // Also where the history is folded anew.
  ASSERT_TRUE(world_.Ingest({At(-10, "acme", "connect", "0")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).current().version(), 1u);
}

TEST_P(IngestTest, CustomerTravelsSeveralJourneysAtOnce) {
  world_.Publish("onboarding", 1, Onboarding());
  world_.Publish("billing", 1, Steps({{"trial", "pay"}, {"paid", "cancel"}}));
  ASSERT_TRUE(world_.Ingest({At(-9, "acme", "connect", "1"), At(-8, "acme", "pay", "2")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "billing:paid onboarding:adoption");
}

TEST_P(IngestTest, OrderRepetitionAndBatchesNeverMatter) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  world_.Publish("onboarding", 1, Onboarding());
  world_.Publish("habit", 1,
                 Steps({{"one", "report", 1, journey::v1::SCOPE_ALL_HISTORY},
                        {"three", "report", 3, journey::v1::SCOPE_ALL_HISTORY}}));
  const char* types[] = {"connect", "report", "renew", "login"};
  for (int round = 0; round < 25; ++round) {
    std::vector<v1::Event> history;
    for (unsigned i = 0; i < 4 + random() % 12; ++i) {
      history.push_back(At(-static_cast<int>(random() % 9) - 1, "", types[random() % 4], absl::StrCat("e", i)));
      history.back().set_source_sequence(static_cast<int64_t>(random() % 2));
    }
    std::string first;
    for (int way = 0; way < 3; ++way) {
      std::vector<v1::Event> sent = history;
      for (unsigned i = 0; i < random() % 5; ++i) sent.push_back(history[random() % history.size()]);
      if (way > 0) std::shuffle(sent.begin(), sent.end(), random);
      const std::string customer = absl::StrCat("customer-", round, "-", way);
      for (v1::Event& event : sent) event.set_customer_id(customer);
      for (size_t begin = 0; begin < sent.size();) {
        const size_t end = std::min(sent.size(), begin + 1 + random() % 6);
        ASSERT_TRUE(world_.Ingest(std::vector<v1::Event>(sent.begin() + begin, sent.begin() + end)).ok());
        begin = end;
      }
      auto progress = world_.GetProgress(customer);
      ASSERT_TRUE(progress.ok()) << progress.status();
      EXPECT_EQ(progress->event_count(), static_cast<int64_t>(history.size()));
      std::string text;
      for (const auto& enrollment : progress->enrollments()) text += enrollment.DebugString();
      if (way == 0) first = text;
      ASSERT_EQ(text, first) << "round " << round << " way " << way;
    }
  }
}

TEST_P(IngestTest, TokenMakesAReadSeeTheWrite) {
  world_.Publish("onboarding", 1, Onboarding());
  v1::GetCurrentStageRequest request;
  request.set_customer_id("acme");
  const char* types[] = {"connect", "report", "report", "report", "renew"};
  const char* stages[] = {"adoption", "adoption", "adoption", "renewal", "renewal"};
  for (int i = 0; i < 5; ++i) {
    const auto written = world_.Ingest({At(i - 9, "acme", types[i], absl::StrCat(i))});
    ASSERT_TRUE(written.ok()) << written.status();
    request.mutable_consistency()->set_at_least_as_fresh(written->consistency_token());
    const auto read = world_.GetStage(request);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->stages().enrollments(0).stage_key(), stages[i]);
    EXPECT_EQ(read->source(), v1::ANSWER_SOURCE_CACHE);
  }
}

TEST_P(IngestTest, ForeignTokenThatIsNeverReachedEndsWithTheDeadlineAndStoresNothing) {
  v1::IngestEventsRequest request;
  *request.add_events() = At(0, "acme", "connect", "1");
  request.set_consistency_token(journal::MakeToken({{.service = "journey", .epoch = 7, .lane = 3, .position = 99}}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  v1::IngestEventsResponse response;
  EXPECT_EQ(world_.events().IngestEvents(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(world_.GetProgress("acme").status().code(), absl::StatusCode::kNotFound);
  request.set_consistency_token("nonsense");
  const absl::Status refused = world_.Ingest(request).status();
  EXPECT_THAT(ViolationsOf(refused), Contains(::testing::Field(&FieldViolation::field, "consistency_token")));
}

TEST_P(IngestTest, WorkspacesNeverMix) {
  world_.Publish("onboarding", 1, Onboarding(), "blue");
  world_.Publish("onboarding", 1, Steps({{"start", "connect"}, {"end", "pay"}}), "red");
  ASSERT_TRUE(world_.Ingest({At(-1, "acme", "connect", "1")}, false, "blue").ok());
  EXPECT_EQ(world_.StageOf("acme", "blue"), "onboarding:adoption");
  EXPECT_EQ(world_.StageOf("acme", "red"), "");
  EXPECT_EQ(world_.GetProgress("acme", "red").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.GetFunnel("onboarding", "red")->enrolled(), 0);
}

}  // namespace
}  // namespace waymark::milestone
