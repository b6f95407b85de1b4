// Sends what is to be sent.
//
// Each delivery passes three transactions, and nothing is held while it is on the wire: it is claimed by a lease; it is
// marked SENDING, after a last look at what may bar it, and only then is the first byte sent; what became of it is
// stored, provided that the lease is still the own one. A sender that dies leaves a lease that expires, and any other
// takes up from there.
#ifndef WAYMARK_SERVICES_NOTIFICATION_DISPATCHER_H_
#define WAYMARK_SERVICES_NOTIFICATION_DISPATCHER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/sql/sql.h"
#include "services/notification/channel.h"
#include "services/notification/delivery.h"
#include "services/notification/delivery_store.h"
#include "services/notification/webhook_sender.h"

namespace waymark::notification {

// Any number of them, in any number of processes, share one database. One is not thread-safe.
class Dispatcher {
 public:
  struct Options {
    WebhookSender::Options webhooks;
    // Longer than any attempt may take, so that a lease is lost only by a sender that is dead or asleep.
    absl::Duration lease = absl::Seconds(60);
    int per_channel = 4;  // Attempts under way at once to one receiver, so that a slow one delays nobody else,
    int at_once = 64;     // and to all of them.
  };
  // What is given must outlive the dispatcher.
  Dispatcher(sql::Database& db, const Clock& clock, Options options);

  // Takes up what is due, goes on with what is under way (waiting a moment for it), and stores what has ended; true
  // while there is anything to do. Errors: those of the database; what has ended is stored by a later call.
  absl::StatusOr<bool> RunOnce();

 private:
  // A delivery that is SENDING, and what it takes to send it.
  struct Job {
    Delivery delivery;
    Channel channel;
    std::string secret;
    Notification notification;
  };
  // A delivery whose attempt has ended.
  struct Ended {
    Delivery delivery;
    Outcome outcome;
  };

  absl::StatusOr<std::vector<Delivery>> FindDue(absl::Time now);
  absl::StatusOr<std::vector<Delivery>> Claim(const std::vector<Delivery>& due, absl::Time now);
  absl::StatusOr<std::vector<Job>> Begin(const std::vector<Delivery>& claimed, absl::Time now);
  void Send(const Job& job, absl::Time now);
  void Collect();
  absl::Status Record();

  sql::Database& db_;
  const Clock& clock_;
  const Options options_;
  WebhookSender sender_;
  std::map<std::string, Delivery> under_way_;  // By delivery and attempt.
  std::map<ChannelName, int> busy_;            // How many are under way on each channel.
  ChannelName last_served_;                    // Where the round over the channels stopped.
  std::vector<Ended> ended_;                   // Not stored yet.
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_DISPATCHER_H_
