// Keeps what `milestone` knows of published journeys, and which customers are still to be evaluated under them.
//
// Each workspace has a catalog revision, which grows with every version published. A transaction that records events
// reads the revision under a shared lock, so a version published at the same time sees those customers or is seen by
// them, never neither.
#ifndef WAYMARK_SERVICES_MILESTONE_CATALOG_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_CATALOG_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"

namespace waymark::milestone {

// A published version as it is kept: its definition is a serialised waymark.journey.v1.JourneyDefinition, its segments
// a VersionPublished with nothing else in it.
struct PublishedVersion {
  std::string journey_id;
  uint32_t number = 0;
  std::string content_hash;
  std::string definition;
  std::string segments;
  std::string plan;  // Once, when it is published: a serialised MigrationPlan; empty: nobody moves. Not kept with it.
  bool closed = false;  // Nobody new is enrolled in it.
};

// Versions in which nobody new is to be enrolled: one that was retired, or all of a journey that was archived.
struct ClosedVersions {
  std::string journey_id;
  std::optional<uint32_t> number;  // Absent: all.
};

// The workspace's catalog revision, 0 before anything is published, held against publication until `tx` ends. Only in a
// write transaction.
absl::StatusOr<int64_t> HoldRevision(sql::Transaction& tx, absl::string_view workspace);
// The same, not held.
absl::StatusOr<int64_t> GetRevision(sql::Transaction& tx, absl::string_view workspace);

// Adds a version, makes it the latest of its journey unless a later one is known, raises the revision and starts a
// sweep. A version known already changes nothing.
absl::Status AddVersion(sql::Transaction& tx, absl::string_view workspace, const PublishedVersion& version);

// Closes versions, raises the revision and starts a sweep. What is not known changes nothing.
absl::Status CloseVersions(sql::Transaction& tx, absl::string_view workspace, const ClosedVersions& closed);

// Of each journey of the workspace the latest version that is not closed, else the latest one; by journey_id.
absl::StatusOr<std::vector<PublishedVersion>> ListLatestVersions(sql::Transaction& tx, absl::string_view workspace);
// One version; absent where there is none.
absl::StatusOr<std::optional<PublishedVersion>> FindVersion(sql::Transaction& tx, absl::string_view workspace,
                                                            absl::string_view journey_id, uint32_t number);

// The way through a workspace's customers after a version was published.
struct Sweep {
  std::string workspace;
  int64_t revision = 0;
  std::string after;  // The last customer visited.
};
// A sweep that is not finished, locked until `tx` ends; absent where there is none.
absl::StatusOr<std::optional<Sweep>> TakeSweep(sql::Transaction& tx);
// The workspace's, not locked.
absl::StatusOr<std::optional<Sweep>> FindSweep(sql::Transaction& tx, absl::string_view workspace);
absl::Status MoveSweep(sql::Transaction& tx, const Sweep& sweep);
absl::Status EndSweep(sql::Transaction& tx, absl::string_view workspace);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CATALOG_STORE_H_
