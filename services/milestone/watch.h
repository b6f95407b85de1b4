// Changes of stages, as they are committed: one watcher's way through milestone's own journal.
#ifndef WAYMARK_SERVICES_MILESTONE_WATCH_H_
#define WAYMARK_SERVICES_MILESTONE_WATCH_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::milestone {

// Which changes are wanted.
struct WatchFilter {
  std::string workspace;
  std::string journey_id;              // Empty: of all.
  std::set<std::string> stage_keys;    // Empty: of all.
  std::set<std::string> customer_ids;  // Empty: of all.
};

// The change of a stage that an entry tells; nullopt: none. Errors: INTERNAL  the entry cannot be read.
absl::StatusOr<std::optional<v1::StageChange>> ToStageChange(const journal::Entry& entry);

// Not thread-safe.
class Watch {
 public:
  // Begins after the cursor, or, where that is empty, at the journal's present end. The journal must outlive the watch.
  // Errors: INVALID_ARGUMENT  the cursor is none that a watch with this filter gave. DATA_LOSS  it is of another epoch,
  // or beyond the journal's end: the database was restored.
  static absl::StatusOr<Watch> Begin(journal::Journal& journal, WatchFilter filter, absl::string_view cursor);

  // The next changes in the journal, from one state of the database; none where there is no news. Errors: DATA_LOSS  as
  // of Begin. INTERNAL  the journal is damaged.
  absl::StatusOr<std::vector<v1::StageChange>> Next();
  // Whether everything was read that was there at the last Next(), or at the beginning.
  bool AtEnd() const;

  // Stands for everything read so far.
  std::string cursor() const;

 private:
  Watch(journal::Journal& journal, WatchFilter filter);

  // Where the lanes that matter end now. Errors: DATA_LOSS  before where this is.
  absl::Status FindEnds(sql::Transaction& tx);
  bool Wants(const v1::StageChange& change) const;

  journal::Journal* journal_;
  WatchFilter filter_;
  std::string bound_to_;               // What a cursor belongs to.
  std::vector<journal::Place> after_;  // Of the lanes that matter, ascending.
  std::vector<int64_t> ends_;          // Where they are known to end.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_WATCH_H_
