#include "services/notification/dispatcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "services/notification/channel_store.h"
#include "services/notification/convert.h"
#include "services/notification/signature.h"

namespace waymark::notification {
namespace {

// How long a RunOnce() with attempts under way waits for one of them, and leaves what becomes due meanwhile.
constexpr absl::Duration kPatience = absl::Milliseconds(50);

// Names an attempt among those under way here: a delivery whose lease was lost may be under way twice.
std::string KeyOf(const Delivery& delivery) {
  return absl::StrCat(delivery.delivery_id, "/", delivery.standing.attempts);
}

// 0 to 1, different for each attempt of each delivery, and the same whenever it is asked.
double JitterOf(const Delivery& delivery) {
  const uint64_t hash = XxHash64(KeyOf(delivery));
  return static_cast<double>(hash >> 11) / static_cast<double>(uint64_t{1} << 53);
}

ChannelName ChannelOf(const Delivery& delivery) { return {delivery.workspace, delivery.channel_id}; }

metrics::Counter& AttemptsEnded(Verdict verdict) {
  const auto ended = [](absl::string_view outcome) -> metrics::Counter& {
    return metrics::GetCounter("waymark_notification_attempts_total", "Attempts to send, by what became of them.",
                               {{"outcome", std::string(outcome)}});
  };
  switch (verdict) {
    case Verdict::kAccepted:
      return ended("accepted");
    case Verdict::kTransient:
      return ended("transient");
    case Verdict::kRejected:
      return ended("rejected");
    case Verdict::kUnknown:
      break;
  }
  return ended("unknown");
}

WebhookRequest ToRequest(const Delivery& delivery, const std::string& url, const std::string& secret,
                         const Notification& notification, absl::Time now) {
  std::string body = ToWebhookJson(notification, delivery.standing.possible_duplicate);
  return {.key = KeyOf(delivery),
          .url = url,
          .headers = {"Content-Type: application/json", "User-Agent: Waymark/1",
                      "Expect:", absl::StrCat("webhook-id: ", delivery.wire_id),
                      absl::StrCat("webhook-timestamp: ", absl::ToUnixSeconds(now)),
                      absl::StrCat("webhook-signature: ", Sign(secret, delivery.wire_id, now, body))},
          .body = std::move(body)};
}

Outcome WriteToLog(const Delivery& delivery, const Notification& notification) {
  log::Info("notification", {{"id", delivery.wire_id},
                             {"workspace", delivery.workspace},
                             {"channel_id", delivery.channel_id},
                             {"playbook_id", notification.playbook_id},
                             {"possible_duplicate", delivery.standing.possible_duplicate ? "true" : "false"},
                             {"title", notification.title},
                             {"text", notification.text}});
  return {.verdict = Verdict::kAccepted, .detail = "written to the log", .excerpt = "", .retry_after = std::nullopt};
}

}  // namespace

Dispatcher::Dispatcher(sql::Database& db, const Clock& clock, Options options)
    : db_(db), clock_(clock), options_(std::move(options)), sender_(options_.webhooks) {}

absl::StatusOr<bool> Dispatcher::RunOnce() {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const std::vector<Delivery> due, FindDue(now));
  if (!due.empty()) {
    ASSIGN_OR_RETURN(const std::vector<Delivery> claimed, Claim(due, now));
    ASSIGN_OR_RETURN(const std::vector<Job> jobs, Begin(claimed, now));
    for (const Job& job : jobs) Send(job, now);
  }
  Collect();
  const bool busy = !due.empty() || !ended_.empty() || sender_.under_way() > 0;
  RETURN_IF_ERROR(Record());
  return busy;
}

absl::StatusOr<std::vector<Delivery>> Dispatcher::FindDue(absl::Time now) {
  const int room = options_.at_once - static_cast<int>(under_way_.size());
  std::vector<Delivery> due;
  if (room <= 0) return due;
  RETURN_IF_ERROR(db_.Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<ChannelName> channels, ListDueChannels(tx, now));
    // Everybody's turn comes: the round goes on after the channel that was served last.
    std::rotate(channels.begin(), std::upper_bound(channels.begin(), channels.end(), last_served_), channels.end());
    std::erase_if(channels, [&](const ChannelName& channel) {
      const auto busy = busy_.find(channel);
      return busy != busy_.end() && busy->second >= options_.per_channel;
    });
    if (channels.size() > static_cast<size_t>(room)) channels.resize(room);
    ASSIGN_OR_RETURN(due, LoadDue(tx, channels, now, options_.per_channel));
    return absl::OkStatus();
  }));
  std::map<ChannelName, int> chosen = busy_;
  std::erase_if(due, [&](const Delivery& delivery) { return ++chosen[ChannelOf(delivery)] > options_.per_channel; });
  if (due.size() > static_cast<size_t>(room)) due.resize(room);
  if (!due.empty()) last_served_ = ChannelOf(due.back());
  return due;
}

absl::StatusOr<std::vector<Delivery>> Dispatcher::Claim(const std::vector<Delivery>& due, absl::Time now) {
  std::vector<Delivery> claimed;
  RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
    claimed.clear();
    for (const Delivery& delivery : due) {
      ASSIGN_OR_RETURN(const Standing after, TakeUp(delivery.standing, now, options_.lease, JitterOf(delivery)));
      ASSIGN_OR_RETURN(const bool saved, SaveStanding(tx, delivery, after, now));
      if (!saved) continue;  // Another dispatcher was faster.
      if (delivery.standing.state == State::kSending) {
        const Outcome lost = {.verdict = Verdict::kUnknown,
                              .detail = "the sender did not come back",
                              .excerpt = "",
                              .retry_after = std::nullopt};
        RETURN_IF_ERROR(EndAttempt(tx, delivery, delivery.standing.attempts, lost, now));
      }
      if (after.state != State::kLeased) continue;
      claimed.push_back(delivery);
      claimed.back().standing = after;
    }
    return absl::OkStatus();
  }));
  return claimed;
}

absl::StatusOr<std::vector<Dispatcher::Job>> Dispatcher::Begin(const std::vector<Delivery>& claimed, absl::Time now) {
  std::vector<Job> jobs;
  if (claimed.empty()) return jobs;
  RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
    jobs.clear();
    ASSIGN_OR_RETURN(std::vector<Notification> notifications, LoadNotifications(tx, claimed));
    for (size_t i = 0; i < claimed.size(); ++i) {
      const Delivery& delivery = claimed[i];
      Job job{.delivery = delivery, .channel = {}, .secret = "", .notification = std::move(notifications[i])};
      ASSIGN_OR_RETURN(job.channel, LoadChannel(tx, delivery.workspace, delivery.channel_id));
      ASSIGN_OR_RETURN(job.secret, LoadSecret(tx, delivery.workspace, delivery.channel_id));
      const absl::string_view bar = job.channel.state == ChannelState::kActive ? "" : "channel_disabled";
      ASSIGN_OR_RETURN(job.delivery.standing, BeginSending(delivery.standing, now, options_.lease, bar));
      ASSIGN_OR_RETURN(const bool saved, SaveStanding(tx, delivery, job.delivery.standing, now));
      if (!saved || job.delivery.standing.state != State::kSending) continue;
      RETURN_IF_ERROR(BeginAttempt(tx, delivery, job.delivery.standing.attempts, now));
      jobs.push_back(std::move(job));
    }
    return absl::OkStatus();
  }));
  return jobs;
}

void Dispatcher::Send(const Job& job, absl::Time now) {
  switch (job.channel.kind) {
    case ChannelKind::kLog:
      ended_.push_back({job.delivery, WriteToLog(job.delivery, job.notification)});
      return;
    case ChannelKind::kWebhook:
      sender_.Start(ToRequest(job.delivery, job.channel.url, job.secret, job.notification, now));
      under_way_.emplace(KeyOf(job.delivery), job.delivery);
      ++busy_[ChannelOf(job.delivery)];
      return;
  }
}

void Dispatcher::Collect() {
  for (const WebhookSender::Ended& ended : sender_.Wait(kPatience)) {
    const auto found = under_way_.find(ended.key);
    ended_.push_back({found->second, Classify(ended.ending)});
    const auto busy = busy_.find(ChannelOf(found->second));
    if (--busy->second == 0) busy_.erase(busy);
    under_way_.erase(found);
  }
}

absl::Status Dispatcher::Record() {
  if (ended_.empty()) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(db_.Transact([&](sql::Transaction& tx) -> absl::Status {
    for (const auto& [delivery, outcome] : ended_) {
      ASSIGN_OR_RETURN(const Standing after, Conclude(delivery.standing, outcome, now, JitterOf(delivery)));
      ASSIGN_OR_RETURN(const bool saved, SaveStanding(tx, delivery, after, now));
      if (!saved) continue;  // The lease is another's by now, who has marked this attempt's outcome unknown.
      RETURN_IF_ERROR(EndAttempt(tx, delivery, delivery.standing.attempts, outcome, now));
      if (outcome.channel_gone) RETURN_IF_ERROR(DisableChannel(tx, delivery.workspace, delivery.channel_id));
    }
    return absl::OkStatus();
  }));
  for (const auto& [delivery, outcome] : ended_) {
    AttemptsEnded(outcome.verdict).Add(1);
    if (outcome.verdict == Verdict::kAccepted) continue;
    log::Warning("a delivery failed", {{"delivery_id", delivery.delivery_id},
                                       {"workspace", delivery.workspace},
                                       {"channel_id", delivery.channel_id},
                                       {"attempt", delivery.standing.attempts},
                                       {"what", outcome.detail},
                                       {"channel_disabled", outcome.channel_gone ? "true" : "false"}});
  }
  ended_.clear();
  return absl::OkStatus();
}

}  // namespace waymark::notification
