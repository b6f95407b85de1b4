// What a journey and its versions are, and what may be done with a version when.
#ifndef WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_
#define WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/rules/finding.h"

namespace waymark::journey {

// The identity of a journey.
struct Journey {
  std::string journey_id;
  std::string title;
  uint32_t last_number = 0;              // Of the newest version, draft or not; 0 where there is none.
  uint32_t latest_published_number = 0;  // 0 where nothing is published.
  absl::Time create_time;
  friend bool operator==(const Journey&, const Journey&) = default;
};

enum class VersionState { kDraft = 1, kPublished = 2 };  // As stored; never renumbered.

// One edition of a journey.
struct Version {
  std::string journey_id;
  uint32_t number = 0;
  VersionState state = VersionState::kDraft;
  std::string definition;  // A serialised waymark.journey.v1.JourneyDefinition, as convert writes it.
  std::string content_hash;
  std::string change_note;
  int64_t revision = 1;  // Goes up with every change.
  absl::Time create_time;
  std::optional<absl::Time> publish_time;
  friend bool operator==(const Version&, const Version&) = default;
};

// What a version is called in messages, such as `version 3 of journey "onboarding"`.
std::string NameOf(const Version& version);

// Stands for what a version says now; changes with every change.
std::string EtagOf(const Version& version);

// Whether a draft read with `etag` may be changed.
// Errors: FAILED_PRECONDITION  it is published. ABORTED  it has changed since.
absl::Status CheckChange(const Version& version, absl::string_view etag);

enum class Publication { kNow, kAlready };

// Whether a version looked at with `etag` (empty: whatever it says now) is to be published. The draft's etag stays good
// after its publication, so that the call can be repeated.
// Errors: FAILED_PRECONDITION  a later version is published already, or there are findings (they are named).
//         ABORTED  it has changed since it was looked at.
absl::StatusOr<Publication> DecidePublication(const Journey& journey, const Version& version, absl::string_view etag,
                                              const std::vector<rules::Finding>& findings);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_
