// A Redis server of a test's own, on a free port of loopback, that keeps nothing on disk.
//
//   support::RedisServer redis;
//   auto client = redis::Client::Create({.url = redis.url()});
//   redis.Crash();      // connections are reset, new ones refused
//   redis.Start();      // on the same port, empty
//   redis.Freeze();     // it accepts connections and answers nothing, until Thaw()
#ifndef WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_
#define WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::support {

class RedisServer {
 public:
  // Starts it, with `options` as on redis-server's command line, such as {"--maxmemory", "1mb"}; aborts with what Redis
  // said where that fails.
  explicit RedisServer(std::vector<std::string> options = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Starts the crashed server again, empty, on the same port.
  void Start();
  void Crash();
  // Returns once it stands still.
  void Freeze();
  void Thaw() { server_->Signal(SIGCONT); }

  int port() const { return port_; }
  std::string url() const;

 private:
  const std::vector<std::string> options_;
  const TempDir dir_;
  int port_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_
