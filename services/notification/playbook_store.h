// What is kept of playbooks: their identity and their versions, each under its workspace. Whoever
// writes has locked the playbook's lane of the journal first, so that nobody else writes the same playbook meanwhile.
#ifndef WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_STORE_H_
#define WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"
#include "services/notification/playbook.h"

namespace waymark::notification {

// The tables below: a part of the service's schema.
sql::Schema PlaybookSchema();

// Stores a new playbook. Errors: ALREADY_EXISTS  the workspace has one of that id.
absl::Status AddPlaybook(sql::Transaction& tx, absl::string_view workspace, const Playbook& playbook);

// Errors: NOT_FOUND  the workspace has no playbook of that id, whether or not another one has.
absl::StatusOr<Playbook> LoadPlaybook(sql::Transaction& tx, absl::string_view workspace, absl::string_view playbook_id);

// The workspace's playbooks with ids after `after`, by id; at most `limit`.
absl::StatusOr<std::vector<Playbook>> ListPlaybooks(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit);

// Stores a new version, and that it is now the playbook's last one.
absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version);

// Stores that a version is published, that it is the playbook's latest one, and that it waits for `trigger`.
absl::Status SavePublication(sql::Transaction& tx, absl::string_view workspace, const Version& version,
                             const Trigger& trigger);

// Errors: NOT_FOUND  the workspace has no such playbook, or the playbook no such version.
absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view playbook_id,
                                    uint32_t number);

// The latest published version. Errors: NOT_FOUND  the workspace has no such playbook, or nothing of it is published.
absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace, absl::string_view playbook_id);

// What happened where.
struct Occasion {
  std::string workspace;
  Trigger trigger;
  friend auto operator<=>(const Occasion&, const Occasion&) = default;
};

// The latest published versions that wait for each occasion's trigger, by playbook id; the i-th answer belongs to the
// i-th occasion.
absl::StatusOr<std::vector<std::vector<Version>>> LoadWaiting(sql::Transaction& tx,
                                                              absl::Span<const Occasion> occasions);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_PLAYBOOK_STORE_H_
