// The four services as processes of their own, as in production: started, killed and started again by a test.
#ifndef WAYMARK_TESTS_FLOWS_DEPLOYMENT_H_
#define WAYMARK_TESTS_FLOWS_DEPLOYMENT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/sql/sql.h"
#include "tests/support/process.h"

namespace waymark::flows {

// A second replica of a service, on the same database, is named `milestone#2` and so on. Not thread-safe.
class Deployment {
 public:
  // Every service with a database of its own on `engine`, and a port of its own. `redis_url` keeps the stage cache;
  // empty for none.
  Deployment(sql::Engine engine, std::string redis_url = "");

  // Starts a service and waits until it serves. Aborts with what it said where it does not.
  void Start(const std::string& replica);
  // From now on programs are taken from another folder, such as an earlier release's.
  void UseBinaries(std::string folder) { binaries_ = std::move(folder); }
  // As a crash.
  void Kill(const std::string& service);
  // In order; its exit code.
  int Stop(const std::string& service);

  // What `waymark --server` takes to reach each service that was started.
  std::string server() const;
  std::string address(const std::string& service) const;
  // Of all replicas that were started, for gRPC to balance.
  std::string target(const std::string& service) const;
  const std::string& database(const std::string& service) const { return databases_.at(service); }
  int pid(const std::string& service) const { return processes_.at(service)->pid(); }
  // What the service has logged since it was started last.
  std::string log(const std::string& service) const { return processes_.at(service)->Err(); }

  // Runs `waymark` against the deployment; aborts where it fails. Returns its output.
  std::string Waymark(std::vector<std::string> arguments, const std::string& workspace = "default") const;

 private:
  const std::string redis_url_;
  std::string binaries_;
  std::map<std::string, int> ports_;
  std::map<std::string, std::string> databases_;
  std::map<std::string, std::unique_ptr<support::Process>> processes_;
};

// The path of a program of ours.
std::string Binary(const std::string& name);

}  // namespace waymark::flows

#endif  // WAYMARK_TESTS_FLOWS_DEPLOYMENT_H_
