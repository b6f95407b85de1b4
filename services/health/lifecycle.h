// What a scorecard and its versions are, and what may be done with a version when.
#ifndef WAYMARK_SERVICES_HEALTH_LIFECYCLE_H_
#define WAYMARK_SERVICES_HEALTH_LIFECYCLE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::health {

// The identity of a scorecard.
struct Scorecard {
  std::string scorecard_id;
  std::string title;
  uint32_t last_number = 0;              // Of the newest version, draft or not; 0 where there is none.
  uint32_t latest_published_number = 0;  // 0 where nothing is published.
  absl::Time create_time;
  friend bool operator==(const Scorecard&, const Scorecard&) = default;
};

enum class VersionState { kDraft = 1, kPublished = 2 };  // As stored; never renumbered.

// One edition of a scorecard.
struct Version {
  std::string scorecard_id;
  uint32_t number = 0;
  VersionState state = VersionState::kDraft;
  std::string definition;  // A serialised waymark.health.v1.ScorecardDefinition, as convert writes it.
  std::string content_hash;
  std::string change_note;
  int64_t revision = 1;  // Goes up with every change.
  absl::Time create_time;
  std::optional<absl::Time> publish_time;
  friend bool operator==(const Version&, const Version&) = default;
};

// Stands for what a version says now; changes with every change.
std::string EtagOf(const Version& version);

enum class Publication { kNow, kAlready };

// Whether a version looked at with `etag` (empty: whatever it says now) is to be published. The draft's etag stays good
// after its publication, so that the call can be repeated.
// Errors: FAILED_PRECONDITION  a later version is published already. ABORTED  it has changed since it was looked at.
absl::StatusOr<Publication> DecidePublication(const Scorecard& scorecard, const Version& version,
                                              absl::string_view etag);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_LIFECYCLE_H_
