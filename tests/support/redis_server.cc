#include "tests/support/redis_server.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/ports.h"

namespace waymark::support {

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)), port_(FreePort()) {
  Start();
}

void RedisServer::Start() {
  std::vector<std::string> argv = {"redis-server", "--port", absl::StrCat(port_), "--bind", "127.0.0.1",
                                   "--save",       "",       "--appendonly",      "no",     "--dir",
                                   dir_.path()};
  argv.insert(argv.end(), options_.begin(), options_.end());
  auto server = Process::Start({.argv = argv});
  const absl::Status ready =
      server.ok() ? (*server)->WaitForLine("Ready to accept connections").status() : server.status();
  if (!ready.ok()) {
    std::fprintf(stderr, "Redis does not start: %s\n", ready.ToString().c_str());
    std::abort();
  }
  server_ = *std::move(server);
}

void RedisServer::Crash() { server_.reset(); }

void RedisServer::Freeze() {
  server_->Signal(SIGSTOP);
  // The third word of its stat is its state (proc(5)); nothing tells when that becomes T, stopped.
  const std::string stat = absl::StrCat("/proc/", server_->pid(), "/stat");
  while (!absl::StrContains(ReadFile(stat), ") T ")) std::this_thread::yield();
}

std::string RedisServer::url() const { return absl::StrCat("redis://127.0.0.1:", port_, "/0"); }

}  // namespace waymark::support
