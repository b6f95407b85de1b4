// One connection to Redis: opened, authenticated, and asked in round trips of many commands.
#ifndef WAYMARK_COMMON_REDIS_CONNECTION_H_
#define WAYMARK_COMMON_REDIS_CONNECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/redis/breaker.h"
#include "common/redis/redis.h"

struct redisContext;  // hiredis'.

namespace waymark::redis {

// Not thread-safe.
class Connection {
 public:
  // Connects to an IP address. Errors: UNAVAILABLE  refused, or not in time.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& ip, int port, Instant deadline);

  // Whether it stands, as far as can be told without asking: the peer has neither closed it nor said anything unasked.
  bool Stands() const;

  // What a round trip brought back.
  struct Answers {
    // Of the commands in order. An error here is Redis refusing that one command (see Client::Done).
    std::vector<absl::StatusOr<Reply>> replies;
    // UNAVAILABLE where the trip itself failed: then the later replies are missing, and the connection is of no more
    // use, since a late reply would be taken for another command's.
    absl::Status status;
  };

  // Sends `commands` together and reads their replies.
  Answers RoundTrip(absl::Span<const Client::Command> commands, Instant deadline);

 private:
  struct Closer {
    void operator()(redisContext* context) const;
  };
  using Context = std::unique_ptr<redisContext, Closer>;

  explicit Connection(Context context) : context_(std::move(context)) {}
  absl::Status Exchange(size_t commands, Instant deadline, std::vector<absl::StatusOr<Reply>>& replies);
  absl::StatusOr<short> Wait(short events, Instant deadline) const;

  const Context context_;
};

}  // namespace waymark::redis

#endif  // WAYMARK_COMMON_REDIS_CONNECTION_H_
