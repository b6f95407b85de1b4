// What is kept of journeys: their identity and their versions, each under its workspace. Whoever writes has locked the
// journey's lane of the journal first, so that nobody else writes the same journey meanwhile.
#ifndef WAYMARK_SERVICES_JOURNEY_JOURNEY_STORE_H_
#define WAYMARK_SERVICES_JOURNEY_JOURNEY_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/sql/sql.h"
#include "services/journey/lifecycle.h"

namespace waymark::journey {

// The tables below: a part of the service's schema.
sql::Schema schema();

// Stores a new journey. Errors: ALREADY_EXISTS  the workspace has one of that id.
absl::Status AddJourney(sql::Transaction& tx, absl::string_view workspace, const Journey& journey);

// Errors: NOT_FOUND  the workspace has no journey of that id, whether or not another one has.
absl::StatusOr<Journey> LoadJourney(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id);

// Replaces what may change of a journey: title, labels, approvals, revision, archive time.
absl::Status SaveJourney(sql::Transaction& tx, absl::string_view workspace, const Journey& journey);

// What of a list is wanted.
struct JourneyFilter {
  bool archived = false;  // Those that are, instead of those that are not.
  std::optional<std::pair<std::string, std::string>> label;
};

// The workspace's journeys with ids after `after`, by id; at most `limit`.
absl::StatusOr<std::vector<Journey>> ListJourneys(sql::Transaction& tx, absl::string_view workspace,
                                                  const JourneyFilter& filter, absl::string_view after, int limit);

// Those of `journey_ids` that exist, whether or not they are archived.
absl::StatusOr<std::vector<std::string>> FindJourneys(sql::Transaction& tx, absl::string_view workspace,
                                                      const std::vector<std::string>& journey_ids);

// Stores a new version, and that it is now the journey's last one.
absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version);

// Replaces what may change of a version: content, note, authors, state, revision, times. The journey's numbers of
// published versions follow.
absl::Status SaveVersion(sql::Transaction& tx, absl::string_view workspace, const Version& version);

// Errors: NOT_FOUND  the workspace has no such journey, or the journey no such version.
absl::StatusOr<Version> LoadVersion(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                                    uint32_t number);

// The latest published version. Errors: NOT_FOUND  the workspace has no such journey, or nothing of it is published.
absl::StatusOr<Version> LoadPublished(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id);

// A journey's versions with numbers below `below`, newest first, at most `limit`; their definitions are left empty.
// Errors: NOT_FOUND  the workspace has no such journey.
absl::StatusOr<std::vector<Version>> ListVersions(sql::Transaction& tx, absl::string_view workspace,
                                                  absl::string_view journey_id, uint32_t below, int limit);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_JOURNEY_STORE_H_
