// The journey service in a process of its own: `waymark-journey --help` tells its settings.
#include <memory>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/process/process.h"
#include "services/journey/parts.h"

namespace waymark::journey {
namespace {

absl::Status Run(int argc, char** argv) {
  process::Options options = process::Defaults("journey", 7001);
  config::Settings settings("waymark-journey", "Keeps journey definitions and serves them by gRPC.");
  process::Declare(settings, options);
  ASSIGN_OR_RETURN(const process::Verb verb, process::TakeVerb(argc, argv, {}));
  ASSIGN_OR_RETURN(const bool wanted, settings.Parse(argc, argv));
  if (!wanted) return absl::OkStatus();
  log::Configure("journey", log::Level::kInfo, options.log_format == "json" ? log::Format::kJson : log::Format::kText);
  if (verb.kind != process::Verb::Kind::kServe) {
    // What is followed is applied by its own name: once more changes nothing.
    return process::Operate(verb, options, Parts::schemas(),
                            [](sql::Transaction&, absl::string_view) { return absl::OkStatus(); });
  }
  rpc::PrepareMain();

  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Authorizer> authorizer, process::MakeAuthorizer(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<sql::Database> db, process::OpenDatabase(options, Parts::schemas()));
  ASSIGN_OR_RETURN(const std::unique_ptr<Parts> parts, Parts::Start(*db, clock, *authorizer));
  return process::Serve(
      options, *authorizer,
      {.services = parts->services(), .journals = {&parts->journal()}, .loops = parts->loops(), .cancel = {}});
}

}  // namespace
}  // namespace waymark::journey

int main(int argc, char** argv) { return waymark::process::Main("waymark-journey", waymark::journey::Run(argc, argv)); }
