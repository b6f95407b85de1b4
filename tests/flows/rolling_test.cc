// A rolling restart of every service, two replicas each on one PostgreSQL, while clients call them with the service
// config that is shipped: no call fails, and no event is lost. Where WAYMARK_PREVIOUS names a folder with an earlier
// release's programs, it is an upgrade: the releases run side by side on one database.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "tests/flows/deployment.h"
#include "tests/support/delay.h"
#include "tests/support/redis_server.h"
#include "waymark/health/v1/scorecard.grpc.pb.h"
#include "waymark/journey/v1/journey.grpc.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"
#include "waymark/notification/v1/notification.grpc.pb.h"

namespace waymark::flows {
namespace {

const char* const kServices[] = {"journey", "milestone", "health", "notification"};
constexpr int kClients = 3;

std::string ShippedServiceConfig() {
  std::ifstream file(absl::StrCat(WAYMARK_SOURCE_DIR, "/deploy/service_config.json"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Calls each service in turn.
class Client {
 public:
  Client(const Deployment& deployment, int number) : number_(number) {
    for (const char* service : kServices) {
      grpc::ChannelArguments arguments;
      arguments.SetServiceConfigJSON(ShippedServiceConfig());
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      channels_[service] =
          grpc::CreateCustomChannel(deployment.target(service), grpc::InsecureChannelCredentials(), arguments);
    }
  }

  void CallEach() {
    ++round_;
    Journeys();
    Milestones();
    Call<health::v1::ScorecardService>("health", &health::v1::ScorecardService::Stub::ListScorecards,
                                       health::v1::ListScorecardsRequest());
    Call<notification::v1::NotificationService>("notification",
                                                &notification::v1::NotificationService::Stub::ListDeliveries,
                                                notification::v1::ListDeliveriesRequest());
  }

  int64_t calls() const { return calls_; }
  int64_t events() const { return events_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  void Journeys() {
    if (round_ % 10 == 1) {
      journey::v1::CreateJourneyRequest create;
      create.set_request_id(absl::StrCat("create-", number_, "-", round_));
      create.mutable_journey()->set_journey_id(absl::StrCat("j-", number_, "-", round_));
      create.mutable_journey()->set_title("Journey");
      Call<journey::v1::JourneyService>("journey", &journey::v1::JourneyService::Stub::CreateJourney, create);
    }
    Call<journey::v1::JourneyService>("journey", &journey::v1::JourneyService::Stub::ListJourneys,
                                      journey::v1::ListJourneysRequest());
  }
  void Milestones() {
    milestone::v1::IngestEventsRequest ingest;
    for (int i = 0; i < 5; ++i) {
      milestone::v1::Event* event = ingest.add_events();
      event->set_event_id(absl::StrCat("e-", number_, "-", round_, "-", i));
      event->set_customer_id(absl::StrCat("customer-", number_));
      event->set_type("used");
      event->mutable_event_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) - 10);
    }
    const auto stored =
        Call<milestone::v1::EventService>("milestone", &milestone::v1::EventService::Stub::IngestEvents, ingest);
    events_ += stored.results_size();
    milestone::v1::GetCurrentStageRequest stage;
    stage.set_customer_id(absl::StrCat("customer-", number_));
    stage.mutable_consistency()->set_at_least_as_fresh(stored.consistency_token());
    Call<milestone::v1::MilestoneService>("milestone", &milestone::v1::MilestoneService::Stub::GetCurrentStage, stage);
  }

  template <typename Service, typename Request, typename Response>
  Response Call(const std::string& service,
                grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    const auto stub = Service::NewStub(channels_.at(service));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(15));
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    ++calls_;
    if (!status.ok()) {
      failures_.push_back(
          absl::StrCat(Request::descriptor()->name(), ": ", status.error_code(), " ", status.error_message()));
    }
    return response;
  }

  const int number_;
  int64_t round_ = 0, calls_ = 0, events_ = 0;
  std::vector<std::string> failures_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

TEST(RollingTest, NoCallFailsAndNoEventIsLost) {
  support::RedisServer redis;
  Deployment deployment(sql::Engine::kPostgres, redis.url());
  const char* const previous = std::getenv("WAYMARK_PREVIOUS");
  if (previous != nullptr) deployment.UseBinaries(previous);
  for (const char* service : kServices) {
    deployment.Start(service);
    deployment.Start(absl::StrCat(service, "#2"));
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<Client>(deployment, i));
  std::atomic<bool> ending = false;
  std::atomic<int64_t> rounds = 0;
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Client>& client : clients) {
    threads.emplace_back([&ending, &rounds, client = client.get()] {
      for (; !ending; ++rounds) client->CallEach();
    });
  }
  const auto go_on = [&] {
    for (const int64_t until = rounds + 10 * kClients; rounds < until;) support::BeSlow(absl::Milliseconds(1));
  };
  go_on();
  deployment.UseBinaries("");
  for (const char* service : kServices) {
    for (const std::string& replica : {std::string(service), absl::StrCat(service, "#2")}) {
      EXPECT_EQ(deployment.Stop(replica), 0) << replica;
      go_on();  // On one leg.
      deployment.Start(replica);
      go_on();
    }
  }
  ending = true;
  for (std::thread& thread : threads) thread.join();

  int64_t calls = 0, events = 0;
  for (const std::unique_ptr<Client>& client : clients) {
    for (const std::string& failure : client->failures()) ADD_FAILURE() << failure;
    calls += client->calls();
    events += client->events();
  }
  EXPECT_GT(calls, 1'000);
  const auto stub = milestone::v1::MilestoneService::NewStub(
      grpc::CreateChannel(deployment.address("milestone"), grpc::InsecureChannelCredentials()));
  int64_t stored = 0;
  for (int i = 0; i < kClients; ++i) {
    milestone::v1::GetProgressRequest request;
    request.set_customer_id(absl::StrCat("customer-", i));
    milestone::v1::GetProgressResponse progress;
    grpc::ClientContext context;
    const grpc::Status status = stub->GetProgress(&context, request, &progress);
    ASSERT_TRUE(status.ok()) << status.error_message();
    stored += progress.event_count();
  }
  EXPECT_EQ(stored, events);
}

// What the services call each other with is what clients are given.
TEST(ServiceConfigTest, TheShippedOneIsTheOneUsed) {
  EXPECT_EQ(ShippedServiceConfig(), absl::StrCat(rpc::kServiceConfig, "\n"));
}

}  // namespace
}  // namespace waymark::flows
