// A service's journal: its ordered record of what others may need, kept in its own database and written in the same
// transaction as what it tells. protos/waymark/journal/v1/journal.proto says what readers are promised.
//
// A writer locks the lanes it will write first, in ascending order, before it reads anything it will change: the lock
// also guards everything of the customers of those lanes. Positions are given from the locked heads, so they follow
// commit order and never skip. (Reading by ids taken at insert loses entries for ever where a later id commits first.)
#ifndef WAYMARK_COMMON_JOURNAL_JOURNAL_H_
#define WAYMARK_COMMON_JOURNAL_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/block.h"
#include "common/journal/block_cache.h"
#include "common/journal/entry.h"
#include "common/sql/sql.h"

namespace waymark::journal {

// Lanes locked by a transaction until it ends, with their heads.
class Lanes {
 public:
  // The last position given in a locked lane.
  int64_t Head(int lane) const { return heads_.at(lane); }
  bool Has(int lane) const { return heads_.contains(lane); }
  // The record_time of what is appended: when the lanes were locked, in whole microseconds.
  absl::Time record_time() const { return record_time_; }

  // Gives each entry the next position of its lane, in the order given, and returns them. Writing a lane that is not
  // locked is a programming error and aborts. The entries are stored by Journal::Store. An entry deeper than kMaxDepth
  // is set aside: logged, counted (waymark_journal_set_aside_total) and answered with position 0, which is none.
  std::vector<Place> Append(std::vector<NewEntry> entries);

  // Takes some of the locked lanes out of these, so that another thread may write them meanwhile, and gives them back.
  Lanes Split(absl::FunctionRef<bool(int lane)> which);
  void Join(Lanes part);

  // The entries appended so far, with their places; of a lane in order.
  const std::vector<std::pair<Place, NewEntry>>& appended() const { return appended_; }

 private:
  friend class Journal;
  std::map<int, int64_t> heads_;
  absl::Time record_time_;
  std::vector<std::pair<Place, NewEntry>> appended_;
  std::vector<std::shared_ptr<const Block>> stored_;  // What Store wrote …
  std::vector<std::shared_ptr<const Block>> erased_;  // … and Erase has left, for Announce.
};

// Thread-safe.
class Journal {
 public:
  // The tables of a journal: part of every service's schema. Also those of a follower (cursors), since every service
  // may follow.
  static sql::Schema schema();

  // `name` is the service's: journey, milestone, health, notification. Reads the epoch, which the first opening
  // decides: larger than that of databases opened in earlier seconds.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(std::string name, sql::Database& db, const Clock& clock);

  // Begins a new epoch, larger than the one before, in a database that was restored from a backup: positions are given
  // a second time, and whoever has read further than the backup must know. Returns it. Processes that have the journal
  // open must be started again.
  static absl::StatusOr<int64_t> Renew(sql::Database& db, const Clock& clock);

  // Locks lanes, in ascending order, until `tx` ends.
  absl::StatusOr<Lanes> Lock(sql::Transaction& tx, const std::set<int>& lanes);

  // Stores what was appended, as blocks of consecutive entries of one (workspace, lane), and moves the heads. Call
  // once, as the last thing that the transaction does with these lanes.
  absl::Status Store(sql::Transaction& tx, Lanes& lanes);

  // Erases the entries at these places, whose lanes are locked, for good: they keep their positions and lose key, type
  // and payload. A position that does not exist is INTERNAL; one that is erased already stays so. Blocks in memory are
  // replaced by Announce; another process may have one until it lets it go, so that whoever erases also forgets the
  // places, and nobody asks ReadPlaces for them.
  absl::Status Erase(sql::Transaction& tx, Lanes& lanes, std::vector<Place> places);

  // Entries of `lane` after `after`, in order: at most `limit`, and no more once they come to 1 MiB or 1,024 blocks
  // were looked at. With `workspace`, only that one's. `reached` is the last position looked at; it is `after` only
  // where the lane ends there.
  struct Stretch {
    std::vector<Entry> entries;
    int64_t reached = 0;
  };
  // Errors: INTERNAL  a block's checksum is wrong or a position is missing: the database is damaged; nothing is
  // returned.
  absl::StatusOr<Stretch> Read(sql::Transaction& tx, int lane, int64_t after, int limit,
                               std::optional<absl::string_view> workspace);

  // The entries at exactly these places, in the order given. Blocks are immutable, so recently used ones are kept in
  // memory (at most 64 MiB); a place that does not exist is INTERNAL. Not for places that `tx` itself has stored.
  absl::StatusOr<std::vector<Entry>> ReadPlaces(sql::Transaction& tx, absl::Span<const Place> places);

  // The last position of each lane.
  absl::StatusOr<std::vector<Place>> Heads(sql::Transaction& tx);

  // Says that the transaction which locked `lanes` has committed: wakes waiting readers of this process (others notice
  // within 200 ms) and keeps the blocks for ReadPlaces. Never call it where the commit failed.
  void Announce(const Lanes& lanes);
  // Waits until something was announced since `seen` (from a former call; 0 at first) or `deadline` (of the machine's
  // clock) passes; returns what to pass next.
  uint64_t WaitForNews(uint64_t seen, absl::Time deadline);

  const std::string& name() const { return name_; }
  int64_t epoch() const { return epoch_; }
  sql::Database& db() { return db_; }

 private:
  // The blocks that hold the places, each in its turn.
  absl::StatusOr<std::vector<std::shared_ptr<const Block>>> FindBlocks(sql::Transaction& tx,
                                                                       absl::Span<const Place> places);

  Journal(std::string name, sql::Database& db, const Clock& clock, int64_t epoch)
      : name_(std::move(name)), db_(db), clock_(clock), epoch_(epoch) {}

  const std::string name_;
  sql::Database& db_;
  const Clock& clock_;
  const int64_t epoch_;
  BlockCache cache_{64 << 20};
  absl::Mutex mutex_;
  absl::CondVar news_;
  uint64_t announced_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_JOURNAL_H_
