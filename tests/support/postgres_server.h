// A PostgreSQL server of a test's own, with fsync on, in a temporary folder. Most tests want databases.h, which shares
// one server in the test program; take one of these to stop, kill and start it again.
//
// It runs as the user `postgres` where the test is root (PostgreSQL refuses root), from the programs in $PATH or
// /usr/lib/postgresql/*/bin. When the test program dies, however that happens, the server is stopped and its folder
// removed.
#ifndef WAYMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_
#define WAYMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_

#include <memory>
#include <string>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::support {

class PostgresServer {
 public:
  // Makes a cluster and starts its server; aborts with what PostgreSQL said where that fails. Takes 1 to 3 s.
  PostgresServer();
  // Stops the server and removes its folder.
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Starts the stopped server on the same port, and returns once it accepts connections.
  void Start();
  // Stops it in order: connections are cut, everything is written.
  void Stop();
  // Stops it as a crash does (immediate shutdown: no checkpoint, recovery at the next start).
  void Crash();

  int port() const { return port_; }
  // `postgresql://postgres@127.0.0.1:PORT/postgres`.
  std::string url() const;

 private:
  const TempDir dir_;
  const int port_;
  std::unique_ptr<Process> server_;
  std::unique_ptr<Process> undertaker_;  // Outlives this program where it dies, and clears away what it leaves.
};

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_
