#include "common/journal/block.h"

#include <array>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"

namespace waymark::journal {
namespace {

constexpr char kFormat = 1;
constexpr size_t kMostBytes = 64 << 10;

void PutNumber(uint32_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

void PutText(absl::string_view text, std::string& out) {
  PutNumber(text.size(), out);
  out.append(text.data(), text.size());
}

// Takes numbers and texts from the front of a block's bytes. Every call answers nothing where the bytes end too soon.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  std::optional<uint32_t> Number() {
    uint64_t number = 0;
    for (int shift = 0; shift < 35 && at_ < bytes_.size(); shift += 7) {
      const unsigned char byte = bytes_[at_++];
      number |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return number <= UINT32_MAX ? std::optional<uint32_t>(number) : std::nullopt;
    }
    return std::nullopt;
  }

  struct Range {
    uint32_t begin, size;
  };
  std::optional<Range> Text() {
    const std::optional<uint32_t> size = Number();
    if (!size.has_value() || *size > bytes_.size() - at_) return std::nullopt;
    const Range range = {static_cast<uint32_t>(at_), *size};
    at_ += *size;
    return range;
  }

  bool AtEnd() const { return at_ == bytes_.size(); }

 private:
  absl::string_view bytes_;
  size_t at_ = 0;
};

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
  return XxHash64(absl::StrCat(workspace, absl::string_view("\0", 1), key)) % kLanes;
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
  // Shared by the cache and by readers who still look at it when the cache has let it go.
  const std::shared_ptr<Block> block(new Block(std::move(row)));
  if (ChecksumOf(block->row_) != block->row_.checksum || !block->FindSlices()) {
    return Error(absl::StatusCode::kInternal, "INTERNAL",
                 absl::StrCat("the journal is damaged: lane ", block->lane(), ", block at position ",
                              block->first_position(), " is not what was stored"));
  }
  return block;
}

bool Block::FindSlices() {
  if (row_.entries.empty() || row_.entries[0] != kFormat) return false;
  Reader reader(row_.entries);
  reader.Number();  // The format.
  slices_.reserve(row_.last_position - row_.first_position + 1);
  while (!reader.AtEnd()) {
    const std::optional<uint32_t> type = reader.Number();
    if (!type.has_value() || *type > types_.size()) return false;
    if (*type == types_.size()) {
      const std::optional<Reader::Range> name = reader.Text();
      if (!name.has_value()) return false;
      types_.emplace_back(row_.entries, name->begin, name->size);
    }
    const std::optional<uint32_t> depth = reader.Number();
    const std::optional<Reader::Range> key = reader.Text();
    const std::optional<Reader::Range> payload = reader.Text();
    if (!depth.has_value() || !key.has_value() || !payload.has_value()) return false;
    slices_.push_back({*type, *depth, key->begin, key->size, payload->begin, payload->size});
  }
  return static_cast<int64_t>(slices_.size()) == row_.last_position - row_.first_position + 1;
}

Entry Block::At(int64_t position) const {
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

size_t Block::bytes() const {
  size_t bytes = sizeof(Block) + row_.workspace.capacity() + row_.entries.capacity();
  bytes += slices_.capacity() * sizeof(Slice);
  for (const std::string& type : types_) bytes += sizeof type + type.capacity();
  return bytes;
}

}  // namespace waymark::journal
