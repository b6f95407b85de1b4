// What is kept of channels, each under its workspace.
#ifndef WAYMARK_SERVICES_NOTIFICATION_CHANNEL_STORE_H_
#define WAYMARK_SERVICES_NOTIFICATION_CHANNEL_STORE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/notification/channel.h"

namespace waymark::notification {

// The table below: a part of the service's schema.
sql::Schema ChannelSchema();

// Stores a new channel with the bytes of its signing secret (empty where it has none). They stand in a column of their
// own that LoadSecret alone reads, as they are: whoever can read the database can sign. Errors: ALREADY_EXISTS  the
// workspace has one of that id.
absl::Status AddChannel(sql::Transaction& tx, absl::string_view workspace, const Channel& channel,
                        absl::string_view secret);

// Errors: NOT_FOUND  the workspace has no channel of that id, whether or not another one has.
absl::StatusOr<Channel> LoadChannel(sql::Transaction& tx, absl::string_view workspace, absl::string_view channel_id);

// The bytes that sign what leaves on a channel. Errors: NOT_FOUND  as above.
absl::StatusOr<std::string> LoadSecret(sql::Transaction& tx, absl::string_view workspace, absl::string_view channel_id);

// The workspace's channels with ids after `after`, by id; at most `limit`.
absl::StatusOr<std::vector<Channel>> ListChannels(sql::Transaction& tx, absl::string_view workspace,
                                                  absl::string_view after, int limit);

// Which of `channel_ids` exist and are active.
absl::StatusOr<std::set<std::string>> ActiveAmong(sql::Transaction& tx, absl::string_view workspace,
                                                  const std::set<std::string>& channel_ids);

// Disables a channel; nothing changes where it is disabled already.
absl::Status DisableChannel(sql::Transaction& tx, absl::string_view workspace, absl::string_view channel_id);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_CHANNEL_STORE_H_
