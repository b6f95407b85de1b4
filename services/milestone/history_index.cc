#include "services/milestone/history_index.h"

#include <xxhash.h>

#include "common/base/packed.h"

namespace waymark::milestone {
namespace {

constexpr char kFormat = 1;
constexpr int64_t kBase = 4;

absl::Status Damaged() { return absl::InternalError("a customer's history cannot be read"); }

}  // namespace

uint32_t FingerprintOf(absl::string_view event_id) {
  return static_cast<uint32_t>(XXH3_64bits(event_id.data(), event_id.size()));
}

std::string EncodeItems(absl::Span<const HistoryItem> items) {
  std::string bytes;
  bytes.reserve(1 + items.size() * 8);
  bytes.push_back(kFormat);
  int64_t before = 0;
  for (const HistoryItem& item : items) {
    PutNumber(static_cast<uint64_t>(item.position - before) << 2 | static_cast<uint64_t>(item.kind), bytes);
    before = item.position;
    if (!item.counts()) continue;
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(item.fingerprint >> shift));
  }
  return bytes;
}

absl::StatusOr<std::vector<HistoryItem>> DecodeItems(absl::string_view bytes) {
  if (bytes.empty() || bytes[0] != kFormat) return Damaged();
  Unpacker in(bytes.substr(1));
  std::vector<HistoryItem> items;
  items.reserve(in.left() / 6 + 1);
  int64_t position = 0;
  while (!in.AtEnd()) {
    const uint64_t number = in.Number();
    position += static_cast<int64_t>(number >> 2);
    if (number % 4 > static_cast<uint64_t>(EntryKind::kRecord)) return Damaged();
    HistoryItem& item = items.emplace_back();
    item.position = position;
    item.kind = static_cast<EntryKind>(number % 4);
    if (!item.counts()) continue;
    const absl::string_view fingerprint = in.Bytes(4);
    for (size_t i = 0; i < fingerprint.size(); ++i) {
      item.fingerprint |= uint32_t{static_cast<unsigned char>(fingerprint[i])} << (8 * i);
    }
  }
  if (!in.ok()) return Damaged();
  return items;
}

std::vector<Segment> SegmentsOf(int64_t sealed) {
  std::vector<Segment> segments;
  int64_t size = kLargestSegment;
  for (int64_t first = 0; first < sealed;) {
    while (size > sealed - first) size /= kBase;
    segments.push_back({first, size});
    first += size;
  }
  return segments;
}

}  // namespace waymark::milestone
