#include "common/redis/redis.h"

#include <signal.h>

#include <deque>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/redis/address.h"
#include "common/redis/breaker.h"
#include "common/redis/connection.h"

namespace waymark::redis {
namespace {

// How much goes out in one round trip at most, so that a full trip ends well within the timeout: Redis answers about
// 500,000 pipelined GETs a second.
constexpr size_t kCommandsPerTrip = 4096;
constexpr size_t kBytesPerTrip = 1 << 20;

Instant Now() { return std::chrono::steady_clock::now(); }

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  std::ifstream file(path);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) return absl::UnavailableError(absl::StrCat("cannot read the password file ", path));
  return std::string(absl::StripAsciiWhitespace(content));
}

// One thread owns the connection. It sleeps while the queue is empty, and else makes round trips.
class PipelinedClient final : public Client {
 public:
  PipelinedClient(Options options, Address address)
      : options_(std::move(options)),
        address_(std::move(address)),
        resolver_(address_.host),
        breaker_(options_.breaker_failures, options_.breaker_pause),
        thread_([this] { Run(); }) {}

  // Answers everything that waits; a round trip under way takes its time, at most the timeout.
  ~PipelinedClient() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Send(Command command, Done done) override {
    if (const absl::Status admitted = Enqueue(command, done); !admitted.ok()) done(admitted);
  }

  bool healthy() const override {
    absl::MutexLock lock(&mutex_);
    return breaker_.closed();
  }

 private:
  struct Waiting {
    Command command;
    Done done;
  };
  struct Trip {
    std::vector<Command> commands;
    std::vector<Done> dones;
  };

  // Moves from its arguments only where it returns OK.
  absl::Status Enqueue(Command& command, Done& done) {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::UnavailableError("the Redis client is closing");
    if (queue_.size() >= options_.max_queued) return absl::ResourceExhaustedError("too many commands wait for Redis");
    if (!breaker_.Admit(Now()))
      return absl::UnavailableError("Redis has not answered lately; it is left alone for a moment");
    queue_.push_back({std::move(command), std::move(done)});
    return absl::OkStatus();
  }

  void Run() {
    // A write to a connection that Redis has closed raises SIGPIPE in this thread; signals meant for the process are
    // for its other threads.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (true) {
      Trip trip = WaitForTrip();
      if (trip.commands.empty()) break;
      Travel(trip);
    }
    // From here on nothing is queued any more.
    absl::ReleasableMutexLock lock(&mutex_);
    std::deque<Waiting> left = std::move(queue_);
    lock.Release();
    for (const Waiting& one : left) one.done(absl::UnavailableError("the Redis client is closing"));
  }

  // Takes what is queued; nothing once the client is closing.
  Trip WaitForTrip() {
    const auto wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&wanted));
    Trip trip;
    size_t bytes = 0;
    while (!stopping_ && !queue_.empty() && trip.commands.size() < kCommandsPerTrip && bytes < kBytesPerTrip) {
      for (const std::string& word : queue_.front().command) bytes += word.size();
      trip.commands.push_back(std::move(queue_.front().command));
      trip.dones.push_back(std::move(queue_.front().done));
      queue_.pop_front();
    }
    return trip;
  }

  void Travel(Trip& trip) {
    if (connection_ != nullptr && !connection_->Stands()) connection_.reset();
    Connection::Answers answers;
    answers.status = connection_ == nullptr ? Connect() : absl::OkStatus();
    if (answers.status.ok()) answers = connection_->RoundTrip(trip.commands, Now() + timeout());
    if (!answers.status.ok()) connection_.reset();
    const std::deque<Waiting> failed = Settle(answers.status);

    if (!answers.status.ok()) answers.replies.resize(trip.commands.size(), answers.status);
    for (size_t i = 0; i < trip.dones.size(); ++i) trip.dones[i](std::move(answers.replies[i]));
    for (const Waiting& one : failed) one.done(answers.status);
  }

  absl::Status Connect() {
    const Instant deadline = Now() + timeout();
    std::vector<Command> greeting;
    std::string password = address_.password;
    if (!options_.password_file.empty()) {
      ASSIGN_OR_RETURN(password, ReadPassword(options_.password_file));  // Each time: it may have been changed.
    }
    if (!password.empty()) greeting.push_back({"AUTH", password});
    if (address_.database != 0) greeting.push_back({"SELECT", absl::StrCat(address_.database)});

    ASSIGN_OR_RETURN(const std::vector<std::string> ips, resolver_.Resolve(deadline));
    absl::StatusOr<std::unique_ptr<Connection>> connection = absl::UnavailableError("Redis' host has no address");
    for (const std::string& ip : ips) {
      connection = Connection::Open(ip, address_.port, deadline);
      if (connection.ok()) break;
    }
    RETURN_IF_ERROR(connection.status());
    const Connection::Answers answers = (*connection)->RoundTrip(greeting, deadline);
    RETURN_IF_ERROR(answers.status);
    for (const absl::StatusOr<Reply>& reply : answers.replies) {
      if (!reply.ok())
        return absl::UnavailableError(absl::StrCat("Redis refuses the connection: ", reply.status().message()));
    }
    connection_ = *std::move(connection);
    return absl::OkStatus();
  }

  // Tells the breaker how a trip ended, and the log where that changes something. Returns what was queued behind a trip
  // that failed: that has waited long enough.
  std::deque<Waiting> Settle(const absl::Status& status) {
    absl::ReleasableMutexLock lock(&mutex_);
    const bool was_closed = breaker_.closed();
    status.ok() ? breaker_.Succeeded() : breaker_.Failed(Now());
    const bool is_closed = breaker_.closed();
    std::deque<Waiting> failed;
    if (!status.ok()) failed.swap(queue_);
    lock.Release();
    if (was_closed && !is_closed) log::Warning("redis is left alone", {{"reason", status.message()}});
    if (!was_closed && is_closed) log::Info("redis answers again");
    return failed;
  }

  std::chrono::nanoseconds timeout() const { return absl::ToChronoNanoseconds(options_.timeout); }

  const Options options_;
  const Address address_;
  // Of the client's thread.
  Resolver resolver_;
  std::unique_ptr<Connection> connection_;

  mutable absl::Mutex mutex_;
  Breaker breaker_ ABSL_GUARDED_BY(mutex_);
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const Options& options) {
  ASSIGN_OR_RETURN(Address address, ParseUrl(options.url));
  return std::make_unique<PipelinedClient>(options, std::move(address));
}

std::vector<absl::StatusOr<Reply>> Client::Call(absl::Span<const Command> commands) {
  std::vector<absl::StatusOr<Reply>> replies(commands.size());
  absl::BlockingCounter missing(static_cast<int>(commands.size()));
  for (size_t i = 0; i < commands.size(); ++i) {
    Send(commands[i], [&replies, &missing, i](absl::StatusOr<Reply> reply) {
      replies[i] = std::move(reply);
      missing.DecrementCount();
    });
  }
  missing.Wait();
  return replies;
}

absl::StatusOr<Reply> Client::Call(Command command) {
  return std::move(Call(absl::MakeConstSpan(&command, 1)).front());
}

}  // namespace waymark::redis
