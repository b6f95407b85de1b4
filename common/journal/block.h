// Blocks: how entries are kept. A block holds consecutive entries of one (workspace, lane); once committed it is never
// changed.
#ifndef WAYMARK_COMMON_JOURNAL_BLOCK_H_
#define WAYMARK_COMMON_JOURNAL_BLOCK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/entry.h"

namespace waymark::journal {

// A block as its row in the database has it.
//
// `entries` is one byte for the format (1), then for each entry: its type's number in this block, where a number not
// met before is followed by the type's name; depth; key; payload. Numbers are varints (LEB128, as in protobuf), texts
// have their length in front as one.
struct BlockRow {
  int lane = 0;
  int64_t first_position = 0;
  int64_t last_position = 0;
  std::string workspace;
  absl::Time record_time;
  std::string entries;
  uint64_t checksum = 0;  // XXH64 over all of the above.
};

// The rows for entries just appended, which are consecutive within each lane. A row takes at most about 64 KiB, so that
// reading one entry never costs more; an entry that is larger has its own.
std::vector<BlockRow> ToRows(absl::Span<const std::pair<Place, NewEntry>> appended, absl::Time record_time);

// A row whose entries have been found. Immutable, so it may be shared by threads.
class Block {
 public:
  // Errors: INTERNAL  the checksum is wrong or the entries cannot be read: the database is damaged.
  static absl::StatusOr<std::shared_ptr<const Block>> Parse(BlockRow row);

  int lane() const { return row_.lane; }
  int64_t first_position() const { return row_.first_position; }
  int64_t last_position() const { return row_.last_position; }
  bool Holds(const Place& place) const {
    return place.lane == lane() && place.position >= first_position() && place.position <= last_position();
  }

  // A copy of the entry at a position that the block holds.
  Entry At(int64_t position) const;

  // About how much memory it takes.
  size_t bytes() const;

 private:
  struct Slice {
    uint32_t type;
    uint32_t depth;
    uint32_t key_begin, key_size;
    uint32_t payload_begin, payload_size;
  };
  explicit Block(BlockRow row) : row_(std::move(row)) {}
  bool FindSlices();

  BlockRow row_;
  std::vector<std::string> types_;
  std::vector<Slice> slices_;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_BLOCK_H_
