// The order in which events are sent, and how often each: as in the file, or disturbed on purpose, since no order and
// no repeat may change what they add up to.
#ifndef WAYMARK_SERVICES_CLI_ARRANGEMENT_H_
#define WAYMARK_SERVICES_CLI_ARRANGEMENT_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/cli/event_reader.h"

namespace waymark::cli {

struct ArrangementOptions {
  std::optional<uint64_t> shuffle_seed;  // Nothing: the file's own order.
  int most_repeats = 1;                  // Each event is sent 1 to so many times.
  uint64_t repeat_seed = 0;

  // Reads `file` or `shuffle:SEED`. Errors: INVALID_ARGUMENT (USAGE)  neither.
  absl::Status SetOrder(absl::string_view text);
  // Reads `MAX:SEED`, MAX from 1 to 100. Errors: INVALID_ARGUMENT (USAGE)  not of that form.
  absl::Status SetRepeat(absl::string_view text);
};

// Gives events in the order wanted; the same seed gives the same order everywhere. Not thread-safe.
class Arrangement {
 public:
  // In the file's order memory is constant, and a repeat follows at a random place among the next 5,000 events.
  // Shuffled, all events are read first and kept, about 200 bytes each, and repeats are shuffled with them. `reader`
  // must outlive it.
  static std::unique_ptr<Arrangement> Create(EventReader& reader, const ArrangementOptions& options);
  virtual ~Arrangement() = default;

  // The next event; nothing at the end. Lines that are no event come once. Errors: those of the reader, after
  // everything that was read before.
  virtual absl::StatusOr<std::optional<SourceEvent>> Next() = 0;

  // How much has been given, 0 to 1; negative where only the input knows.
  virtual double fraction() const { return -1; }
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_ARRANGEMENT_H_
