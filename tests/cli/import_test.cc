// What `waymark import events` promises, against a server that does as a test tells it.
#include "services/cli/import.h"

#include <gmock/gmock.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <deque>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "services/cli/waymark_client.h"
#include "tests/support/temp_dir.h"
#include "waymark/milestone/v1/customer.grpc.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"

namespace waymark::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Takes events: the first with an id is accepted, others are duplicates, those of type `bad` invalid. Before that it
// answers with the failures it was given, one per call.
class Receiver final : public milestone::v1::EventService::Service {
 public:
  grpc::Status IngestEvents(grpc::ServerContext* context, const milestone::v1::IngestEventsRequest* request,
                            milestone::v1::IngestEventsResponse* response) override {
    absl::MutexLock lock(&mutex_);
    if (!failures_.empty()) {
      const absl::Status failure = failures_.front();
      failures_.pop_front();
      return rpc::ToGrpc(failure);
    }
    ++calls_;
    peers_.insert(context->peer());
    backfill_ = request->backfill();
    const auto workspace = context->client_metadata().find("waymark-workspace");
    workspaces_.insert(workspace == context->client_metadata().end()
                           ? ""
                           : std::string(workspace->second.data(), workspace->second.size()));
    for (const milestone::v1::Event& event : request->events()) {
      milestone::v1::EventResult& result = *response->add_results();
      if (event.type() == "bad") {
        result.set_outcome(milestone::v1::EVENT_OUTCOME_INVALID);
        result.set_field("type");
        result.set_message("is bad; choose another one");
      } else {
        const bool is_new = ids_.insert(event.event_id()).second;
        result.set_outcome(is_new ? milestone::v1::EVENT_OUTCOME_ACCEPTED : milestone::v1::EVENT_OUTCOME_DUPLICATE);
      }
    }
    return grpc::Status::OK;
  }

  void Fail(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    failures_.push_back(std::move(status));
  }

  absl::Mutex mutex_;
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> ids_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> peers_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> workspaces_ ABSL_GUARDED_BY(mutex_);
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool backfill_ ABSL_GUARDED_BY(mutex_) = false;
};

// Answers what the import asks before it sends.
class Customers final : public milestone::v1::CustomerService::Service {
  grpc::Status ListCustomers(grpc::ServerContext*, const milestone::v1::ListCustomersRequest*,
                             milestone::v1::ListCustomersResponse*) override {
    return grpc::Status::OK;
  }
};

class ImportTest : public testing::Test {
 protected:
  // Writes a file of events e0, e1, … and returns its path.
  std::string Events(int count, const std::string& last_lines = "") {
    std::string text = "event_id,customer_id,type,event_time\n";
    for (int i = 0; i < count; ++i) absl::StrAppend(&text, "e", i, ",acme,login,2026-05-04T09:00:00Z\n");
    support::WriteFile(dir_.File("events.csv"), text + last_lines);
    return dir_.File("events.csv");
  }

  absl::Status Import(ImportOptions options, Format format = Format::kTable) {
    options.sender.first_pause = absl::Milliseconds(1);
    options.sender.give_up = absl::Milliseconds(500);
    const Session session{.client = *client_, .format = format, .out = out_, .err = err_};
    return ImportEvents(session, options);
  }

  const support::TempDir dir_;
  Receiver receiver_;
  Customers customers_;
  std::unique_ptr<rpc::Server> server_ = *rpc::Server::Start({.address = "127.0.0.1:0"}, {&receiver_, &customers_});
  std::unique_ptr<WaymarkClient> client_ =
      *WaymarkClient::Create({.address = absl::StrCat("127.0.0.1:", server_->port())});
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ImportTest, EveryEventIsSentOnceInBatchesAsBackfill) {
  EXPECT_TRUE(Import({.path = Events(2500)}).ok());
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.ids_.size(), 2500);
  EXPECT_EQ(receiver_.calls_, 3);
  EXPECT_TRUE(receiver_.backfill_);
  EXPECT_THAT(out_.str(), HasSubstr("2,500 events sent in "));
  EXPECT_THAT(out_.str(), HasSubstr("accepted         2,500"));
}

TEST_F(ImportTest, LiveEventsAreNoBackfill) {
  EXPECT_TRUE(Import({.path = Events(1), .live = true}).ok());
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_FALSE(receiver_.backfill_);
}

TEST_F(ImportTest, RepeatsOverSeveralConnectionsAreAnsweredDuplicate) {
  EXPECT_TRUE(Import({.path = Events(1000),
                      .arrangement = {.shuffle_seed = 7, .most_repeats = 3, .repeat_seed = 1},
                      .connections = 4,
                      .batch = 20},
                     Format::kJson)
                  .ok());
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.ids_.size(), 1000);
  EXPECT_EQ(receiver_.peers_.size(), 4);
  EXPECT_THAT(out_.str(), HasSubstr("\"accepted\": 1000"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\"duplicate\": 0")));
}

TEST_F(ImportTest, WhatIsWrongIsToldByLineAndTheRestIsStored) {
  const absl::Status status = Import({.path = Events(3, "e8,acme,bad,2026-05-04T09:00:00Z\ne9,acme,login,never\n")});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 events not stored"));
  EXPECT_THAT(out_.str(), HasSubstr("line 5: invalid: type: is bad; choose another one\n"));
  EXPECT_THAT(out_.str(), HasSubstr("line 6: unreadable: time: \"never\" is not a time"));
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.ids_.size(), 3);
}

TEST_F(ImportTest, AServerThatIsBusyIsAskedAgain) {
  for (int i = 0; i < 3; ++i) receiver_.Fail(Overloaded("too many events wait", absl::Milliseconds(1)));
  EXPECT_TRUE(Import({.path = Events(10)}).ok());
  EXPECT_THAT(err_.str(), HasSubstr("trying again: too many events wait"));
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.ids_.size(), 10);
}

TEST_F(ImportTest, AServerThatStaysBusyFailsTheImportAndWhatWasSentIsTold) {
  for (int i = 0; i < 100'000; ++i) receiver_.Fail(Overloaded("too many events wait", absl::Milliseconds(1)));
  EXPECT_EQ(Import({.path = Events(10)}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(out_.str(), HasSubstr("0 events sent"));
}

TEST_F(ImportTest, ARefusalEndsTheImport) {
  receiver_.Fail(Error(absl::StatusCode::kPermissionDenied, "ROLE_REFUSED", "the key may only read"));
  EXPECT_EQ(Import({.path = Events(10)}).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ImportTest, ACutFileIsAnErrorAfterWhatItHolds) {
  std::string text = "event_id,customer_id,type,event_time\n";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, "e", i * 7919, ",acme,login,2026-05-04T09:00:00Z\n");
  const gzFile file = gzopen(dir_.File("events.csv.gz").c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  const std::string packed = support::ReadFile(dir_.File("events.csv.gz"));
  support::WriteFile(dir_.File("cut.csv.gz"), packed.substr(0, packed.size() / 2));

  const absl::Status status = Import({.path = dir_.File("cut.csv.gz")});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cut.csv.gz is cut"));
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_GT(receiver_.ids_.size(), 1000);
  EXPECT_THAT(out_.str(), HasSubstr("events sent in"));
}

TEST_F(ImportTest, WorkspacesInTheFileAreSentApart) {
  support::WriteFile(dir_.File("all.csv"),
                     "event_id,customer,type,time\ne1,north|7,login,2026-05-04T09:00:00Z\n"
                     "e2,south|7,login,2026-05-04T09:00:00Z\n");
  EXPECT_TRUE(Import({.path = dir_.File("all.csv"), .read = {.workspace_before = "|"}}).ok());
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_THAT(receiver_.workspaces_, ElementsAre("north", "south"));
}

TEST_F(ImportTest, LargeEventsAreSpreadOverCalls) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&text, R"({"event_id": "e)", i, R"(", "customer_id": "acme", "type": "login", "event_time": )",
                    R"("2026-05-04T09:00:00Z", "properties": {"note": ")", std::string(60'000, 'x'), "\"}}\n");
  }
  support::WriteFile(dir_.File("large.jsonl"), text);
  EXPECT_TRUE(Import({.path = dir_.File("large.jsonl")}).ok());
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.ids_.size(), 100);
  EXPECT_EQ(receiver_.calls_, 2);
}

TEST_F(ImportTest, AnEventThatFitsNoCallIsUnreadableAndSpoilsNone) {
  std::string numbers = "1";
  for (int i = 0; i < 400'000; ++i) numbers += ",1";
  support::WriteFile(dir_.File("huge.jsonl"),
                     absl::StrCat(R"({"event_id": "e1", "customer_id": "acme", "type": "login", "event_time": )",
                                  R"("2026-05-04T09:00:00Z"})", "\n",
                                  R"({"event_id": "e2", "customer_id": "acme", "type": "login", "event_time": )",
                                  R"("2026-05-04T09:00:00Z", "properties": {"all": [)", numbers, "]}}\n"));
  EXPECT_FALSE(Import({.path = dir_.File("huge.jsonl")}).ok());
  EXPECT_THAT(out_.str(), HasSubstr("line 2: unreadable: larger than 1 MiB; an event has at most 64 kB"));
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_THAT(receiver_.ids_, ElementsAre("e1"));
}

TEST_F(ImportTest, NothingIsSentWhereTheColumnsAreWrong) {
  support::WriteFile(dir_.File("x.csv"), "id,customer,type,time\ne1,acme,login,2026-05-04T09:00:00Z\n");
  const absl::Status status = Import({.path = dir_.File("x.csv")});
  EXPECT_EQ(ReasonOf(status), "USAGE");
  absl::MutexLock lock(&receiver_.mutex_);
  EXPECT_EQ(receiver_.calls_, 0);
}

TEST_F(ImportTest, AServerThatIsNotThereIsToldAtOnce) {
  server_->Stop();
  server_.reset();
  EXPECT_TRUE(IsUnreachable(Import({.path = Events(1)})));
}

}  // namespace
}  // namespace waymark::cli
