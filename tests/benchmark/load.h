// A load driver: keeps a number of calls under way on a number of connections, and says how long they took.
#ifndef WAYMARK_TESTS_BENCHMARK_LOAD_H_
#define WAYMARK_TESTS_BENCHMARK_LOAD_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"

namespace waymark::benchmark {

// What a run came to.
struct Load {
  int64_t calls = 0;
  int64_t failures = 0;
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double per_second() const { return static_cast<double>(calls) / seconds; }
};

// One call: starts it, and calls `done` when it is answered. `number` counts from 0.
using Call = std::function<void(grpc::Channel& channel, int64_t number, std::function<void(bool good)> done)>;

// Makes `calls` calls to 127.0.0.1:`port`, `under_way` at once, spread over `connections`.
Load Drive(int port, int connections, int under_way, int64_t calls, const Call& call);

}  // namespace waymark::benchmark

#endif  // WAYMARK_TESTS_BENCHMARK_LOAD_H_
