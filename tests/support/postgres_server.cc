#include "tests/support/postgres_server.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/ports.h"

namespace waymark::support {
namespace {

constexpr char kUser[] = "postgres";

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "PostgreSQL for tests: %s\n", what.c_str());
  std::abort();
}

// The folder of initdb and postgres: the newest version that Debian has installed, else what PATH finds.
std::string BinFolder() {
  std::vector<std::string> folders;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    if (std::filesystem::exists(entry.path() / "bin/initdb")) folders.push_back((entry.path() / "bin").string() + "/");
  }
  return folders.empty() ? "" : *std::max_element(folders.begin(), folders.end());
}

}  // namespace

PostgresServer::PostgresServer() : port_(FreePort()) {
  if (geteuid() == 0) {
    const passwd* user = getpwnam(kUser);
    if (user == nullptr || chown(dir_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      Die("there is no user postgres: install the package postgresql");
    }
  }
  // The server itself gets a death signal; its folder needs somebody who outlives this program, whose end it notices by
  // the end of its stdin. It ignores the signals that a terminal sends.
  auto undertaker = Process::Start(
      {.argv = {"/bin/sh", "-c",
                "trap '' INT TERM HUP; read -r line; pid=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null); "
                "while [ -n \"$pid\" ] && kill -0 \"$pid\" 2>/dev/null; do sleep 0.1; done; rm -rf \"$1\"",
                "undertaker", dir_.path()},
       .hold_input = true,
       .death_signal = 0});
  if (!undertaker.ok()) Die(undertaker.status().ToString());
  undertaker_ = *std::move(undertaker);
  const auto made = RunToEnd({.argv = {BinFolder() + "initdb", "--pgdata", dir_.File("data"), "--username", kUser,
                                       "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"},
                              .folder = dir_.path(),
                              .user = kUser},
                             absl::Minutes(2));
  if (!made.ok()) Die(made.status().ToString());
  if (made->exit_code != 0) Die(made->out + made->err);
  Start();
}

PostgresServer::~PostgresServer() { Stop(); }

void PostgresServer::Start() {
  // The short timeout lets tests of deadlocks end soon. Everything that makes commits durable is as PostgreSQL has it.
  auto server = Process::Start(
      {.argv = {BinFolder() + "postgres", "-D", dir_.File("data"), "-k", dir_.path(), "-p", absl::StrCat(port_), "-h",
                "127.0.0.1", "-c", "max_connections=200", "-c", "deadlock_timeout=100ms"},
       .folder = dir_.path(),
       .user = kUser,
       .death_signal = SIGQUIT});
  if (!server.ok()) Die(server.status().ToString());
  server_ = *std::move(server);
  const auto ready = server_->WaitForLine("database system is ready to accept connections", absl::Minutes(2));
  if (!ready.ok()) Die(ready.status().ToString());
}

void PostgresServer::Stop() {
  server_->Signal(SIGINT);
  if (!server_->Wait(absl::Minutes(2)).ok()) Die("does not stop");
}

void PostgresServer::Crash() {
  server_->Signal(SIGQUIT);
  if (!server_->Wait(absl::Minutes(2)).ok()) Die("does not stop");
}

std::string PostgresServer::url() const {
  return absl::StrCat("postgresql://", kUser, "@127.0.0.1:", port_, "/postgres");
}

}  // namespace waymark::support
