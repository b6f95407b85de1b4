#include "tests/flows/deployment.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/databases.h"
#include "tests/support/ports.h"

namespace waymark::flows {
namespace {

const char* const kServices[] = {"journey", "milestone", "health", "notification"};

[[noreturn]] void Abort(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

std::string ServiceOf(const std::string& replica) { return replica.substr(0, replica.find('#')); }

}  // namespace

std::string Binary(const std::string& name) { return absl::StrCat(WAYMARK_BINARY_DIR, "/bin/", name); }

Deployment::Deployment(sql::Engine engine, std::string redis_url) : redis_url_(std::move(redis_url)) {
  for (const char* service : kServices) {
    ports_[service] = support::FreePort();
    databases_[service] = support::FreshUrl(engine);
  }
}

std::string Deployment::target(const std::string& service) const {
  std::vector<std::string> addresses;
  for (const auto& [replica, process] : processes_) {
    if (ServiceOf(replica) == service) addresses.push_back(address(replica));
  }
  return addresses.empty() ? address(service) : absl::StrCat("ipv4:", absl::StrJoin(addresses, ","));
}

std::string Deployment::address(const std::string& service) const {
  return absl::StrCat("127.0.0.1:", ports_.at(service));
}

std::string Deployment::server() const {
  std::vector<std::string> servers;
  for (const auto& [service, process] : processes_) {
    if (service == ServiceOf(service)) servers.push_back(absl::StrCat(service, "=", address(service)));
  }
  return absl::StrJoin(servers, ",");
}

void Deployment::Start(const std::string& replica) {
  const std::string service = ServiceOf(replica);
  if (!ports_.contains(replica)) ports_[replica] = support::FreePort();
  const std::string program = absl::StrCat("waymark-", service);
  std::vector<std::string> argv = {binaries_.empty() ? Binary(program) : absl::StrCat(binaries_, "/", program),
                                   "--grpc-address",
                                   address(replica),
                                   "--admin-address",
                                   "",
                                   "--metrics-address",
                                   "",
                                   "--database",
                                   databases_.at(service),
                                   "--auth=false"};
  const auto add = [&](std::initializer_list<std::string> more) { argv.insert(argv.end(), more); };
  if (service == "milestone") {
    add({"--journey-address", address("journey"), "--health-address", address("health")});
    if (!redis_url_.empty()) add({"--redis-url", redis_url_});
  } else if (service == "health") {
    add({"--milestone-address", target("milestone")});
  } else if (service == "notification") {
    add({"--milestone-address", target("milestone"), "--health-address", address("health"), "--webhook-allow",
         "127.0.0.0/8"});
  }
  auto process = support::Process::Start({.argv = argv});
  if (!process.ok()) Abort(process.status().ToString());
  const auto serving = (*process)->WaitForLine("serving");
  if (!serving.ok()) Abort(absl::StrCat(replica, ": ", serving.status().ToString()));
  processes_[replica] = *std::move(process);
}

void Deployment::Kill(const std::string& service) {
  processes_.at(service)->Signal(SIGKILL);
  if (const auto ended = processes_.at(service)->Wait(); !ended.ok()) Abort(ended.status().ToString());
}

int Deployment::Stop(const std::string& service) {
  const auto ended = processes_.at(service)->Stop();
  if (!ended.ok()) Abort(ended.status().ToString());
  return *ended;
}

std::string Deployment::Waymark(std::vector<std::string> arguments, const std::string& workspace) const {
  std::vector<std::string> argv = {Binary("waymark"), "--server", server(), "--workspace", workspace};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto finished = support::RunToEnd({.argv = argv}, absl::Minutes(10));
  if (!finished.ok()) Abort(finished.status().ToString());
  if (finished->exit_code != 0) {
    Abort(absl::StrCat(absl::StrJoin(arguments, " "), " ended with ", finished->exit_code, ":\n", finished->out,
                       finished->err));
  }
  return finished->out;
}

}  // namespace waymark::flows
