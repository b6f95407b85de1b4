#include "services/milestone/committer.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/metrics/metrics.h"

namespace waymark::milestone {
namespace {

// A transaction takes at most so many events: enough to spread the cost of a commit, few enough that callers wait less
// than a second.
constexpr size_t kMostEventsPerCommit = 16'000;
constexpr size_t kMostWaitingEvents = 50'000;
constexpr size_t kMostWaitingBytes = 128 << 20;

}  // namespace

Committer::Committer(Tracker& tracker) : tracker_(tracker), thread_([this] { Run(); }) {}

Committer::~Committer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Committer::Submit(std::unique_ptr<Batch> batch, Done done) {
  absl::Status refused;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) {
      refused = Stopping();
    } else if (waiting_events_ + batch->events.size() > kMostWaitingEvents ||
               waiting_bytes_ + batch->request.size() > kMostWaitingBytes) {
      refused = Overloaded("too many events wait to be stored: send these again later", absl::Milliseconds(500));
    } else {
      waiting_events_ += batch->events.size();
      waiting_bytes_ += batch->request.size();
      waiting_.push_back({std::move(batch), std::move(done)});
      return;
    }
  }
  done(*batch, refused);
}

absl::StatusOr<Receipt> Committer::Record(std::unique_ptr<Batch> batch) {
  absl::StatusOr<Receipt> result;
  absl::Notification recorded;
  Submit(std::move(batch), [&](const Batch&, absl::StatusOr<Receipt> receipt) {
    result = std::move(receipt);
    recorded.Notify();
  });
  recorded.WaitForNotification();
  return result;
}

void Committer::Run() {
  metrics::Counter& events_stored =
      metrics::GetCounter("waymark_ingest_events_total", "Events answered, duplicates included.");
  metrics::Counter& commits = metrics::GetCounter("waymark_ingest_commits_total", "Transactions that stored events.");
  while (true) {
    std::vector<Waiting> taken;
    bool stopping = false;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Committer* self)
               ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) { return self->stopping_ || !self->waiting_.empty(); },
          this));
      stopping = stopping_;
      size_t events = 0;
      while (!waiting_.empty() &&
             (stopping || taken.empty() || events + waiting_.front().batch->events.size() <= kMostEventsPerCommit)) {
        events += waiting_.front().batch->events.size();
        waiting_bytes_ -= waiting_.front().batch->request.size();
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      waiting_events_ -= events;
    }
    if (stopping) {
      for (Waiting& waiting : taken) waiting.done(*waiting.batch, Stopping());
      return;
    }
    std::vector<const Batch*> batches;
    for (const Waiting& waiting : taken) batches.push_back(waiting.batch.get());
    // Shared, because std::function copies what it holds.
    auto answer = std::make_shared<Answer>();
    answer->recorded = tracker_.Record(batches);
    answer->waiting = std::move(taken);
    commits.Add(1);
    answering_.Run([this, answer, &events_stored] {
      if (answer->recorded.ok()) tracker_.Tell(*answer->recorded);
      for (size_t i = 0; i < answer->waiting.size(); ++i) {
        const Waiting& waiting = answer->waiting[i];
        if (!answer->recorded.ok()) {
          waiting.done(*waiting.batch, answer->recorded.status());
          continue;
        }
        events_stored.Add(static_cast<double>(waiting.batch->events.size()));
        waiting.done(*waiting.batch, std::move(answer->recorded->receipts[i]));
      }
    });
  }
}

}  // namespace waymark::milestone
