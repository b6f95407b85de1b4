// The milestone service in a process of its own: `waymark-milestone --help` tells its settings.
#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/process/process.h"
#include "common/redis/redis.h"
#include "services/milestone/parts.h"

namespace waymark::milestone {
namespace {

absl::Status Run(int argc, char** argv) {
  process::Options options = process::Defaults("milestone", 7002);
  std::string journey = "127.0.0.1:7001";
  std::string health = "127.0.0.1:7003";
  redis::Options redis_options{.url = ""};
  config::Settings settings("waymark-milestone", "Takes events and tells how far each customer has come.");
  process::Declare(settings, options);
  settings.Add("journey-address", &journey, "where the journey service is, which is followed");
  settings.Add("health-address", &health, "where the health service is, which is followed");
  settings.Add("redis-url", &redis_options.url,
               "redis://HOST:PORT/DB for the stage cache; empty keeps it in process, which is right for one replica");
  settings.Add("redis-password-file", &redis_options.password_file, "the file of Redis' password");
  ASSIGN_OR_RETURN(const process::Verb verb, process::TakeVerb(argc, argv, {"journey", "health"}));
  ASSIGN_OR_RETURN(const bool wanted, settings.Parse(argc, argv));
  if (!wanted) return absl::OkStatus();
  log::Configure("milestone", log::Level::kInfo,
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
  std::unique_ptr<redis::Client> redis;
  if (!redis_options.url.empty()) {
    ASSIGN_OR_RETURN(redis, redis::Client::Create(redis_options));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Parts> parts, Parts::Start(*db, clock, *authorizer, redis.get()));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> journey_channel, process::Connect(options, journey));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> health_channel, process::Connect(options, health));
  ASSIGN_OR_RETURN(const std::string service_key, process::ReadServiceKey(options));
  parts->Follow(journey_channel, health_channel, service_key, process::kFollowWait);
  return process::Serve(
      options, *authorizer,
      {.services = parts->services(), .journals = {&parts->journal()}, .loops = parts->loops(), .cancel = [&] {
         parts->Cancel();
       }});
}

}  // namespace
}  // namespace waymark::milestone

int main(int argc, char** argv) {
  return waymark::process::Main("waymark-milestone", waymark::milestone::Run(argc, argv));
}
