#include "services/journey/review.h"

#include <algorithm>

namespace waymark::journey {

Standing StandingOf(const Approval& approval, const Version& version) {
  if (approval.content_hash != version.content_hash) return Standing::kOutdated;
  const bool by_author =
      std::find(version.authors.begin(), version.authors.end(), approval.approver) != version.authors.end();
  return by_author ? Standing::kByAuthor : Standing::kCounts;
}

uint32_t CountApprovals(const std::vector<Approval>& approvals, const Version& version) {
  return std::count_if(approvals.begin(), approvals.end(),
                       [&](const Approval& approval) { return StandingOf(approval, version) == Standing::kCounts; });
}

}  // namespace waymark::journey
