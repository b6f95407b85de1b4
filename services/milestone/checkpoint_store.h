// Keeps earlier states of long histories, so that a late event need not make the whole history be folded anew.
//
// A state is worth something as long as nothing came that stands before its end; with the first late event that does,
// it is dropped, and others are made on the way (CutsOf). So an event that is d items late costs a fold of about 2 d
// items, however long the history is.
#ifndef WAYMARK_SERVICES_MILESTONE_CHECKPOINT_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_CHECKPOINT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

// After so many events a state is kept: few enough to be folded in a few milliseconds, many enough that what is kept
// is small beside the events. Shorter histories have none.
inline constexpr int64_t kCheckpointEvery = 512;

// Whether the history is long enough for that.
inline bool MayHaveCheckpoints(const Customer& customer) {
  return customer.sealed + static_cast<int64_t>(customer.open.size()) >= kCheckpointEvery;
}

// What a part of a customer's history comes to: its first items, in the order of history.
struct Checkpoint {
  Dossier dossier;
  int64_t revision = 0;          // The catalog revision it was evaluated under.
  int64_t through = 0;           // Every item up to this position is in the dossier …
  std::vector<int64_t> pending;  // … but for these, ascending.

  // Whether an item at this position is still to be folded.
  bool Lacks(int64_t position) const;
};

// The instant after which an item must be for the state to be worth something.
absl::Time EndOf(const Dossier& dossier);

// Where a fold of `items` items is to be interrupted for the states between: as far from its end as twice the distance
// again and again, so that all of them together take no longer to write than the fold itself. Ascending.
std::vector<size_t> CutsOf(size_t items);

// Asks for the newest state of a customer that was evaluated under a catalog revision and ends before an instant.
struct CheckpointQuery {
  CustomerName customer;
  int64_t revision = 0;
  absl::Time before;
};
// One per query; absent where there is none.
absl::StatusOr<std::vector<std::optional<Checkpoint>>> LoadCheckpoints(sql::Transaction& tx,
                                                                       absl::Span<const CheckpointQuery> queries);

// Drops a customer's states of more than `events` events; -1: all of them.
struct CheckpointsDropped {
  CustomerName customer;
  int64_t events = -1;
};
absl::Status DropCheckpoints(sql::Transaction& tx, absl::Span<const CheckpointsDropped> dropped);

// Keeps states. One of as many events as another of the customer replaces it.
absl::Status SaveCheckpoints(sql::Transaction& tx,
                             absl::Span<const std::pair<CustomerName, const Checkpoint*>> checkpoints);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CHECKPOINT_STORE_H_
