// Posts webhooks, many at once, and guards where they go. The only place here that talks HTTP.
#ifndef WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_SENDER_H_
#define WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_SENDER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/notification/address.h"
#include "services/notification/outcome.h"

namespace waymark::notification {

// One POST.
struct WebhookRequest {
  std::string key;  // Names it among those under way.
  std::string url;
  std::vector<std::string> headers;  // `name: value`, without line breaks.
  std::string body;
};

// Sends over http and https alone, to the URL itself: no redirect is followed, no proxy or credential of the
// environment is used, and every connection is a new one whose address is checked before it is made. A connection used
// again could be found dead, and libcurl would then send the request a second time by itself. Not thread-safe.
class WebhookSender {
 public:
  struct Options {
    absl::Duration timeout = absl::Seconds(15);  // For everything: name, connection, request, answer.
    std::vector<Network> allowed;                // Networks that webhooks may go to though they are not public.
  };
  explicit WebhookSender(Options options);
  // Cuts off what is under way.
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

  void Start(WebhookRequest request);

  struct Ended {
    std::string key;
    HttpEnding ending;
  };
  // Goes on with what is under way, waiting at most `patience` for something to happen, and returns what has ended.
  std::vector<Ended> Wait(absl::Duration patience);

  // How many are under way.
  int under_way() const { return static_cast<int>(transfers_.size()); }

 private:
  struct Transfer;

  const Options options_;
  void* const multi_;                                     // A CURLM*.
  std::map<void*, std::unique_ptr<Transfer>> transfers_;  // By CURL*.
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_SENDER_H_
