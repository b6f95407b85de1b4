#include "services/notification/parts.h"

#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/requests/requests.h"
#include "services/notification/channel_service.h"
#include "services/notification/channel_store.h"
#include "services/notification/delivery_store.h"
#include "services/notification/notification_service.h"
#include "services/notification/playbook_service.h"
#include "services/notification/playbook_store.h"

namespace waymark::notification {
namespace {

constexpr absl::Duration kRequestsKept = absl::Hours(30 * 24);

absl::StatusOr<Dispatcher::Options> ToDispatcherOptions(const Options& options) {
  Dispatcher::Options dispatcher;
  if (options.webhook_timeout < absl::Milliseconds(100) || options.webhook_timeout > absl::Seconds(30)) {
    return InvalidField("webhook-timeout", "must be 100ms to 30s");
  }
  dispatcher.webhooks.timeout = options.webhook_timeout;
  for (const std::string& text : options.webhook_allow) {
    const std::optional<Network> network = ReadNetwork(text);
    if (!network.has_value()) {
      return InvalidField("webhook-allow", absl::StrCat("\"", text, "\" is no network: write it as 10.20.0.0/16"));
    }
    dispatcher.webhooks.allowed.push_back(*network);
  }
  return dispatcher;
}

}  // namespace

std::vector<sql::Schema> Parts::schemas() {
  return {journal::Journal::schema(), requests::schema(), PlaybookSchema(), ChannelSchema(), DeliverySchema()};
}

absl::StatusOr<std::unique_ptr<Parts>> Parts::Start(sql::Database& db, const Clock& clock,
                                                    const rpc::Authorizer& authorizer, const Options& options) {
  ASSIGN_OR_RETURN(Dispatcher::Options dispatcher, ToDispatcherOptions(options));
  RETURN_IF_ERROR(db.Migrate(schemas()));
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal, journal::Journal::Open("notification", db, clock));
  return absl::WrapUnique(new Parts(db, clock, authorizer, std::move(dispatcher), std::move(journal)));
}

Parts::Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer, Dispatcher::Options options,
             std::unique_ptr<journal::Journal> journal)
    : db_(db),
      clock_(clock),
      journal_(std::move(journal)),
      editor_(*journal_, clock),
      catalog_(*journal_),
      planner_(clock),
      dispatcher_(db, clock, std::move(options)),
      services_({MakePlaybookService(authorizer, editor_, catalog_), MakeChannelService(authorizer, editor_, catalog_),
                 MakeNotificationService(authorizer, catalog_)}) {}

std::vector<grpc::Service*> Parts::services() {
  std::vector<grpc::Service*> services;
  for (const std::shared_ptr<grpc::Service>& service : services_) services.push_back(service.get());
  return services;
}

void Parts::Follow(std::shared_ptr<grpc::ChannelInterface> milestone, std::shared_ptr<grpc::ChannelInterface> health,
                   const std::string& service_key, absl::Duration max_wait) {
  const auto follow = [&](const std::string& source, std::shared_ptr<grpc::ChannelInterface> channel) {
    followers_[source] = std::make_unique<journal::Follower>(
        journal::Follower::Options{.source = source, .service_key = service_key, .max_wait = max_wait},
        std::move(channel), *journal_,
        [this](sql::Transaction& tx, journal::Lanes&, absl::Span<const journal::Entry> entries) {
          return planner_.Apply(tx, entries);
        });
  };
  follow("milestone", std::move(milestone));
  follow("health", std::move(health));
}

std::vector<Loop> Parts::loops() {
  std::vector<Loop> loops;
  for (const auto& [source, follower] : followers_) {
    loops.push_back({.name = absl::StrCat("notification follows ", source),
                     .idle = absl::Milliseconds(50),
                     .run_once = [&follower = *follower] { return follower.RunOnce(); }});
  }
  loops.push_back({.name = "send notifications", .idle = absl::Milliseconds(200), .run_once = [this] {
                     return dispatcher_.RunOnce();
                   }});
  loops.push_back(
      {.name = "forget old requests", .idle = absl::Minutes(10), .run_once = [this]() -> absl::StatusOr<bool> {
         bool forgot = false;
         RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
           ASSIGN_OR_RETURN(forgot, requests::Forget(tx, clock_.Now() - kRequestsKept));
           return absl::OkStatus();
         }));
         return forgot;
       }});
  return loops;
}

void Parts::Cancel() {
  for (const auto& [source, follower] : followers_) follower->Cancel();
}

}  // namespace waymark::notification
