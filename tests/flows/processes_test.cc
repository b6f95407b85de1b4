// The flow with the four services as separate processes on PostgreSQL and Redis, and any one of them killed during it:
// the same stages, scores and notifications; what may have been sent twice has one webhook-id and says so.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/journal/journal.h"
#include "common/journal/token.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/delay.h"
#include "tests/support/http_receiver.h"
#include "tests/support/redis_server.h"
#include "waymark/health/v1/health.grpc.pb.h"
#include "waymark/health/v1/scorecard.grpc.pb.h"
#include "waymark/journey/v1/journey.grpc.pb.h"
#include "waymark/milestone/v1/analytics.grpc.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"
#include "waymark/notification/v1/channel.grpc.pb.h"
#include "waymark/notification/v1/notification.grpc.pb.h"
#include "waymark/notification/v1/playbook.grpc.pb.h"

namespace waymark::flows {
namespace {

// What some customers do, and what by the rules below must come of it. Health is 25 points an event.
struct Habit {
  std::vector<std::string> events;
  std::string stage;
  bool completed = false;
  health::v1::Band band = health::v1::BAND_RED;
  std::set<std::string> playbooks;  // What is told of each of them.
};
const Habit kHabits[] = {
    {.events = {"visit"}, .stage = "setup"},
    {.events = {"connect"}, .stage = "adoption", .playbooks = {"reached-adoption"}},
    {.events = {"connect", "report"},
     .stage = "adoption",
     .band = health::v1::BAND_YELLOW,
     .playbooks = {"reached-adoption"}},
    {.events = {"connect", "report", "report"},
     .stage = "renewal",
     .band = health::v1::BAND_GREEN,
     .playbooks = {"reached-adoption", "reached-renewal", "turned-green"}},
    {.events = {"connect", "report", "report", "renew"},
     .stage = "renewal",
     .completed = true,
     .band = health::v1::BAND_GREEN,
     .playbooks = {"reached-adoption", "reached-renewal", "turned-green"}},
};
constexpr int kCustomers = 60;
constexpr size_t kBatch = 5;
// So many webhooks have come when the service is killed: everything is under way then.
constexpr int kReceivedBefore = 8;

std::string CustomerOf(int i) { return absl::StrCat("customer-", i); }
const Habit& HabitOf(int i) { return kHabits[i % std::size(kHabits)]; }

// Who is told of what: playbook and customer.
using Told = std::pair<std::string, std::string>;
std::set<Told> ExpectedNotifications() {
  std::set<Told> expected;
  for (int i = 0; i < kCustomers; ++i) {
    for (const std::string& playbook : HabitOf(i).playbooks) expected.insert({playbook, CustomerOf(i)});
  }
  return expected;
}

// Everybody's first event, then everybody's second, …, in batches.
std::vector<milestone::v1::IngestEventsRequest> Batches() {
  const int64_t start = absl::ToUnixSeconds(absl::Now()) - 100;
  std::vector<milestone::v1::IngestEventsRequest> batches(1);
  for (size_t step = 0; step < 4; ++step) {
    for (int i = 0; i < kCustomers; ++i) {
      if (step >= HabitOf(i).events.size()) continue;
      if (batches.back().events_size() == kBatch) batches.emplace_back();
      milestone::v1::Event* event = batches.back().add_events();
      event->set_event_id(absl::StrCat("event-", step));
      event->set_customer_id(CustomerOf(i));
      event->set_type(HabitOf(i).events[step]);
      event->mutable_event_time()->set_seconds(start + static_cast<int64_t>(step));
    }
  }
  return batches;
}

// Looks again and again until `done`, for as long as a lease of a minute and a busy machine may take.
template <typename Done>
[[nodiscard]] bool Await(Done done) {
  for (const absl::Time deadline = absl::Now() + absl::Minutes(4); absl::Now() < deadline;) {
    if (done()) return true;
    support::BeSlow(absl::Milliseconds(20));
  }
  return false;
}

// The service that is killed; empty for none.
class ProcessesTest : public ::testing::TestWithParam<std::string> {
 protected:
  ProcessesTest() {
    for (const char* service : {"journey", "milestone", "health", "notification"}) {
      deployment_.Start(service);
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
      channels_[service] =
          grpc::CreateCustomChannel(deployment_.address(service), grpc::InsecureChannelCredentials(), arguments);
    }
  }

  template <typename Service, typename Request, typename Response>
  grpc::Status TryCall(const std::string& service,
                       grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                       const Request& request, Response& response) {
    const auto stub = Service::NewStub(channels_.at(service));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return (stub.get()->*method)(&context, request, &response);
  }
  template <typename Service, typename Request, typename Response>
  Response Call(const std::string& service,
                grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    Response response;
    const grpc::Status status = TryCall<Service>(service, method, request, response);
    EXPECT_TRUE(status.ok()) << service << ": " << status.error_message();
    return response;
  }

  void PublishJourney() {
    using journey::v1::JourneyService;
    journey::v1::CreateJourneyRequest create;
    create.mutable_journey()->set_journey_id("onboarding");
    create.mutable_journey()->set_title("Onboarding");
    Call<JourneyService>("journey", &JourneyService::Stub::CreateJourney, create);
    journey::v1::CreateDraftRequest draft;
    draft.set_journey_id("onboarding");
    draft.mutable_definition()->mutable_entry()->add_triggers()->mutable_any_event();
    const std::tuple<const char*, const char*, int> stages[] = {
        {"setup", "connect", 1}, {"adoption", "report", 2}, {"renewal", "renew", 1}};
    for (const auto& [key, event_type, at_least] : stages) {
      journey::v1::Stage* stage = draft.mutable_definition()->add_stages();
      stage->set_key(key);
      journey::v1::Milestone* milestone = stage->add_milestones();
      milestone->set_key(absl::StrCat(key, "_done"));
      milestone->set_scope(journey::v1::SCOPE_FROM_STAGE);
      milestone->mutable_criterion()->mutable_event_count()->add_event_types(event_type);
      milestone->mutable_criterion()->mutable_event_count()->set_at_least(at_least);
    }
    Call<JourneyService>("journey", &JourneyService::Stub::CreateDraft, draft);
    journey::v1::PublishVersionRequest publish;
    publish.set_journey_id("onboarding");
    publish.set_number(1);
    const auto published = Call<JourneyService>("journey", &JourneyService::Stub::PublishVersion, publish);
    // Events that come before milestone knows of it would be history.
    milestone::v1::GetFunnelRequest known;
    known.set_journey_id("onboarding");
    known.mutable_consistency()->set_at_least_as_fresh(published.consistency_token());
    Call<milestone::v1::AnalyticsService>("milestone", &milestone::v1::AnalyticsService::Stub::GetFunnel, known);
  }

  // One measure, and bands without any delay: what comes of the events depends on nothing else.
  void PublishScorecard() {
    using health::v1::ScorecardService;
    health::v1::CreateScorecardRequest create;
    create.mutable_scorecard()->set_scorecard_id("activity");
    create.mutable_scorecard()->set_title("Activity");
    Call<ScorecardService>("health", &ScorecardService::Stub::CreateScorecard, create);
    health::v1::CreateDraftRequest draft;
    draft.set_scorecard_id("activity");
    health::v1::Measure* measure = draft.mutable_definition()->add_measures();
    measure->set_key("events");
    measure->set_title("Events");
    measure->mutable_event_count()->set_days(30);
    measure->mutable_linear()->set_lo(0);
    measure->mutable_linear()->set_hi(4);
    draft.mutable_definition()->mutable_bands()->set_margin(0);
    draft.mutable_definition()->mutable_bands()->set_dwell_up_days(0);
    Call<ScorecardService>("health", &ScorecardService::Stub::CreateDraft, draft);
    health::v1::PublishVersionRequest publish;
    publish.set_scorecard_id("activity");
    publish.set_number(1);
    Call<ScorecardService>("health", &ScorecardService::Stub::PublishVersion, publish);
  }

  void PublishPlaybooks() {
    using notification::v1::PlaybookService;
    notification::v1::CreateChannelRequest channel;
    channel.mutable_channel()->set_channel_id("hook");
    channel.mutable_channel()->set_title("Hook");
    channel.mutable_channel()->mutable_webhook()->set_url(receiver_.url());
    Call<notification::v1::ChannelService>("notification", &notification::v1::ChannelService::Stub::CreateChannel,
                                           channel);
    for (const std::string id : {"reached-adoption", "reached-renewal", "turned-green"}) {
      notification::v1::CreatePlaybookRequest create;
      create.mutable_playbook()->set_playbook_id(id);
      create.mutable_playbook()->set_title(id);
      Call<PlaybookService>("notification", &PlaybookService::Stub::CreatePlaybook, create);
      notification::v1::CreateDraftRequest draft;
      draft.set_playbook_id(id);
      notification::v1::Trigger* trigger = draft.mutable_definition()->mutable_trigger();
      if (id == "turned-green") {
        trigger->mutable_band_changed()->set_scorecard_id("activity");
        trigger->mutable_band_changed()->set_band(health::v1::BAND_GREEN);
      } else {
        trigger->mutable_stage_entered()->set_journey_id("onboarding");
        trigger->mutable_stage_entered()->set_stage_key(id.substr(std::string("reached-").size()));
      }
      notification::v1::Step* step = draft.mutable_definition()->add_steps();
      step->set_key("tell");
      step->mutable_send()->set_channel_id("hook");
      step->mutable_send()->set_title(id);
      step->mutable_send()->set_text("{{customer_id}}");
      Call<PlaybookService>("notification", &PlaybookService::Stub::CreateDraft, draft);
      notification::v1::PublishVersionRequest publish;
      publish.set_playbook_id(id);
      publish.set_number(1);
      Call<PlaybookService>("notification", &PlaybookService::Stub::PublishVersion, publish);
    }
  }

  // Sends batches [begin, end) again and again until they are taken.
  void Send(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (bool taken = false; !taken;) {
        milestone::v1::IngestEventsResponse response;
        taken = TryCall<milestone::v1::EventService>("milestone", &milestone::v1::EventService::Stub::IngestEvents,
                                                     batches_[i], response)
                    .ok();
        for (const milestone::v1::EventResult& result : response.results()) {
          EXPECT_TRUE(result.outcome() == milestone::v1::EVENT_OUTCOME_ACCEPTED ||
                      result.outcome() == milestone::v1::EVENT_OUTCOME_DUPLICATE)
              << result.message();
        }
      }
      const absl::MutexLock lock(&mutex_);
      ++taken_;
    }
  }
  void WaitUntilTaken(size_t count) {
    const auto taken = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return taken_ >= count; };
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&taken));
  }

  // A token of everything that a service has told so far, by its database.
  std::string EverythingOf(const std::vector<std::string>& services) {
    std::vector<journal::TokenPosition> positions;
    const RealClock clock;
    for (const std::string& service : services) {
      const std::unique_ptr<sql::Database> db = support::OpenAt(deployment_.database(service));
      const auto journal = journal::Journal::Open(service, *db, clock).value();
      const absl::Status read = db->Read([&](sql::Transaction& tx) -> absl::Status {
        auto heads = journal->Heads(tx);
        if (!heads.ok()) return heads.status();
        for (const journal::Place& head : *heads) {
          positions.push_back(
              {.service = service, .epoch = journal->epoch(), .lane = head.lane, .position = head.position});
        }
        return absl::OkStatus();
      });
      EXPECT_TRUE(read.ok()) << read;
    }
    return journal::MakeToken(positions);
  }

  milestone::v1::GetCurrentStageResponse GetStage(const std::string& customer,
                                                  const type::v1::Consistency& consistency) {
    milestone::v1::GetCurrentStageRequest request;
    request.set_customer_id(customer);
    *request.mutable_consistency() = consistency;
    return Call<milestone::v1::MilestoneService>("milestone", &milestone::v1::MilestoneService::Stub::GetCurrentStage,
                                                 request);
  }

  void ExpectStages(const milestone::v1::CustomerStages& stages, const Habit& habit) {
    ASSERT_EQ(stages.enrollments_size(), 1);
    EXPECT_EQ(stages.enrollments(0).journey_id(), "onboarding");
    EXPECT_EQ(stages.enrollments(0).stage_key(), habit.stage);
    EXPECT_EQ(stages.enrollments(0).state(),
              habit.completed ? milestone::v1::ENROLLMENT_STATE_COMPLETED : milestone::v1::ENROLLMENT_STATE_ACTIVE);
  }

  void ExpectStageAndHealth(int i) {
    SCOPED_TRACE(CustomerOf(i));
    type::v1::Consistency consistency;
    consistency.set_fully_consistent(true);
    const auto stored = GetStage(CustomerOf(i), consistency);
    ExpectStages(stored.stages(), HabitOf(i));

    consistency.set_at_least_as_fresh(stored.consistency_token());
    milestone::v1::GetCurrentStageResponse cached;
    EXPECT_TRUE(Await([&] {
      cached = GetStage(CustomerOf(i), consistency);
      return cached.source() == milestone::v1::ANSWER_SOURCE_CACHE;
    }));
    ExpectStages(cached.stages(), HabitOf(i));

    health::v1::GetHealthRequest request;
    request.set_customer_id(CustomerOf(i));
    request.set_scorecard_id("activity");
    *request.mutable_consistency() = consistency;
    const health::v1::Health health =
        Call<health::v1::HealthService>("health", &health::v1::HealthService::Stub::GetHealth, request).health();
    EXPECT_EQ(health.health_millipoints(), 25'000 * static_cast<int>(HabitOf(i).events.size()));
    EXPECT_EQ(health.band(), HabitOf(i).band);
  }

  // All deliveries, once whatever milestone and health have told has been planned and everything planned has been sent.
  std::vector<notification::v1::Delivery> DeliveriesOnceQuiet() {
    notification::v1::ListDeliveriesRequest request;
    request.set_page_size(1000);
    request.mutable_consistency()->set_at_least_as_fresh(EverythingOf({"milestone", "health"}));
    std::vector<notification::v1::Delivery> deliveries;
    EXPECT_TRUE(Await([&] {
      const auto response = Call<notification::v1::NotificationService>(
          "notification", &notification::v1::NotificationService::Stub::ListDeliveries, request);
      EXPECT_EQ(response.next_page_token(), "");
      deliveries.assign(response.deliveries().begin(), response.deliveries().end());
      return std::all_of(deliveries.begin(), deliveries.end(), [](const notification::v1::Delivery& delivery) {
        return delivery.state() == notification::v1::DELIVERY_STATE_ACCEPTED;
      });
    }));
    return deliveries;
  }

  const std::vector<milestone::v1::IngestEventsRequest> batches_ = Batches();
  // Where the sender dies, the receiver has taken a message and never says so: nobody can know.
  support::HttpReceiver receiver_{[](int count, const support::HttpRequest&) {
    return GetParam() == "notification" && count == kReceivedBefore ? support::Silence() : support::Answer(200);
  }};
  support::RedisServer redis_;
  Deployment deployment_{sql::Engine::kPostgres, redis_.url()};
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

INSTANTIATE_TEST_SUITE_P(Killed, ProcessesTest, ::testing::Values("", "journey", "milestone", "health", "notification"),
                         [](const auto& killed) { return killed.param.empty() ? "None" : killed.param; });

TEST_P(ProcessesTest, SameStagesScoresAndNotificationsWhoeverIsKilled) {
  PublishJourney();
  PublishScorecard();
  PublishPlaybooks();
  const size_t half = batches_.size() / 2;
  Send(0, half);
  ASSERT_TRUE(receiver_.WaitFor(kReceivedBefore));
  std::thread client([&] { Send(half, batches_.size()); });
  WaitUntilTaken(half + 1);
  if (!GetParam().empty()) {
    deployment_.Kill(GetParam());
    if (GetParam() != "milestone") WaitUntilTaken(batches_.size() - 2);  // The others go on without it.
    deployment_.Start(GetParam());
  }
  client.join();
  receiver_.Release();

  for (int i = 0; i < kCustomers; ++i) ExpectStageAndHealth(i);
  const std::vector<notification::v1::Delivery> deliveries = DeliveriesOnceQuiet();

  std::map<std::string, notification::v1::Delivery> by_wire_id;
  for (const notification::v1::Delivery& delivery : deliveries) by_wire_id[delivery.wire_id()] = delivery;
  EXPECT_EQ(deliveries.size(), ExpectedNotifications().size());
  std::map<Told, std::string> received;  // And its webhook-id.
  size_t repeats = 0;
  for (const support::HttpRequest& request : receiver_.received()) {
    const nlohmann::json data = nlohmann::json::parse(request.body)["data"];
    const Told told = {data["playbook_id"], data["customer_id"]};
    const std::string& id = request.headers.at("webhook-id");
    const bool first = received.try_emplace(told, id).second;
    EXPECT_EQ(received[told], id) << told.first << " of " << told.second << " came under two ids";
    if (first) continue;
    ++repeats;
    EXPECT_TRUE(data["possible_duplicate"].get<bool>()) << request.body;
    EXPECT_TRUE(by_wire_id[id].possible_duplicate()) << id;
  }
  std::set<Told> told;
  for (const auto& [one, id] : received) told.insert(one);
  EXPECT_EQ(told, ExpectedNotifications());
  if (GetParam() == "notification") {
    EXPECT_GE(repeats, 1u);
  } else {
    EXPECT_EQ(repeats, 0u);
  }
  // An idle client reads that its server goes only every five seconds, and is waited for.
  channels_.clear();
  for (const char* service : {"notification", "health", "milestone", "journey"})
    EXPECT_EQ(deployment_.Stop(service), 0);
}

}  // namespace
}  // namespace waymark::flows
