// Makes journeys and their versions: each method is one transaction that loads, decides, saves and tells.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITOR_H_
#define WAYMARK_SERVICES_JOURNEY_EDITOR_H_

#include "absl/status/statusor.h"
#include "services/journey/changes.h"
#include "services/journey/convert.h"

namespace waymark::journey {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Editor {
 public:
  explicit Editor(Changes& changes) : changes_(changes) {}

  absl::StatusOr<v1::CreateJourneyResponse> CreateJourney(const NewJourney& wanted);
  absl::StatusOr<v1::UpdateJourneyResponse> UpdateJourney(const JourneyChange& wanted);
  // Tells JourneyArchived in the journal, once.
  absl::StatusOr<v1::ArchiveJourneyResponse> ArchiveJourney(const JourneyArchival& wanted);
  absl::StatusOr<v1::CreateDraftResponse> CreateDraft(const NewDraft& wanted);
  absl::StatusOr<v1::UpdateDraftResponse> UpdateDraft(const DraftChange& wanted);

 private:
  Changes& changes_;
};

// Stores `draft` as the journey's next version; its number, parent and create_time are filled in. `parent` is what it
// was made from; without one, the version that is published now.
// Errors: FAILED_PRECONDITION  the journey is archived.
absl::StatusOr<Version> AddDraft(const Change& change, const Journey& journey, Version draft,
                                 const Version* parent = nullptr);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITOR_H_
