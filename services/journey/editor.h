// Makes journeys and their versions: each method is one transaction that loads, decides, saves and tells.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITOR_H_
#define WAYMARK_SERVICES_JOURNEY_EDITOR_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/journey/convert.h"

namespace waymark::journey {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Editor {
 public:
  Editor(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  absl::StatusOr<v1::CreateJourneyResponse> CreateJourney(const NewJourney& wanted);
  absl::StatusOr<v1::CreateDraftResponse> CreateDraft(const NewDraft& wanted);
  absl::StatusOr<v1::UpdateDraftResponse> UpdateDraft(const DraftChange& change);
  // Tells VersionPublished in the journal, once.
  absl::StatusOr<v1::PublishVersionResponse> PublishVersion(const PublishOrder& order);

 private:
  // Runs `change` in one transaction that holds the journey's lane, unless `call` is a repeat; stores what it told.
  template <typename Response>
  absl::StatusOr<Response> Change(
      const Call& call, absl::string_view method, absl::string_view journey_id,
      absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx, journal::Lanes& lanes)> change);

  journal::Journal& journal_;
  const Clock& clock_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITOR_H_
