// Runs a loop's RunOnce() on a thread of its own.
//
// Every loop of Waymark is a class with `absl::StatusOr<bool> RunOnce()`, which does what there is to do now and tells
// whether it did anything. Tests call RunOnce() and move the clock; only main.cc makes Workers.
#ifndef WAYMARK_COMMON_WORKER_WORKER_H_
#define WAYMARK_COMMON_WORKER_WORKER_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace waymark {

class Worker {
 public:
  // Calls `run_once` until stopped: again at once while it did something, after `idle` where it did nothing, after a
  // pause growing from 100 ms to 5 s while it fails. Failures are logged once per change of their message.
  Worker(std::string name, absl::Duration idle, std::function<absl::StatusOr<bool>()> run_once);
  // Stops and waits for a RunOnce() that is under way.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Ends an idle wait early: there is news.
  void Wake();

 private:
  void Run();

  const std::string name_;
  const absl::Duration idle_;
  const std::function<absl::StatusOr<bool>()> run_once_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace waymark

#endif  // WAYMARK_COMMON_WORKER_WORKER_H_
