#include "services/cli/dev.h"

#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/rpc/server.h"
#include "common/worker/worker.h"
#include "services/cli/apply.h"
#include "services/cli/demo.h"
#include "services/cli/import.h"
#include "services/cli/session.h"
#include "services/cli/suite.h"
#include "services/cli/usage.h"
#include "services/cli/waymark_client.h"
#include "waymark/health/v1/health.pb.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::cli {
namespace {

// As long as in a process of its own: news wakes whoever waits.
constexpr absl::Duration kFollowWait = absl::Seconds(20);

// Waits until health knows the whole history. A scorecard published before would give every customer its first band by
// half of it, and better bands take days to prove themselves.
absl::Status AwaitHealth(Suite& suite, const WaymarkClient& client) {
  health::v1::GetHealthRequest request;
  request.set_customer_id("anybody");
  request.set_scorecard_id("customer-health");
  ASSIGN_OR_RETURN(*request.mutable_consistency()->mutable_at_least_as_fresh(), suite.RecordedSoFar());
  const absl::Status asked = client.Get<health::v1::GetHealthResponse>(request).status();
  // Nobody is scored yet: that answer comes once what was recorded is known.
  return absl::IsNotFound(asked) ? absl::OkStatus() : asked;
}

// Loads the demo company as anybody would: files, applied and imported through the same calls. Its year ends today, so
// that its customers' health is of interest. Does nothing where its journey exists.
absl::Status LoadDemo(Suite& suite, const DevOptions& options, const Clock& clock, std::ostream& out,
                      std::ostream& err) {
  const WaymarkClient client(suite.server().InProcessChannel(), {.address = "this process"});
  journey::v1::GetJourneyRequest get;
  get.set_journey_id("onboarding");
  if (client.Get<journey::v1::GetJourneyResponse>(get).ok()) return absl::OkStatus();

  out << "Loading the demo company …" << std::endl;
  const std::string folder = absl::StrCat(options.data_dir, "/demo");
  RETURN_IF_ERROR(WriteDemo(folder, absl::ToCivilDay(clock.Now(), absl::UTCTimeZone())));
  std::ostringstream answers;  // Of interest only where something fails, which the status tells.
  const Session session{.client = client, .out = answers, .err = err};
  RETURN_IF_ERROR(Apply(session, {.paths = {folder + "/journey.yaml"}, .publish = true}));
  // One batch after the other, so that it is recorded as it happened.
  RETURN_IF_ERROR(ImportEvents(session, {.path = folder + "/events.csv.gz", .sender = {.batches_per_connection = 1}}));
  RETURN_IF_ERROR(AwaitHealth(suite, client));
  return Apply(session, {.paths = {folder + "/scorecard.yaml", folder + "/playbook.yaml"}, .publish = true});
}

}  // namespace

absl::Status RunDev(const DevOptions& options, std::ostream& out, std::ostream& err) {
  if (options.grpc_port < 0 || options.grpc_port > 65535) return UsageError("--grpc-port: from 0 to 65535");
  log::Configure("dev", log::Level::kInfo, log::Format::kText);
  rpc::PrepareMain();

  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Suite> suite,
                   Suite::Start({.data_dir = options.data_dir,
                                 .server = {.address = absl::StrCat("127.0.0.1:", options.grpc_port)},
                                 .redis_url = options.redis_url,
                                 // What is tried out on one machine has its receivers there.
                                 .webhook_allow = {"127.0.0.0/8", "::1/128"},
                                 .follow_wait = kFollowWait},
                                clock));
  std::vector<std::unique_ptr<Worker>> workers;
  for (Loop& loop : suite->loops()) {
    workers.push_back(std::make_unique<Worker>(loop.name, loop.idle, std::move(loop.run_once)));
  }
  const absl::Status loaded = options.demo ? LoadDemo(*suite, options, clock, out, err) : absl::OkStatus();
  if (loaded.ok()) {
    out << "Waymark serves on 127.0.0.1:" << suite->server().port() << " (data in " << options.data_dir
        << "; authentication is off). Ctrl-C ends it." << std::endl;
    if (options.demo) out << "Try in another terminal: waymark funnel onboarding" << std::endl;
    rpc::WaitForSignal();
  }
  suite->Stop();
  workers.clear();
  return loaded;
}

}  // namespace waymark::cli
