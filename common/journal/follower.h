// Follows another service's journal: reads it over gRPC, applies what comes to the own database, and keeps its place in
// that same transaction. So nothing is lost and nothing is applied twice, without a table of seen ids and without a
// broker.
#ifndef WAYMARK_COMMON_JOURNAL_FOLLOWER_H_
#define WAYMARK_COMMON_JOURNAL_FOLLOWER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"

namespace grpc {
class ChannelInterface;
}

namespace waymark::journal {

// Applies a stretch of one lane within `tx`, which also moves the cursor. `lanes` are the own journal's, locked before
// anything was read: the lanes of the same keys (kLanes is one number for all, so an entry's key has the same lane
// everywhere); append to them to tell others. May run again after a lost race. An error stops the lane: nothing of the
// stretch is applied, it is logged, shown by Follower::stops(), and tried again with growing pauses. A type that is not
// known must be an error (upgrade followers first).
using Apply = std::function<absl::Status(sql::Transaction& tx, Lanes& lanes, absl::Span<const Entry> entries)>;

// A lane that cannot go on.
struct Stop {
  int lane = 0;
  int64_t after = 0;  // The cursor: the first entry not applied is behind it.
  absl::Status error;
};

// Thread-safe.
class Follower {
 public:
  struct Options {
    std::string source;                              // Whose journal: `milestone`, …
    std::string service_key;                         // The own credential; empty where authentication is off.
    int batch = 1000;                                // Entries per transaction, at most.
    absl::Duration max_wait = absl::ZeroDuration();  // How long RunOnce may wait for news; zero in tests.
  };
  Follower(Options options, std::shared_ptr<grpc::ChannelInterface> channel, Journal& own, Apply apply);
  ~Follower();

  // Reads what is there and applies it; true where anything was applied. Several replicas may do so at once: cursors
  // move by compare-and-set, and a lost race costs a retry, never a double effect. Errors: UNAVAILABLE  the source
  // cannot be reached. DATA_LOSS  the source's epoch is another one than the cursor's: it was restored; an operator
  // decides.
  //         Any error of `apply`: that lane stands still while others went on.
  absl::StatusOr<bool> RunOnce();

  // The position up to which `lane` of `source` has been applied, and its epoch; position 0 before the first. Reads the
  // database, so it is right on every replica.
  struct Cursor {
    int64_t epoch = 0;
    int64_t position = 0;
  };
  static absl::StatusOr<Cursor> GetCursor(sql::Transaction& tx, absl::string_view source, int lane);

  // Lanes that stand still now.
  std::vector<Stop> stops() const;
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_FOLLOWER_H_
