#include "services/cli/sender.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/cli/table.h"

namespace waymark::cli {
namespace {

constexpr absl::Duration kLongestPause = absl::Seconds(5);

// Whether sending the same again may help. It never harms: ids are the same, so what was stored is answered DUPLICATE.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return !ReasonOf(status).empty();  // Without a reason it is gRPC's own: the call is too large.
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Tally::AddReason(int64_t line, std::string reason) {
  reasons.emplace(line, std::move(reason));
  if (reasons.size() > kTold) reasons.erase(std::prev(reasons.end()));
}

Sender::Sender(const std::vector<const WaymarkClient*>& clients, Options options)
    : options_(std::move(options)), most_waiting_(clients.size() * options_.batches_per_connection) {
  for (const WaymarkClient* client : clients) {
    for (int i = 0; i < options_.batches_per_connection; ++i) {
      threads_.emplace_back([this, client] { Run(*client); });
    }
  }
}

Sender::~Sender() {
  {
    absl::MutexLock lock(&mutex_);
    finishing_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status Sender::Send(Batch batch) {
  const auto has_room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.size() < most_waiting_ || !failure_.ok();
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&has_room));
  RETURN_IF_ERROR(failure_);
  waiting_.push_back(std::move(batch));
  return absl::OkStatus();
}

absl::Status Sender::Finish() {
  const auto is_quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return under_way_ == 0 && (waiting_.empty() || !failure_.ok());
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&is_quiet));
  return failure_;
}

Tally Sender::tally() const {
  absl::MutexLock lock(&mutex_);
  return tally_;
}

void Sender::Run(const WaymarkClient& client) {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !waiting_.empty() || finishing_; };
  while (true) {
    Batch batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      if (waiting_.empty() || !failure_.ok()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
      ++under_way_;
    }
    const absl::Status sent = SendUntilAnswered(client, batch);
    absl::MutexLock lock(&mutex_);
    --under_way_;
    failure_.Update(sent);
  }
}

absl::Status Sender::SendUntilAnswered(const WaymarkClient& client, const Batch& batch) {
  const auto begun = std::chrono::steady_clock::now();
  absl::Duration pause = options_.first_pause;
  while (true) {
    milestone::v1::IngestEventsResponse response;
    const absl::Status sent = client.Call(batch.request, &response, absl::Seconds(30), batch.workspace);
    if (sent.ok()) {
      if (response.results_size() != batch.request.events_size()) {
        return absl::InternalError("the server did not answer every event; is it a Waymark server?");
      }
      Count(batch, response);
      return absl::OkStatus();
    }
    const absl::Duration tried = absl::FromChrono(std::chrono::steady_clock::now() - begun);
    if (!MayPass(sent) || tried > options_.give_up) return sent;
    options_.on_retry(sent);
    absl::SleepFor(std::max(pause, RetryAfterOf(sent).value_or(absl::ZeroDuration())));
    pause = std::min(pause * 2, kLongestPause);
  }
}

void Sender::Count(const Batch& batch, const milestone::v1::IngestEventsResponse& response) {
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < response.results_size(); ++i) {
    const milestone::v1::EventResult& result = response.results(i);
    if (result.outcome() == milestone::v1::EVENT_OUTCOME_ACCEPTED) {
      ++tally_.accepted;
    } else if (result.outcome() == milestone::v1::EVENT_OUTCOME_DUPLICATE) {
      ++tally_.duplicate;
    } else {
      const bool is_conflict = result.outcome() == milestone::v1::EVENT_OUTCOME_CONFLICT;
      ++(is_conflict ? tally_.conflict : tally_.invalid);
      tally_.AddReason(batch.lines[i], Printable(absl::StrCat(is_conflict ? "conflict" : "invalid", ": ",
                                                              result.field(), ": ", result.message())));
    }
  }
}

}  // namespace waymark::cli
