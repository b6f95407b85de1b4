#include "common/journal/journal_service.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"
#include "tests/common/journal/serving.h"
#include "tests/support/temp_dir.h"

namespace waymark::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const int kLane = LaneOf("acme", "customer-7");

// Everything that one call answered.
struct Answer {
  std::vector<v1::ReadJournalResponse> messages;
  absl::Status status;

  std::vector<std::string> payloads() const {
    std::vector<std::string> payloads;
    for (const auto& message : messages) {
      for (const auto& entry : message.entries()) payloads.push_back(entry.payload().value());
    }
    return payloads;
  }
  std::map<int, int64_t> reached() const {
    std::map<int, int64_t> reached;
    for (const auto& message : messages) {
      for (const auto& place : message.reached()) reached[place.lane()] = place.position();
    }
    return reached;
  }
};

class JournalServiceTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // Lanes by the position seen.
  v1::ReadJournalRequest After(const std::map<int, int64_t>& lanes, absl::Duration max_wait = absl::ZeroDuration()) {
    v1::ReadJournalRequest request;
    request.set_journal("milestone");
    for (const auto& [lane, position] : lanes) {
      v1::LanePosition& after = *request.add_after();
      after.set_lane(lane);
      after.set_position(position);
      if (position > 0) request.set_epoch(milestone_->epoch());
    }
    request.mutable_max_wait()->set_seconds(absl::ToInt64Seconds(max_wait));
    return request;
  }

  v1::ReadJournalRequest AfterNothing(absl::Duration max_wait = absl::ZeroDuration()) {
    std::map<int, int64_t> lanes;
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = 0;
    return After(lanes, max_wait);
  }

  Answer Call(const v1::ReadJournalRequest& request, const std::string& workspace = "*", const std::string& key = "") {
    grpc::ClientContext context;
    context.AddMetadata("waymark-workspace", workspace);
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    const auto stream = stub_->ReadJournal(&context, request);
    Answer answer;
    v1::ReadJournalResponse message;
    while (stream->Read(&message)) answer.messages.push_back(message);
    answer.status = rpc::FromGrpc(stream->Finish());
    return answer;
  }

  void ExpectInvalid(const v1::ReadJournalRequest& request, const std::string& field) {
    const Answer answer = Call(request);
    EXPECT_TRUE(absl::IsInvalidArgument(answer.status)) << answer.status;
    ASSERT_THAT(ViolationsOf(answer.status), SizeIs(1));
    EXPECT_EQ(ViolationsOf(answer.status)[0].field, field);
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = FreshDatabase(GetParam());
  std::unique_ptr<sql::Database> health_db_ = FreshDatabase(GetParam());
  std::unique_ptr<Journal> milestone_ = Value(Journal::Open("milestone", *db_, clock_));
  std::unique_ptr<Journal> health_ = Value(Journal::Open("health", *health_db_, clock_));
  std::unique_ptr<rpc::Authorizer> authorizer_ = rpc::Authorizer::Off();
  JournalServiceImpl service_{*authorizer_, {milestone_.get(), health_.get()}};
  Serving server_{service_};
  std::unique_ptr<v1::JournalService::Stub> stub_ = v1::JournalService::NewStub(server_.Channel());
};
INSTANTIATE_TEST_SUITE_P(Engines, JournalServiceTest, support::BothEngines(), support::EngineName);

TEST_P(JournalServiceTest, SendsWhatIsThereAndEnds) {
  Tell(*milestone_, {{.workspace = "acme", .key = "customer-7", .type = kStageEntered, .payload = "setup", .depth = 2},
                     Entered("globex", "customer-1", "setup")});
  const Answer answer = Call(AfterNothing(absl::Seconds(60)));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  ASSERT_THAT(answer.messages, SizeIs(1));
  EXPECT_EQ(answer.messages[0].epoch(), milestone_->epoch());
  ASSERT_EQ(answer.messages[0].entries_size(), 2);
  for (const v1::JournalEntry& entry : answer.messages[0].entries()) {
    if (entry.workspace() != "acme") continue;
    EXPECT_EQ(entry.lane(), kLane);
    EXPECT_EQ(entry.position(), 1);
    EXPECT_EQ(entry.key(), "customer-7");
    EXPECT_EQ(entry.record_time().seconds(), absl::ToUnixSeconds(Noon()));
    EXPECT_EQ(entry.depth(), 2);
    EXPECT_EQ(entry.payload().type_url(), absl::StrCat("type.googleapis.com/", kStageEntered));
    EXPECT_EQ(entry.payload().value(), "setup");
  }
  EXPECT_EQ(answer.reached().at(kLane), 1);
}

TEST_P(JournalServiceTest, GoesOnBehindThePositionsGiven) {
  Tell(*milestone_, Many("acme", "customer-7", 5));
  const Answer answer = Call(After({{kLane, 3}}));
  EXPECT_THAT(answer.payloads(), ElementsAre("4", "5"));
  EXPECT_EQ(answer.reached(), (std::map<int, int64_t>{{kLane, 5}}));
}

TEST_P(JournalServiceTest, TheJournalNamedIsRead) {
  Tell(*milestone_, Many("acme", "customer-7", 1));
  Tell(*health_, {Entered("acme", "customer-7", "a band")});
  v1::ReadJournalRequest request = AfterNothing();
  request.set_journal("health");
  EXPECT_THAT(Call(request).payloads(), ElementsAre("a band"));
}

TEST_P(JournalServiceTest, AWorkspaceSeesItsOwnAloneAndIsToldHowFar) {
  std::string stranger = "customer-1";
  while (LaneOf("globex", stranger) != kLane) stranger += "1";
  Tell(*milestone_, Many("acme", "customer-7", 2));
  Tell(*milestone_, Many("globex", stranger, 3));
  const Answer acme = Call(After({{kLane, 0}}), "acme");
  EXPECT_THAT(acme.payloads(), ElementsAre("1", "2"));
  EXPECT_EQ(acme.reached(), (std::map<int, int64_t>{{kLane, 5}}));
  const Answer initech = Call(After({{kLane, 0}}), "initech");
  EXPECT_TRUE(initech.status.ok());
  EXPECT_THAT(initech.payloads(), IsEmpty());
  EXPECT_EQ(initech.reached(), (std::map<int, int64_t>{{kLane, 5}}));
}

TEST_P(JournalServiceTest, NothingNewIsNoMessage) {
  Tell(*milestone_, Many("acme", "customer-7", 2));
  const Answer answer = Call(After({{kLane, 2}}));
  EXPECT_TRUE(answer.status.ok());
  EXPECT_THAT(answer.messages, IsEmpty());
}

TEST_P(JournalServiceTest, WaitsForNewsAndEndsWithThem) {
  std::thread teller([&] { Tell(*milestone_, Many("acme", "customer-7", 1)); });
  EXPECT_THAT(Call(AfterNothing(absl::Seconds(60))).payloads(), ElementsAre("1"));
  teller.join();
}

TEST_P(JournalServiceTest, NoticesWhatAnotherReplicaCommits) {
  const auto replica = Value(Journal::Open("milestone", *db_, clock_));
  std::thread teller([&] { Tell(*replica, Many("acme", "customer-7", 1)); });
  EXPECT_THAT(Call(AfterNothing(absl::Seconds(60))).payloads(), ElementsAre("1"));
  teller.join();
}

TEST_P(JournalServiceTest, NewsOfOthersDoNotEndAWorkspacesWait) {
  const std::string stranger = "customer-1";
  std::thread teller([&] {
    for (int i = 0; i < 5; ++i) Tell(*milestone_, Many("globex", stranger, 1));
    Tell(*milestone_, Many("acme", "customer-7", 1));
  });
  const Answer answer = Call(AfterNothing(absl::Seconds(60)), "acme");
  teller.join();
  EXPECT_THAT(answer.messages, SizeIs(1));
  EXPECT_THAT(answer.payloads(), ElementsAre("1"));
}

TEST_P(JournalServiceTest, LongStretchesComeInMessagesOfAThousandEntriesOrAMegabyte) {
  Tell(*milestone_, Many("acme", "customer-7", 2500));
  std::vector<NewEntry> large = Many("acme", "customer-8", 40);
  for (NewEntry& entry : large) entry.payload = std::string(60'000, 'x');
  Tell(*milestone_, large);
  const Answer answer = Call(AfterNothing());
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_THAT(answer.payloads(), SizeIs(2540));
  for (const auto& message : answer.messages) {
    EXPECT_LE(message.entries_size(), 1000);
    EXPECT_LE(message.ByteSizeLong(), 2'300'000);
  }
  EXPECT_EQ(answer.reached().at(kLane), 2500);
}

TEST_P(JournalServiceTest, ACancelledCallEnds) {
  grpc::ClientContext context;
  context.AddMetadata("waymark-workspace", "*");
  const auto stream = stub_->ReadJournal(&context, AfterNothing(absl::Seconds(60)));
  context.TryCancel();
  v1::ReadJournalResponse message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The server goes at the end of the test and would hang if the handler still waited.
}

TEST_P(JournalServiceTest, NobodyWaitsOnceItIsStopping) {
  std::thread stopper([&] { service_.StopWaiting(); });
  const Answer waited = Call(AfterNothing(absl::Seconds(60)));
  stopper.join();
  EXPECT_TRUE(waited.status.ok()) << waited.status;
  EXPECT_THAT(waited.messages, IsEmpty());
}

TEST_P(JournalServiceTest, RefusesWhatIsNotARequest) {
  Tell(*milestone_, Many("acme", "customer-7", 2));
  ExpectInvalid(After({}), "after");
  ExpectInvalid(After({{3, 0}, {16, 0}}), "after[1].lane");
  ExpectInvalid(After({{3, -1}}), "after[0].position");
  v1::ReadJournalRequest twice = After({{3, 0}});
  twice.add_after()->set_lane(3);
  ExpectInvalid(twice, "after[1].lane");
  v1::ReadJournalRequest no_epoch = After({{kLane, 2}});
  no_epoch.clear_epoch();
  ExpectInvalid(no_epoch, "epoch");
  ExpectInvalid(AfterNothing(absl::Seconds(61)), "max_wait");
  ExpectInvalid(AfterNothing(absl::Seconds(-1)), "max_wait");
}

TEST_P(JournalServiceTest, AnUnknownJournalIsNotFound) {
  v1::ReadJournalRequest request = AfterNothing();
  request.set_journal("notification");
  EXPECT_TRUE(absl::IsNotFound(Call(request).status));
}

TEST_P(JournalServiceTest, AnotherEpochOrAPositionBeyondTheEndIsDataLoss) {
  Tell(*milestone_, Many("acme", "customer-7", 2));
  v1::ReadJournalRequest request = After({{kLane, 2}});
  request.set_epoch(request.epoch() - 1);
  const Answer epoch = Call(request);
  EXPECT_TRUE(absl::IsDataLoss(epoch.status)) << epoch.status;
  EXPECT_EQ(ReasonOf(epoch.status), "EPOCH_CHANGED");
  const Answer beyond = Call(After({{kLane, 3}}));
  EXPECT_TRUE(absl::IsDataLoss(beyond.status)) << beyond.status;
  EXPECT_EQ(ReasonOf(beyond.status), "EPOCH_CHANGED");
}

TEST_P(JournalServiceTest, DamageIsAnsweredWithoutItsCauseAndNothingOfTheBlock) {
  Tell(*milestone_, Many("acme", "customer-7", 2));
  Alter(*db_, "UPDATE journal_block SET checksum = checksum + 1");
  const Answer damaged = Call(AfterNothing());
  EXPECT_TRUE(absl::IsInternal(damaged.status));
  EXPECT_THAT(damaged.messages, IsEmpty());
  EXPECT_THAT(std::string(damaged.status.message()), Not(HasSubstr("lane")));
  Alter(*db_, "DELETE FROM journal_block");
  EXPECT_TRUE(absl::IsInternal(Call(AfterNothing()).status));
}

TEST_P(JournalServiceTest, The257thReaderAtOnceIsSentAway) {
  // Whichever comes last; the others wait for news.
  std::vector<grpc::ClientContext> contexts(257);
  std::vector<absl::Status> ends(contexts.size());
  std::vector<std::thread> readers;
  std::atomic<int> refusals = 0;
  absl::Notification refused;
  for (size_t i = 0; i < contexts.size(); ++i) {
    readers.emplace_back([&, i] {
      contexts[i].AddMetadata("waymark-workspace", "*");
      const auto stream = stub_->ReadJournal(&contexts[i], AfterNothing(absl::Seconds(60)));
      v1::ReadJournalResponse message;
      while (stream->Read(&message)) {
      }
      ends[i] = rpc::FromGrpc(stream->Finish());
      if (absl::IsResourceExhausted(ends[i]) && refusals++ == 0) refused.Notify();
    });
  }
  refused.WaitForNotification();
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(refusals, 1);
  const auto one = std::find_if(ends.begin(), ends.end(), absl::IsResourceExhausted);
  EXPECT_EQ(RetryAfterOf(*one), absl::Seconds(1));
  EXPECT_EQ(std::count_if(ends.begin(), ends.end(), absl::IsCancelled), 256);
  absl::Status later = *one;
  while (!later.ok()) later = Call(AfterNothing()).status;
}

TEST_P(JournalServiceTest, TellsWhereAJournalStands) {
  Tell(*milestone_, Many("acme", "customer-7", 5));
  grpc::ClientContext context;
  v1::GetJournalInfoRequest request;
  request.set_journal("milestone");
  v1::GetJournalInfoResponse info;
  ASSERT_TRUE(stub_->GetJournalInfo(&context, request, &info).ok());
  EXPECT_EQ(info.epoch(), milestone_->epoch());
  ASSERT_EQ(info.heads_size(), kLanes);
  for (const v1::LanePosition& head : info.heads()) EXPECT_EQ(head.position(), int(head.lane()) == kLane ? 5 : 0);

  grpc::ClientContext again;
  request.set_journal("nobody");
  EXPECT_EQ(stub_->GetJournalInfo(&again, request, &info).error_code(), grpc::StatusCode::NOT_FOUND);
}

class JournalKeysTest : public ::testing::Test {
 protected:
  // A service's key and one of workspace acme.
  std::unique_ptr<rpc::Authorizer> Keys() {
    std::ofstream(folder_.File("credentials")) << Sha256Hex("of-health") << " * service\n"
                                               << Sha256Hex("of-acme") << " acme reader\n";
    return Value(rpc::Authorizer::FromFile(folder_.File("credentials")));
  }

  absl::Status StatusFor(const std::string& workspace, const std::string& key) {
    grpc::ClientContext context;
    context.AddMetadata("waymark-workspace", workspace);
    context.AddMetadata("authorization", "Bearer " + key);
    v1::ReadJournalRequest request;
    request.set_journal("milestone");
    request.add_after();
    const auto stream = stub_->ReadJournal(&context, request);
    v1::ReadJournalResponse message;
    while (stream->Read(&message)) {
    }
    return rpc::FromGrpc(stream->Finish());
  }

  support::TempDir folder_;
  RealClock clock_;
  std::unique_ptr<sql::Database> db_ = FreshDatabase(sql::Engine::kSqlite);
  std::unique_ptr<Journal> journal_ = Value(Journal::Open("milestone", *db_, clock_));
  std::unique_ptr<rpc::Authorizer> authorizer_ = Keys();
  JournalServiceImpl service_{*authorizer_, {journal_.get()}};
  Serving server_{service_};
  std::unique_ptr<v1::JournalService::Stub> stub_ = v1::JournalService::NewStub(server_.Channel());
};

TEST_F(JournalKeysTest, OnlyAServiceReadsAllWorkspaces) {
  EXPECT_TRUE(StatusFor("*", "of-health").ok());
  EXPECT_TRUE(StatusFor("acme", "of-acme").ok());
  EXPECT_TRUE(absl::IsUnauthenticated(StatusFor("*", "of-acme")));
  EXPECT_TRUE(absl::IsUnauthenticated(StatusFor("globex", "of-acme")));
  EXPECT_TRUE(absl::IsUnauthenticated(StatusFor("acme", "of-nobody")));
}

}  // namespace
}  // namespace waymark::journal
