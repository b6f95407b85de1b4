// What customers bring, and how it changes. What is counted is said in protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_REVENUE_H_
#define WAYMARK_SERVICES_MILESTONE_REVENUE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/time/time.h"
#include "services/milestone/census.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

// Counts in ten-thousandths, so that sums are exact in whatever order.
class Revenue {
 public:
  // `from` is the beginning of the period. `sources` have been checked. What is given must outlive this.
  Revenue(const rules::Journey& shown, absl::Time from, const v1::GetRevenueRequest& request);

  // Travellers must stand as of the beginning, and bring their histories up to the end, with properties.
  void Add(const Traveller& traveller);
  void Write(v1::GetRevenueResponse& to) const;

 private:
  // What customers brought who brought anything.
  struct Sums {
    int64_t customers = 0, churned_customers = 0;
    absl::int128 start = 0, end = 0, kept = 0, contraction = 0, churn = 0;
    std::map<v1::RevenueKind, std::pair<absl::int128, int64_t>> expansion;  // How much, and by how many customers.
  };
  // How a customer's revenue went.
  struct Course {
    int64_t start = 0, end = 0, contraction = 0, churn = 0;
    std::map<v1::RevenueKind, int64_t> expansion;
  };
  Course Follow(absl::Span<const rules::Item> history);
  // What the customer brings after an event, where that can be read.
  std::optional<int64_t> After(const rules::Item& event, const v1::RevenueSource& source, int64_t before) const;
  static void Add(const Course& course, Sums& sums);
  static v1::RevenueRetention ToProto(const Sums& sums);

  const rules::Journey& shown_;
  const absl::Time from_;
  absl::flat_hash_map<std::string, const v1::RevenueSource*> sources_;  // By event type.
  int64_t unreadable_ = 0;
  Counterparts counterparts_;
  Sums total_;
  std::vector<Sums> stages_;  // Of the shown version's stages; last, of none.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REVENUE_H_
