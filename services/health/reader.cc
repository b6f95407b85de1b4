#include "services/health/reader.h"

#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/health/score_store.h"
#include "services/health/scorecard_store.h"

namespace waymark::health {

absl::StatusOr<v1::GetHealthResponse> Reader::GetHealth(const HealthQuery& query, absl::Time deadline) {
  RETURN_IF_ERROR(journal::WaitForToken(journal_, query.token, {"milestone"}, kTokenField, deadline));
  if (query.fresh) RETURN_IF_ERROR(scorer_.ScoreNow(query.workspace, query.customer_id));
  v1::GetHealthResponse response;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(LoadScorecard(tx, query.workspace, query.scorecard_id).status());
    ASSIGN_OR_RETURN(const std::vector<std::optional<Record>> records,
                     LoadRecords(tx, query.workspace, query.scorecard_id, {query.customer_id}));
    if (!records[0].has_value()) {
      return NotFound(absl::StrCat("health of customer \"", absl::Utf8SafeCHexEscape(query.customer_id),
                                   "\" on scorecard \"", query.scorecard_id, "\""));
    }
    ASSIGN_OR_RETURN(*response.mutable_health(), ToProto(*records[0]));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListHealthResponse> Reader::ListHealth(const HealthPage& page) {
  std::vector<Record> records;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(LoadScorecard(tx, page.workspace, page.scorecard_id).status());
    ASSIGN_OR_RETURN(records,
                     ListRecords(tx, page.workspace, page.scorecard_id, page.shown, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto(page, records);
}

}  // namespace waymark::health
