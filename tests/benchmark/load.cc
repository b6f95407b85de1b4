#include "tests/benchmark/load.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace waymark::benchmark {

Load Drive(int port, int connections, int under_way, int64_t calls, const Call& call) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("waymark.connection", i);  // Channels of equal arguments would share one connection.
    arguments.SetMaxReceiveMessageSize(16 << 20);
    channels.push_back(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
    channels.back()->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }
  std::atomic<int64_t> next = 0;
  std::atomic<int64_t> failures = 0;
  std::atomic<int64_t> finished = 0;
  std::vector<int64_t> micros(calls);
  absl::Mutex mutex;
  bool done = false;
  std::function<void()> start = [&] {
    const int64_t number = next++;
    if (number >= calls) return;
    const absl::Time begun = absl::Now();
    call(*channels[number % connections], number, [&, number, begun](bool good) {
      if (!good) ++failures;
      micros[number] = absl::ToInt64Microseconds(absl::Now() - begun);
      start();
      if (++finished < calls) return;
      absl::MutexLock lock(&mutex);
      done = true;
    });
  };
  const absl::Time begun = absl::Now();
  for (int i = 0; i < under_way; ++i) start();
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&done));
  }
  Load load{.calls = calls, .failures = failures, .seconds = absl::ToDoubleSeconds(absl::Now() - begun)};
  std::sort(micros.begin(), micros.end());
  load.p50_ms = static_cast<double>(micros[(calls - 1) / 2]) / 1000;
  load.p99_ms = static_cast<double>(micros[(calls - 1) * 99 / 100]) / 1000;
  return load;
}

}  // namespace waymark::benchmark
