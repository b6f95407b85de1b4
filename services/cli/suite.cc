#include "services/cli/suite.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/journal/journal_service.h"
#include "common/journal/token.h"
#include "services/cli/waymark_client.h"

namespace waymark::cli {
namespace {

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
}

}  // namespace

Suite::Suite() = default;
Suite::~Suite() = default;

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(const SuiteOptions& options, const Clock& clock) {
  RETURN_IF_ERROR(MakeFolder(options.data_dir));
  auto suite = std::unique_ptr<Suite>(new Suite());
  suite->authorizer_ = rpc::Authorizer::Off();
  if (!options.redis_url.empty()) {
    ASSIGN_OR_RETURN(suite->redis_, redis::Client::Create({.url = options.redis_url}));
  }
  for (const char* service : {"journey", "milestone", "health", "notification"}) {
    const std::string url = absl::StrCat("sqlite:", options.data_dir, "/", service, ".db");
    ASSIGN_OR_RETURN(suite->databases_.emplace_back(), sql::Database::Open({.url = url}));
  }
  const auto& databases = suite->databases_;
  const rpc::Authorizer& authorizer = *suite->authorizer_;
  ASSIGN_OR_RETURN(suite->journey_, journey::Parts::Start(*databases[0], clock, authorizer));
  ASSIGN_OR_RETURN(suite->milestone_, milestone::Parts::Start(*databases[1], clock, authorizer, suite->redis_.get()));
  ASSIGN_OR_RETURN(suite->health_, health::Parts::Start(*databases[2], clock, authorizer));
  ASSIGN_OR_RETURN(suite->notification_, notification::Parts::Start(*databases[3], clock, authorizer,
                                                                    {.webhook_allow = options.webhook_allow}));
  suite->journals_ = std::make_unique<journal::JournalServiceImpl>(
      authorizer, std::vector<journal::Journal*>{&suite->journey_->journal(), &suite->milestone_->journal(),
                                                 &suite->health_->journal(), &suite->notification_->journal()});

  std::vector<grpc::Service*> services = {suite->journals_.get()};
  const auto add = [&](const std::vector<grpc::Service*>& more) {
    services.insert(services.end(), more.begin(), more.end());
  };
  add(suite->journey_->services());
  add(suite->milestone_->services());
  add(suite->health_->services());
  add(suite->notification_->services());
  ASSIGN_OR_RETURN(suite->server_, rpc::Server::Start(options.server, services));

  const auto channel = [&] { return ChannelInto(*suite->server_); };
  suite->milestone_->Follow(channel(), channel(), "", options.follow_wait);
  suite->health_->Follow(channel(), "", options.follow_wait);
  suite->notification_->Follow(channel(), channel(), "", options.follow_wait);
  return suite;
}

std::vector<Loop> Suite::loops() {
  std::vector<Loop> loops;
  const auto add = [&](std::vector<Loop> more) {
    loops.insert(loops.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  add(journey_->loops());
  add(milestone_->loops());
  add(health_->loops());
  add(notification_->loops());
  return loops;
}

absl::StatusOr<std::string> Suite::RecordedSoFar() {
  journal::Journal& journal = milestone_->journal();
  std::vector<journal::TokenPosition> positions;
  RETURN_IF_ERROR(journal.db().Read([&](sql::Transaction& tx) -> absl::Status {
    positions.clear();
    ASSIGN_OR_RETURN(const std::vector<journal::Place> heads, journal.Heads(tx));
    for (const journal::Place& head : heads) {
      positions.push_back({journal.name(), journal.epoch(), head.lane, head.position});
    }
    return absl::OkStatus();
  }));
  return journal::MakeToken(positions);
}

void Suite::Stop() {
  journals_->StopWaiting();
  milestone_->Cancel();
  health_->Cancel();
  notification_->Cancel();
  server_->Stop();
}

}  // namespace waymark::cli
