// Follows another service's journal: reads it over gRPC, applies what comes to the own database, and keeps its place in
// that same transaction. So nothing is lost and nothing is applied twice, without a table of seen ids and without a
// broker.
#ifndef WAYMARK_COMMON_JOURNAL_FOLLOWER_H_
#define WAYMARK_COMMON_JOURNAL_FOLLOWER_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/cursor.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"

namespace grpc {
class ChannelInterface;
class ClientContext;
}  // namespace grpc

namespace waymark::journal {

// Applies a stretch of one lane within `tx`, which also moves the cursor. `lanes` are the own journal's, locked before
// anything was read: the lanes of the same keys (kLanes is one number for all, so an entry's key has the same lane
// everywhere); append to them to tell others. May run again after a lost race. An error stops the lane: nothing of the
// stretch is applied, it is logged, shown by Follower::stops(), and tried again with growing pauses (UNAVAILABLE,
// ABORTED and RESOURCE_EXHAUSTED are no stop: the next RunOnce tries again). A type that is not known must be an error
// (upgrade followers first). What it appends need not be stored: the follower does so.
using Apply = std::function<absl::Status(sql::Transaction& tx, Lanes& lanes, absl::Span<const Entry> entries)>;

// Is told that what Apply did last is committed: `lanes` are those that it was given, with what it appended.
using Applied = std::function<void(const Lanes& lanes)>;

// A lane that cannot go on.
struct Stop {
  int lane = 0;
  int64_t after = 0;  // The cursor: the first entry not applied is behind it.
  absl::Status error;
};

// Keeps cursors of its own database (cursor.h tells how far it is). Thread-safe.
class Follower {
 public:
  struct Options {
    std::string source;                              // Whose journal: `milestone`, …
    std::string service_key;                         // The own credential; empty where authentication is off.
    int batch = 1000;                                // Entries per transaction, at most.
    absl::Duration max_wait = absl::ZeroDuration();  // How long RunOnce may wait for news; zero in tests.
  };
  // An in-process channel must not be called once its server has shut down (gRPC 1.51 crashes): end followers first.
  Follower(Options options, std::shared_ptr<grpc::ChannelInterface> channel, Journal& own, Apply apply,
           Applied applied = nullptr);
  ~Follower();

  // Reads what is there and applies it; true where anything was applied. Several replicas may do so at once: cursors
  // move by compare-and-set, and a lost race costs a retry, never a double effect. A lane that stopped is left alone
  // until its pause (100 ms, doubling up to 30 s) is over. Errors, of the first lane that met one; the others went on:
  //   UNAVAILABLE  the source, or the own database, cannot be reached.
  //   DATA_LOSS    the source's epoch is another one than the cursor's, or it skipped a position: its database was
  //                restored; an operator decides. Stops the lane.
  //   Any error of `apply`. Stops the lane.
  absl::StatusOr<bool> RunOnce();

  // Ends a RunOnce() that waits for the source, and lets later ones do nothing: the process is about to stop.
  void Cancel();

  // Lanes that stand still now; each is also a 1 in the metric waymark_follower_stopped{source,lane}.
  std::vector<Stop> stops() const;

 private:
  struct Pause {
    Stop stop;
    std::chrono::steady_clock::duration pause = {};
    std::chrono::steady_clock::time_point until;
  };

  // One RunOnce: what it has still to do and what came of it.
  struct Run {
    Cursors cursors;
    std::set<int> lanes;  // Those that go on.
    bool applied = false;
    absl::Status error;  // The first.
  };
  std::set<int> LanesDue() const;
  absl::Status Read(Run& run);
  void ApplyLane(Run& run, int lane, int64_t epoch, int64_t reached, std::vector<Entry> entries);
  absl::StatusOr<bool> ApplyBatch(int lane, const Cursor& from, const Cursor& to, absl::Span<const Entry> entries);
  void Fail(Run& run, int lane, const absl::Status& error);
  void GoOn(int lane);

  const Options options_;
  const std::shared_ptr<grpc::ChannelInterface> channel_;
  Journal& own_;
  const Apply apply_;
  const Applied applied_;  // May be none.
  mutable absl::Mutex mutex_;
  std::map<int, Pause> pauses_ ABSL_GUARDED_BY(mutex_);             // By lane.
  std::set<grpc::ClientContext*> running_ ABSL_GUARDED_BY(mutex_);  // The calls under way.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_FOLLOWER_H_
