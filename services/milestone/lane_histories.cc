#include "services/milestone/lane_histories.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/milestone/news.h"
#include "services/milestone/records.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// What one read transaction takes at most; the journal ends it at 1 MiB.
constexpr int kEntriesAtOnce = 8'192;

}  // namespace

absl::StatusOr<LaneHistories> LaneHistories::Read(journal::Journal& journal, int lane, int64_t end,
                                                  absl::string_view workspace,
                                                  absl::Span<const absl::string_view> customer_ids,
                                                  bool with_properties) {
  LaneHistories histories;
  histories.items_.resize(customer_ids.size());
  absl::flat_hash_map<absl::string_view, size_t> places;
  places.reserve(customer_ids.size());
  for (size_t i = 0; i < customer_ids.size(); ++i) places[customer_ids[i]] = i;
  const std::string& accepted = v1::EventAccepted::descriptor()->full_name();
  for (int64_t reached = 0; reached < end;) {
    journal::Journal::Stretch stretch;
    RETURN_IF_ERROR(journal.db().Read([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(stretch, journal.Read(tx, lane, reached, kEntriesAtOnce, workspace));
      return absl::OkStatus();
    }));
    if (stretch.reached == reached) {
      return absl::InternalError(absl::StrCat("the journal is damaged: lane ", lane, " ends at ", reached));
    }
    reached = stretch.reached;
    for (journal::Entry& entry : stretch.entries) {
      const bool is_record = IsRecord(entry);
      if (entry.position > end || (entry.type != accepted && !is_record)) continue;
      const auto place = places.find(entry.key);
      if (place == places.end()) continue;
      const std::string& payload = histories.payloads_.emplace_back(std::move(entry.payload));
      ASSIGN_OR_RETURN(rules::Item item,
                       ReadItem(payload, entry.record_time, is_record, with_properties, histories.pool_));
      item.number = entry.position;
      histories.items_[place->second].push_back(item);
    }
  }
  return histories;
}

}  // namespace waymark::milestone
