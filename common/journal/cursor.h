// How far a follower has applied another service's journal: one cursor for each lane, in the follower's own database.
#ifndef WAYMARK_COMMON_JOURNAL_CURSOR_H_
#define WAYMARK_COMMON_JOURNAL_CURSOR_H_

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/journal/entry.h"
#include "common/sql/sql.h"

namespace waymark::journal {

// The last position applied, and the source's epoch that it belongs to. Both 0 before the first.
struct Cursor {
  int64_t epoch = 0;
  int64_t position = 0;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// By lane.
using Cursors = std::array<Cursor, kLanes>;

absl::StatusOr<Cursors> LoadCursors(sql::Transaction& tx, absl::string_view source);

// Moves the cursor of `lane` from exactly `from` to `to`; false where it is elsewhere: another replica was faster.
absl::StatusOr<bool> MoveCursor(sql::Transaction& tx, absl::string_view source, int lane, const Cursor& from,
                                const Cursor& to);

// Forgets how far a source was followed: it is read from its beginning, whatever its epoch.
absl::Status DropCursors(sql::Transaction& tx, absl::string_view source);

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_CURSOR_H_
