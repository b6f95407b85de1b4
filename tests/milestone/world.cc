#include "tests/milestone/world.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"
#include "services/milestone/facts.h"
#include "waymark/journey/v1/facts.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {

journey::v1::JourneyDefinition Steps(const std::vector<Step>& steps) {
  journey::v1::JourneyDefinition definition;
  definition.mutable_entry()->add_triggers()->mutable_any_event();
  for (const Step& step : steps) {
    journey::v1::Stage* stage = definition.add_stages();
    stage->set_key(step.stage);
    journey::v1::Milestone* milestone = stage->add_milestones();
    milestone->set_key(absl::StrCat(step.stage, "_done"));
    milestone->set_scope(step.scope);
    milestone->mutable_criterion()->mutable_event_count()->add_event_types(step.event_type);
    milestone->mutable_criterion()->mutable_event_count()->set_at_least(step.at_least);
  }
  return definition;
}

journey::v1::JourneyDefinition Onboarding() {
  return Steps({{"setup", "connect"}, {"adoption", "report", 3}, {"renewal", "renew"}});
}

v1::Event At(int minutes, std::string customer, std::string type, std::string event_id) {
  v1::Event event;
  event.set_event_id(std::move(event_id));
  event.set_customer_id(std::move(customer));
  event.set_type(std::move(type));
  event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(Noon() + absl::Minutes(minutes)));
  return event;
}

World::World(sql::Database& db, VirtualClock& clock, redis::Client* redis, std::unique_ptr<rpc::Authorizer> authorizer,
             const std::string& address)
    : authorizer_(std::move(authorizer)),
      parts_(Parts::Start(db, clock, *authorizer_, redis).value()),
      server_(rpc::Server::Start({.address = address}, parts_->services()).value()),
      events_(v1::EventService::NewStub(channel())),
      milestones_(v1::MilestoneService::NewStub(channel())),
      customers_(v1::CustomerService::NewStub(channel())),
      analytics_(v1::AnalyticsService::NewStub(channel())) {}

std::shared_ptr<grpc::Channel> World::channel() {
  if (server_->port() == 0) return server_->InProcessChannel();
  return rpc::Connect({.target = absl::StrCat("127.0.0.1:", server_->port())}).value();
}

void World::PublishOnly(const std::string& journey_id, uint32_t number,
                        const journey::v1::JourneyDefinition& definition, const std::string& workspace,
                        const std::vector<journey::v1::PinnedSegment>& segments,
                        const journey::v1::MigrationPlan* plan) {
  journey::v1::VersionPublished fact;
  if (plan != nullptr) *fact.mutable_plan() = *plan;
  fact.set_journey_id(journey_id);
  fact.set_number(number);
  *fact.mutable_definition() = definition;
  for (const journey::v1::PinnedSegment& segment : segments) *fact.add_segments() = segment;
  const journal::Entry entry{.workspace = workspace,
                             .key = journey_id,
                             .type = fact.GetDescriptor()->full_name(),
                             .payload = fact.SerializeAsString()};
  journal::Lanes lanes;
  const absl::Status status = parts_->journal().db().Transact([&](sql::Transaction& tx) {
    return ApplyJourneyFacts(tx, lanes, {&entry, 1});
  });
  ASSERT_TRUE(status.ok()) << status;
}

void World::Publish(const std::string& journey_id, uint32_t number, const journey::v1::JourneyDefinition& definition,
                    const std::string& workspace, const std::vector<journey::v1::PinnedSegment>& segments) {
  PublishOnly(journey_id, number, definition, workspace, segments);
  Settle();
}

void World::Settle() {
  for (bool did = true; did;) {
    did = false;
    for (const Loop& loop : parts_->loops()) {
      const absl::StatusOr<bool> once = loop.run_once();
      ASSERT_TRUE(once.ok()) << loop.name << ": " << once.status();
      did = did || *once;
    }
  }
}

absl::StatusOr<v1::IngestEventsResponse> World::Ingest(const v1::IngestEventsRequest& request,
                                                       const std::string& workspace) {
  return Call<v1::IngestEventsResponse>(*events_, &v1::EventService::Stub::IngestEvents, request, workspace);
}

absl::StatusOr<v1::IngestEventsResponse> World::Ingest(const std::vector<v1::Event>& events, bool backfill,
                                                       const std::string& workspace) {
  v1::IngestEventsRequest request;
  request.set_backfill(backfill);
  for (const v1::Event& event : events) *request.add_events() = event;
  return Ingest(request, workspace);
}

std::vector<std::string> World::Outcomes(const std::vector<v1::Event>& events, const std::string& workspace) {
  const absl::StatusOr<v1::IngestEventsResponse> response = Ingest(events, false, workspace);
  if (!response.ok()) return {std::string(response.status().message())};
  std::vector<std::string> outcomes;
  for (const v1::EventResult& result : response->results()) {
    outcomes.push_back(v1::EventOutcome_Name(result.outcome()).substr(std::string("EVENT_OUTCOME_").size()));
  }
  return outcomes;
}

absl::StatusOr<v1::GetCurrentStageResponse> World::GetStage(const v1::GetCurrentStageRequest& request,
                                                            const std::string& workspace) {
  return Call<v1::GetCurrentStageResponse>(*milestones_, &v1::MilestoneService::Stub::GetCurrentStage, request,
                                           workspace);
}

std::string World::StageOf(const std::string& customer, const std::string& workspace) {
  v1::GetCurrentStageRequest request;
  request.set_customer_id(customer);
  request.mutable_consistency()->set_fully_consistent(true);
  const absl::StatusOr<v1::GetCurrentStageResponse> response = GetStage(request, workspace);
  if (!response.ok()) return std::string(response.status().message());
  std::string stages;
  for (const v1::CurrentStage& stage : response->stages().enrollments()) {
    absl::StrAppend(&stages, stages.empty() ? "" : " ", stage.journey_id(), ":", stage.stage_key());
  }
  return stages;
}

absl::StatusOr<v1::GetProgressResponse> World::GetProgress(const std::string& customer, const std::string& workspace) {
  v1::GetProgressRequest request;
  request.set_customer_id(customer);
  return Call<v1::GetProgressResponse>(*milestones_, &v1::MilestoneService::Stub::GetProgress, request, workspace);
}

absl::StatusOr<v1::GetFunnelResponse> World::GetFunnel(const std::string& journey_id, const std::string& workspace) {
  v1::GetFunnelRequest request;
  request.set_journey_id(journey_id);
  return Call<v1::GetFunnelResponse>(*analytics_, &v1::AnalyticsService::Stub::GetFunnel, request, workspace);
}

std::vector<int64_t> World::Completed(const std::string& journey_id, const std::string& workspace) {
  const absl::StatusOr<v1::GetFunnelResponse> funnel = GetFunnel(journey_id, workspace);
  EXPECT_TRUE(funnel.ok()) << funnel.status();
  std::vector<int64_t> completed;
  if (!funnel.ok()) return completed;
  EXPECT_EQ(funnel->pending_customers(), 0);
  for (const v1::FunnelStage& stage : funnel->stages()) completed.push_back(stage.completed());
  return completed;
}

std::vector<std::string> World::Facts() {
  std::vector<std::string> facts;
  const absl::Status status = parts_->journal().db().Read([&](sql::Transaction& tx) -> absl::Status {
    facts.clear();
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      for (int64_t after = 0;;) {
        auto stretch = parts_->journal().Read(tx, lane, after, 1000, std::nullopt);
        if (!stretch.ok()) return stretch.status();
        if (stretch->reached == after) break;
        after = stretch->reached;
        for (const journal::Entry& entry : stretch->entries) {
          if (entry.type == v1::EventAccepted::descriptor()->full_name() ||
              entry.type == v1::RecordAccepted::descriptor()->full_name()) {
            continue;
          }
          const std::optional<v1::TimelineItem> item = ToTimelineItem(entry);
          if (!item.has_value()) return absl::InternalError("a fact cannot be read");
          facts.push_back(absl::StrCat(entry.type.substr(entry.type.rfind('.') + 1), ":", entry.key,
                                       item->conclusion().historical() ? "!" : ""));
        }
      }
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return facts;
}

}  // namespace waymark::milestone
