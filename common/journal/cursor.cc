#include "common/journal/cursor.h"

#include "common/base/status.h"

namespace waymark::journal {
namespace {

constexpr char kLoadCursors[] = "SELECT lane, epoch, position FROM journal_cursor WHERE source = $1";
constexpr char kFirstCursor[] =
    "INSERT INTO journal_cursor (source, lane, epoch, position) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (source, lane) DO NOTHING";
constexpr char kMoveCursor[] =
    "UPDATE journal_cursor SET epoch = $3, position = $4 "
    "WHERE source = $1 AND lane = $2 AND epoch = $5 AND position = $6";

}  // namespace

absl::StatusOr<Cursors> LoadCursors(sql::Transaction& tx, absl::string_view source) {
  Cursors cursors;
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadCursors, {source}));
  for (const sql::Row& row : rows) cursors.at(row.Int(0)) = {.epoch = row.Int(1), .position = row.Int(2)};
  return cursors;
}

absl::StatusOr<bool> MoveCursor(sql::Transaction& tx, absl::string_view source, int lane, const Cursor& from,
                                const Cursor& to) {
  // A cursor that was never stored may only be stored once; one that was must still be there.
  const bool first = from == Cursor{};
  ASSIGN_OR_RETURN(const int64_t changed,
                   first ? tx.Execute(kFirstCursor, {source, lane, to.epoch, to.position})
                         : tx.Execute(kMoveCursor, {source, lane, to.epoch, to.position, from.epoch, from.position}));
  return changed == 1;
}

absl::Status DropCursors(sql::Transaction& tx, absl::string_view source) {
  return tx.Execute("DELETE FROM journal_cursor WHERE source = $1", {source}).status();
}

}  // namespace waymark::journal
