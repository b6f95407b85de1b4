#include "services/health/parts.h"

#include <utility>

#include "absl/memory/memory.h"
#include "common/base/status.h"
#include "common/requests/requests.h"
#include "services/health/activity_store.h"
#include "services/health/follower.h"
#include "services/health/health_service.h"
#include "services/health/scorecard_service.h"
#include "services/health/scorecard_store.h"

namespace waymark::health {
namespace {

constexpr absl::Duration kRequestsKept = absl::Hours(30 * 24);
// Many events make one row, so a large batch costs less than several small ones.
constexpr int kFollowBatch = 5'000;

}  // namespace

std::vector<sql::Schema> Parts::schemas() { return {journal::Journal::schema(), requests::schema(), schema()}; }

absl::Status Parts::Forget(sql::Transaction& tx, absl::string_view source) {
  return source == "milestone" ? EraseAllActivity(tx) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Parts>> Parts::Start(sql::Database& db, const Clock& clock,
                                                    const rpc::Authorizer& authorizer) {
  RETURN_IF_ERROR(db.Migrate(schemas()));
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal, journal::Journal::Open("health", db, clock));
  return absl::WrapUnique(new Parts(db, clock, authorizer, std::move(journal)));
}

Parts::Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer,
             std::unique_ptr<journal::Journal> journal)
    : db_(db),
      clock_(clock),
      journal_(std::move(journal)),
      editor_(*journal_, clock),
      catalog_(db),
      scorer_(*journal_, clock),
      reader_(*journal_, scorer_),
      services_({MakeScorecardService(authorizer, editor_, catalog_), MakeHealthService(authorizer, reader_)}) {}

std::vector<grpc::Service*> Parts::services() {
  std::vector<grpc::Service*> services;
  for (const std::shared_ptr<grpc::Service>& service : services_) services.push_back(service.get());
  return services;
}

void Parts::Follow(std::shared_ptr<grpc::ChannelInterface> milestone, const std::string& service_key,
                   absl::Duration max_wait) {
  follower_ = std::make_unique<journal::Follower>(
      journal::Follower::Options{
          .source = "milestone", .service_key = service_key, .batch = kFollowBatch, .max_wait = max_wait},
      std::move(milestone), *journal_,
      [this](sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const journal::Entry> entries) {
        return ApplyMilestone(*journal_, tx, lanes, entries);
      });
}

std::vector<Loop> Parts::loops() {
  std::vector<Loop> loops;
  if (follower_ != nullptr) {
    loops.push_back({.name = "health follows milestone", .idle = absl::Milliseconds(50), .run_once = [this] {
                       return follower_->RunOnce();
                     }});
  }
  loops.push_back(
      {.name = "score customers", .idle = absl::Milliseconds(200), .run_once = [this] { return scorer_.RunOnce(); }});
  loops.push_back(
      {.name = "forget old requests", .idle = absl::Minutes(10), .run_once = [this]() -> absl::StatusOr<bool> {
         bool forgot = false;
         RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
           ASSIGN_OR_RETURN(forgot, requests::Forget(tx, clock_.Now() - kRequestsKept));
           return absl::OkStatus();
         }));
         return forgot;
       }});
  return loops;
}

void Parts::Cancel() {
  if (follower_ != nullptr) follower_->Cancel();
}

}  // namespace waymark::health
