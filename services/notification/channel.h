// Channels: the ways on which messages leave. Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_CHANNEL_H_
#define WAYMARK_SERVICES_NOTIFICATION_CHANNEL_H_

#include <string>

#include "absl/time/time.h"

namespace waymark::notification {

enum class ChannelKind { kLog = 1, kWebhook = 2 };       // As stored; never renumbered.
enum class ChannelState { kActive = 1, kDisabled = 2 };  // As stored; never renumbered.

// What may be told of a channel. Its secret is not here, so that no answer can carry it.
struct Channel {
  std::string channel_id;
  std::string title;
  ChannelKind kind = ChannelKind::kLog;
  std::string url;  // Of a webhook.
  ChannelState state = ChannelState::kActive;
  absl::Time create_time;
  friend bool operator==(const Channel&, const Channel&) = default;
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_CHANNEL_H_
