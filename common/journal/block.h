// Blocks: how entries are kept. A block holds consecutive entries of one (workspace, lane); once committed it is never
// changed, but that entries of it may be erased.
#ifndef WAYMARK_COMMON_JOURNAL_BLOCK_H_
#define WAYMARK_COMMON_JOURNAL_BLOCK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/entry.h"

namespace waymark::journal {

// A block as its row in the database has it.
//
// `entries` is one byte for the format (1), then for each entry: its type's number in this block, where a number not
// met before is followed by the type's name; depth; key; payload, packed as common/base/packed.h tells.
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

// A row whose entries can be taken out. Immutable, so it may be shared by threads.
class Block {
 public:
  // Errors: INTERNAL  the checksum is wrong or the entries cannot be read: the database is damaged.
  static absl::StatusOr<std::shared_ptr<const Block>> Parse(BlockRow row);

  // Of a row as ToRows has just made it: nothing is checked, and its entries are found when the first is asked for,
  // since most blocks are never read by the process that wrote them.
  static std::shared_ptr<const Block> Of(BlockRow row);

  int lane() const { return row_.lane; }
  int64_t first_position() const { return row_.first_position; }
  int64_t last_position() const { return row_.last_position; }
  bool Holds(const Place& place) const {
    return place.lane == lane() && place.position >= first_position() && place.position <= last_position();
  }

  // A copy of the entry at a position that the block holds.
  Entry At(int64_t position) const;

  // The row without the entries at these positions, all of which it holds: in their places stand erased ones.
  BlockRow Without(absl::Span<const int64_t> positions) const;

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
  bool FindSlices() const;

  const BlockRow row_;
  mutable absl::once_flag found_;
  // What FindSlices has found.
  mutable std::vector<std::string> types_;
  mutable std::vector<Slice> slices_;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_BLOCK_H_
