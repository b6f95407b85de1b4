// Lets concurrent callers share a commit: what comes in while one transaction is under way goes into the next.
#ifndef WAYMARK_SERVICES_MILESTONE_COMMITTER_H_
#define WAYMARK_SERVICES_MILESTONE_COMMITTER_H_

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/worker/pool.h"
#include "services/milestone/history.h"
#include "services/milestone/tracker.h"

namespace waymark::milestone {

// Thread-safe. Has two threads of its own: one records, the other tells and answers meanwhile.
class Committer {
 public:
  explicit Committer(Tracker& tracker);
  // Refuses what waits (STOPPING), and waits for the transaction under way.
  ~Committer();

  // Called once, on a thread of the committer's or, where the batch is refused, the caller's.
  using Done = std::function<void(const Batch& batch, absl::StatusOr<Receipt> receipt)>;
  // Records the batch with the next commit.
  // Errors: RESOURCE_EXHAUSTED  too much waits already (50,000 events or 128 MiB). UNAVAILABLE  stopping. Any of
  // Tracker::Record.
  void Submit(std::unique_ptr<Batch> batch, Done done);
  // The same for a caller who waits.
  absl::StatusOr<Receipt> Record(std::unique_ptr<Batch> batch);

 private:
  struct Waiting {
    std::unique_ptr<Batch> batch;
    Done done;
  };
  // What a transaction came to, for those who wait for it.
  struct Answer {
    absl::StatusOr<Tracker::Recorded> recorded;
    std::vector<Waiting> waiting;
  };
  void Run();

  Tracker& tracker_;
  absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_events_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Pool answering_{1};
  std::thread thread_;  // Last: it ends first.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_COMMITTER_H_
