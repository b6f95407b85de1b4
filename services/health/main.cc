// The health service in a process of its own: `waymark-health --help` tells its settings.
#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/process/process.h"
#include "services/health/parts.h"

namespace waymark::health {
namespace {

absl::Status Run(int argc, char** argv) {
  process::Options options = process::Defaults("health", 7003);
  std::string milestone = "127.0.0.1:7002";
  config::Settings settings("waymark-health", "Scores customers by scorecards and tells the bands that change.");
  process::Declare(settings, options);
  settings.Add("milestone-address", &milestone, "where the milestone service is, which is followed");
  ASSIGN_OR_RETURN(const process::Verb verb, process::TakeVerb(argc, argv, {"milestone"}));
  ASSIGN_OR_RETURN(const bool wanted, settings.Parse(argc, argv));
  if (!wanted) return absl::OkStatus();
  log::Configure("health", log::Level::kInfo, options.log_format == "json" ? log::Format::kJson : log::Format::kText);
  if (verb.kind != process::Verb::Kind::kServe) {
    return process::Operate(verb, options, Parts::schemas(), Parts::Forget);
  }
  rpc::PrepareMain();

  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Authorizer> authorizer, process::MakeAuthorizer(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<sql::Database> db, process::OpenDatabase(options, Parts::schemas()));
  ASSIGN_OR_RETURN(const std::unique_ptr<Parts> parts, Parts::Start(*db, clock, *authorizer));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, process::Connect(options, milestone));
  ASSIGN_OR_RETURN(const std::string service_key, process::ReadServiceKey(options));
  parts->Follow(channel, service_key, process::kFollowWait);
  return process::Serve(
      options, *authorizer,
      {.services = parts->services(), .journals = {&parts->journal()}, .loops = parts->loops(), .cancel = [&] {
         parts->Cancel();
       }});
}

}  // namespace
}  // namespace waymark::health

int main(int argc, char** argv) { return waymark::process::Main("waymark-health", waymark::health::Run(argc, argv)); }
