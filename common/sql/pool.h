// A bounded pool of connections.
#ifndef WAYMARK_COMMON_SQL_POOL_H_
#define WAYMARK_COMMON_SQL_POOL_H_

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/errors.h"

namespace waymark::sql {

// Makes connections when they are first needed and keeps them for the next who asks. Thread-safe.
template <typename Connection>
class Pool {
 public:
  // At most `most` connections; who finds none free waits for `wait`. `usable` is asked before a kept connection is
  // given out again; where it says no, the connection is closed and a new one made.
  Pool(int most, absl::Duration wait, std::function<absl::StatusOr<std::unique_ptr<Connection>>()> make,
       std::function<bool(Connection&)> usable)
      : wait_(wait), make_(std::move(make)), usable_(std::move(usable)), free_(most) {}

  // A connection for one user, given back at its end.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    ~Lease() {
      if (pool_ != nullptr) pool_->GiveBack(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    friend class Pool;
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Errors: UNAVAILABLE  none became free in time. Those of `make`.
  absl::StatusOr<Lease> Take() {
    std::unique_ptr<Connection> connection;
    {
      absl::MutexLock lock(&mutex_);
      const auto any_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return free_ > 0; };
      if (!mutex_.AwaitWithTimeout(absl::Condition(&any_free), wait_)) {
        return StoreUnavailable("the database is busy: send the call again");
      }
      --free_;
      if (!idle_.empty()) {
        connection = std::move(idle_.back());  // The one used last: its caches are the warmest.
        idle_.pop_back();
      }
    }
    Lease lease(*this, std::move(connection));
    if (lease.connection_ != nullptr && !usable_(*lease.connection_)) lease.connection_.reset();
    if (lease.connection_ == nullptr) {
      absl::StatusOr<std::unique_ptr<Connection>> made = make_();
      if (!made.ok()) return made.status();
      lease.connection_ = *std::move(made);
    }
    return lease;
  }

 private:
  void GiveBack(std::unique_ptr<Connection> connection) {
    absl::MutexLock lock(&mutex_);
    ++free_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }

  const absl::Duration wait_;
  const std::function<absl::StatusOr<std::unique_ptr<Connection>>()> make_;
  const std::function<bool(Connection&)> usable_;
  absl::Mutex mutex_;
  int free_ ABSL_GUARDED_BY(mutex_);  // How many more may be taken.
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_POOL_H_
