// Where a customer's events, records and conclusions are in the journal, and by what a repeated one is recognised:
// pure.
//
// Nothing is kept per event but an item of a few bytes. The newest items stand in the customer's row, which each event
// writes anyway; the others are sealed, kSealedAtOnce at a time, into segments, which are merged as they become many
// (SegmentsOf). So neither the cost of an event nor the number of rows grows with the history.
//
// An event's or record's id is told by a fingerprint of four bytes. Where a customer has none like it, the id is
// certainly new and nothing is read; where it has, the events at those places are read from the journal and their ids
// compared. So two ids of one fingerprint cost a read, and no more.
#ifndef WAYMARK_SERVICES_MILESTONE_HISTORY_INDEX_H_
#define WAYMARK_SERVICES_MILESTONE_HISTORY_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::milestone {

// The lower half of the id's XXH3-64. Fixed for ever.
uint32_t FingerprintOf(absl::string_view event_id);

// What an entry is. The numbers are stored.
enum class EntryKind : uint8_t {
  kEvent = 0,
  kConclusion = 1,
  kRecord = 2,  // An item of history that is no event.
};

// An entry of the journal that belongs to a customer's history.
struct HistoryItem {
  int64_t position = 0;  // In the customer's lane.
  EntryKind kind = EntryKind::kEvent;
  uint32_t fingerprint = 0;  // Of an event's or record's id.
  // Whether it is folded; else it was concluded.
  bool counts() const { return kind != EntryKind::kConclusion; }
  friend bool operator==(const HistoryItem&, const HistoryItem&) = default;
};

// Items by ascending position, as they are kept: one byte for the format (1), then for each item how far its position
// is behind the one before (the first: behind 0), times four, plus its kind, packed as common/base/packed.h tells; the
// fingerprint of what counts follows in four bytes, the lowest first.
std::string EncodeItems(absl::Span<const HistoryItem> items);
// Errors: INTERNAL  the bytes are no items.
absl::StatusOr<std::vector<HistoryItem>> DecodeItems(absl::string_view bytes);

// How many items are sealed at once: few, since the row that holds them till then is written with each event.
inline constexpr int64_t kSealedAtOnce = 32;
// How many items a segment holds at most: about 56 kB.
inline constexpr int64_t kLargestSegment = 8192;

// Consecutive items; the first of all is number 0.
struct Segment {
  int64_t first = 0;
  int64_t size = 0;
  friend bool operator==(const Segment&, const Segment&) = default;
};

// The segments that hold `sealed` items, a multiple of kSealedAtOnce: as few and large as the digits of a number to the
// base 4 are, so an item is rewritten at most four times in its life, and 100,000 items have 24 rows at most.
std::vector<Segment> SegmentsOf(int64_t sealed);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_HISTORY_INDEX_H_
