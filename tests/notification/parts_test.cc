// The notification service as a client sees it, following other services' journals: real servers in this process, a
// real database, a real receiver.
#include "services/notification/parts.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/journal/journal_service.h"
#include "common/journal/token.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/notification/channel_store.h"
#include "tests/support/databases.h"
#include "tests/support/http_receiver.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "waymark/health/v1/facts.pb.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/notification/v1/channel.grpc.pb.h"
#include "waymark/notification/v1/notification.grpc.pb.h"
#include "waymark/notification/v1/playbook.grpc.pb.h"

namespace waymark::notification {
namespace {

using support::HttpReceiver;
using support::HttpRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// Another service, of which there is only its journal.
class Told {
 public:
  Told(std::string name, const Clock& clock, const rpc::Authorizer& authorizer)
      : db_(support::OpenFresh(sql::Engine::kSqlite, {journal::Journal::schema()})),
        journal_(journal::Journal::Open(std::move(name), *db_, clock).value()),
        service_(authorizer, {journal_.get()}),
        server_(rpc::Server::Start({}, {&service_}).value()) {}

  // Tells facts about a customer, in one transaction; returns the token of the last.
  std::string Tell(const std::string& customer_id, const std::vector<const google::protobuf::Message*>& facts,
                   const std::string& workspace = "acme") {
    const int lane = journal::LaneOf(workspace, customer_id);
    journal::Lanes lanes;
    const absl::Status told = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(lanes, journal_->Lock(tx, {lane}));
      std::vector<journal::NewEntry> entries;
      for (const google::protobuf::Message* fact : facts) {
        entries.push_back({workspace, customer_id, fact->GetTypeName(), fact->SerializeAsString(), 1});
      }
      lanes.Append(std::move(entries));
      return journal_->Store(tx, lanes);
    });
    EXPECT_TRUE(told.ok()) << told;
    journal_->Announce(lanes);
    return journal::MakeToken({{journal_->name(), journal_->epoch(), lane, lanes.Head(lane)}});
  }

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(); }

 private:
  const std::unique_ptr<sql::Database> db_;
  const std::unique_ptr<journal::Journal> journal_;
  journal::JournalServiceImpl service_;
  const std::unique_ptr<rpc::Server> server_;
};

template <typename Fact>
void SetContext(Fact& fact, const std::string& customer_id, const std::string& effect_key) {
  fact.mutable_context()->set_customer_id(customer_id);
  fact.mutable_context()->set_journey_id("onboarding");
  fact.mutable_context()->set_version(1);
  fact.mutable_context()->set_effect_key(effect_key);
}

milestone::v1::StageEntered Entered(const std::string& customer_id, const std::string& stage_key = "adoption") {
  milestone::v1::StageEntered fact;
  SetContext(fact, customer_id, absl::StrCat("stage/", customer_id, "/", stage_key));
  fact.set_stage_key(stage_key);
  fact.set_previous_stage_key("setup");
  fact.mutable_enter_time()->set_seconds(1'777'896'000);
  return fact;
}

milestone::v1::MilestoneAchieved Achieved(const std::string& customer_id) {
  milestone::v1::MilestoneAchieved fact;
  SetContext(fact, customer_id, "milestone/" + customer_id);
  fact.set_stage_key("setup");
  fact.set_milestone_key("first-report");
  return fact;
}

health::v1::BandChanged TurnedRed(const std::string& customer_id) {
  health::v1::BandChanged fact;
  fact.set_customer_id(customer_id);
  fact.set_scorecard_id("health");
  fact.set_previous_band(health::v1::BAND_GREEN);
  fact.set_band(health::v1::BAND_RED);
  fact.set_health_millipoints(31'250);
  fact.set_effect_key("band/" + customer_id);
  return fact;
}

v1::PlaybookDefinition Sending(const std::string& channel_id, const std::string& text = "About {{customer_id}}.") {
  v1::PlaybookDefinition definition;
  definition.mutable_trigger()->mutable_stage_entered()->set_journey_id("onboarding");
  definition.mutable_trigger()->mutable_stage_entered()->set_stage_key("adoption");
  v1::Step& step = *definition.add_steps();
  step.set_key("tell");
  step.mutable_send()->set_channel_id(channel_id);
  step.mutable_send()->set_title("{{customer_id}} went on");
  step.mutable_send()->set_text(text);
  return definition;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

class NotificationTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  using Playbooks = v1::PlaybookService::Stub;
  using Channels = v1::ChannelService::Stub;
  using Notifications = v1::NotificationService::Stub;

  void SetUp() override { Serve(rpc::Authorizer::Off()); }

  void Serve(std::unique_ptr<rpc::Authorizer> authorizer) {
    server_.reset();
    parts_.reset();
    authorizer_ = std::move(authorizer);
    parts_ = NewParts();
    server_ = rpc::Server::Start({}, parts_->services()).value();
    playbooks_ = v1::PlaybookService::NewStub(server_->InProcessChannel());
    channels_ = v1::ChannelService::NewStub(server_->InProcessChannel());
    notifications_ = v1::NotificationService::NewStub(server_->InProcessChannel());
  }
  std::unique_ptr<Parts> NewParts() {
    std::unique_ptr<Parts> parts = Parts::Start(*db_, clock_, *authorizer_, {.webhook_allow = {"127.0.0.0/8"}}).value();
    parts->Follow(milestone_.Channel(), health_.Channel(), "", absl::ZeroDuration());
    return parts;
  }

  // Runs every loop until none has anything to do.
  static void Settle(Parts& parts) {
    const std::vector<Loop> loops = parts.loops();
    for (bool busy = true; busy;) {
      busy = false;
      for (const Loop& loop : loops) {
        const absl::StatusOr<bool> done = loop.run_once();
        ASSERT_TRUE(done.ok()) << loop.name << ": " << done.status();
        busy |= *done;
      }
    }
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const std::string& workspace = "acme",
                                const std::string& key = "") {
    grpc::ClientContext context;
    rpc::AddCredential(context, key, workspace);
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    Response response;
    const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  static v1::CreateChannelRequest WebhookRequest(const std::string& channel_id, const std::string& url,
                                                 const std::string& secret = kSecret) {
    v1::CreateChannelRequest request;
    request.mutable_channel()->set_channel_id(channel_id);
    request.mutable_channel()->set_title("Ops");
    request.mutable_channel()->mutable_webhook()->set_url(url);
    request.set_webhook_secret(secret);
    return request;
  }
  auto Create(const v1::CreateChannelRequest& request, const std::string& workspace = "acme") {
    return Call(*channels_, &Channels::CreateChannel, request, workspace);
  }
  auto CreatePlaybook(const std::string& id, const std::string& request_id = "",
                      const std::string& workspace = "acme") {
    v1::CreatePlaybookRequest request;
    request.mutable_playbook()->set_playbook_id(id);
    request.mutable_playbook()->set_title("Welcome");
    request.set_request_id(request_id);
    return Call(*playbooks_, &Playbooks::CreatePlaybook, request, workspace);
  }
  auto CreateDraft(const std::string& id, const v1::PlaybookDefinition& definition,
                   const std::string& request_id = "") {
    v1::CreateDraftRequest request;
    request.set_playbook_id(id);
    *request.mutable_definition() = definition;
    request.set_request_id(request_id);
    return Call(*playbooks_, &Playbooks::CreateDraft, request);
  }
  auto Publish(const std::string& id, uint32_t number, const std::string& etag = "",
               const std::string& request_id = "") {
    v1::PublishVersionRequest request;
    request.set_playbook_id(id);
    request.set_number(number);
    request.set_etag(etag);
    request.set_request_id(request_id);
    return Call(*playbooks_, &Playbooks::PublishVersion, request);
  }
  auto GetVersion(const std::string& id, uint32_t number, const std::string& workspace = "acme") {
    v1::GetVersionRequest request;
    request.set_playbook_id(id);
    request.set_number(number);
    return Call(*playbooks_, &Playbooks::GetVersion, request, workspace);
  }
  auto GetChannel(const std::string& id, const std::string& workspace = "acme") {
    v1::GetChannelRequest request;
    request.set_channel_id(id);
    return Call(*channels_, &Channels::GetChannel, request, workspace);
  }
  auto GetDelivery(const std::string& id, const std::string& workspace = "acme") {
    v1::GetDeliveryRequest request;
    request.set_delivery_id(id);
    return Call(*notifications_, &Notifications::GetDelivery, request, workspace);
  }
  auto List(const v1::ListDeliveriesRequest& request, const std::string& workspace = "acme") {
    return Call(*notifications_, &Notifications::ListDeliveries, request, workspace);
  }
  std::vector<v1::Delivery> Deliveries() {
    const auto listed = List({});
    EXPECT_TRUE(listed.ok()) << listed.status();
    return {listed->deliveries().begin(), listed->deliveries().end()};
  }
  // A published playbook that sends on `channel_id`.
  void Play(const std::string& id, const v1::PlaybookDefinition& definition) {
    ASSERT_TRUE(CreatePlaybook(id).ok());
    const auto draft = CreateDraft(id, definition);
    ASSERT_TRUE(draft.ok()) << draft.status();
    const auto published = Publish(id, draft->version().number());
    ASSERT_TRUE(published.ok()) << published.status();
  }

  std::chrono::system_clock::duration timeout_ = std::chrono::seconds(30);
  // The verifier of signatures knows only the machine's time.
  VirtualClock clock_{absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()))};
  std::unique_ptr<rpc::Authorizer> authorizer_ = rpc::Authorizer::Off();
  const std::unique_ptr<rpc::Authorizer> open_ = rpc::Authorizer::Off();
  Told milestone_{"milestone", clock_, *open_};
  Told health_{"health", clock_, *open_};
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), Parts::schemas());
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Playbooks> playbooks_;
  std::unique_ptr<Channels> channels_;
  std::unique_ptr<Notifications> notifications_;
};
INSTANTIATE_TEST_SUITE_P(Engines, NotificationTest, support::BothEngines(), support::EngineName);

TEST_P(NotificationTest, AStageEnteredBecomesOneWebhookThatTheOfficialLibraryVerifies) {
  HttpReceiver receiver;
  v1::CreateChannelRequest request = WebhookRequest("ops", receiver.url(), "");
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  Play("welcome", Sending("ops", "From {{previous_stage_key}} to {{stage_key}} of {{journey_id}}."));
  const milestone::v1::StageEntered fact = Entered("globex");
  milestone_.Tell("globex", {&fact});
  Settle(*parts_);

  ASSERT_THAT(receiver.received(), SizeIs(1));
  const HttpRequest hook = receiver.received()[0];
  const auto verified =
      support::RunToEnd({.argv = {"node", WAYMARK_SOURCE_DIR "/tests/support/verify_webhook.mjs",
                                  created->webhook_secret(), hook.headers.at("webhook-id"),
                                  hook.headers.at("webhook-timestamp"), hook.headers.at("webhook-signature")},
                         .env = {},
                         .folder = "",
                         .user = "",
                         .input = hook.body});
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->exit_code, 0) << verified->err;
  v1::WebhookBody body;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(hook.body, &body).ok());
  EXPECT_EQ(body.type(), "stage.entered");
  EXPECT_EQ(body.data().text(), "From setup to adoption of onboarding.");

  ASSERT_THAT(Deliveries(), SizeIs(1));
  const v1::Delivery listed = Deliveries()[0];
  EXPECT_EQ(listed.state(), v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_THAT(listed.attempts(), IsEmpty()) << "absent in lists";
  const v1::Delivery delivery = GetDelivery(listed.delivery_id())->delivery();
  EXPECT_EQ(delivery.notification().playbook_id(), "welcome");
  EXPECT_EQ(delivery.notification().playbook_version(), 1);
  EXPECT_EQ(delivery.notification().customer_id(), "globex");
  EXPECT_EQ(delivery.notification().effect_key(), "stage/globex/adoption");
  EXPECT_EQ(delivery.wire_id(), hook.headers.at("webhook-id"));
  EXPECT_FALSE(delivery.has_next_time());
  ASSERT_THAT(delivery.attempts(), SizeIs(1));
  EXPECT_EQ(delivery.attempts(0).outcome(), v1::ATTEMPT_OUTCOME_ACCEPTED);
  EXPECT_EQ(delivery.attempts(0).response_code(), 200);
}

TEST_P(NotificationTest, BandsAndMilestonesSetOffWhatWaitsForThem) {
  HttpReceiver receiver;
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  v1::PlaybookDefinition red = Sending("ops", "{{previous_band}} to {{band}}, {{health}} points on {{scorecard_id}}");
  red.mutable_trigger()->mutable_band_changed()->set_scorecard_id("health");
  red.mutable_trigger()->mutable_band_changed()->set_band(health::v1::BAND_RED);
  Play("rescue", red);
  v1::PlaybookDefinition report = Sending("ops", "{{milestone_key}} in {{stage_key}}");
  report.mutable_trigger()->mutable_milestone_achieved()->set_journey_id("onboarding");
  report.mutable_trigger()->mutable_milestone_achieved()->set_milestone_key("first-report");
  Play("praise", report);
  const health::v1::BandChanged turned = TurnedRed("globex");
  health_.Tell("globex", {&turned});
  const milestone::v1::MilestoneAchieved achieved = Achieved("globex");
  milestone_.Tell("globex", {&achieved});
  Settle(*parts_);
  std::set<std::string> texts;
  for (const v1::Delivery& delivery : Deliveries()) texts.insert(delivery.notification().text());
  EXPECT_THAT(texts, ElementsAre("first-report in setup", "green to red, 31.2 points on health"));
  EXPECT_THAT(receiver.received(), SizeIs(2));
}

TEST_P(NotificationTest, NewsOfThePastSendsNothingNorDoesItsEffectKeyLater) {
  HttpReceiver receiver;
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  Play("welcome", Sending("ops"));
  v1::PlaybookDefinition red = Sending("ops");
  red.mutable_trigger()->mutable_band_changed()->set_scorecard_id("health");
  red.mutable_trigger()->mutable_band_changed()->set_band(health::v1::BAND_RED);
  Play("rescue", red);
  v1::PlaybookDefinition report = Sending("ops");
  report.mutable_trigger()->mutable_milestone_achieved()->set_journey_id("onboarding");
  report.mutable_trigger()->mutable_milestone_achieved()->set_milestone_key("first-report");
  Play("praise", report);
  for (const bool historical : {true, false}) {
    milestone::v1::StageEntered entered = Entered("globex");
    entered.mutable_context()->set_historical(historical);
    milestone::v1::MilestoneAchieved achieved = Achieved("globex");
    achieved.mutable_context()->set_historical(historical);
    health::v1::BandChanged turned = TurnedRed("globex");
    turned.set_historical(historical);
    milestone_.Tell("globex", {&entered, &achieved});
    health_.Tell("globex", {&turned});
    Settle(*parts_);
    EXPECT_THAT(Deliveries(), IsEmpty());
  }
  EXPECT_EQ(receiver.connections(), 0);
  // All three wait for the like of it.
  const milestone::v1::StageEntered entered = Entered("initech");
  const milestone::v1::MilestoneAchieved achieved = Achieved("initech");
  const health::v1::BandChanged turned = TurnedRed("initech");
  milestone_.Tell("initech", {&entered, &achieved});
  health_.Tell("initech", {&turned});
  Settle(*parts_);
  EXPECT_THAT(receiver.received(), SizeIs(3));
}

TEST_P(NotificationTest, RevisionsAndOtherThingsSendNothing) {
  HttpReceiver receiver;
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  Play("welcome", Sending("ops"));
  milestone::v1::StageRevised revised;
  SetContext(revised, "globex", "stage/globex/adoption");
  revised.set_stage_key("adoption");
  milestone::v1::MilestoneRevised milestone_revised;
  SetContext(milestone_revised, "globex", "milestone/globex");
  milestone::v1::EventAccepted event;
  milestone::v1::CustomerEnrolled enrolled;
  SetContext(enrolled, "globex", "enrolled/globex");
  milestone::v1::JourneyCompleted completed;
  SetContext(completed, "globex", "completed/globex");
  const milestone::v1::StageEntered elsewhere = Entered("globex", "renewal");
  milestone_.Tell("globex", {&event, &enrolled, &revised, &milestone_revised, &completed, &elsewhere});
  const milestone::v1::StageEntered foreign = Entered("globex");
  milestone_.Tell("globex", {&foreign}, "initech");
  Settle(*parts_);
  EXPECT_THAT(Deliveries(), IsEmpty());
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_P(NotificationTest, AnEffectIsAnsweredOnceWhateverRepeatsIt) {
  HttpReceiver receiver;
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  Play("welcome", Sending("ops"));
  const milestone::v1::StageEntered fact = Entered("globex");
  milestone_.Tell("globex", {&fact, &fact});
  Settle(*parts_);
  milestone_.Tell("globex", {&fact});
  Settle(*parts_);
  const auto second = CreateDraft("welcome", Sending("ops", "Another text."));
  ASSERT_TRUE(Publish("welcome", second->version().number()).ok());
  milestone_.Tell("globex", {&fact});
  Settle(*parts_);
  EXPECT_THAT(Deliveries(), SizeIs(1));
  EXPECT_THAT(receiver.received(), SizeIs(1));
}

TEST_P(NotificationTest, TwoReplicasFollowAndSendEverythingOnce) {
  HttpReceiver receiver;
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  Play("welcome", Sending("ops"));
  for (int i = 0; i < 40; ++i) {
    const std::string customer = absl::StrCat("customer-", i);
    const milestone::v1::StageEntered fact = Entered(customer);
    milestone_.Tell(customer, {&fact});
  }
  const std::unique_ptr<Parts> other = NewParts();
  std::thread replica([&] { Settle(*other); });
  Settle(*parts_);
  replica.join();
  Settle(*parts_);
  std::set<std::string> customers;
  for (const v1::Delivery& delivery : Deliveries()) customers.insert(delivery.notification().customer_id());
  EXPECT_THAT(Deliveries(), SizeIs(40));
  EXPECT_THAT(customers, SizeIs(40));
  EXPECT_THAT(receiver.received(), SizeIs(40));
}

TEST_P(NotificationTest, AFactOfUnknownTypeStopsItsLaneAndNothingOfItIsLost) {
  ASSERT_TRUE(Create(WebhookRequest("ops", "http://127.0.0.1:1/")).ok());
  Play("welcome", Sending("ops"));
  const milestone::v1::StageEntered fact = Entered("globex");
  v1::WebhookBody unknown;
  milestone_.Tell("globex", {&fact, &unknown});
  absl::Status stopped;
  for (const Loop& loop : parts_->loops()) {
    if (loop.name == "notification follows milestone") stopped = loop.run_once().status();
  }
  EXPECT_EQ(stopped.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(stopped.message(), HasSubstr("waymark.notification.v1.WebhookBody are not known here"));
  EXPECT_THAT(Deliveries(), IsEmpty()) << "what stands before it waits with it";
}

// Channels.

TEST_P(NotificationTest, AGeneratedSecretIsToldOnce) {
  v1::CreateChannelRequest request = WebhookRequest("ops", "https://example.com/hook", "");
  request.set_request_id("r1");
  const auto first = Create(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->webhook_secret(), HasSubstr("whsec_"));
  EXPECT_FALSE(first->consistency_token().empty());
  const auto repeat = Create(request);
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  EXPECT_EQ(repeat->webhook_secret(), "");
  EXPECT_EQ(repeat->channel().DebugString(), first->channel().DebugString());
  const auto other = Create(WebhookRequest("sales", "https://example.com/hook", ""));
  EXPECT_NE(other->webhook_secret(), first->webhook_secret());
}

TEST_P(NotificationTest, ASecretIsInNoAnswerErrorOrLog) {
  ::testing::internal::CaptureStderr();
  std::string told;
  v1::CreateChannelRequest request = WebhookRequest("ops", "http://127.0.0.1:1/");
  request.set_request_id("r1");
  told += Create(request)->DebugString();
  told += Create(request)->DebugString();
  request.mutable_channel()->set_title("Other");
  told += Create(request).status().ToString();
  request.set_request_id("");
  told += Create(request).status().ToString();
  told += Create(WebhookRequest("Ops", "http://127.0.0.1:1/")).status().ToString();
  told += Create(WebhookRequest("log", "file:///x")).status().ToString();
  told += Create(WebhookRequest("bad", "http://127.0.0.1:1/", std::string(kSecret) + "!")).status().ToString();
  told += GetChannel("ops")->DebugString();
  told += Call(*channels_, &Channels::ListChannels, v1::ListChannelsRequest())->DebugString();
  Play("welcome", Sending("ops"));
  const milestone::v1::StageEntered fact = Entered("globex");
  milestone_.Tell("globex", {&fact});
  Settle(*parts_);
  told += GetDelivery(Deliveries().at(0).delivery_id())->DebugString();
  told += ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(absl::StrContains(told, std::string(kSecret).substr(6))) << told;
}

TEST_P(NotificationTest, MalformedChannelsAreRefusedByField) {
  EXPECT_THAT(FieldsOf(Create(WebhookRequest("Ops", "https://example.com")).status()),
              ElementsAre("channel.channel_id"));
  v1::CreateChannelRequest untitled = WebhookRequest("ops", "https://example.com");
  untitled.mutable_channel()->clear_title();
  EXPECT_THAT(FieldsOf(Create(untitled).status()), ElementsAre("channel.title"));
  EXPECT_THAT(FieldsOf(Create(WebhookRequest("ops", "ftp://example.com")).status()),
              ElementsAre("channel.webhook.url"));
  EXPECT_THAT(FieldsOf(Create(WebhookRequest("ops", "https://example.com", "whsec_c2hvcnQ=")).status()),
              ElementsAre("webhook_secret"));
  v1::CreateChannelRequest log = WebhookRequest("ops", "");
  log.mutable_channel()->mutable_log();
  EXPECT_THAT(FieldsOf(Create(log).status()), ElementsAre("webhook_secret"));
  log.mutable_channel()->clear_log();
  EXPECT_THAT(FieldsOf(Create(log).status()), ElementsAre("channel.kind"));
  v1::CreateChannelRequest long_id = WebhookRequest("ops", "https://example.com");
  long_id.set_request_id(std::string(101, 'r'));
  EXPECT_THAT(FieldsOf(Create(long_id).status()), ElementsAre("request_id"));
}

TEST_P(NotificationTest, AChannelIsCreatedOnce) {
  v1::CreateChannelRequest request = WebhookRequest("ops", "https://example.com");
  request.set_request_id("r1");
  ASSERT_TRUE(Create(request).ok());
  v1::CreateChannelRequest other = WebhookRequest("sales", "https://example.com");
  other.set_request_id("r1");
  EXPECT_EQ(ReasonOf(Create(other).status()), "REQUEST_ID_REUSED");
  other = request;
  other.set_webhook_secret("whsec_" + std::string(32, 'A'));
  EXPECT_EQ(ReasonOf(Create(other).status()), "REQUEST_ID_REUSED") << "another secret is another request";
  EXPECT_EQ(ReasonOf(Create(WebhookRequest("ops", "https://example.com")).status()), "ALREADY_EXISTS");
  EXPECT_TRUE(Create(request, "globex").ok()) << "another workspace's";
}

TEST_P(NotificationTest, ChannelsAreListedByIdInPages) {
  for (const char* id : {"c", "a", "b"}) ASSERT_TRUE(Create(WebhookRequest(id, "https://example.com")).ok());
  v1::ListChannelsRequest request;
  request.set_page_size(2);
  const auto first = Call(*channels_, &Channels::ListChannels, request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_THAT(first->channels(), SizeIs(2));
  EXPECT_EQ(first->channels(0).channel_id(), "a");
  request.set_page_token(first->next_page_token());
  const auto second = Call(*channels_, &Channels::ListChannels, request);
  ASSERT_THAT(second->channels(), SizeIs(1));
  EXPECT_EQ(second->channels(0).channel_id(), "c");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_THAT(FieldsOf(Call(*channels_, &Channels::ListChannels, request, "globex").status()),
              ElementsAre("page_token"));
  request.set_page_size(-1);
  EXPECT_THAT(FieldsOf(Call(*channels_, &Channels::ListChannels, request).status()), ElementsAre("page_size"));
}

// Playbooks.

TEST_P(NotificationTest, MalformedPlaybooksAreRefusedByField) {
  EXPECT_THAT(FieldsOf(CreatePlaybook("Welcome").status()), ElementsAre("playbook.playbook_id"));
  v1::CreatePlaybookRequest untitled;
  untitled.mutable_playbook()->set_playbook_id("welcome");
  EXPECT_THAT(FieldsOf(Call(*playbooks_, &Playbooks::CreatePlaybook, untitled).status()),
              ElementsAre("playbook.title"));
  EXPECT_THAT(FieldsOf(CreatePlaybook("welcome", std::string(101, 'r')).status()), ElementsAre("request_id"));
}

TEST_P(NotificationTest, APlaybookIsCreatedOnce) {
  const auto created = CreatePlaybook("welcome", "r1");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(CreatePlaybook("welcome", "r1")->DebugString(), created->DebugString()) << "a repeat answers the same";
  EXPECT_EQ(ReasonOf(CreatePlaybook("welcome").status()), "ALREADY_EXISTS");
  EXPECT_EQ(ReasonOf(CreatePlaybook("rescue", "r1").status()), "REQUEST_ID_REUSED");
}

TEST_P(NotificationTest, PlaybooksAreListedByIdInPages) {
  for (const char* id : {"b", "a"}) ASSERT_TRUE(CreatePlaybook(id).ok());
  ASSERT_TRUE(CreatePlaybook("c", "", "globex").ok());
  v1::ListPlaybooksRequest request;
  request.set_page_size(1);
  const auto first = Call(*playbooks_, &Playbooks::ListPlaybooks, request);
  EXPECT_EQ(first->playbooks(0).playbook_id(), "a");
  request.set_page_token(first->next_page_token());
  const auto second = Call(*playbooks_, &Playbooks::ListPlaybooks, request);
  EXPECT_EQ(second->playbooks(0).playbook_id(), "b");
  EXPECT_EQ(second->next_page_token(), "");
  request.set_page_token("nonsense");
  EXPECT_THAT(FieldsOf(Call(*playbooks_, &Playbooks::ListPlaybooks, request).status()), ElementsAre("page_token"));
  request.set_page_size(-1);
  EXPECT_THAT(FieldsOf(Call(*playbooks_, &Playbooks::ListPlaybooks, request).status()), ElementsAre("page_size"));
}

TEST_P(NotificationTest, EveryFaultOfADraftIsNamed) {
  ASSERT_TRUE(CreatePlaybook("welcome").ok());
  v1::PlaybookDefinition definition = Sending("Ops", std::string(4001, 'x'));
  definition.mutable_trigger()->mutable_stage_entered()->set_journey_id("");
  definition.mutable_trigger()->mutable_stage_entered()->set_stage_key("No");
  definition.mutable_steps(0)->mutable_send()->set_title("Two\nlines");
  *definition.add_steps() = definition.steps(0);
  definition.mutable_steps(1)->clear_send();
  EXPECT_THAT(FieldsOf(CreateDraft("welcome", definition).status()),
              ElementsAre("definition.trigger.stage_entered.journey_id", "definition.trigger.stage_entered.stage_key",
                          "definition.steps[0].send.channel_id", "definition.steps[0].send.title",
                          "definition.steps[0].send.text", "definition.steps[1]", "definition.steps[1].key"));
  EXPECT_THAT(FieldsOf(CreateDraft("welcome", {}).status()), ElementsAre("definition.trigger", "definition.steps"));
  definition = Sending("ops");
  definition.mutable_trigger()->mutable_band_changed()->set_scorecard_id("health");
  EXPECT_THAT(FieldsOf(CreateDraft("welcome", definition).status()),
              ElementsAre("definition.trigger.band_changed.band"));
  definition = Sending("ops");
  definition.mutable_trigger()->mutable_milestone_achieved();
  EXPECT_THAT(FieldsOf(CreateDraft("welcome", definition).status()),
              ElementsAre("definition.trigger.milestone_achieved.journey_id",
                          "definition.trigger.milestone_achieved.milestone_key"));
  definition = Sending("ops");
  while (definition.steps_size() < 21) *definition.add_steps() = definition.steps(0);
  EXPECT_THAT(FieldsOf(CreateDraft("welcome", definition).status()), ElementsAre("definition.steps"));
}

TEST_P(NotificationTest, ADraftNeedsItsPlaybookAndAShortNote) {
  EXPECT_EQ(CreateDraft("nowhere", Sending("ops")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CreateDraft("Not A Name", Sending("ops")).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(CreatePlaybook("welcome").ok());
  v1::CreateDraftRequest request;
  request.set_playbook_id("welcome");
  *request.mutable_definition() = Sending("ops");
  request.set_change_note(std::string(2001, 'n'));
  EXPECT_THAT(FieldsOf(Call(*playbooks_, &Playbooks::CreateDraft, request).status()), ElementsAre("change_note"));
  ASSERT_TRUE(CreateDraft("welcome", Sending("ops"), "r1").ok());
  EXPECT_EQ(CreateDraft("welcome", Sending("ops"), "r1")->version().number(), 1) << "a repeat";
  EXPECT_EQ(ReasonOf(CreateDraft("welcome", Sending("sales"), "r1").status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(CreateDraft("welcome", Sending("ops"))->version().number(), 2);
  EXPECT_EQ(GetVersion("welcome", 1)->version().content_hash(), GetVersion("welcome", 2)->version().content_hash());
}

TEST_P(NotificationTest, WhatCannotWorkIsNotPublished) {
  ASSERT_TRUE(Create(WebhookRequest("ops", "https://example.com")).ok());
  ASSERT_TRUE(CreatePlaybook("welcome").ok());
  const auto refused = [&](const v1::PlaybookDefinition& definition) {
    const auto draft = CreateDraft("welcome", definition);
    const absl::Status status = Publish("welcome", draft->version().number()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  };
  EXPECT_THAT(refused(Sending("nowhere")), HasSubstr("\"nowhere\", which does not exist"));
  EXPECT_THAT(refused(Sending("ops", "{{band}}")), HasSubstr("names the unknown variable band"));
  EXPECT_THAT(refused(Sending("ops", "{{#stage_key}}")), HasSubstr("is malformed"));
  ASSERT_TRUE(db_->Transact([](sql::Transaction& tx) { return DisableChannel(tx, "acme", "ops"); }).ok());
  EXPECT_EQ(GetChannel("ops")->channel().state(), v1::CHANNEL_STATE_DISABLED);
  EXPECT_THAT(refused(Sending("ops")), HasSubstr("is disabled"));
}

TEST_P(NotificationTest, AVersionIsPublishedOnceInOrder) {
  ASSERT_TRUE(Create(WebhookRequest("ops", "https://example.com")).ok());
  ASSERT_TRUE(CreatePlaybook("welcome").ok());
  EXPECT_EQ(GetVersion("welcome", 0).status().code(), absl::StatusCode::kNotFound) << "nothing is published";
  ASSERT_TRUE(CreateDraft("welcome", Sending("ops")).ok());
  const auto draft = CreateDraft("welcome", Sending("ops"));
  EXPECT_EQ(Publish("nowhere", 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Publish("welcome", 7).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(Publish("welcome", 2, "another etag").status()), "ETAG_MISMATCH");
  const auto published = Publish("welcome", 2, draft->version().etag(), "r1");
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->version().state(), v1::VERSION_STATE_PUBLISHED);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Publish("welcome", 2)->version().DebugString(), published->version().DebugString()) << "already";
  EXPECT_EQ(ReasonOf(Publish("welcome", 1).status()), "WRONG_STATE") << "a later one is";
  EXPECT_EQ(ReasonOf(Publish("welcome", 1, "", "r1").status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(GetVersion("welcome", 0)->version().number(), 2);
  EXPECT_EQ(GetVersion("welcome", 9).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetVersion("nowhere", 1).status().code(), absl::StatusCode::kNotFound);
  v1::GetPlaybookRequest request;
  request.set_playbook_id("welcome");
  EXPECT_EQ(Call(*playbooks_, &Playbooks::GetPlaybook, request)->playbook().latest_published_number(), 2);
  request.set_playbook_id("nowhere");
  EXPECT_EQ(Call(*playbooks_, &Playbooks::GetPlaybook, request).status().code(), absl::StatusCode::kNotFound);
}

// Deliveries.

TEST_P(NotificationTest, DeliveriesAreListedByCustomerAndStateInPages) {
  HttpReceiver receiver([](int, const HttpRequest& request) {
    return support::Answer(absl::StrContains(request.body, "hooli") ? 500 : 200);
  });
  ASSERT_TRUE(Create(WebhookRequest("ops", receiver.url())).ok());
  Play("welcome", Sending("ops"));
  for (const char* customer : {"globex", "hooli", "initech"}) {
    const milestone::v1::StageEntered fact = Entered(customer);
    milestone_.Tell(customer, {&fact});
    Settle(*parts_);
    clock_.Advance(absl::Seconds(1));
  }
  const auto customers = [&](v1::ListDeliveriesRequest request) {
    std::vector<std::string> customers;
    const auto listed = List(request);
    for (const v1::Delivery& delivery : listed->deliveries()) {
      customers.push_back(delivery.notification().customer_id());
    }
    return customers;
  };
  EXPECT_THAT(customers({}), ElementsAre("initech", "hooli", "globex"));
  v1::ListDeliveriesRequest request;
  request.set_customer_id("hooli");
  EXPECT_THAT(customers(request), ElementsAre("hooli"));
  request.set_state(v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_THAT(customers(request), IsEmpty());
  request.clear_customer_id();
  request.set_page_size(1);
  EXPECT_THAT(customers(request), ElementsAre("initech"));
  const std::string next = List(request)->next_page_token();
  request.set_page_token(next);
  EXPECT_THAT(customers(request), ElementsAre("globex"));
  EXPECT_EQ(List(request)->next_page_token(), "");

  request.set_state(v1::DELIVERY_STATE_DEAD);
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("page_token")) << "of another list";
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("page_size"));
  request.clear_page_size();
  request.set_state(static_cast<v1::DeliveryState>(99));
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("state"));
  request.clear_state();
  request.set_customer_id("line\nbreak");
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("customer_id"));
}

TEST_P(NotificationTest, AReadWaitsForWhatItsTokenNames) {
  ASSERT_TRUE(Create(WebhookRequest("ops", "http://127.0.0.1:1/")).ok());
  Play("welcome", Sending("ops"));
  const milestone::v1::StageEntered fact = Entered("globex");
  v1::ListDeliveriesRequest request;
  request.mutable_consistency()->set_at_least_as_fresh(milestone_.Tell("globex", {&fact}));
  timeout_ = std::chrono::milliseconds(300);
  EXPECT_EQ(List(request).status().code(), absl::StatusCode::kDeadlineExceeded);
  timeout_ = std::chrono::seconds(30);
  Settle(*parts_);
  EXPECT_THAT(List(request)->deliveries(), SizeIs(1));
  request.mutable_consistency()->set_at_least_as_fresh("nonsense");
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("consistency.at_least_as_fresh"));
  request.mutable_consistency()->set_at_least_as_fresh(journal::MakeToken({{"journey", 1, 0, 1}}));
  EXPECT_THAT(FieldsOf(List(request).status()), ElementsAre("consistency.at_least_as_fresh"));
}

TEST_P(NotificationTest, AnotherWorkspacesThingsAreAsMissingOnesAre) {
  ASSERT_TRUE(Create(WebhookRequest("ops", "http://127.0.0.1:1/")).ok());
  Play("welcome", Sending("ops"));
  const milestone::v1::StageEntered fact = Entered("globex");
  milestone_.Tell("globex", {&fact});
  Settle(*parts_);
  const std::string id = Deliveries().at(0).delivery_id();
  EXPECT_EQ(GetDelivery(id, "hooli").status().message(), "there is no delivery \"" + id + "\"");
  EXPECT_EQ(GetDelivery("missing").status().message(), "there is no delivery \"missing\"");
  EXPECT_EQ(GetDelivery("").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetChannel("ops", "hooli").status().message(), "there is no channel \"ops\"");
  EXPECT_EQ(GetChannel("missing").status().message(), "there is no channel \"missing\"");
  EXPECT_EQ(GetVersion("welcome", 1, "hooli").status().message(), "there is no playbook \"welcome\"");
  EXPECT_THAT(List({}, "hooli")->deliveries(), IsEmpty());
}

TEST_P(NotificationTest, RolesMayDoWhatTheyMay) {
  const support::TempDir dir;
  std::string credentials;
  for (const char* role : {"reader", "writer", "admin"}) {
    absl::StrAppend(&credentials, Sha256Hex(role), " acme ", role, "\n");
  }
  support::WriteFile(dir.File("credentials"), credentials);
  Serve(rpc::Authorizer::FromFile(dir.File("credentials")).value());
  const auto codes = [&](const std::string& key) {
    v1::CreatePlaybookRequest create;
    create.mutable_playbook()->set_playbook_id("x" + key);
    create.mutable_playbook()->set_title("X");
    v1::CreateDraftRequest draft;
    draft.set_playbook_id("xadmin");
    *draft.mutable_definition() = Sending("ops");
    return std::vector<absl::StatusCode>{
        Call(*playbooks_, &Playbooks::CreatePlaybook, create, "", key).status().code(),
        Call(*playbooks_, &Playbooks::CreateDraft, draft, "", key).status().code(),
        Call(*playbooks_, &Playbooks::PublishVersion, v1::PublishVersionRequest(), "", key).status().code(),
        Call(*channels_, &Channels::CreateChannel, WebhookRequest("c" + key, "https://example.com"), "", key)
            .status()
            .code(),
        Call(*notifications_, &Notifications::ListDeliveries, v1::ListDeliveriesRequest(), "", key).status().code()};
  };
  constexpr auto kOk = absl::StatusCode::kOk, kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(codes("admin"), ElementsAre(kOk, kOk, absl::StatusCode::kNotFound, kOk, kOk));
  EXPECT_THAT(codes("writer"), ElementsAre(kDenied, kOk, kDenied, kDenied, kOk));
  EXPECT_THAT(codes("reader"), ElementsAre(kDenied, kDenied, kDenied, kDenied, kOk));
  EXPECT_THAT(codes("nobody"), ::testing::Each(absl::StatusCode::kUnauthenticated));
}

TEST_P(NotificationTest, OptionsThatCannotBeAreRefused) {
  EXPECT_THAT(FieldsOf(Parts::Start(*db_, clock_, *authorizer_, {.webhook_allow = {"10.0.0.0/99"}}).status()),
              ElementsAre("webhook-allow"));
  Options hasty;
  hasty.webhook_timeout = absl::Minutes(1);
  EXPECT_THAT(FieldsOf(Parts::Start(*db_, clock_, *authorizer_, hasty).status()), ElementsAre("webhook-timeout"));
}

}  // namespace
}  // namespace waymark::notification
