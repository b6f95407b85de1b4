#include "services/milestone/parts.h"

#include <utility>

#include "absl/memory/memory.h"
#include "common/base/status.h"
#include "services/milestone/analytics_service.h"
#include "services/milestone/event_service.h"
#include "services/milestone/history_store.h"
#include "services/milestone/milestone_service.h"
#include "services/milestone/replay_service.h"

namespace waymark::milestone {

std::vector<sql::Schema> Parts::schemas() { return {journal::Journal::schema(), schema()}; }

absl::StatusOr<std::unique_ptr<Parts>> Parts::Start(sql::Database& db, const Clock& clock,
                                                    const rpc::Authorizer& authorizer, redis::Client* redis) {
  RETURN_IF_ERROR(db.Migrate(schemas()));
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal, journal::Journal::Open("milestone", db, clock));
  return absl::WrapUnique(new Parts(clock, authorizer, redis, std::move(journal)));
}

Parts::Parts(const Clock& clock, const rpc::Authorizer& authorizer, redis::Client* redis,
             std::unique_ptr<journal::Journal> journal)
    : journal_(std::move(journal)),
      reader_(*journal_, shelf_),
      redis_cache_(redis == nullptr ? nullptr : std::make_unique<RedisStageCache>(*redis, *journal_, reader_, clock)),
      process_cache_(redis == nullptr ? MakeProcessStageCache() : nullptr),
      stages_(*journal_, reader_, redis == nullptr ? *process_cache_ : *redis_cache_, clock),
      tracker_(*journal_, shelf_, redis == nullptr ? *process_cache_ : *redis_cache_, clock),
      committer_(tracker_),
      analyst_(*journal_, shelf_, clock),
      explainer_(*journal_, shelf_, clock),
      replayer_(*journal_, shelf_, tracker_, clock),
      migrator_(*journal_, replayer_, tracker_),
      services_({MakeEventService(authorizer, committer_, stages_, analyst_, event_streams_, clock),
                 MakeMilestoneService(authorizer, reader_, explainer_, stages_, committer_, *journal_, watches_, clock),
                 MakeCustomerService(authorizer, reader_, committer_, tracker_, clock),
                 MakeAnalyticsService(authorizer, analyst_, stages_),
                 MakeReplayService(authorizer, replayer_, reader_, stages_, clock)}),
      bands_(tracker_) {}

std::vector<grpc::Service*> Parts::services() {
  std::vector<grpc::Service*> services;
  for (const std::shared_ptr<grpc::Service>& service : services_) services.push_back(service.get());
  return services;
}

void Parts::Follow(std::shared_ptr<grpc::ChannelInterface> journey, std::shared_ptr<grpc::ChannelInterface> health,
                   const std::string& service_key, absl::Duration max_wait) {
  followers_.push_back(std::make_unique<journal::Follower>(
      journal::Follower::Options{.source = "journey", .service_key = service_key, .max_wait = max_wait},
      std::move(journey), *journal_, ApplyJourneyFacts));
  followers_.push_back(std::make_unique<journal::Follower>(
      journal::Follower::Options{.source = "health", .service_key = service_key, .max_wait = max_wait},
      std::move(health), *journal_,
      [this](sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const journal::Entry> entries) {
        return bands_.Apply(tx, lanes, entries);
      },
      [this](const journal::Lanes& lanes) { bands_.Applied(lanes); }));
}

std::vector<Loop> Parts::loops() {
  std::vector<Loop> loops;
  constexpr const char* kNames[] = {"milestone follows journey", "milestone follows health"};
  for (size_t i = 0; i < followers_.size(); ++i) {
    loops.push_back({.name = kNames[i], .idle = absl::Milliseconds(50), .run_once = [follower = followers_[i].get()] {
                       return follower->RunOnce();
                     }});
  }
  loops.push_back({.name = "evaluate customers after publication", .idle = absl::Milliseconds(200), .run_once = [this] {
                     return tracker_.Sweep();
                   }});
  loops.push_back({.name = "move customers to published versions", .idle = absl::Milliseconds(200), .run_once = [this] {
                     return migrator_.RunOnce();
                   }});
  loops.push_back({.name = "let time pass for customers", .idle = absl::Milliseconds(200), .run_once = [this] {
                     return tracker_.PassTime();
                   }});
  if (redis_cache_ != nullptr) {
    loops.push_back({.name = "keep the stage cache", .idle = absl::Milliseconds(200), .run_once = [this] {
                       return redis_cache_->Tail();
                     }});
  }
  return loops;
}

void Parts::Cancel() {
  for (const std::unique_ptr<journal::Follower>& follower : followers_) follower->Cancel();
  watches_.Stop();
  event_streams_.Stop();
}

}  // namespace waymark::milestone
