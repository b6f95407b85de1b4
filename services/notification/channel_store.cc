#include "services/notification/channel_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::notification {
namespace {

constexpr sql::Migration kMigrations[] = {
    {1, "channels", R"sql(
CREATE TABLE channel (
  workspace TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  title TEXT NOT NULL,
  kind BIGINT NOT NULL,
  url TEXT NOT NULL,
  secret BYTEA NOT NULL,
  state BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, channel_id)
) /* clustered */
)sql"},
};

constexpr char kAdd[] =
    "INSERT INTO channel (workspace, channel_id, title, kind, url, secret, state, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
constexpr char kLoad[] =
    "SELECT channel_id, title, kind, url, state, create_time FROM channel WHERE workspace = $1 AND channel_id = $2";
constexpr char kLoadSecret[] = "SELECT secret FROM channel WHERE workspace = $1 AND channel_id = $2";
constexpr char kList[] =
    "SELECT channel_id, title, kind, url, state, create_time FROM channel "
    "WHERE workspace = $1 AND channel_id > $2 ORDER BY channel_id LIMIT $3";
constexpr char kSetState[] = "UPDATE channel SET state = $3 WHERE workspace = $1 AND channel_id = $2";

Channel ToChannel(const sql::Row& row) {
  return {.channel_id = row.Text(0),
          .title = row.Text(1),
          .kind = static_cast<ChannelKind>(row.Int(2)),
          .url = row.Text(3),
          .state = static_cast<ChannelState>(row.Int(4)),
          .create_time = row.Time(5)};
}

std::string Called(absl::string_view channel_id) { return absl::StrCat("channel \"", channel_id, "\""); }

}  // namespace

sql::Schema ChannelSchema() { return {"notification_channel", kMigrations}; }

absl::Status AddChannel(sql::Transaction& tx, absl::string_view workspace, const Channel& channel,
                        absl::string_view secret) {
  ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute(kAdd, {workspace, channel.channel_id, channel.title, static_cast<int>(channel.kind), channel.url,
                        sql::Bytes{secret}, static_cast<int>(channel.state), channel.create_time}));
  return added == 1 ? absl::OkStatus() : AlreadyExists(Called(channel.channel_id));
}

absl::StatusOr<Channel> LoadChannel(sql::Transaction& tx, absl::string_view workspace, absl::string_view channel_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoad, {workspace, channel_id}));
  if (rows.empty()) return NotFound(Called(channel_id));
  return ToChannel(rows[0]);
}

absl::StatusOr<std::string> LoadSecret(sql::Transaction& tx, absl::string_view workspace,
                                       absl::string_view channel_id) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadSecret, {workspace, channel_id}));
  if (rows.empty()) return NotFound(Called(channel_id));
  return rows[0].Blob(0);
}

absl::StatusOr<std::vector<Channel>> ListChannels(sql::Transaction& tx, absl::string_view workspace,
                                                  absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {workspace, after, limit}));
  std::vector<Channel> channels;
  for (const sql::Row& row : rows) channels.push_back(ToChannel(row));
  return channels;
}

absl::StatusOr<std::set<std::string>> ActiveAmong(sql::Transaction& tx, absl::string_view workspace,
                                                  const std::set<std::string>& channel_ids) {
  std::vector<sql::Params> sets;
  for (const std::string& channel_id : channel_ids) sets.push_back({workspace, channel_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoad, sets));
  std::set<std::string> active;
  for (const sql::Rows& rows : answers) {
    if (rows.empty()) continue;
    const Channel channel = ToChannel(rows[0]);
    if (channel.state == ChannelState::kActive) active.insert(channel.channel_id);
  }
  return active;
}

absl::Status DisableChannel(sql::Transaction& tx, absl::string_view workspace, absl::string_view channel_id) {
  return tx.Execute(kSetState, {workspace, channel_id, static_cast<int>(ChannelState::kDisabled)}).status();
}

}  // namespace waymark::notification
