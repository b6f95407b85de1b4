#include "services/milestone/shelf.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

// Enough for every workspace in use; past it the memory is given back and filled anew.
constexpr size_t kMostKept = 10'000;

// A map of how things are, travelled by customers. Journeys of users are not followed yet.
bool IsFollowed(const rules::Journey& journey) {
  const rules::Definition& definition = journey.version().definition;
  return definition.tracks && !definition.of_users;
}

}  // namespace

absl::StatusOr<JourneyPtr> Shelf::Keep(absl::string_view workspace, const PublishedVersion& version) {
  const auto key = std::make_tuple(std::string(workspace), version.journey_id, version.number);
  {
    absl::MutexLock lock(&mutex_);
    if (const auto kept = journeys_.find(key); kept != journeys_.end()) return kept->second;
  }
  ASSIGN_OR_RETURN(rules::JourneyVersion made, ToJourneyVersion(version));
  auto journey = std::make_shared<const rules::Journey>(std::move(made));
  absl::MutexLock lock(&mutex_);
  if (journeys_.size() >= kMostKept) journeys_.clear();
  journeys_[key] = journey;
  return journey;
}

absl::StatusOr<CatalogPtr> Shelf::GetCatalog(sql::Transaction& tx, absl::string_view workspace, int64_t revision) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto kept = catalogs_.find(workspace); kept != catalogs_.end() && kept->second->revision == revision) {
      return kept->second;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<PublishedVersion> versions, ListLatestVersions(tx, workspace));
  auto catalog = std::make_shared<Catalog>();
  catalog->revision = revision;
  for (const PublishedVersion& version : versions) {
    ASSIGN_OR_RETURN(JourneyPtr journey, Keep(workspace, version));
    if (!IsFollowed(*journey)) continue;
    catalog->latest.push_back(std::move(journey));
    if (version.closed) catalog->closed.insert(version.journey_id);
  }
  absl::MutexLock lock(&mutex_);
  if (catalogs_.size() >= kMostKept) catalogs_.clear();
  catalogs_[std::string(workspace)] = catalog;
  return catalog;
}

absl::StatusOr<JourneyPtr> Shelf::GetJourney(sql::Transaction& tx, absl::string_view workspace,
                                             absl::string_view journey_id, uint32_t number) {
  {
    absl::MutexLock lock(&mutex_);
    const auto kept = journeys_.find(std::make_tuple(std::string(workspace), std::string(journey_id), number));
    if (kept != journeys_.end()) return kept->second;
  }
  ASSIGN_OR_RETURN(const std::optional<PublishedVersion> version, FindVersion(tx, workspace, journey_id, number));
  if (!version.has_value()) {
    return absl::InternalError(absl::StrCat("version ", number, " of journey ", journey_id, " is not in the catalog"));
  }
  return Keep(workspace, *version);
}

}  // namespace waymark::milestone
