// Playbooks: what to do when something happens, and which of them may be published. Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_H_
#define WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "services/notification/trigger.h"

namespace waymark::notification {

// The identity of a playbook.
struct Playbook {
  std::string playbook_id;
  std::string title;
  uint32_t last_number = 0;              // Of the newest version, draft or not; 0 where there is none.
  uint32_t latest_published_number = 0;  // 0 where nothing is published.
  absl::Time create_time;
  friend bool operator==(const Playbook&, const Playbook&) = default;
};

// Sends a message on a channel.
struct Step {
  std::string key;
  std::string channel_id;
  std::string title, text;  // Templates.
};

// What a playbook does, and when.
struct Definition {
  Trigger trigger;
  std::vector<Step> steps;
};

enum class VersionState { kDraft = 1, kPublished = 2 };  // As stored; never renumbered.

// One edition of a playbook.
struct Version {
  std::string playbook_id;
  uint32_t number = 0;
  VersionState state = VersionState::kDraft;
  std::string definition;  // A serialised waymark.notification.v1.PlaybookDefinition, as convert writes it.
  std::string content_hash;
  std::string change_note;
  absl::Time create_time;
  std::optional<absl::Time> publish_time;
  friend bool operator==(const Version&, const Version&) = default;
};

// What a version is called in messages, such as `version 3 of playbook "welcome"`.
std::string NameOf(const Version& version);

// Stands for what a version says.
std::string EtagOf(const Version& version);

// Everything that is wrong with a well-formed definition, `active` being the channels on which messages leave.
std::vector<FieldViolation> FindingsIn(const Definition& definition, const std::set<std::string>& active);

enum class Publication { kNow, kAlready };

// Whether a version looked at with `etag` (empty: whatever it says now) is to be published.
// Errors: FAILED_PRECONDITION  a later version is published already, or there are findings (they are named).
//         ABORTED  it has changed since it was looked at.
absl::StatusOr<Publication> DecidePublication(const Playbook& playbook, const Version& version, absl::string_view etag,
                                              const std::vector<FieldViolation>& findings);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_H_
