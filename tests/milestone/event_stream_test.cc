// StreamEvents as its callers see it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::StreamEventsRequest Message(int64_t sequence, const std::vector<v1::Event>& events) {
  v1::StreamEventsRequest message;
  message.set_sequence(sequence);
  for (const v1::Event& event : events) *message.add_events() = event;
  return message;
}

// `7: ACCEPTED INVALID`
std::string Line(const v1::StreamEventsResponse& response) {
  std::string line = absl::StrCat(response.sequence(), ":");
  for (const v1::EventResult& result : response.results()) {
    absl::StrAppend(&line, " ", v1::EventOutcome_Name(result.outcome()).substr(std::string("EVENT_OUTCOME_").size()));
  }
  return line;
}

// A client's end of a stream.
struct Stream {
  explicit Stream(World& world, const std::string& workspace = "default") {
    rpc::AddCredential(context, "", workspace);
    calls = world.events().StreamEvents(&context);
  }
  // The next acknowledgement; empty at the end.
  std::string Read() { return calls->Read(&response) ? Line(response) : ""; }
  std::vector<std::string> ReadAll() {
    std::vector<std::string> lines;
    for (std::string line = Read(); !line.empty(); line = Read()) lines.push_back(line);
    return lines;
  }
  absl::Status Finish() { return rpc::FromGrpc(calls->Finish()); }

  grpc::ClientContext context;
  v1::StreamEventsResponse response;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamEventsRequest, v1::StreamEventsResponse>> calls;
};

class EventStreamTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  EventStreamTest() { world_.Publish("onboarding", 1, Onboarding()); }

  VirtualClock clock_{Noon() + absl::Hours(10)};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_, nullptr, rpc::Authorizer::Off(), "127.0.0.1:0"};
};
INSTANTIATE_TEST_SUITE_P(Engines, EventStreamTest, support::BothEngines(), support::EngineName);

TEST_P(EventStreamTest, AcknowledgesMessagesInOrderEachEventForItself) {
  Stream stream(world_);
  v1::Event bad = At(0, "acme", "connect", "3");
  bad.clear_event_time();
  EXPECT_TRUE(stream.calls->Write(Message(7, {At(0, "acme", "connect", "1"), bad, At(1, "globex", "other", "1")})));
  EXPECT_TRUE(stream.calls->Write(Message(8, {At(0, "acme", "connect", "1"), At(5, "acme", "report", "1")})));
  stream.calls->WritesDone();
  EXPECT_EQ(stream.Read(), "7: ACCEPTED INVALID ACCEPTED");
  EXPECT_EQ(stream.response.results(1).field(), "event_time");
  v1::GetCurrentStageRequest request;
  request.set_customer_id("acme");
  request.mutable_consistency()->set_at_least_as_fresh(stream.response.consistency_token());
  EXPECT_EQ(world_.GetStage(request)->stages().enrollments(0).stage_key(), "adoption");
  EXPECT_EQ(stream.Read(), "8: DUPLICATE CONFLICT");
  EXPECT_EQ(stream.Read(), "");
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(world_.StageOf("globex"), "onboarding:setup");
}

TEST_P(EventStreamTest, ABackfilledMessageSetsOffNothing) {
  Stream stream(world_);
  v1::StreamEventsRequest message = Message(1, {At(0, "acme", "other", "1")});
  message.set_backfill(true);
  stream.calls->Write(message);
  stream.calls->WritesDone();
  EXPECT_THAT(stream.ReadAll(), ElementsAre("1: ACCEPTED"));
  EXPECT_THAT(world_.Facts(), ElementsAre("CustomerEnrolled:acme!", "StageEntered:acme!"));
}

// Many more messages than may be under way, from a sender that reads only meanwhile: all are stored and acknowledged.
TEST_P(EventStreamTest, AStreamLongerThanWhatMayBeUnderWayIsAcknowledgedWhole) {
  constexpr int kMessages = 1500;
  Stream stream(world_);
  std::thread sender([&] {
    for (int i = 1; i <= kMessages; ++i) {
      const std::string id = absl::StrCat(i);
      std::vector<v1::Event> events;
      for (int k = 0; k < 4; ++k) events.push_back(At(i % 500, absl::StrCat("c", k), "other", id));
      EXPECT_TRUE(stream.calls->Write(Message(i, events)));
    }
    stream.calls->WritesDone();
  });
  int64_t acknowledged = 0;
  while (stream.calls->Read(&stream.response)) {
    EXPECT_EQ(stream.response.sequence(), ++acknowledged);
    EXPECT_EQ(stream.response.results_size(), 4);
  }
  sender.join();
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(acknowledged, kMessages);
  for (int k = 0; k < 4; ++k) {
    v1::GetCustomerRequest request;
    request.set_customer_id(absl::StrCat("c", k));
    const auto customer =
        Call<v1::GetCustomerResponse>(world_.customers(), &v1::CustomerService::Stub::GetCustomer, request);
    ASSERT_TRUE(customer.ok()) << customer.status();
    EXPECT_EQ(customer->customer().event_count(), kMessages);
  }
}

TEST_P(EventStreamTest, AMessageThatIsMalformedEndsTheStreamAndIsNamed) {
  struct Case {
    std::string what;
    v1::StreamEventsRequest message;
    std::string field;
  };
  std::vector<v1::Event> many;
  for (int i = 0; i < 1001; ++i) many.push_back(At(0, "acme", "other", absl::StrCat("m", i)));
  for (const Case& bad : {Case{"no event", Message(2, {}), "events"}, Case{"too many", Message(2, many), "events"},
                          Case{"a gap", Message(3, {At(0, "acme", "other", "x")}), "sequence"},
                          Case{"a repeat", Message(1, {At(0, "acme", "other", "x")}), "sequence"}}) {
    SCOPED_TRACE(bad.what);
    Stream stream(world_);
    stream.calls->Write(Message(1, {At(0, "acme", "other", bad.what)}));
    stream.calls->Write(bad.message);
    stream.calls->Write(Message(4, {At(0, "acme", "other", "after")}));
    EXPECT_THAT(stream.ReadAll(), ElementsAre("1: ACCEPTED"));
    const absl::Status status = stream.Finish();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("message with sequence 2"));
    ASSERT_EQ(ViolationsOf(status).size(), 1u) << status;
    EXPECT_EQ(ViolationsOf(status)[0].field, bad.field);
  }
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "other", "x"), At(0, "acme", "other", "after")}),
              ElementsAre("ACCEPTED", "ACCEPTED"));
}

TEST_P(EventStreamTest, TheFirstMessageNeedsASequence) {
  Stream stream(world_);
  stream.calls->Write(Message(0, {At(0, "acme", "other", "1")}));
  EXPECT_THAT(stream.ReadAll(), IsEmpty());
  const absl::Status status = stream.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("message 1 of the stream"));
}

TEST_P(EventStreamTest, AStoppingServerEndsStreamsAndWhatWasAcknowledgedIsStored) {
  Stream idle(world_), busy(world_);
  idle.calls->Write(Message(1, {At(0, "acme", "other", "1")}));
  EXPECT_EQ(idle.Read(), "1: ACCEPTED");
  for (int i = 1; i <= 20; ++i) busy.calls->Write(Message(i, {At(i, "globex", "other", absl::StrCat(i))}));
  world_.parts().Cancel();
  EXPECT_EQ(idle.Read(), "");
  EXPECT_EQ(idle.Finish().code(), absl::StatusCode::kUnavailable);
  const size_t acknowledged = busy.ReadAll().size();
  EXPECT_EQ(busy.Finish().code(), absl::StatusCode::kUnavailable);
  Stream late(world_);
  EXPECT_THAT(late.ReadAll(), IsEmpty());
  EXPECT_EQ(late.Finish().code(), absl::StatusCode::kUnavailable);
  // Sending all of it again is safe, and finds what was acknowledged.
  std::vector<v1::Event> again;
  for (int i = 1; i <= 20; ++i) again.push_back(At(i, "globex", "other", absl::StrCat(i)));
  const std::vector<std::string> outcomes = world_.Outcomes(again);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_TRUE(i >= acknowledged || outcomes[i] == "DUPLICATE") << i << " " << outcomes[i];
  }
}

TEST_P(EventStreamTest, AWorkspaceMayNotTakeAllPlacesAndAPlaceIsGivenBack) {
  std::vector<std::unique_ptr<Stream>> streams;
  const auto open = [&](const std::string& workspace) {
    streams.push_back(std::make_unique<Stream>(world_, workspace));
    streams.back()->calls->Write(Message(1, {At(0, "acme", "other", "1")}));
    return !streams.back()->Read().empty();
  };
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(open("default")) << i;
  EXPECT_FALSE(open("default"));
  const absl::Status refused = streams.back()->Finish();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(open("other")) << i;
  EXPECT_FALSE(open("third"));
  EXPECT_EQ(streams.back()->Finish().code(), absl::StatusCode::kResourceExhausted);
  // Whoever goes away, orderly or not, gives the place back, if only shortly after.
  streams[0]->calls->WritesDone();
  EXPECT_TRUE(streams[0]->Finish().ok());
  streams[1]->context.TryCancel();
  EXPECT_EQ(streams[1]->Finish().code(), absl::StatusCode::kCancelled);
  for (int tries = 0; !open("default"); ++tries) {
    ASSERT_LT(tries, 10'000);
    EXPECT_EQ(streams.back()->Finish().code(), absl::StatusCode::kResourceExhausted);
    streams.pop_back();
  }
  for (const auto& stream : streams) stream->context.TryCancel();
}

TEST_P(EventStreamTest, ACallerWhoGoesAwayHarmsNobody) {
  for (int round = 0; round < 20; ++round) {
    Stream gone(world_);
    for (int i = 1; i <= 10; ++i) {
      gone.calls->Write(Message(i, {At(i, "acme", "other", absl::StrCat(round, "-", i))}));
    }
    gone.context.TryCancel();
    EXPECT_EQ(gone.Finish().code(), absl::StatusCode::kCancelled);
  }
  EXPECT_THAT(world_.Outcomes({At(0, "acme", "other", "last")}), ElementsAre("ACCEPTED"));
}

}  // namespace
}  // namespace waymark::milestone
