// Whole histories, read by lanes: the journal from its beginning, block after block, which for many customers at once
// is many times quicker than looking up each one's places.
#ifndef WAYMARK_SERVICES_MILESTONE_LANE_HISTORIES_H_
#define WAYMARK_SERVICES_MILESTONE_LANE_HISTORIES_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "services/milestone/item_pool.h"
#include "services/rules/history.h"

namespace waymark::milestone {

// Owns the items of customers of one lane.
class LaneHistories {
 public:
  // Reads the items of these customers, which must be of `lane`, up to position `end`, in read transactions of a
  // stretch each; events with properties where so asked. Errors: INTERNAL  the journal is damaged.
  static absl::StatusOr<LaneHistories> Read(journal::Journal& journal, int lane, int64_t end,
                                            absl::string_view workspace,
                                            absl::Span<const absl::string_view> customer_ids, bool with_properties);

  // Of the customer that was the i-th: in no particular order, numbered by their positions.
  std::vector<rules::Item>& of(size_t i) { return items_[i]; }

 private:
  std::deque<std::string> payloads_;  // What the items view.
  ItemPool pool_;
  std::vector<std::vector<rules::Item>> items_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_LANE_HISTORIES_H_
