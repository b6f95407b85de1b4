#include "services/journey/parts.h"

#include <utility>

#include "absl/memory/memory.h"
#include "common/base/status.h"
#include "common/requests/requests.h"
#include "services/journey/edition_service.h"
#include "services/journey/edition_store.h"
#include "services/journey/journey_service.h"
#include "services/journey/journey_store.h"
#include "services/journey/review_service.h"
#include "services/journey/review_store.h"
#include "services/journey/template_gallery_service.h"
#include "services/journey/tombstone_store.h"

namespace waymark::journey {
namespace {

constexpr absl::Duration kRequestsKept = absl::Hours(30 * 24);

}  // namespace

std::vector<sql::Schema> Parts::schemas() {
  return {journal::Journal::schema(), requests::schema(), schema(),
          tombstone_schema(),         edition_schema(),   review_schema()};
}

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
      changes_(*journal_, clock),
      editor_(changes_),
      publisher_(changes_),
      importer_(changes_),
      catalog_(db),
      personas_(changes_),
      segments_(changes_),
      reviewer_(changes_),
      services_(
          {MakeJourneyService(authorizer,
                              {.editor = editor_, .publisher = publisher_, .importer = importer_, .catalog = catalog_}),
           MakePersonaService(authorizer, personas_), MakeSegmentService(authorizer, segments_),
           MakeReviewService(authorizer, reviewer_), MakeTemplateGalleryService(authorizer, importer_)}) {}

std::vector<grpc::Service*> Parts::services() {
  std::vector<grpc::Service*> services;
  for (const std::shared_ptr<grpc::Service>& service : services_) services.push_back(service.get());
  return services;
}

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
