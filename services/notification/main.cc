// The notification service in a process of its own: `waymark-notification --help` tells its settings.
#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/process/process.h"
#include "services/notification/parts.h"

namespace waymark::notification {
namespace {

absl::Status Run(int argc, char** argv) {
  process::Options options = process::Defaults("notification", 7004);
  std::string milestone = "127.0.0.1:7002";
  std::string health = "127.0.0.1:7003";
  Options own;
  config::Settings settings("waymark-notification", "Does what playbooks say when something happens to a customer.");
  process::Declare(settings, options);
  settings.Add("milestone-address", &milestone, "where the milestone service is, which is followed");
  settings.Add("health-address", &health, "where the health service is, which is followed");
  settings.Add("webhook-allow", &own.webhook_allow,
               "networks that webhooks may go to though they are not public, such as 10.20.0.0/16,fd00::/8");
  settings.Add("webhook-timeout", &own.webhook_timeout, "how long a webhook's receiver may take, 100ms to 30s");
  ASSIGN_OR_RETURN(const process::Verb verb, process::TakeVerb(argc, argv, {"milestone", "health"}));
  ASSIGN_OR_RETURN(const bool wanted, settings.Parse(argc, argv));
  if (!wanted) return absl::OkStatus();
  log::Configure("notification", log::Level::kInfo,
                 options.log_format == "json" ? log::Format::kJson : log::Format::kText);
  if (verb.kind != process::Verb::Kind::kServe) {
    // What is followed is applied by its own name: once more changes nothing.
    return process::Operate(verb, options, Parts::schemas(),
                            [](sql::Transaction&, absl::string_view) { return absl::OkStatus(); });
  }
  rpc::PrepareMain();

  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Authorizer> authorizer, process::MakeAuthorizer(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<sql::Database> db, process::OpenDatabase(options, Parts::schemas()));
  ASSIGN_OR_RETURN(const std::unique_ptr<Parts> parts, Parts::Start(*db, clock, *authorizer, own));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> milestone_channel, process::Connect(options, milestone));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> health_channel, process::Connect(options, health));
  ASSIGN_OR_RETURN(const std::string service_key, process::ReadServiceKey(options));
  parts->Follow(milestone_channel, health_channel, service_key, process::kFollowWait);
  return process::Serve(
      options, *authorizer,
      {.services = parts->services(), .journals = {&parts->journal()}, .loops = parts->loops(), .cancel = [&] {
         parts->Cancel();
       }});
}

}  // namespace
}  // namespace waymark::notification

int main(int argc, char** argv) {
  return waymark::process::Main("waymark-notification", waymark::notification::Run(argc, argv));
}
