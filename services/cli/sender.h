// Sends batches of events over several connections, several batches at a time on each, and sends again what a server
// could not take.
#ifndef WAYMARK_SERVICES_CLI_SENDER_H_
#define WAYMARK_SERVICES_CLI_SENDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/cli/waymark_client.h"
#include "waymark/milestone/v1/event.pb.h"

namespace waymark::cli {

// Events of one workspace, and the line of the file that each stands in.
struct Batch {
  std::string workspace;
  milestone::v1::IngestEventsRequest request;
  std::vector<int64_t> lines;
};

// What became of the events.
struct Tally {
  // The first lines with a problem are told, by line.
  static constexpr size_t kTold = 10;
  using Reasons = std::map<int64_t, std::string>;

  int64_t accepted = 0;
  int64_t duplicate = 0;
  int64_t conflict = 0;
  int64_t invalid = 0;
  int64_t unreadable = 0;  // Lines that were no event and were not sent.
  Reasons reasons;         // Of conflicts, invalid ones and unreadable ones.

  int64_t answered() const { return accepted + duplicate + conflict + invalid; }
  void AddReason(int64_t line, std::string reason);
};

// Thread-safe.
class Sender {
 public:
  struct Options {
    int batches_per_connection = 4;  // Under way at once: hides the round trip and fills group commits.
    absl::Duration first_pause = absl::Milliseconds(100);  // Before sending again; doubles up to 5 s.
    absl::Duration give_up = absl::Seconds(90);            // A batch without an answer for so long fails the import.
    std::function<void(const absl::Status&)> on_retry = [](const absl::Status&) {};
  };

  // One connection per client; they must outlive it.
  Sender(const std::vector<const WaymarkClient*>& clients, Options options);
  // Waits for what is under way.
  ~Sender();

  // Hands a batch over, waiting while as many wait as are under way. Errors: what made an earlier batch fail; nothing
  // more is sent then.
  absl::Status Send(Batch batch);

  // Waits until every batch is answered. Errors: as Send.
  absl::Status Finish();

  Tally tally() const;

 private:
  void Run(const WaymarkClient& client);
  absl::Status SendUntilAnswered(const WaymarkClient& client, const Batch& batch);
  void Count(const Batch& batch, const milestone::v1::IngestEventsResponse& response);

  const Options options_;
  const size_t most_waiting_;
  mutable absl::Mutex mutex_;
  std::deque<Batch> waiting_ ABSL_GUARDED_BY(mutex_);
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  Tally tally_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SENDER_H_
