// The health service as a client sees it, following a `milestone` whose journal the test writes: real servers in this
// process, real databases, no port.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/journal_service.h"
#include "common/journal/token.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/health/follower.h"
#include "services/health/measures.h"
#include "services/health/parts.h"
#include "services/health/scorecard_store.h"
#include "tests/support/databases.h"
#include "waymark/health/v1/health.grpc.pb.h"
#include "waymark/health/v1/scorecard.grpc.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::health {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace milestone = ::waymark::milestone::v1;

constexpr absl::Duration kDay = absl::Hours(24);

absl::Time Noon() { return absl::FromUnixSeconds(1'777'896'000); }  // 4 May 2026, 12:00 UTC.

void Set(google::protobuf::Timestamp* timestamp, absl::Time time) {
  timestamp->set_seconds(absl::ToUnixSeconds(time));
  timestamp->set_nanos(static_cast<int32_t>(absl::ToUnixMicros(time) % 1'000'000) * 1'000);
}

// Half logins of the last week (10 are full), half how long ago the last event of any type was.
v1::ScorecardDefinition Activity() {
  v1::ScorecardDefinition definition;
  v1::Measure* logins = definition.add_measures();
  logins->set_key("logins");
  logins->mutable_event_count()->add_event_types("login");
  logins->mutable_event_count()->set_days(7);
  logins->mutable_linear()->set_hi(10);
  v1::Measure* recency = definition.add_measures();
  recency->set_key("recency");
  recency->mutable_days_since();
  recency->mutable_half_life()->set_grace_days(2);
  recency->mutable_half_life()->set_half_life_days(14);
  return definition;
}

// Full in the first half of the planned 10 days in a stage of `onboarding`.
v1::ScorecardDefinition Pace() {
  v1::ScorecardDefinition definition;
  v1::Measure* pace = definition.add_measures();
  pace->set_key("pace");
  pace->mutable_stage_age()->set_journey_id("onboarding");
  pace->mutable_stage_age()->set_planned_days(10);
  v1::ThresholdStep* step = pace->mutable_thresholds()->add_steps();
  step->set_below(0.5);
  step->set_points(100);
  return definition;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

// A BandChanged with its entry's depth.
struct Told {
  v1::BandChanged fact;
  int depth = 0;
};

class HealthTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void SetUp() override {
    parts_ = Parts::Start(*db_, clock_, *authorizer_).value();
    parts_->Follow(teller_server_->InProcessChannel(), "", absl::ZeroDuration());
    server_ = rpc::Server::Start({}, parts_->services()).value();
    cards_ = v1::ScorecardService::NewStub(server_->InProcessChannel());
    health_ = v1::HealthService::NewStub(server_->InProcessChannel());
  }

  // ---- What milestone tells ----

  journal::NewEntry Entry(const std::string& workspace, const std::string& customer,
                          const google::protobuf::Message& message, int depth) {
    return {.workspace = workspace,
            .key = customer,
            .type = message.GetTypeName(),
            .payload = message.SerializeAsString(),
            .depth = depth};
  }
  journal::NewEntry Event(const std::string& customer, const std::string& type, absl::Time time, bool backfill = false,
                          const std::string& workspace = "acme-inc") {
    milestone::EventAccepted accepted;
    accepted.mutable_event()->set_event_id(absl::StrCat("event-", ++events_));
    accepted.mutable_event()->set_customer_id(customer);
    accepted.mutable_event()->set_type(type);
    Set(accepted.mutable_event()->mutable_event_time(), time);
    accepted.set_backfill(backfill);
    return Entry(workspace, customer, accepted, 0);
  }
  std::vector<journal::NewEntry> Logins(const std::string& customer, int count, absl::Time time,
                                        bool backfill = false) {
    std::vector<journal::NewEntry> entries;
    for (int i = 0; i < count; ++i) entries.push_back(Event(customer, "login", time, backfill));
    return entries;
  }
  template <typename Fact>
  Fact About(const std::string& customer, const std::string& stage, bool historical) {
    Fact fact;
    fact.mutable_context()->set_customer_id(customer);
    fact.mutable_context()->set_journey_id("onboarding");
    fact.mutable_context()->set_historical(historical);
    if constexpr (!std::is_same_v<Fact, milestone::JourneyCompleted>) fact.set_stage_key(stage);
    return fact;
  }
  journal::NewEntry Entered(const std::string& customer, const std::string& stage, absl::Time time,
                            bool historical = false) {
    auto fact = About<milestone::StageEntered>(customer, stage, historical);
    Set(fact.mutable_enter_time(), time);
    return Entry("acme-inc", customer, fact, 1);
  }
  journal::NewEntry Revised(const std::string& customer, const std::string& stage, absl::Time time) {
    auto fact = About<milestone::StageRevised>(customer, stage, false);
    Set(fact.mutable_enter_time(), time);
    return Entry("acme-inc", customer, fact, 1);
  }
  journal::NewEntry Completed(const std::string& customer, absl::Time time) {
    auto fact = About<milestone::JourneyCompleted>(customer, "", false);
    Set(fact.mutable_complete_time(), time);
    return Entry("acme-inc", customer, fact, 1);
  }
  // Appends to milestone's journal and returns the token of the last entry.
  std::string Tell(const std::vector<journal::NewEntry>& entries) {
    journal::Lanes lanes;
    std::vector<journal::Place> places;
    const absl::Status told = teller_db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      std::set<int> numbers;
      for (const journal::NewEntry& entry : entries) numbers.insert(journal::LaneOf(entry.workspace, entry.key));
      ASSIGN_OR_RETURN(lanes, teller_->Lock(tx, numbers));
      places = lanes.Append(entries);
      return teller_->Store(tx, lanes);
    });
    EXPECT_TRUE(told.ok()) << told;
    teller_->Announce(lanes);
    return journal::MakeToken({{"milestone", teller_->epoch(), places.back().lane, places.back().position}});
  }

  // ---- What health does ----

  // Runs a loop of `parts` until there is nothing to do.
  absl::Status Run(Parts& parts, const std::string& name) {
    for (const Loop& loop : parts.loops()) {
      if (loop.name != name) continue;
      for (;;) {
        ASSIGN_OR_RETURN(const bool did, loop.run_once());
        if (!did) return absl::OkStatus();
      }
    }
    return absl::NotFoundError(name);
  }
  absl::Status Follow() { return Run(*parts_, "health follows milestone"); }
  absl::Status Score() { return Run(*parts_, "score customers"); }
  void CatchUp() {
    const absl::Status followed = Follow();
    ASSERT_TRUE(followed.ok()) << followed;
    const absl::Status scored = Score();
    ASSERT_TRUE(scored.ok()) << scored;
  }
  // What health's journal tells so far, of each customer in order.
  std::vector<Told> Facts() {
    std::vector<Told> facts;
    const absl::Status read = db_->Read([&](sql::Transaction& tx) -> absl::Status {
      for (int lane = 0; lane < journal::kLanes; ++lane) {
        ASSIGN_OR_RETURN(const journal::Journal::Stretch stretch,
                         parts_->journal().Read(tx, lane, 0, 100'000, std::nullopt));
        for (const journal::Entry& entry : stretch.entries) {
          if (entry.type == journal::kErasedType) continue;
          EXPECT_EQ(entry.type, "waymark.health.v1.BandChanged");
          Told told = {.depth = entry.depth};
          EXPECT_TRUE(told.fact.ParseFromString(entry.payload));
          EXPECT_EQ(told.fact.customer_id(), entry.key);
          facts.push_back(told);
        }
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return facts;
  }

  // ---- Calls ----

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const std::string& workspace = "acme-inc",
                                absl::Duration patience = absl::Seconds(20)) {
    grpc::ClientContext context;
    rpc::AddCredential(context, "", workspace);
    context.set_deadline(absl::ToChronoTime(absl::Now() + patience));
    Response response;
    const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  auto CreateScorecard(const std::string& id, const std::string& title = "Success", const std::string& request_id = "",
                       const std::string& workspace = "acme-inc") {
    v1::CreateScorecardRequest request;
    request.mutable_scorecard()->set_scorecard_id(id);
    request.mutable_scorecard()->set_title(title);
    request.set_request_id(request_id);
    return Call(*cards_, &v1::ScorecardService::Stub::CreateScorecard, request, workspace);
  }
  auto GetScorecard(const std::string& id, const std::string& workspace = "acme-inc") {
    v1::GetScorecardRequest request;
    request.set_scorecard_id(id);
    return Call(*cards_, &v1::ScorecardService::Stub::GetScorecard, request, workspace);
  }
  auto ListScorecards(int page_size, const std::string& page_token = "", const std::string& workspace = "acme-inc") {
    v1::ListScorecardsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call(*cards_, &v1::ScorecardService::Stub::ListScorecards, request, workspace);
  }
  auto CreateDraft(const std::string& id, const v1::ScorecardDefinition& definition, const std::string& request_id = "",
                   const std::string& note = "", const std::string& workspace = "acme-inc") {
    v1::CreateDraftRequest request;
    request.set_scorecard_id(id);
    *request.mutable_definition() = definition;
    request.set_change_note(note);
    request.set_request_id(request_id);
    return Call(*cards_, &v1::ScorecardService::Stub::CreateDraft, request, workspace);
  }
  auto PublishVersion(const std::string& id, uint32_t number, const std::string& etag = "",
                      const std::string& request_id = "", const std::string& workspace = "acme-inc") {
    v1::PublishVersionRequest request;
    request.set_scorecard_id(id);
    request.set_number(number);
    request.set_etag(etag);
    request.set_request_id(request_id);
    return Call(*cards_, &v1::ScorecardService::Stub::PublishVersion, request, workspace);
  }
  auto GetVersion(const std::string& id, uint32_t number, const std::string& workspace = "acme-inc") {
    v1::GetVersionRequest request;
    request.set_scorecard_id(id);
    request.set_number(number);
    return Call(*cards_, &v1::ScorecardService::Stub::GetVersion, request, workspace);
  }
  auto GetHealth(const std::string& customer, const std::string& card = "success",
                 const std::string& workspace = "acme-inc") {
    v1::GetHealthRequest request;
    request.set_customer_id(customer);
    request.set_scorecard_id(card);
    return Call(*health_, &v1::HealthService::Stub::GetHealth, request, workspace);
  }
  auto GetHealthAt(const std::string& customer, const std::string& token, absl::Duration patience = absl::Seconds(20)) {
    v1::GetHealthRequest request;
    request.set_customer_id(customer);
    request.set_scorecard_id("success");
    request.mutable_consistency()->set_at_least_as_fresh(token);
    return Call(*health_, &v1::HealthService::Stub::GetHealth, request, "acme-inc", patience);
  }
  auto ListHealth(v1::Band band, int page_size, const std::string& page_token = "", const std::string& card = "success",
                  const std::string& workspace = "acme-inc") {
    v1::ListHealthRequest request;
    request.set_scorecard_id(card);
    request.set_band(band);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call(*health_, &v1::HealthService::Stub::ListHealth, request, workspace);
  }
  // Creates the scorecard where it is missing, and publishes a version of it; returns its token.
  std::string Publish(const v1::ScorecardDefinition& definition, const std::string& id = "success",
                      const std::string& workspace = "acme-inc") {
    (void)CreateScorecard(id, "Success", "", workspace);
    const auto draft = CreateDraft(id, definition, "", "", workspace);
    EXPECT_TRUE(draft.ok()) << draft.status();
    const auto published = PublishVersion(id, draft->version().number(), "", "", workspace);
    EXPECT_TRUE(published.ok()) << published.status();
    return published->consistency_token();
  }

  VirtualClock clock_{Noon()};
  int events_ = 0;
  const std::unique_ptr<rpc::Authorizer> authorizer_ = rpc::Authorizer::Off();
  const std::unique_ptr<sql::Database> teller_db_ = support::OpenFresh(GetParam(), {journal::Journal::schema()});
  const std::unique_ptr<journal::Journal> teller_ = journal::Journal::Open("milestone", *teller_db_, clock_).value();
  journal::JournalServiceImpl teller_service_{*authorizer_, {teller_.get()}};
  const std::unique_ptr<rpc::Server> teller_server_ = rpc::Server::Start({}, {&teller_service_}).value();
  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::ScorecardService::Stub> cards_;
  std::unique_ptr<v1::HealthService::Stub> health_;
};
INSTANTIATE_TEST_SUITE_P(Engines, HealthTest, support::BothEngines(), support::EngineName);

// ---- ScorecardService ----

TEST_P(HealthTest, AScorecardIsCreatedOnceAndARepeatAnswersTheSame) {
  const auto first = CreateScorecard("success", "Success", "request-1");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->scorecard().title(), "Success");
  clock_.Advance(kDay);
  EXPECT_EQ(CreateScorecard("success", "Success", "request-1")->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(GetScorecard("success")->scorecard().SerializeAsString(), first->scorecard().SerializeAsString());

  EXPECT_EQ(ReasonOf(CreateScorecard("success").status()), "ALREADY_EXISTS");
  EXPECT_EQ(ReasonOf(CreateScorecard("other", "Success", "request-1").status()), "REQUEST_ID_REUSED");
  EXPECT_TRUE(absl::IsAlreadyExists(CreateScorecard("success").status()));
}

TEST_P(HealthTest, AMalformedScorecardIsRefusedByField) {
  EXPECT_THAT(FieldsOf(CreateScorecard("Success!").status()), ElementsAre("scorecard.scorecard_id"));
  EXPECT_THAT(FieldsOf(CreateScorecard("success", "").status()), ElementsAre("scorecard.title"));
  EXPECT_THAT(FieldsOf(CreateScorecard("success", std::string(201, 'x')).status()), ElementsAre("scorecard.title"));
  EXPECT_THAT(FieldsOf(CreateScorecard("success", "Success", std::string(101, 'x')).status()),
              ElementsAre("request_id"));
}

TEST_P(HealthTest, AScorecardOfAnotherWorkspaceIsAsMissingAsAnyOther) {
  ASSERT_TRUE(CreateScorecard("success").ok());
  EXPECT_EQ(ReasonOf(GetScorecard("success", "umbra").status()), "NOT_FOUND");
  EXPECT_EQ(GetScorecard("success", "umbra").status().message(), GetScorecard("success", "void").status().message());
  EXPECT_EQ(ReasonOf(GetScorecard("").status()), "NOT_FOUND");
}

TEST_P(HealthTest, ScorecardsAreListedByIdInPages) {
  for (const char* id : {"c", "a", "b"}) ASSERT_TRUE(CreateScorecard(id).ok());
  ASSERT_TRUE(CreateScorecard("foreign", "Success", "", "umbra").ok());
  const auto first = ListScorecards(2);
  ASSERT_THAT(first->scorecards(), SizeIs(2));
  EXPECT_EQ(first->scorecards(0).scorecard_id(), "a");
  const auto second = ListScorecards(2, first->next_page_token());
  ASSERT_THAT(second->scorecards(), SizeIs(1));
  EXPECT_EQ(second->scorecards(0).scorecard_id(), "c");
  EXPECT_EQ(second->next_page_token(), "");

  EXPECT_THAT(FieldsOf(ListScorecards(-1).status()), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(ListScorecards(2, "nonsense").status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListScorecards(2, first->next_page_token(), "umbra").status()), ElementsAre("page_token"));
}

TEST_P(HealthTest, ADraftIsNumberedAndTellsItsDefaults) {
  ASSERT_TRUE(CreateScorecard("success").ok());
  const auto first = CreateDraft("success", Activity(), "request-1", "First go.");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->version().number(), 1);
  EXPECT_EQ(first->version().state(), v1::VERSION_STATE_DRAFT);
  EXPECT_EQ(first->version().change_note(), "First go.");
  EXPECT_EQ(first->version().definition().min_coverage_percent(), 50);
  EXPECT_EQ(first->version().definition().bands().green_from(), 75);
  EXPECT_EQ(first->version().definition().measures(0).weight(), 1);
  EXPECT_EQ(CreateDraft("success", Activity(), "request-1", "First go.")->SerializeAsString(),
            first->SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateDraft("success", Pace(), "request-1").status()), "REQUEST_ID_REUSED");

  v1::ScorecardDefinition stated = Activity();
  stated.mutable_measures(0)->set_weight(1);
  stated.mutable_measures(0)->mutable_exclude();
  stated.mutable_bands()->set_margin(5);
  const auto second = CreateDraft("success", stated);
  EXPECT_EQ(second->version().number(), 2);
  EXPECT_EQ(second->version().content_hash(), first->version().content_hash());
  EXPECT_NE(second->version().etag(), first->version().etag());
  EXPECT_NE(CreateDraft("success", Pace())->version().content_hash(), first->version().content_hash());
  EXPECT_EQ(GetVersion("success", 1)->version().SerializeAsString(), first->version().SerializeAsString());
}

TEST_P(HealthTest, EveryFieldOfADefinitionThatIsWrongIsNamed) {
  ASSERT_TRUE(CreateScorecard("success").ok());
  v1::ScorecardDefinition wrong;
  v1::Measure* none = wrong.add_measures();
  none->set_key("Logins!");
  v1::Measure* mixed = wrong.add_measures();
  mixed->set_key("trend");
  mixed->set_weight(2'000'000);
  mixed->mutable_event_trend()->set_days(0);
  mixed->mutable_linear()->set_lo(3);
  mixed->mutable_linear()->set_hi(3);
  mixed->mutable_fixed()->set_points(101);
  v1::Measure* repeated = wrong.add_measures();
  repeated->set_key("trend");
  repeated->mutable_stage_age()->set_journey_id("On boarding");
  repeated->mutable_stage_age()->set_planned_days(10);
  repeated->mutable_thresholds()->add_steps()->set_below(2);
  repeated->mutable_thresholds()->add_steps()->set_below(1);
  repeated->mutable_thresholds()->set_otherwise_points(std::numeric_limits<double>::quiet_NaN());
  wrong.mutable_bands()->set_red_below(80);
  wrong.set_min_coverage_percent(101);
  const auto draft = CreateDraft("success", wrong);
  EXPECT_TRUE(absl::IsInvalidArgument(draft.status()));
  EXPECT_THAT(
      FieldsOf(draft.status()),
      ElementsAre("definition.measures[0].key", "definition.measures[0]", "definition.measures[0]",
                  "definition.measures[1].weight", "definition.measures[1].event_trend.days",
                  "definition.measures[1].linear.hi", "definition.measures[1]", "definition.measures[1].fixed.points",
                  "definition.measures[2].stage_age.journey_id", "definition.measures[2].thresholds.steps[1].below",
                  "definition.measures[2].thresholds.otherwise_points", "definition.measures[2].key",
                  "definition.bands.green_from", "definition.min_coverage_percent"));

  v1::ScorecardDefinition others = Activity();
  others.mutable_measures(0)->mutable_event_count()->add_event_types("");
  others.mutable_measures(1)->mutable_half_life()->set_half_life_days(0);
  v1::Measure* trend = others.add_measures();
  trend->set_key("trend");
  trend->set_title(std::string(201, 'x'));
  trend->mutable_event_trend()->set_days(7);
  trend->mutable_trend()->set_ratio(1);
  EXPECT_THAT(FieldsOf(CreateDraft("success", others).status()),
              ElementsAre("definition.measures[0].event_count.event_types[1]",
                          "definition.measures[1].half_life.half_life_days", "definition.measures[2].title",
                          "definition.measures[2].trend.prior", "definition.measures[2].trend.ratio"));
  EXPECT_THAT(FieldsOf(CreateDraft("success", {}).status()), ElementsAre("definition.measures"));
  EXPECT_THAT(FieldsOf(CreateDraft("success", Activity(), "", std::string(2'001, 'x')).status()),
              ElementsAre("change_note"));
  EXPECT_THAT(FieldsOf(CreateDraft("success", Activity(), std::string(101, 'x')).status()), ElementsAre("request_id"));
}

TEST_P(HealthTest, ADraftNeedsItsScorecard) {
  EXPECT_EQ(ReasonOf(CreateDraft("success", Activity()).status()), "NOT_FOUND");
  ASSERT_TRUE(CreateScorecard("success").ok());
  EXPECT_EQ(ReasonOf(CreateDraft("success", Activity(), "", "", "umbra").status()), "NOT_FOUND");
}

TEST_P(HealthTest, PublishingIsRepeatableAndGuarded) {
  ASSERT_TRUE(CreateScorecard("success").ok());
  const auto first = CreateDraft("success", Activity());
  const auto second = CreateDraft("success", Pace());
  EXPECT_TRUE(absl::IsAborted(PublishVersion("success", 2, first->version().etag()).status()));
  const auto published = PublishVersion("success", 2, second->version().etag(), "request-1");
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->version().state(), v1::VERSION_STATE_PUBLISHED);
  EXPECT_TRUE(published->version().has_publish_time());
  clock_.Advance(kDay);
  EXPECT_EQ(PublishVersion("success", 2, second->version().etag())->version().SerializeAsString(),
            published->version().SerializeAsString());
  EXPECT_EQ(PublishVersion("success", 2, second->version().etag(), "request-1")->SerializeAsString(),
            published->SerializeAsString());
  EXPECT_EQ(GetScorecard("success")->scorecard().latest_published_number(), 2);

  EXPECT_EQ(ReasonOf(PublishVersion("success", 1, "", "request-1").status()), "REQUEST_ID_REUSED");
  EXPECT_TRUE(absl::IsFailedPrecondition(PublishVersion("success", 1).status()));
  EXPECT_EQ(ReasonOf(PublishVersion("success", 3).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(PublishVersion("failure", 1).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(PublishVersion("success", 2, "", "", "umbra").status()), "NOT_FOUND");
  EXPECT_THAT(FieldsOf(PublishVersion("success", 2, "", std::string(101, 'x')).status()), ElementsAre("request_id"));
}

TEST_P(HealthTest, VersionZeroIsTheLatestPublished) {
  EXPECT_EQ(ReasonOf(GetVersion("success", 0).status()), "NOT_FOUND");
  ASSERT_TRUE(CreateScorecard("success").ok());
  ASSERT_TRUE(CreateDraft("success", Activity()).ok());
  EXPECT_EQ(ReasonOf(GetVersion("success", 0).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetVersion("success", 2).status()), "NOT_FOUND");
  Publish(Pace());
  ASSERT_TRUE(CreateDraft("success", Activity()).ok());
  EXPECT_EQ(GetVersion("success", 0)->version().number(), 2);
  EXPECT_EQ(ReasonOf(GetVersion("success", 0, "umbra").status()), "NOT_FOUND");
}

// ---- From events to health ----

TEST_P(HealthTest, EventsMakeAScoreThatExplainsItself) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon() - kDay));
  CatchUp();
  const auto answer = GetHealth("globex");
  ASSERT_TRUE(answer.ok()) << answer.status();
  const v1::Health& health = answer->health();
  EXPECT_EQ(health.health_millipoints(), 75'000);
  EXPECT_EQ(health.band(), v1::BAND_GREEN);
  EXPECT_EQ(health.standing_band(), v1::BAND_GREEN);
  EXPECT_EQ(health.coverage_ppm(), 1'000'000);
  EXPECT_EQ(health.version(), 1);
  EXPECT_EQ(health.as_of().seconds(), absl::ToUnixSeconds(Noon()));
  ASSERT_THAT(health.contributions(), SizeIs(2));
  EXPECT_EQ(health.contributions(0).measure_key(), "logins");
  EXPECT_EQ(health.contributions(0).value(), 5);
  EXPECT_EQ(health.contributions(0).score_millipoints(), 50'000);
  EXPECT_EQ(health.contributions(0).points_millipoints(), 25'000);
  EXPECT_EQ(health.contributions(1).value(), 1);
  EXPECT_EQ(health.contributions(1).points_millipoints(), 50'000);
  EXPECT_EQ(health.contributions(1).effective_weight_ppm(), 500'000);
  EXPECT_EQ(health.contributions(1).state(), v1::CONTRIBUTION_STATE_KNOWN);

  const std::vector<Told> facts = Facts();
  ASSERT_THAT(facts, SizeIs(1));
  EXPECT_EQ(facts[0].fact.previous_band(), v1::BAND_UNSPECIFIED);
  EXPECT_EQ(facts[0].fact.band(), v1::BAND_GREEN);
  EXPECT_EQ(facts[0].fact.health_millipoints(), 75'000);
  EXPECT_EQ(facts[0].fact.effect_key(), "band/success/globex/1");
  EXPECT_FALSE(facts[0].fact.historical());
  EXPECT_EQ(facts[0].depth, 1);
}

TEST_P(HealthTest, TimeAloneChangesABandAndThatIsLive) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon()));
  CatchUp();
  clock_.Advance(16 * kDay);
  CatchUp();
  const std::vector<Told> facts = Facts();
  ASSERT_THAT(facts, SizeIs(2));
  EXPECT_EQ(facts[1].fact.previous_band(), v1::BAND_GREEN);
  EXPECT_EQ(facts[1].fact.band(), v1::BAND_RED);
  EXPECT_EQ(facts[1].fact.health_millipoints(), 25'000);  // 100 * 2^-((16-2)/14) / 2
  EXPECT_EQ(facts[1].fact.effect_key(), "band/success/globex/2");
  EXPECT_FALSE(facts[1].fact.historical());
}

TEST_P(HealthTest, ABetterBandIsToldOnceItHasHeld) {
  Publish(Activity());
  Tell({Event("globex", "login", Noon() - 30 * kDay)});
  CatchUp();
  ASSERT_EQ(GetHealth("globex")->health().band(), v1::BAND_RED);
  Tell(Logins("globex", 9, Noon()));
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_RED);
  EXPECT_EQ(GetHealth("globex")->health().candidate_band(), v1::BAND_GREEN);
  EXPECT_EQ(GetHealth("globex")->health().candidate_band_time().seconds(), absl::ToUnixSeconds(Noon()));
  clock_.Advance(2 * kDay);
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_GREEN);
  EXPECT_EQ(GetHealth("globex")->health().candidate_band(), v1::BAND_UNSPECIFIED);
  EXPECT_THAT(Facts(), SizeIs(2));
}

TEST_P(HealthTest, BackfillIsScoredAndSetsOffNothing) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon() - kDay, /*backfill=*/true));
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_GREEN);
  ASSERT_THAT(Facts(), SizeIs(1));
  EXPECT_TRUE(Facts()[0].fact.historical());

  // What comes live later is live.
  clock_.Advance(16 * kDay);
  CatchUp();
  ASSERT_THAT(Facts(), SizeIs(2));
  EXPECT_FALSE(Facts()[1].fact.historical());
}

TEST_P(HealthTest, ALiveEventBesideBackfillDoesNotMakeItLive) {
  Publish(Activity());
  std::vector<journal::NewEntry> entries = Logins("globex", 5, Noon() - kDay, /*backfill=*/true);
  entries.push_back(Event("globex", "login", Noon()));
  Tell(entries);
  CatchUp();
  ASSERT_THAT(Facts(), SizeIs(1));
  EXPECT_TRUE(Facts()[0].fact.historical());
}

TEST_P(HealthTest, ABetterBandThatBackfillBroughtSetsOffNothingAfterItsDwellTimeEither) {
  Publish(Activity());
  Tell({Event("globex", "login", Noon() - 30 * kDay)});
  CatchUp();
  Tell(Logins("globex", 10, Noon() - absl::Hours(1), /*backfill=*/true));
  CatchUp();
  clock_.Advance(2 * kDay);
  CatchUp();
  ASSERT_THAT(Facts(), SizeIs(2));
  EXPECT_EQ(Facts()[1].fact.band(), v1::BAND_GREEN);
  EXPECT_TRUE(Facts()[1].fact.historical());
}

TEST_P(HealthTest, PublishingScoresEverybodyAndWritesToNobody) {
  std::vector<journal::NewEntry> entries;
  for (int i = 0; i < 1'000; ++i) entries.push_back(Event(absl::StrCat("customer-", 1'000 + i), "login", Noon()));
  Tell(entries);
  // Enough of them in one lane for more than a page.
  entries.clear();
  for (int i = 0, found = 0; found < 450; ++i) {
    const std::string customer = absl::StrCat("lane-mate-", i);
    if (journal::LaneOf("acme-inc", customer) != 3) continue;
    entries.push_back(Event(customer, "login", Noon()));
    ++found;
  }
  Tell(entries);
  CatchUp();
  clock_.Advance(absl::Hours(1));
  Publish(Activity());
  CatchUp();
  const std::vector<Told> facts = Facts();
  ASSERT_THAT(facts, SizeIs(1'450));
  for (const Told& told : facts) EXPECT_TRUE(told.fact.historical());
  EXPECT_THAT(ListHealth(v1::BAND_YELLOW, 1'000)->healths(), SizeIs(1'000));

  // A customer who comes later is news, and those known before are from now on.
  Tell({Event("newcomer", "login", clock_.Now())});
  CatchUp();
  EXPECT_FALSE(Facts().empty());
  size_t live = 0;
  for (const Told& told : Facts()) live += !told.fact.historical();
  EXPECT_EQ(live, 1);
}

TEST_P(HealthTest, ANewVersionIsAppliedToEverybodyAtOnceAndIsNoNews) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon()));
  CatchUp();
  v1::ScorecardDefinition stricter = Activity();
  stricter.mutable_bands()->set_red_below(90);
  stricter.mutable_bands()->set_green_from(95);
  Publish(stricter);
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().version(), 2);
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_RED);
  ASSERT_THAT(Facts(), SizeIs(2));
  EXPECT_TRUE(Facts()[1].fact.historical());
}

TEST_P(HealthTest, NewsBeyondAPageOfALaneIsScoredToo) {
  Publish(Activity());
  std::vector<journal::NewEntry> entries;
  for (int i = 0; entries.size() < 450; ++i) {
    const std::string customer = absl::StrCat("lane-mate-", i);
    if (journal::LaneOf("acme-inc", customer) == 3) entries.push_back(Event(customer, "login", Noon()));
  }
  Tell(entries);
  CatchUp();
  EXPECT_THAT(ListHealth(v1::BAND_UNSPECIFIED, 1'000)->healths(), SizeIs(450));
}

TEST_P(HealthTest, StageAgeFollowsWhatIsToldOfTheJourney) {
  Publish(Pace());
  Tell({Event("globex", "signup", Noon() - 3 * kDay), Entered("globex", "setup", Noon() - 3 * kDay)});
  CatchUp();
  EXPECT_DOUBLE_EQ(GetHealth("globex")->health().contributions(0).value(), 0.3);
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_GREEN);

  Tell({Revised("globex", "setup", Noon() - 6 * kDay)});
  CatchUp();
  EXPECT_DOUBLE_EQ(GetHealth("globex")->health().contributions(0).value(), 0.6);
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_RED);
  EXPECT_EQ(Facts().back().depth, 2);

  Tell({Entered("globex", "adoption", Noon())});
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().health_millipoints(), 100'000);

  Tell({Completed("globex", Noon())});
  CatchUp();
  const v1::Health completed = GetHealth("globex")->health();
  EXPECT_EQ(completed.contributions(0).state(), v1::CONTRIBUTION_STATE_NOT_APPLICABLE);
  EXPECT_FALSE(completed.has_health_millipoints());
  EXPECT_EQ(completed.band(), v1::BAND_INSUFFICIENT_DATA);
}

TEST_P(HealthTest, AFactOfThePastIsScoredAndSetsOffNothing) {
  Publish(Pace());
  Tell({Entered("globex", "setup", Noon() - 3 * kDay, /*historical=*/true)});
  CatchUp();
  ASSERT_THAT(Facts(), SizeIs(1));
  EXPECT_TRUE(Facts()[0].fact.historical());
}

TEST_P(HealthTest, InsufficientDataShowsAndTellsNothing) {
  Publish(Pace());
  Tell({Event("globex", "signup", Noon())});
  CatchUp();
  EXPECT_EQ(GetHealth("globex")->health().band(), v1::BAND_INSUFFICIENT_DATA);
  EXPECT_EQ(GetHealth("globex")->health().standing_band(), v1::BAND_UNSPECIFIED);
  EXPECT_EQ(GetHealth("globex")->health().contributions(0).state(), v1::CONTRIBUTION_STATE_EXCLUDED);
  EXPECT_THAT(Facts(), IsEmpty());
}

TEST_P(HealthTest, EveryTypeOfMilestoneIsKnownAndAnotherStopsTheFollowerLoudly) {
  Publish(Activity());
  milestone::CustomerEnrolled enrolled;
  milestone::MilestoneAchieved achieved;
  milestone::MilestoneRevised revised;
  Tell({Entry("acme-inc", "globex", enrolled, 1), Entry("acme-inc", "globex", achieved, 1),
        Entry("acme-inc", "globex", revised, 1)});
  ASSERT_TRUE(Follow().ok());

  Tell({Event("globex", "login", Noon()), Entry("acme-inc", "globex", v1::BandChanged(), 1)});
  const absl::Status stopped = Follow();
  EXPECT_TRUE(absl::IsFailedPrecondition(stopped)) << stopped;
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("waymark.health.v1.BandChanged"));
  ASSERT_TRUE(Score().ok());
  EXPECT_EQ(ReasonOf(GetHealth("globex").status()), "NOT_FOUND");  // Nothing of the stretch was applied.
}

// `milestone` tells the whole history of the other anew, each event with when it was received first.
TEST_P(HealthTest, OfMergedCustomersOneIsLeftWithTheEventsOfBothCountedOnce) {
  Publish(Activity());
  std::vector<journal::NewEntry> anonymous = Logins("anonymous", 2, Noon() - kDay);
  std::vector<journal::NewEntry> globex = Logins("globex", 3, Noon() - kDay);
  Tell(anonymous);
  Tell(globex);
  Tell({Entered("globex", "setup", Noon() - kDay), Entered("anonymous", "setup", Noon() - kDay)});
  CatchUp();
  ASSERT_TRUE(GetHealth("anonymous").ok());
  const size_t facts = Facts().size();

  milestone::CustomerMerged merged;
  merged.set_customer_id("anonymous");
  merged.set_into_customer_id("globex");
  std::vector<journal::NewEntry> anew = {Entry("acme-inc", "anonymous", merged, 0),
                                         Entry("acme-inc", "globex", merged, 0)};
  for (const auto* history : {&anonymous, &globex}) {
    for (const journal::NewEntry& entry : *history) {
      milestone::EventAccepted accepted;
      ASSERT_TRUE(accepted.ParseFromString(entry.payload));
      accepted.mutable_event()->set_customer_id("globex");
      Set(accepted.mutable_receive_time(), Noon());
      anew.push_back(Entry("acme-inc", "globex", accepted, 0));
    }
  }
  anew.push_back(Entered("globex", "setup", Noon() - kDay, /*historical=*/true));
  Tell(anew);
  CatchUp();
  EXPECT_EQ(ReasonOf(GetHealth("anonymous").status()), "NOT_FOUND");
  const auto answer = GetHealth("globex");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->health().contributions(0).value(), 5);
  for (const Told& told : Facts()) EXPECT_EQ(told.fact.customer_id(), "globex");
  EXPECT_LE(Facts().size(), facts) << "no band was told again";
}

TEST_P(HealthTest, APayloadThatIsNotOfItsTypeStopsTheFollower) {
  journal::NewEntry broken = Event("globex", "login", Noon());
  broken.payload = "\xff\xff";
  Tell({broken});
  EXPECT_TRUE(absl::IsFailedPrecondition(Follow()));
}

TEST_P(HealthTest, TwoReplicasCountEveryEventOnceAndTellEveryBandOnce) {
  Publish(Activity());
  const std::unique_ptr<Parts> other = Parts::Start(*db_, clock_, *authorizer_).value();
  other->Follow(teller_server_->InProcessChannel(), "", absl::ZeroDuration());
  constexpr int kCustomers = 60, kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<journal::NewEntry> entries;
    for (int i = 0; i < kCustomers; ++i) entries.push_back(Event(absl::StrCat("customer-", i), "login", Noon()));
    Tell(entries);
  }
  const auto work = [this](Parts& parts) {
    for (int round = 0; round < 3; ++round) {
      EXPECT_TRUE(Run(parts, "health follows milestone").ok());
      EXPECT_TRUE(Run(parts, "score customers").ok());
    }
  };
  std::thread rival([&] { work(*other); });
  work(*parts_);
  rival.join();
  CatchUp();
  for (int i = 0; i < kCustomers; ++i) {
    const auto answer = GetHealth(absl::StrCat("customer-", i));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->health().contributions(0).value(), kRounds);
  }
  std::set<std::string> keys;
  std::map<std::string, v1::Band> bands;
  for (const Told& told : Facts()) {
    EXPECT_TRUE(keys.insert(told.fact.effect_key()).second) << told.fact.effect_key();
    EXPECT_EQ(told.fact.previous_band(), bands[told.fact.customer_id()]);
    bands[told.fact.customer_id()] = told.fact.band();
  }
  EXPECT_THAT(bands, SizeIs(kCustomers));
}

TEST_P(HealthTest, ScoringAgainAtTheSameMomentGivesTheSameBytes) {
  const std::string token = Publish(Activity());
  Tell(Logins("globex", 5, Noon() - 3 * kDay));
  CatchUp();
  const std::string before = GetHealth("globex")->SerializeAsString();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(GetHealthAt("globex", token)->SerializeAsString(), before);
  EXPECT_THAT(Facts(), SizeIs(1));
}

TEST_P(HealthTest, APastDayComputedAgainGivesTheSameBytesWhateverCameLater) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon() - 2 * kDay));
  CatchUp();
  const std::string then = GetHealth("globex")->SerializeAsString();
  clock_.Advance(5 * kDay);
  // Late events of the days before, an event of today.
  std::vector<journal::NewEntry> late = Logins("globex", 3, Noon() - kDay);
  late.push_back(Event("globex", "login", clock_.Now()));
  Tell(late);
  CatchUp();

  v1::GetHealthResponse again;
  const absl::Status read = db_->Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Version version, LoadPublished(tx, "acme-inc", "success"));
    ASSIGN_OR_RETURN(const Definition definition, ReadDefinition(version));
    ASSIGN_OR_RETURN(const auto values, LoadValues(tx, "acme-inc", definition, {"globex"}, Noon()));
    const ::waymark::health::Score score = ComputeScore(definition, values[0]);
    const BandStep step = AdvanceBand(definition.bands, std::nullopt, score, Noon(), false);
    const Record record = {.customer_id = "globex",
                           .scorecard_id = "success",
                           .version = 1,
                           .as_of = Noon(),
                           .health_milli = score.health_milli,
                           .coverage_ppm = score.coverage_ppm,
                           .sufficient = score.sufficient,
                           .band = step.state,
                           .contributions = EncodeContributions(score.contributions)};
    ASSIGN_OR_RETURN(*again.mutable_health(), ToProto(record));
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(again.SerializeAsString(), then);
  EXPECT_EQ(GetHealth("globex")->health().contributions(0).value(), 4);
}

// ---- HealthService ----

TEST_P(HealthTest, ATokenOfMilestoneIsWaitedForAndScoredFirst) {
  Publish(Activity());
  const std::string token = Tell(Logins("globex", 5, Noon()));
  const auto early = GetHealthAt("globex", token, absl::Milliseconds(200));
  EXPECT_TRUE(absl::IsDeadlineExceeded(early.status())) << early.status();
  ASSERT_TRUE(Follow().ok());
  const auto answer = GetHealthAt("globex", token);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->health().contributions(0).value(), 5);
}

TEST_P(HealthTest, TheTokenOfAPublicationIsScoredByIt) {
  Publish(Activity());
  Tell(Logins("globex", 5, Noon()));
  CatchUp();
  EXPECT_EQ(GetHealthAt("globex", Publish(Activity()))->health().version(), 2);
}

TEST_P(HealthTest, HealthIsNotFoundAlikeWhateverIsMissing) {
  ASSERT_TRUE(CreateScorecard("success").ok());
  Tell({Event("globex", "login", Noon())});
  CatchUp();
  EXPECT_EQ(ReasonOf(GetHealth("globex").status()), "NOT_FOUND");  // Nothing is published.
  Publish(Activity());
  CatchUp();
  EXPECT_TRUE(GetHealth("globex").ok());
  EXPECT_EQ(ReasonOf(GetHealth("nobody").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetHealth("globex", "failure").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetHealth("globex", "No Name").status()), "NOT_FOUND");
  EXPECT_EQ(GetHealth("globex", "success", "umbra").status(), GetHealth("globex", "success", "void").status());
  EXPECT_EQ(ReasonOf(GetHealth("globex", "success", "umbra").status()), "NOT_FOUND");
}

TEST_P(HealthTest, AMalformedQuestionIsRefusedByField) {
  Publish(Activity());
  EXPECT_THAT(FieldsOf(GetHealth("").status()), ElementsAre("customer_id"));
  EXPECT_THAT(FieldsOf(GetHealthAt("globex", "nonsense").status()), ElementsAre("consistency.at_least_as_fresh"));
  EXPECT_THAT(FieldsOf(ListHealth(v1::BAND_RED, -1).status()), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(ListHealth(v1::BAND_RED, 1, "nonsense").status()), ElementsAre("page_token"));
  EXPECT_THAT(FieldsOf(ListHealth(static_cast<v1::Band>(77), 1).status()), ElementsAre("band"));
  EXPECT_EQ(ReasonOf(ListHealth(v1::BAND_RED, 1, "", "failure").status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(ListHealth(v1::BAND_RED, 1, "", "success", "umbra").status()), "NOT_FOUND");
}

TEST_P(HealthTest, HealthIsListedByBandInPagesWithinItsWorkspace) {
  Publish(Activity());
  Publish(Activity(), "success", "umbra");
  std::vector<journal::NewEntry> entries = {Event("foreign", "login", Noon(), false, "umbra")};
  for (const char* customer : {"globex", "initech", "hooli"}) {
    for (journal::NewEntry& entry : Logins(customer, 6, Noon())) entries.push_back(entry);
  }
  entries.push_back(Event("acme", "login", Noon() - 100 * kDay));
  Tell(entries);
  CatchUp();
  const auto first = ListHealth(v1::BAND_GREEN, 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_THAT(first->healths(), SizeIs(2));
  EXPECT_EQ(first->healths(0).customer_id(), "globex");
  EXPECT_THAT(first->healths(0).contributions(), IsEmpty());
  const auto second = ListHealth(v1::BAND_GREEN, 2, first->next_page_token());
  ASSERT_THAT(second->healths(), SizeIs(1));
  EXPECT_EQ(second->healths(0).customer_id(), "initech");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_THAT(ListHealth(v1::BAND_RED, 0)->healths(), SizeIs(1));
  EXPECT_THAT(ListHealth(v1::BAND_UNSPECIFIED, 0)->healths(), SizeIs(4));
  EXPECT_THAT(ListHealth(v1::BAND_INSUFFICIENT_DATA, 0)->healths(), IsEmpty());
  EXPECT_THAT(FieldsOf(ListHealth(v1::BAND_RED, 2, first->next_page_token()).status()), ElementsAre("page_token"));
}

}  // namespace
}  // namespace waymark::health
