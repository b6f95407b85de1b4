#include "common/worker/worker.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"

namespace waymark {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

Worker::Worker(std::string name, absl::Duration idle, std::function<absl::StatusOr<bool>()> run_once)
    : name_(std::move(name)), idle_(idle), run_once_(std::move(run_once)), thread_([this] { Run(); }) {}

Worker::~Worker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Worker::Wake() {
  absl::MutexLock lock(&mutex_);
  woken_ = true;
}

void Worker::Run() {
  std::string failure;
  absl::Duration pause = kFirstPause;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      woken_ = false;  // News that comes from here on is seen by this round or wakes the next.
    }
    const absl::StatusOr<bool> did_something = run_once_();
    if (!did_something.ok()) {
      if (failure != did_something.status().ToString()) {
        failure = did_something.status().ToString();
        log::Warning("work fails and is tried again", {{"worker", name_}, {"error", failure}});
      }
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&stopping_), pause);  // News does not mend a failure.
      pause = std::min(pause * 2, kLongestPause);
      continue;
    }
    if (!failure.empty()) log::Info("work succeeds again", {{"worker", name_}});
    failure.clear();
    pause = kFirstPause;
    if (*did_something) continue;
    absl::MutexLock lock(&mutex_);
    const auto called = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || woken_; };
    mutex_.AwaitWithTimeout(absl::Condition(&called), idle_);
  }
}

}  // namespace waymark
