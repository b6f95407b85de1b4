// What is kept of scorecards: their identity and their versions, each under its workspace. Whoever writes has locked
// the scorecard's lane of the journal first, so that nobody else writes the same scorecard meanwhile.
#ifndef WAYMARK_SERVICES_HEALTH_SCORECARD_STORE_H_
#define WAYMARK_SERVICES_HEALTH_SCORECARD_STORE_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/health/lifecycle.h"

namespace waymark::health {

// The tables of `health`, those of the other stores included.
sql::Schema schema();

// Stores a new scorecard. Errors: ALREADY_EXISTS  the workspace has one of that id.
absl::Status AddScorecard(sql::Transaction& tx, absl::string_view workspace, const Scorecard& scorecard);

// Errors: NOT_FOUND  the workspace has no scorecard of that id, whether or not another one has.
absl::StatusOr<Scorecard> LoadScorecard(sql::Transaction& tx, absl::string_view workspace,
                                        absl::string_view scorecard_id);

// The workspace's scorecards with ids after `after`, by id; at most `limit`.
absl::StatusOr<std::vector<Scorecard>> ListScorecards(sql::Transaction& tx, absl::string_view workspace,
                                                      absl::string_view after, int limit);

// Stores a new version, and that it is now the scorecard's last one.
absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version);

// Stores that a version is published, with its revision and publish time, and is now the scorecard's latest published.
absl::Status SavePublication(sql::Transaction& tx, absl::string_view workspace, const Version& version);

// Errors: NOT_FOUND  the workspace has no such scorecard, or the scorecard no such version.
absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view scorecard_id,
                                    uint32_t number);

// The latest published version. Errors: NOT_FOUND  the workspace has no such scorecard, or nothing of it is published.
absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view scorecard_id);

// The latest published version of each of the workspace's scorecards, by id.
absl::StatusOr<std::vector<Version>> ListPublished(sql::Transaction& tx, absl::string_view workspace);

// Which of these workspaces have a published scorecard.
absl::StatusOr<std::set<std::string>> FilterScored(sql::Transaction& tx, const std::set<std::string>& workspaces);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_SCORECARD_STORE_H_
