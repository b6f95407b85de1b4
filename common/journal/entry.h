// What a journal holds: entries, each at its place.
#ifndef WAYMARK_COMMON_JOURNAL_ENTRY_H_
#define WAYMARK_COMMON_JOURNAL_ENTRY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::journal {

inline constexpr int kLanes = 16;

// A ring of rules ends here: what more facts than this led to is set aside (Lanes::Append).
inline constexpr int kMaxDepth = 8;

// The lane of what concerns `key`: xxh64(workspace, one zero byte, key) mod kLanes. Fixed for ever.
int LaneOf(absl::string_view workspace, absl::string_view key);

// The type of an entry that was erased: its key and payload are empty. Readers skip it.
inline constexpr char kErasedType[] = "waymark.journal.v1.EntryErased";

// What a writer appends.
struct NewEntry {
  std::string workspace;
  std::string key;      // What it is about: a customer_id, or a journey_id.
  std::string type;     // The payload's full message name, such as `waymark.milestone.v1.StageEntered`.
  std::string payload;  // The serialised message.
  int depth = 0;        // How many facts led here.
  int lane = -1;        // Only where the key is empty, because it was erased: the lane it had chosen.
};

// What a reader receives.
struct Entry {
  int lane = 0;
  int64_t position = 0;
  std::string workspace;
  std::string key;
  absl::Time record_time;
  int depth = 0;
  std::string type;
  std::string payload;
};

// A place in one lane.
struct Place {
  int lane = 0;
  int64_t position = 0;
  friend bool operator==(const Place&, const Place&) = default;
  friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_ENTRY_H_
