// A few threads for work that may block, handed over by threads that must not.
#ifndef WAYMARK_COMMON_WORKER_POOL_H_
#define WAYMARK_COMMON_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace waymark {

// Thread-safe.
class Pool {
 public:
  explicit Pool(int threads);
  // Does what was handed over before, then ends.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void Run(std::function<void()> work);

 private:
  void Work();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace waymark

#endif  // WAYMARK_COMMON_WORKER_POOL_H_
