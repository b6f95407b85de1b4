// Published journey versions made ready for folding, kept in memory. Which versions are in force is always read from
// the database, in the transaction that uses them; only their contents, which never change, come from here.
#ifndef WAYMARK_SERVICES_MILESTONE_SHELF_H_
#define WAYMARK_SERVICES_MILESTONE_SHELF_H_

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/sql/sql.h"
#include "services/milestone/catalog_store.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// Shared, because a transaction goes on with what it read while newer editions come in.
using JourneyPtr = std::shared_ptr<const rules::Journey>;

// The journeys of a workspace at a catalog revision.
struct Catalog {
  int64_t revision = 0;
  std::vector<JourneyPtr> latest;           // The latest version of each journey that is followed, by journey_id.
  absl::flat_hash_set<std::string> closed;  // Of these journeys, by journey_id, those that nobody new gets into.
};
using CatalogPtr = std::shared_ptr<const Catalog>;

// Thread-safe.
class Shelf {
 public:
  // The catalog of `workspace` at `revision`, which `tx` has read (and, where it writes, holds).
  absl::StatusOr<CatalogPtr> GetCatalog(sql::Transaction& tx, absl::string_view workspace, int64_t revision);

  // A published version. Errors: INTERNAL  there is none: a dossier names a version that was never followed.
  absl::StatusOr<JourneyPtr> GetJourney(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                                        uint32_t number);

 private:
  // The journey of `version`, made once.
  absl::StatusOr<JourneyPtr> Keep(absl::string_view workspace, const PublishedVersion& version);

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, CatalogPtr> catalogs_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::tuple<std::string, std::string, uint32_t>, JourneyPtr> journeys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_SHELF_H_
