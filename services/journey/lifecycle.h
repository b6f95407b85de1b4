// What a journey and its versions are, and what may be done with them when.
#ifndef WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_
#define WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/rules/finding.h"

namespace waymark::journey {

using Labels = std::map<std::string, std::string>;

// The identity of a journey.
struct Journey {
  std::string journey_id;
  std::string title;
  Labels labels;
  uint32_t required_approvals = 0;
  uint32_t last_number = 0;              // Of the newest version, draft or not; 0 where there is none.
  uint32_t last_published_number = 0;    // Of the newest version that was ever published; 0 where none was.
  uint32_t latest_published_number = 0;  // Of the newest one that is published and not retired; 0 where none is.
  int64_t revision = 1;                  // Goes up with every change of title, labels, approvals, archive_time.
  absl::Time create_time;
  std::optional<absl::Time> archive_time;
  friend bool operator==(const Journey&, const Journey&) = default;
};

enum class VersionState { kDraft = 1, kPublished = 2, kRetired = 3 };  // As stored; never renumbered.

// One edition of a journey.
struct Version {
  std::string journey_id;
  uint32_t number = 0;
  VersionState state = VersionState::kDraft;
  std::string definition;  // A serialised waymark.journey.v1.JourneyDefinition, as convert writes it.
  std::string content_hash;
  std::string change_note;
  int64_t revision = 1;  // Goes up with every change.
  uint32_t parent_number = 0;
  std::string parent_content_hash;
  std::vector<std::string> authors;
  absl::Time create_time;
  std::optional<absl::Time> publish_time;
  std::optional<absl::Time> retire_time;
  friend bool operator==(const Version&, const Version&) = default;
};

// What things are called in messages, such as `version 3 of journey "onboarding"`.
std::string NameOf(const Journey& journey);
std::string NameOf(const Version& version);

// Stands for what it says now; changes with every change.
std::string EtagOf(const Journey& journey);
std::string EtagOf(const Version& version);

// Notes who made or changed a version; an empty name is nobody's.
void AddAuthor(Version& version, const std::string& author);

// Whether a journey takes drafts and publications. Errors: FAILED_PRECONDITION  it is archived.
absl::Status CheckOpen(const Journey& journey);

// Whether a journey read with `etag` may be changed. Errors: ABORTED  it has changed since.
absl::Status CheckChange(const Journey& journey, absl::string_view etag);

// Whether a draft read with `etag` may be changed.
// Errors: FAILED_PRECONDITION  it is published. ABORTED  it has changed since.
absl::Status CheckChange(const Version& version, absl::string_view etag);

// Whether it is a draft still. Errors: FAILED_PRECONDITION  it is published.
absl::Status CheckDraft(const Version& version);

enum class Step { kNow, kAlready };

// Whether something looked at with `etag` (empty: whatever it says now) is to be archived, published, retired. The etag
// from before stays good afterwards, so that the call can be repeated.
// Errors of all: ABORTED  it has changed since it was looked at.
absl::StatusOr<Step> DecideArchival(const Journey& journey, absl::string_view etag);
// Errors: FAILED_PRECONDITION  the journey is archived, the version retired, or a later one published already.
absl::StatusOr<Step> DecidePublication(const Journey& journey, const Version& version, absl::string_view etag);
// Errors: FAILED_PRECONDITION  it is a draft.
absl::StatusOr<Step> DecideRetirement(const Version& version, absl::string_view etag);

// What was looked at before a publication.
struct Gate {
  std::vector<rules::Finding> findings;
  std::vector<std::string> failures;  // Of scenarios, in words.
  uint32_t approvals = 0;             // That count.
  uint32_t required_approvals = 0;
};

// Whether nothing stands in the way of publishing a draft; warnings do not. Errors: FAILED_PRECONDITION  with
// everything that does, each finding at its place below `definition`.
absl::Status CheckGate(const Version& version, const Gate& gate);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_LIFECYCLE_H_
