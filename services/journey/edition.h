// Personas and segments: named things whose editions are immutable.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITION_H_
#define WAYMARK_SERVICES_JOURNEY_EDITION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/journey/lifecycle.h"

namespace waymark::journey {

enum class EditionKind { kPersona = 1, kSegment = 2 };  // As stored; never renumbered.

// Such as `persona`.
std::string WordFor(EditionKind kind);

// One edition, and how the thing itself stands now.
struct Edition {
  EditionKind kind = EditionKind::kPersona;
  std::string id;
  uint32_t number = 1;
  std::string definition;  // Serialised, as convert writes it.
  std::string content_hash;
  absl::Time create_time;  // Of the edition.
  uint32_t newest = 1;     // The number of the newest edition.
  int64_t revision = 1;    // Of the thing: goes up with every edition and when it is archived.
  std::optional<absl::Time> archive_time;
  friend bool operator==(const Edition&, const Edition&) = default;
};

// Such as `persona "ada"`.
std::string NameOf(const Edition& edition);

// Stands for how the thing is now; changes with every edition.
std::string EtagOf(const Edition& edition);

// Whether a thing read with `etag` may have a new edition.
// Errors: FAILED_PRECONDITION  it is archived. ABORTED  it has changed since.
absl::Status CheckChange(const Edition& newest, absl::string_view etag);

// Whether a thing looked at with `etag` (empty: however it is) is to be archived; the etag from before stays good.
// Errors: ABORTED  it has changed since.
absl::StatusOr<Step> DecideArchival(const Edition& newest, absl::string_view etag);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITION_H_
