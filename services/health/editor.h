// Makes scorecards and their versions: each method is one transaction that loads, decides and saves.
#ifndef WAYMARK_SERVICES_HEALTH_EDITOR_H_
#define WAYMARK_SERVICES_HEALTH_EDITOR_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/health/convert.h"

namespace waymark::health {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Editor {
 public:
  Editor(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  absl::StatusOr<v1::CreateScorecardResponse> CreateScorecard(const NewScorecard& wanted);
  absl::StatusOr<v1::CreateDraftResponse> CreateDraft(const NewDraft& wanted);
  // Starts a sweep, so that every customer is scored by the new version.
  absl::StatusOr<v1::PublishVersionResponse> PublishVersion(const PublishOrder& order);

 private:
  // Runs `change` in one transaction that holds the scorecard's lane, unless `call` is a repeat.
  template <typename Response>
  absl::StatusOr<Response> Change(const Call& call, absl::string_view method, absl::string_view scorecard_id,
                                  absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx)> change);

  journal::Journal& journal_;
  const Clock& clock_;
};

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_EDITOR_H_
