#include "services/journey/parts.h"

#include <utility>

#include "absl/memory/memory.h"
#include "common/base/status.h"
#include "common/requests/requests.h"
#include "services/journey/journey_service.h"
#include "services/journey/journey_store.h"

namespace waymark::journey {
namespace {

constexpr absl::Duration kRequestsKept = absl::Hours(30 * 24);

}  // namespace

std::vector<sql::Schema> Parts::schemas() { return {journal::Journal::schema(), requests::schema(), schema()}; }

absl::StatusOr<std::unique_ptr<Parts>> Parts::Start(sql::Database& db, const Clock& clock,
                                                    const rpc::Authorizer& authorizer) {
  RETURN_IF_ERROR(db.Migrate(schemas()));
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal, journal::Journal::Open("journey", db, clock));
  return absl::WrapUnique(new Parts(db, clock, authorizer, std::move(journal)));
}

Parts::Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer,
             std::unique_ptr<journal::Journal> journal)
    : db_(db),
      clock_(clock),
      journal_(std::move(journal)),
      editor_(*journal_, clock),
      catalog_(db),
      service_(MakeJourneyService(authorizer, editor_, catalog_)) {}

std::vector<grpc::Service*> Parts::services() { return {service_.get()}; }

std::vector<Loop> Parts::loops() {
  return {{.name = "forget old requests", .idle = absl::Minutes(10), .run_once = [this]() -> absl::StatusOr<bool> {
             bool forgot = false;
             RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
               ASSIGN_OR_RETURN(forgot, requests::Forget(tx, clock_.Now() - kRequestsKept));
               return absl::OkStatus();
             }));
             return forgot;
           }}};
}

}  // namespace waymark::journey
