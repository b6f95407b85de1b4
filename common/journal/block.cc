#include "common/journal/block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/packed.h"

namespace waymark::journal {
namespace {

constexpr char kFormat = 1;
constexpr size_t kMostBytes = 64 << 10;

// Over every column, so that a row that is damaged or stands in another's place is noticed whatever it says.
uint64_t ChecksumOf(const BlockRow& row) {
  const int64_t numbers[] = {row.lane, row.first_position, row.last_position, absl::ToUnixMicros(row.record_time),
                             static_cast<int64_t>(XxHash64(row.entries))};
  char bytes[sizeof numbers];  // Little-endian, as on every machine Waymark is built for.
  std::memcpy(bytes, numbers, sizeof numbers);
  return XxHash64(absl::StrCat(absl::string_view(bytes, sizeof bytes), row.workspace));
}

// The block of one lane that is being filled.
class Filling {
 public:
  bool Takes(const NewEntry& entry) const {
    return !row_.entries.empty() && row_.workspace == entry.workspace &&
           row_.entries.size() + entry.payload.size() <= kMostBytes;
  }

  void Start(const Place& place, const NewEntry& entry, absl::Time record_time) {
    row_ = {.lane = place.lane,
            .first_position = place.position,
            .workspace = entry.workspace,
            .record_time = record_time,
            .entries = std::string(1, kFormat)};
    types_.clear();
  }

  void Add(const Place& place, const NewEntry& entry) {
    row_.last_position = place.position;
    size_t type = 0;
    while (type < types_.size() && types_[type] != entry.type) ++type;
    PutNumber(type, row_.entries);
    if (type == types_.size()) {
      types_.push_back(entry.type);
      PutText(entry.type, row_.entries);
    }
    PutNumber(entry.depth, row_.entries);
    PutText(entry.key, row_.entries);
    PutText(entry.payload, row_.entries);
  }

  void FinishInto(std::vector<BlockRow>& rows) {
    if (row_.entries.empty()) return;
    row_.checksum = ChecksumOf(row_);
    rows.push_back(std::move(row_));
    row_ = {};
  }

 private:
  BlockRow row_;
  std::vector<absl::string_view> types_;
};

}  // namespace

int LaneOf(absl::string_view workspace, absl::string_view key) {
  constexpr size_t kUsual = 512;
  const size_t size = workspace.size() + 1 + key.size();
  if (size > kUsual) return XxHash64(absl::StrCat(workspace, absl::string_view("\0", 1), key)) % kLanes;
  char bytes[kUsual];
  *std::copy(workspace.begin(), workspace.end(), bytes) = '\0';
  std::copy(key.begin(), key.end(), bytes + workspace.size() + 1);
  return XxHash64({bytes, size}) % kLanes;
}

std::vector<BlockRow> ToRows(absl::Span<const std::pair<Place, NewEntry>> appended, absl::Time record_time) {
  std::vector<BlockRow> rows;
  std::array<Filling, kLanes> fillings;
  for (const auto& [place, entry] : appended) {
    Filling& filling = fillings[place.lane];
    if (!filling.Takes(entry)) {
      filling.FinishInto(rows);
      filling.Start(place, entry, record_time);
    }
    filling.Add(place, entry);
  }
  for (Filling& filling : fillings) filling.FinishInto(rows);
  return rows;
}

absl::StatusOr<std::shared_ptr<const Block>> Block::Parse(BlockRow row) {
  std::shared_ptr<const Block> block = Of(std::move(row));
  bool sound = ChecksumOf(block->row_) == block->row_.checksum;
  absl::call_once(block->found_, [&] { sound = sound && block->FindSlices(); });
  if (!sound) {
    return Error(absl::StatusCode::kInternal, "INTERNAL",
                 absl::StrCat("the journal is damaged: lane ", block->lane(), ", block at position ",
                              block->first_position(), " is not what was stored"));
  }
  return block;
}

std::shared_ptr<const Block> Block::Of(BlockRow row) {
  // Shared by the cache and by readers who still look at it when the cache has let it go.
  return std::shared_ptr<const Block>(new Block(std::move(row)));
}

bool Block::FindSlices() const {
  if (row_.entries.empty() || row_.entries[0] != kFormat) return false;
  Unpacker packed(absl::string_view(row_.entries).substr(1));
  const auto begin_of = [&](absl::string_view text) {
    return static_cast<uint32_t>(text.data() - row_.entries.data());
  };
  slices_.reserve(row_.last_position - row_.first_position + 1);
  while (!packed.AtEnd()) {
    const uint64_t type = packed.Number();
    if (type > types_.size()) return false;
    if (type == types_.size()) types_.emplace_back(packed.Text());
    const uint64_t depth = packed.Number();
    const absl::string_view key = packed.Text();
    const absl::string_view payload = packed.Text();
    if (!packed.ok()) return false;
    slices_.push_back({.type = static_cast<uint32_t>(type),
                       .depth = static_cast<uint32_t>(depth),
                       .key_begin = begin_of(key),
                       .key_size = static_cast<uint32_t>(key.size()),
                       .payload_begin = begin_of(payload),
                       .payload_size = static_cast<uint32_t>(payload.size())});
  }
  return static_cast<int64_t>(slices_.size()) == row_.last_position - row_.first_position + 1;
}

Entry Block::At(int64_t position) const {
  absl::call_once(found_, [this] { FindSlices(); });
  const Slice& slice = slices_[position - row_.first_position];
  return {.lane = row_.lane,
          .position = position,
          .workspace = row_.workspace,
          .key = row_.entries.substr(slice.key_begin, slice.key_size),
          .record_time = row_.record_time,
          .depth = static_cast<int>(slice.depth),
          .type = types_[slice.type],
          .payload = row_.entries.substr(slice.payload_begin, slice.payload_size)};
}

BlockRow Block::Without(absl::Span<const int64_t> positions) const {
  std::vector<NewEntry> kept;
  for (int64_t position = first_position(); position <= last_position(); ++position) {
    if (std::find(positions.begin(), positions.end(), position) != positions.end()) {
      kept.push_back({.type = kErasedType});
      continue;
    }
    Entry entry = At(position);
    kept.push_back({.key = std::move(entry.key),
                    .type = std::move(entry.type),
                    .payload = std::move(entry.payload),
                    .depth = entry.depth});
  }
  kept[0].workspace = row_.workspace;
  Filling filling;
  filling.Start({lane(), first_position()}, kept[0], row_.record_time);
  for (size_t i = 0; i < kept.size(); ++i) {
    filling.Add({lane(), first_position() + static_cast<int64_t>(i)}, kept[i]);
  }
  std::vector<BlockRow> rows;
  filling.FinishInto(rows);
  return std::move(rows[0]);
}

size_t Block::bytes() const {
  return sizeof(Block) + row_.workspace.capacity() + row_.entries.capacity() +
         static_cast<size_t>(row_.last_position - row_.first_position + 1) * sizeof(Slice);
}

}  // namespace waymark::journal
