#include "common/journal/journal.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"

namespace waymark::journal {
namespace {

// Blocks are not clustered: SQLite keeps large rows best in the order they come, beside a small index.
constexpr sql::Migration kMigrations[] = {
    {.number = 1, .title = "lanes, blocks and cursors", .sql = R"sql(
CREATE TABLE journal_epoch (
  id BIGINT NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL
);
CREATE TABLE journal_lane (
  lane BIGINT NOT NULL PRIMARY KEY,
  bit BIGINT NOT NULL,
  head BIGINT NOT NULL
);
INSERT INTO journal_lane (lane, bit, head) VALUES
  (0, 1, 0), (1, 2, 0), (2, 4, 0), (3, 8, 0), (4, 16, 0), (5, 32, 0), (6, 64, 0), (7, 128, 0), (8, 256, 0),
  (9, 512, 0), (10, 1024, 0), (11, 2048, 0), (12, 4096, 0), (13, 8192, 0), (14, 16384, 0), (15, 32768, 0);
CREATE TABLE journal_block (
  lane BIGINT NOT NULL,
  first_position BIGINT NOT NULL,
  last_position BIGINT NOT NULL,
  workspace TEXT NOT NULL,
  record_time BIGINT NOT NULL,
  checksum BIGINT NOT NULL,
  entries BYTEA NOT NULL,
  PRIMARY KEY (lane, first_position)
);
CREATE TABLE journal_cursor (
  source TEXT NOT NULL,
  lane BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (source, lane)
) /* clustered */
)sql"},
};

constexpr char kDecideEpoch[] = "INSERT INTO journal_epoch (id, epoch) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
constexpr char kRenewEpoch[] = "UPDATE journal_epoch SET epoch = $1 WHERE id = 1";
constexpr char kLoadEpoch[] = "SELECT epoch FROM journal_epoch WHERE id = 1";
// `bit` is 1 << lane, so that one constant text locks any set of lanes.
constexpr char kLockLanes[] = "SELECT lane, head FROM journal_lane WHERE (bit & $1) <> 0 ORDER BY lane FOR UPDATE";
constexpr char kMoveHead[] = "UPDATE journal_lane SET head = $2 WHERE lane = $1";
constexpr char kInsertBlock[] =
    "INSERT INTO journal_block (lane, first_position, last_position, workspace, record_time, checksum, entries) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";
constexpr char kLoadHeads[] = "SELECT lane, head FROM journal_lane ORDER BY lane";
// The block that holds a position is the last that starts at or before it, since a lane has no gaps. Entries of other
// workspaces than the one wanted stay in the database.
constexpr char kLoadStretch[] =
    "SELECT lane, first_position, last_position, workspace, record_time, checksum, "
    "  CASE WHEN $3 = '' OR workspace = $3 THEN entries END "
    "FROM journal_block "
    "WHERE lane = $1 AND last_position >= $2 AND first_position >= "
    "  (SELECT MAX(first_position) FROM journal_block WHERE lane = $1 AND first_position <= $2) "
    "ORDER BY first_position LIMIT $4";
constexpr char kFindBlock[] =
    "SELECT first_position FROM journal_block WHERE lane = $1 AND first_position <= $2 "
    "ORDER BY first_position DESC LIMIT 1";
constexpr char kLoadBlock[] =
    "SELECT lane, first_position, last_position, workspace, record_time, checksum, entries "
    "FROM journal_block WHERE lane = $1 AND first_position = $2";
constexpr char kRewriteBlock[] =
    "UPDATE journal_block SET checksum = $3, entries = $4 WHERE lane = $1 AND first_position = $2";

// What one Read answers at most, so that a message made of it stays small and a reader of one workspace among many does
// not hold a transaction for long.
constexpr size_t kMostBytes = 1 << 20;
constexpr int kMostBlocks = 1024;
// How many places are looked up at once: they may be in as many blocks.
constexpr size_t kPlacesAtOnce = 256;
constexpr int kBlocksPerQuery = 64;  // At 64 KiB each, what one query brings into memory stays bounded.

absl::StatusOr<std::shared_ptr<const Block>> ToBlock(const sql::Row& row) {
  return Block::Parse({.lane = static_cast<int>(row.Int(0)),
                       .first_position = row.Int(1),
                       .last_position = row.Int(2),
                       .workspace = row.Text(3),
                       .record_time = row.Time(4),
                       .entries = row.Blob(6),
                       .checksum = static_cast<uint64_t>(row.Int(5))});
}

// Seconds, which make a later epoch larger, and random bits, which make two of one second differ. Below 2^53, which
// every client keeps whole.
int64_t NewEpoch(absl::Time now) {
  const std::string random = RandomBytes(2);
  return absl::ToUnixSeconds(now) << 16 | static_cast<unsigned char>(random[0]) << 8 |
         static_cast<unsigned char>(random[1]);
}

metrics::Counter& SetAside() {
  return metrics::GetCounter("waymark_journal_set_aside_total", "Facts not told because too many facts led to them.");
}

absl::Status Missing(const Place& place) {
  return Error(absl::StatusCode::kInternal, "INTERNAL",
               absl::StrCat("the journal is damaged: no position ", place.position, " in lane ", place.lane));
}

}  // namespace

std::vector<Place> Lanes::Append(std::vector<NewEntry> entries) {
  std::vector<Place> places;
  places.reserve(entries.size());
  appended_.reserve(appended_.size() + entries.size());
  for (NewEntry& entry : entries) {
    const int lane = entry.lane >= 0 ? entry.lane : LaneOf(entry.workspace, entry.key);
    const auto head = heads_.find(lane);
    if (head == heads_.end()) {
      log::Error("journal: an entry for a lane that is not locked", {{"lane", lane}, {"type", entry.type}});
      std::abort();
    }
    if (entry.depth > kMaxDepth) {
      log::Error("journal: set aside a fact that too many facts led to: is there a ring of rules?",
                 {{"workspace", entry.workspace}, {"type", entry.type}, {"depth", entry.depth}});
      SetAside().Add(1);
      places.push_back({lane, 0});
      continue;
    }
    places.push_back({lane, ++head->second});
    appended_.emplace_back(places.back(), std::move(entry));
  }
  return places;
}

Lanes Lanes::Split(absl::FunctionRef<bool(int lane)> which) {
  Lanes part;
  part.record_time_ = record_time_;
  for (auto head = heads_.begin(); head != heads_.end();) {
    if (which(head->first)) {
      part.heads_.insert(heads_.extract(head++));
    } else {
      ++head;
    }
  }
  return part;
}

void Lanes::Join(Lanes part) {
  heads_.merge(part.heads_);
  std::move(part.appended_.begin(), part.appended_.end(), std::back_inserter(appended_));
  std::move(part.stored_.begin(), part.stored_.end(), std::back_inserter(stored_));
  std::move(part.erased_.begin(), part.erased_.end(), std::back_inserter(erased_));
}

sql::Schema Journal::schema() { return {.name = "journal", .migrations = kMigrations}; }

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(std::string name, sql::Database& db, const Clock& clock) {
  int64_t epoch = 0;
  RETURN_IF_ERROR(db.Transact([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Execute(kDecideEpoch, {NewEpoch(clock.Now())}).status());
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadEpoch));
    epoch = rows.at(0).Int(0);
    return absl::OkStatus();
  }));
  SetAside();  // Told from the start: of a series that begins with one, nobody would see the increase.
  return std::unique_ptr<Journal>(new Journal(std::move(name), db, clock, epoch));
}

absl::StatusOr<int64_t> Journal::Renew(sql::Database& db, const Clock& clock) {
  int64_t epoch = 0;
  RETURN_IF_ERROR(db.Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadEpoch));
    epoch = std::max(NewEpoch(clock.Now()), rows.empty() ? 0 : rows[0].Int(0) + 1);
    RETURN_IF_ERROR(tx.Execute(kDecideEpoch, {epoch}).status());
    return tx.Execute(kRenewEpoch, {epoch}).status();
  }));
  return epoch;
}

absl::StatusOr<Lanes> Journal::Lock(sql::Transaction& tx, const std::set<int>& lanes) {
  int64_t bits = 0;
  for (const int lane : lanes) bits |= int64_t{1} << lane;
  Lanes locked;
  locked.record_time_ = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLockLanes, {bits}));
  for (const sql::Row& row : rows) locked.heads_[static_cast<int>(row.Int(0))] = row.Int(1);
  return locked;
}

absl::Status Journal::Store(sql::Transaction& tx, Lanes& lanes) {
  if (lanes.appended_.empty()) return absl::OkStatus();
  std::vector<BlockRow> rows = ToRows(lanes.appended_, lanes.record_time_);
  std::vector<sql::Params> blocks;
  std::map<int, int64_t> moved;
  for (const BlockRow& row : rows) {
    blocks.push_back({row.lane, row.first_position, row.last_position, row.workspace, row.record_time,
                      static_cast<int64_t>(row.checksum), sql::Bytes{row.entries}});
    moved[row.lane] = lanes.Head(row.lane);
  }
  std::vector<sql::Params> heads;
  for (const auto& [lane, head] : moved) heads.push_back({lane, head});
  RETURN_IF_ERROR(tx.ExecuteMany(kInsertBlock, blocks).status());
  lanes.stored_.clear();
  for (BlockRow& row : rows) lanes.stored_.push_back(Block::Of(std::move(row)));
  return tx.ExecuteMany(kMoveHead, heads).status();
}

absl::Status Journal::Erase(sql::Transaction& tx, Lanes& lanes, std::vector<Place> places) {
  std::sort(places.begin(), places.end());
  const auto all = absl::MakeConstSpan(places);
  for (size_t begin = 0; begin < all.size();) {
    // One block after another, so that few are in memory at once.
    ASSIGN_OR_RETURN(const sql::Rows first, tx.Query(kFindBlock, {all[begin].lane, all[begin].position}));
    if (first.empty()) return Missing(all[begin]);
    ASSIGN_OR_RETURN(const sql::Rows row, tx.Query(kLoadBlock, {all[begin].lane, first[0].Int(0)}));
    ASSIGN_OR_RETURN(const std::shared_ptr<const Block> block, ToBlock(row.at(0)));
    if (!block->Holds(all[begin])) return Missing(all[begin]);
    std::vector<int64_t> positions;
    for (; begin < all.size() && block->Holds(all[begin]); ++begin) positions.push_back(all[begin].position);
    BlockRow rest = block->Without(positions);
    RETURN_IF_ERROR(tx.Execute(kRewriteBlock, {rest.lane, rest.first_position, static_cast<int64_t>(rest.checksum),
                                               sql::Bytes{rest.entries}})
                        .status());
    lanes.erased_.push_back(Block::Of(std::move(rest)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Journal::Stretch> Journal::Read(sql::Transaction& tx, int lane, int64_t after, int limit,
                                               std::optional<absl::string_view> workspace) {
  Stretch stretch = {.reached = after};
  size_t bytes = 0;
  const auto full = [&] { return static_cast<int>(stretch.entries.size()) >= limit || bytes >= kMostBytes; };
  for (int blocks = 0; blocks < kMostBlocks && !full(); blocks += kBlocksPerQuery) {
    ASSIGN_OR_RETURN(const sql::Rows rows,
                     tx.Query(kLoadStretch, {lane, stretch.reached + 1, workspace.value_or(""), kBlocksPerQuery}));
    for (const sql::Row& row : rows) {
      if (full()) return stretch;
      if (row.Int(1) > stretch.reached + 1) return Missing({lane, stretch.reached + 1});
      if (row.IsNull(6)) {
        stretch.reached = row.Int(2);
        continue;
      }
      ASSIGN_OR_RETURN(const std::shared_ptr<const Block> block, ToBlock(row));
      for (; stretch.reached < block->last_position(); ++stretch.reached) {
        if (full()) return stretch;
        stretch.entries.push_back(block->At(stretch.reached + 1));
        bytes += stretch.entries.back().payload.size() + stretch.entries.back().key.size();
      }
    }
    if (rows.size() < kBlocksPerQuery) break;
  }
  return stretch;
}

absl::StatusOr<std::vector<Entry>> Journal::ReadPlaces(sql::Transaction& tx, absl::Span<const Place> places) {
  // In the order of places, so that those of one block are together, and a few at a time, so that the blocks in memory
  // at once are few.
  std::vector<size_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return places[a] < places[b]; });
  std::vector<Entry> entries(places.size());
  std::vector<Place> some;
  for (size_t begin = 0; begin < order.size(); begin += kPlacesAtOnce) {
    const auto part = absl::MakeConstSpan(order).subspan(begin, kPlacesAtOnce);
    some.clear();
    for (const size_t i : part) some.push_back(places[i]);
    ASSIGN_OR_RETURN(const std::vector<std::shared_ptr<const Block>> blocks, FindBlocks(tx, some));
    for (size_t k = 0; k < part.size(); ++k) entries[part[k]] = blocks[k]->At(some[k].position);
  }
  return entries;
}

absl::StatusOr<std::vector<std::shared_ptr<const Block>>> Journal::FindBlocks(sql::Transaction& tx,
                                                                              absl::Span<const Place> places) {
  std::vector<std::shared_ptr<const Block>> found = cache_.Find(places);

  std::vector<Place> missing;
  std::vector<sql::Params> searches;
  for (size_t i = 0; i < places.size(); ++i) {
    if (found[i] != nullptr) continue;
    missing.push_back(places[i]);
    searches.push_back({places[i].lane, places[i].position});
  }
  if (missing.empty()) return found;
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> firsts, tx.QueryMany(kFindBlock, searches));
  std::set<Place> wanted;
  for (size_t i = 0; i < missing.size(); ++i) {
    if (firsts[i].empty()) return Missing(missing[i]);
    wanted.insert({missing[i].lane, firsts[i][0].Int(0)});
  }
  std::vector<sql::Params> searched;
  for (const Place& first : wanted) searched.push_back({first.lane, first.position});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> rows, tx.QueryMany(kLoadBlock, searched));
  std::map<Place, std::shared_ptr<const Block>> loaded;  // By the first place of the block.
  for (const sql::Rows& row : rows) {
    ASSIGN_OR_RETURN(std::shared_ptr<const Block> block, ToBlock(row.at(0)));
    cache_.Add(block);
    loaded[{block->lane(), block->first_position()}] = std::move(block);
  }
  for (size_t i = 0; i < places.size(); ++i) {
    if (found[i] == nullptr) found[i] = std::prev(loaded.upper_bound(places[i]))->second;
    if (!found[i]->Holds(places[i])) return Missing(places[i]);
  }
  return found;
}

absl::StatusOr<std::vector<Place>> Journal::Heads(sql::Transaction& tx) {
  std::vector<Place> heads;
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadHeads));
  for (const sql::Row& row : rows) heads.push_back({static_cast<int>(row.Int(0)), row.Int(1)});
  return heads;
}

void Journal::Announce(const Lanes& lanes) {
  for (const std::shared_ptr<const Block>& block : lanes.stored_) cache_.Add(block);
  for (const std::shared_ptr<const Block>& block : lanes.erased_) cache_.Replace(block);
  absl::MutexLock lock(&mutex_);
  ++announced_;
  news_.SignalAll();
}

uint64_t Journal::WaitForNews(uint64_t seen, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (announced_ == seen) {
    if (news_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  return announced_;
}

}  // namespace waymark::journal
