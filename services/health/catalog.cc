#include "services/health/catalog.h"

#include <vector>

#include "common/base/status.h"
#include "services/health/scorecard_store.h"

namespace waymark::health {

absl::StatusOr<v1::GetScorecardResponse> Catalog::GetScorecard(absl::string_view workspace,
                                                               absl::string_view scorecard_id) {
  v1::GetScorecardResponse response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Scorecard scorecard, LoadScorecard(tx, workspace, scorecard_id));
    *response.mutable_scorecard() = ToProto(scorecard);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListScorecardsResponse> Catalog::ListScorecards(const ScorecardPage& page) {
  std::vector<Scorecard> scorecards;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(scorecards, health::ListScorecards(tx, page.workspace, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, scorecards);
}

absl::StatusOr<v1::GetVersionResponse> Catalog::GetVersion(absl::string_view workspace, absl::string_view scorecard_id,
                                                           uint32_t number) {
  v1::GetVersionResponse response;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Version version, number == 0 ? LoadPublished(tx, workspace, scorecard_id)
                                                        : LoadVersion(tx, workspace, scorecard_id, number));
    ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace waymark::health
