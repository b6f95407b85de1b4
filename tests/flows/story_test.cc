// The whole flow in one process, on a virtual clock: journey → events → milestone → stage → health band → a webhook,
// once.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "common/rpc/status.h"
#include "services/cli/suite.h"
#include "tests/support/http_receiver.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "waymark/health/v1/health.grpc.pb.h"
#include "waymark/health/v1/scorecard.grpc.pb.h"
#include "waymark/journey/v1/journey.grpc.pb.h"
#include "waymark/milestone/v1/event.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"
#include "waymark/notification/v1/channel.grpc.pb.h"
#include "waymark/notification/v1/notification.grpc.pb.h"
#include "waymark/notification/v1/playbook.grpc.pb.h"

namespace waymark::flows {
namespace {

// A Monday morning. Real enough that the receiver's library, which looks at its own clock, finds the signature fresh.
absl::Time Monday() { return absl::Now(); }

class StoryTest : public ::testing::Test {
 protected:
  template <typename Service, typename Request, typename Response>
  Response Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    const auto stub = Service::NewStub(suite_->server().InProcessChannel());
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void Settle() {
    std::vector<Loop> loops = suite_->loops();
    for (bool did = true; did;) {
      did = false;
      for (const Loop& loop : loops) {
        const absl::StatusOr<bool> once = loop.run_once();
        ASSERT_TRUE(once.ok()) << loop.name << ": " << once.status();
        did = did || *once;
      }
    }
  }

  void PublishJourney() {
    journey::v1::CreateJourneyRequest create;
    create.mutable_journey()->set_journey_id("onboarding");
    create.mutable_journey()->set_title("Onboarding");
    Call<journey::v1::JourneyService>(&journey::v1::JourneyService::Stub::CreateJourney, create);
    journey::v1::CreateDraftRequest draft;
    draft.set_journey_id("onboarding");
    draft.mutable_definition()->mutable_entry()->add_triggers()->mutable_any_event();
    for (const char* key : {"setup", "adoption"}) {
      journey::v1::Stage* stage = draft.mutable_definition()->add_stages();
      stage->set_key(key);
      journey::v1::Milestone* milestone = stage->add_milestones();
      milestone->set_key(absl::StrCat(key, "_done"));
      milestone->set_scope(journey::v1::SCOPE_FROM_STAGE);
      milestone->mutable_criterion()->mutable_event_count()->add_event_types(std::string(key) == "setup" ? "connect"
                                                                                                         : "report");
      milestone->mutable_criterion()->mutable_event_count()->set_at_least(std::string(key) == "setup" ? 1 : 2);
    }
    Call<journey::v1::JourneyService>(&journey::v1::JourneyService::Stub::CreateDraft, draft);
    journey::v1::PublishVersionRequest publish;
    publish.set_journey_id("onboarding");
    publish.set_number(1);
    Call<journey::v1::JourneyService>(&journey::v1::JourneyService::Stub::PublishVersion, publish);
  }

  // One measure: days since anything happened.
  void PublishScorecard() {
    health::v1::CreateScorecardRequest create;
    create.mutable_scorecard()->set_scorecard_id("activity");
    create.mutable_scorecard()->set_title("Activity");
    Call<health::v1::ScorecardService>(&health::v1::ScorecardService::Stub::CreateScorecard, create);
    health::v1::CreateDraftRequest draft;
    draft.set_scorecard_id("activity");
    health::v1::Measure* measure = draft.mutable_definition()->add_measures();
    measure->set_key("recency");
    measure->set_title("Recency");
    measure->set_weight(1);
    measure->mutable_days_since();
    measure->mutable_half_life()->set_grace_days(2);
    measure->mutable_half_life()->set_half_life_days(7);
    Call<health::v1::ScorecardService>(&health::v1::ScorecardService::Stub::CreateDraft, draft);
    health::v1::PublishVersionRequest publish;
    publish.set_scorecard_id("activity");
    publish.set_number(1);
    Call<health::v1::ScorecardService>(&health::v1::ScorecardService::Stub::PublishVersion, publish);
  }

  // Tells the receiver of customers who reach adoption, and of those who turn red.
  void PublishPlaybooks() {
    notification::v1::CreateChannelRequest channel;
    channel.mutable_channel()->set_channel_id("hook");
    channel.mutable_channel()->set_title("Hook");
    channel.mutable_channel()->mutable_webhook()->set_url(receiver_.url());
    secret_ = Call<notification::v1::ChannelService>(&notification::v1::ChannelService::Stub::CreateChannel, channel)
                  .webhook_secret();
    for (const std::string id : {"reached-adoption", "turned-red"}) {
      notification::v1::CreatePlaybookRequest create;
      create.mutable_playbook()->set_playbook_id(id);
      create.mutable_playbook()->set_title(id);
      Call<notification::v1::PlaybookService>(&notification::v1::PlaybookService::Stub::CreatePlaybook, create);
      notification::v1::CreateDraftRequest draft;
      draft.set_playbook_id(id);
      notification::v1::Trigger* trigger = draft.mutable_definition()->mutable_trigger();
      if (id == "turned-red") {
        trigger->mutable_band_changed()->set_scorecard_id("activity");
        trigger->mutable_band_changed()->set_band(health::v1::BAND_RED);
      } else {
        trigger->mutable_stage_entered()->set_journey_id("onboarding");
        trigger->mutable_stage_entered()->set_stage_key("adoption");
      }
      notification::v1::Step* step = draft.mutable_definition()->add_steps();
      step->set_key("tell");
      step->mutable_send()->set_channel_id("hook");
      step->mutable_send()->set_title(id);
      step->mutable_send()->set_text("{{customer_id}}");
      Call<notification::v1::PlaybookService>(&notification::v1::PlaybookService::Stub::CreateDraft, draft);
      notification::v1::PublishVersionRequest publish;
      publish.set_playbook_id(id);
      publish.set_number(1);
      Call<notification::v1::PlaybookService>(&notification::v1::PlaybookService::Stub::PublishVersion, publish);
    }
  }

  void Send(const std::string& customer, const std::string& type, bool backfill = false) {
    milestone::v1::IngestEventsRequest request;
    request.set_backfill(backfill);
    milestone::v1::Event* event = request.add_events();
    event->set_event_id(absl::StrCat(type, "-", ++sent_));
    event->set_customer_id(customer);
    event->set_type(type);
    event->mutable_event_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    const auto response = Call<milestone::v1::EventService>(&milestone::v1::EventService::Stub::IngestEvents, request);
    EXPECT_EQ(response.results(0).outcome(), milestone::v1::EVENT_OUTCOME_ACCEPTED);
  }

  std::string StageOf(const std::string& customer) {
    milestone::v1::GetCurrentStageRequest request;
    request.set_customer_id(customer);
    const auto response =
        Call<milestone::v1::MilestoneService>(&milestone::v1::MilestoneService::Stub::GetCurrentStage, request);
    return response.stages().enrollments_size() == 1 ? response.stages().enrollments(0).stage_key() : "";
  }

  health::v1::Band BandOf(const std::string& customer) {
    health::v1::GetHealthRequest request;
    request.set_customer_id(customer);
    request.set_scorecard_id("activity");
    return Call<health::v1::HealthService>(&health::v1::HealthService::Stub::GetHealth, request).health().band();
  }

  support::TempDir dir_;
  support::HttpReceiver receiver_;
  VirtualClock clock_{Monday()};
  std::unique_ptr<cli::Suite> suite_ =
      cli::Suite::Start({.data_dir = dir_.path(), .webhook_allow = {"127.0.0.0/8"}}, clock_).value();
  std::string secret_;
  int sent_ = 0;
};

void ExpectVerified(const std::string& secret, const support::HttpRequest& request) {
  const auto verified =
      support::RunToEnd({.argv = {"node", WAYMARK_SOURCE_DIR "/tests/support/verify_webhook.mjs", secret,
                                  request.headers.at("webhook-id"), request.headers.at("webhook-timestamp"),
                                  request.headers.at("webhook-signature")},
                         .input = request.body});
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->exit_code, 0) << verified->err;
}

TEST_F(StoryTest, EventBecomesStageBandAndOneVerifiedWebhook) {
  PublishJourney();
  PublishScorecard();
  PublishPlaybooks();
  Settle();
  Send("acme", "connect");
  Settle();
  EXPECT_EQ(StageOf("acme"), "adoption");
  EXPECT_EQ(BandOf("acme"), health::v1::BAND_GREEN);
  ASSERT_EQ(receiver_.received().size(), 1u);
  EXPECT_NE(receiver_.received()[0].body.find("acme"), std::string::npos);
  ExpectVerified(secret_, receiver_.received()[0]);

  // Nothing happens for a month: the band turns red by itself, and that is told once.
  for (int day = 0; day < 30; ++day) {
    clock_.Advance(absl::Hours(24));
    Settle();
  }
  EXPECT_EQ(BandOf("acme"), health::v1::BAND_RED);
  ASSERT_EQ(receiver_.received().size(), 2u);
  EXPECT_NE(receiver_.received()[1].body.find("turned-red"), std::string::npos);
  EXPECT_NE(receiver_.received()[0].headers.at("webhook-id"), receiver_.received()[1].headers.at("webhook-id"));
}

TEST_F(StoryTest, HistoryMarkedBackfillSendsNothing) {
  PublishJourney();
  PublishScorecard();
  PublishPlaybooks();
  Settle();
  Send("acme", "connect", true);
  Settle();
  EXPECT_EQ(StageOf("acme"), "adoption");
  EXPECT_EQ(BandOf("acme"), health::v1::BAND_GREEN);
  EXPECT_TRUE(receiver_.received().empty());
  // What happens afterwards is news again.
  Send("bolt", "connect");
  Settle();
  EXPECT_EQ(receiver_.received().size(), 1u);
}

TEST_F(StoryTest, DemoOfAYearIsLivedInSeconds) {
  PublishJourney();
  Settle();
  for (int day = 0; day < 365; ++day) {
    clock_.Advance(absl::Hours(24));
    if (day % 30 == 0) Send(absl::StrCat("customer-", day), "connect");
    Settle();
  }
  EXPECT_EQ(StageOf("customer-360"), "adoption");
}

}  // namespace
}  // namespace waymark::flows
