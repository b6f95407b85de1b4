// A Redis client for a cache: many callers share one connection, their commands are sent together, and whatever is
// wrong with Redis costs a bounded time and nothing else.
#ifndef WAYMARK_COMMON_REDIS_REDIS_H_
#define WAYMARK_COMMON_REDIS_REDIS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace waymark::redis {

struct Options {
  std::string url =
      "redis://127.0.0.1:6379/0";  // redis://[:password@]host[:port][/db]; the password may come from `password_file`.
  std::string password_file;
  absl::Duration timeout = absl::Milliseconds(50);  // Of connecting, and of a round trip.
  int breaker_failures = 3;                         // So many failures in a row open the breaker …
  absl::Duration breaker_pause =
      absl::Milliseconds(500);  // … which answers UNAVAILABLE at once, and lets one probe through after this.
  size_t max_queued = 100'000;  // More waiting commands are answered RESOURCE_EXHAUSTED.
};

// An answer. Nil is an empty optional in `text`.
struct Reply {
  std::optional<std::string> text;  // Of a string, status or nil.
  int64_t integer = 0;
  std::vector<Reply> elements;  // Of an array.
};

// Thread-safe.
class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      const Options& options);  // Does not connect yet. Errors: INVALID_ARGUMENT  the url.
  virtual ~Client() = default;

  using Command = std::vector<std::string>;
  // Called once: on the client's thread, or within Send where the command is refused at once (the breaker is open, too
  // much is queued). It must not block. Errors: UNAVAILABLE  no connection, a timeout, or the
  // breaker is open. RESOURCE_EXHAUSTED  Redis is out of memory, or too much is queued. INTERNAL  Redis refused the
  // command.
  using Done = std::function<void(absl::StatusOr<Reply>)>;

  // Queues a command; what is queued while a round trip is under way goes out together in the next one.
  virtual void Send(Command command, Done done) = 0;

  // The same, waiting for the answers of several commands.
  std::vector<absl::StatusOr<Reply>> Call(absl::Span<const Command> commands);
  absl::StatusOr<Reply> Call(Command command);

  // Whether the breaker is closed.
  virtual bool healthy() const = 0;
};

}  // namespace waymark::redis

#endif  // WAYMARK_COMMON_REDIS_REDIS_H_
