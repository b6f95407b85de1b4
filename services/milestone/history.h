// A customer's history and what is kept of it between events: plain structs.
#ifndef WAYMARK_SERVICES_MILESTONE_HISTORY_H_
#define WAYMARK_SERVICES_MILESTONE_HISTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/milestone/history_index.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// What became of an item.
enum class Novelty {
  kAccepted,
  kDuplicate,
  kConflict,
  kInvalid,
  kRefused,  // It cannot be told of this customer now.
  kDeleted,  // Its customer was deleted.
  kMerged,   // Its customer was merged into another, who may be in a lane that is not locked.
};

// An item of history as it was sent, checked where `wrong_field` is empty. The views belong to the Batch.
struct IncomingItem {
  absl::string_view message;  // An event: the serialised waymark.milestone.v1.Event. A record: a RecordAccepted.
  absl::string_view customer_id;
  rules::Event event;
  uint64_t content_hash =
      0;  // XXH3-64 of what makes it the same: of an event type, user, time, sequence, canonical properties.
  uint32_t fingerprint = 0;  // Of its id.
  int lane = 0;              // Of its customer.
  std::string wrong_field;   // What makes it INVALID …
  std::string wrong;         // … and why.
};

// The events, or the record, of one call.
struct Batch {
  std::string workspace;
  std::string request;          // The bytes that the events view …
  std::shared_ptr<void> views;  // … and whatever else they view.
  bool backfill = false;
  int depth = 0;  // How many facts led to it.
  std::string consistency_token;
  int64_t sequence = 0;  // Of a message in a stream.
  std::vector<IncomingItem> events;
};

// What became of a batch.
struct Receipt {
  std::vector<Novelty> novelties;                       // One per event.
  std::map<size_t, std::vector<std::string>> late_for;  // The journeys for which an event came too late, by journey_id.
  absl::Status refusal;                                 // Why one was refused: NOT_FOUND or FAILED_PRECONDITION.
  std::string consistency_token;
};

// The place of an item in its customer's history.
struct HistoryKey {
  int64_t time = INT64_MIN;  // Microseconds since 1970.
  int64_t sequence = 0;
  rules::ItemKind kind = rules::ItemKind::kEvent;
  std::string id;
  friend bool operator==(const HistoryKey&, const HistoryKey&) = default;
};

// Whether an item comes after everything up to and including `key`.
inline bool IsAfter(const rules::Item& item, const HistoryKey& key) {
  return rules::Before(
      {.time = absl::FromUnixMicros(key.time), .sequence = key.sequence, .id = key.id, .kind = key.kind}, item);
}

inline HistoryKey KeyOf(const rules::Item& item) {
  return {
      .time = absl::ToUnixMicros(item.time), .sequence = item.sequence, .kind = item.kind, .id = std::string(item.id)};
}

// A customer's state of the fold for one journey.
struct Enrollment {
  std::string journey_id;
  uint32_t version = 0;  // Pinned once enrolled; before that the latest, under which events are counted.
  rules::Progress progress;
  friend bool operator==(const Enrollment&, const Enrollment&) = default;
};

// What is kept of a customer between events. It holds nothing that the history does not, but for the pins.
struct Dossier {
  HistoryKey last;                      // The last item applied.
  int64_t event_count = 0;              // Records are none.
  std::vector<Enrollment> enrollments;  // By journey_id; those that have counted nothing are left out.
  friend bool operator==(const Dossier&, const Dossier&) = default;
};

// Names a customer. Views outlive the call.
struct CustomerName {
  absl::string_view workspace;
  absl::string_view customer_id;
  friend bool operator==(const CustomerName&, const CustomerName&) = default;
};

// A customer as it is kept.
struct Customer {
  std::string customer_id;
  Dossier dossier;
  int64_t revision = 0;          // The catalog revision it was evaluated under.
  int64_t version_position = 0;  // The lane position of its last change.
  // The history, in the order in which it came: `sealed` items are in segments, the newest here.
  int64_t sealed = 0;
  std::vector<HistoryItem> open;
  // The fingerprints of the sealed events, ascending; absent where they have not been loaded.
  std::optional<std::vector<uint32_t>> sealed_fingerprints;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_HISTORY_H_
