// Records events and tells what follows from them: load, decide, save, tell, in one transaction.
#ifndef WAYMARK_SERVICES_MILESTONE_TRACKER_H_
#define WAYMARK_SERVICES_MILESTONE_TRACKER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "common/worker/pool.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/customer_memory.h"
#include "services/milestone/history.h"
#include "services/milestone/merging.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/news.h"
#include "services/milestone/shelf.h"
#include "services/milestone/stage_cache.h"

namespace waymark::milestone {

// Thread-safe.
class Tracker {
 public:
  // What is given must outlive the tracker.
  Tracker(journal::Journal& journal, Shelf& shelf, StageCache& cache, const Clock& clock);

  // A customer as a transaction has left it.
  struct Change {
    std::string workspace;
    Customer customer;
    std::vector<JourneyPtr> journeys;  // Of its enrollments.
  };
  // An event that came too late for a journey.
  struct Late {
    size_t batch = 0;
    size_t index = 0;
    std::string journey_id;
  };
  // What was written in a transaction.
  struct Written {
    std::vector<Change> changes;
    std::vector<CustomerRow> rows;  // One per change.
    std::vector<Late> late;
  };
  // What a transaction came to, and what is still to be told of it.
  struct Recorded {
    std::vector<Receipt> receipts;  // One per batch.
    std::vector<Change> changes;
    std::vector<StageCache::Stretch> stretches;
  };
  // Stores the checked events of several batches, together with every conclusion and fact, in one transaction. An event
  // later in history order than everything applied is folded in; any other makes its customer's history be folded anew,
  // and what had been told otherwise is told as a revision. Errors: UNAVAILABLE, RESOURCE_EXHAUSTED  as of
  // sql::Database; whether anything was stored is then unknown, and sending again is safe.
  // What is sent of a customer that was merged into another is recorded of that one.
  absl::StatusOr<Recorded> Record(absl::Span<const Batch* const> batches);

  // Writes the stage cache; before the receipts are given out, so that who reads with their token finds the answer
  // there. May run beside the next Record.
  void Tell(Recorded& recorded);

  // The same within somebody else's transaction, who has locked the customers' `lanes`, stores the journal and calls
  // Settle once it is committed. Conflicts and repetitions are left out.
  absl::StatusOr<Written> RecordWithin(sql::Transaction& tx, journal::Lanes& lanes,
                                       absl::Span<const Batch* const> batches);
  // Keeps in mind what was written, and writes the stage cache.
  void Settle(const journal::Lanes& lanes, Written written);

  // Makes one of two customers. Returns a consistency token. Errors: as MergeCustomers tells.
  absl::StatusOr<std::string> Merge(absl::string_view workspace, const std::string& customer_id,
                                    const std::string& into);

  // Erases a customer and everything stored of it, leaves a tombstone and tells the followers, in one transaction; once
  // it was deleted, does nothing. Returns a consistency token. Errors: NOT_FOUND  no such customer, now or before.
  absl::StatusOr<std::string> Delete(absl::string_view workspace, absl::string_view customer_id);

  // Evaluates the next customers after a version was published, so that whoever's history fulfils its entry is
  // enrolled, whichever came first; true where there were any. Everything found so is historical.
  absl::StatusOr<bool> Sweep();

  // Lets time reach the next customers whose progress it changes without an event (a window ends, a silence is long
  // enough, a date comes); true where there were any.
  absl::StatusOr<bool> PassTime();

  // Moves the next customers under way on an earlier version to the version of a migration that is applied: their whole
  // history is folded under it, with what a map of the plan adds to that, and what is to be told of it is historical.
  // Once there is nobody left, it is done.
  absl::Status Move(const Migration& migration);

  // What is kept of a customer's way through a journey, time let pass until now, and what its whole history comes to.
  struct Discrepancy {
    size_t customer = 0;      // The i-th of those asked for.
    JourneyPtr kept_journey;  // Nullptr: nothing is kept.
    rules::Progress kept;
    JourneyPtr journey;  // Nullptr: the history comes to nothing.
    rules::Progress anew;
  };
  // Folds the whole histories of these customers, in bytewise order, anew under the versions in force for each, and
  // tells what is kept otherwise. With `repair` it is then kept as it should be, and what that tells is historical. Who
  // is not known, or still to be evaluated after a publication, is passed over.
  absl::StatusOr<std::vector<Discrepancy>> Recompute(absl::string_view workspace,
                                                     absl::Span<const std::string> customer_ids, bool repair);

 private:
  // Writes the items whose lanes are locked, all but the journal.
  absl::StatusOr<Written> Write(sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const Batch* const> batches,
                                std::vector<Receipt>& receipts);
  // The same and the journal, on all processors where it is worth while: customers of different lanes have nothing to
  // do with each other.
  absl::StatusOr<Written> WriteAtOnce(sql::Transaction& tx, journal::Lanes& lanes,
                                      absl::Span<const Batch* const> batches, std::vector<Receipt>& receipts);
  // The same of batches none of whose customers was merged, as far as is known here; who was is answered MERGED, and
  // nothing is stored.
  absl::StatusOr<Recorded> RecordAsNamed(absl::Span<const Batch* const> batches);
  // Finds out whom the names of those that were answered MERGED lead to.
  absl::Status LearnAliases(absl::Span<const Batch* const> batches, absl::Span<const Receipt> receipts);
  void Remember(const journal::Lanes& lanes, Written& written);

  journal::Journal& journal_;
  Shelf& shelf_;
  StageCache& cache_;
  const Clock& clock_;
  CustomerMemory memory_;
  absl::Mutex mutex_;
  std::shared_ptr<const Aliases> aliases_ ABSL_GUARDED_BY(mutex_) = std::make_shared<Aliases>();
  const int shares_;  // How many threads write at once.
  Pool sharing_;      // All of them but the caller's.
};

// Applies journey's journal: a published version joins the catalog. For journal::Follower. Errors: INTERNAL  a fact of
// an unknown type.
absl::Status ApplyJourneyFacts(sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const journal::Entry> entries);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_TRACKER_H_
