// Folds stored histories once more: under a candidate beside what is in force, or to see that what is kept is right.
#ifndef WAYMARK_SERVICES_MILESTONE_REPLAYER_H_
#define WAYMARK_SERVICES_MILESTONE_REPLAYER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "services/milestone/replay.h"
#include "services/milestone/shelf.h"
#include "services/milestone/tracker.h"
#include "services/rules/definition.h"
#include "services/rules/placement.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::milestone {

// What is compared with what, over whose history; checked.
struct ReplayOrder {
  std::string workspace;
  std::string journey_id;
  std::optional<rules::JourneyVersion> candidate;  // Absent: the published version `number`.
  uint32_t number = 0;                             // 0: the latest.
  uint32_t base_number = 0;                        // 0: what is in force for each customer.
  bool keeps_pins = false;                         // Those in the journey stay on their version.
  std::optional<rules::KeyMap> map;                // Those under way move by it; absent: as their history leads.
  std::vector<std::string> customer_ids;           // In bytewise order, each once; empty: everybody.
  std::optional<absl::Time> as_of;                 // Absent: now.
};

struct RecomputeOrder {
  std::string workspace;
  std::vector<std::string> customer_ids;  // As above.
  bool repair = false;
};

// Thread-safe.
class Replayer {
 public:
  // What is given must outlive the replayer.
  Replayer(journal::Journal& journal, Shelf& shelf, Tracker& tracker, const Clock& clock);

  // Is told how many customers of all are done; false: nobody waits for the answer any more.
  using Tell = absl::FunctionRef<bool(int64_t done, int64_t all)>;

  // Errors: INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION  as ReplayService says. CANCELLED  nobody waits any more.
  absl::StatusOr<v1::PreviewReport> PreviewVersion(const ReplayOrder& order, size_t most_changes, Tell tell);
  absl::StatusOr<v1::WhatIfReport> WhatIf(const ReplayOrder& order, Tell tell);
  // The outcome_hash that a preview of this order comes to over the history up to these ends of the lanes.
  absl::StatusOr<std::string> ComputeOutcome(const ReplayOrder& order, absl::Span<const int64_t> ends);
  absl::StatusOr<v1::RecomputeReport> Recompute(const RecomputeOrder& order, Tell tell);

 private:
  // What a replay goes by, decided before it begins.
  struct Course;
  // A customer whose history is to be replayed.
  struct Subject;

  using Take = absl::FunctionRef<void(const Replayed&)>;
  absl::StatusOr<Course> Begin(const ReplayOrder& order);
  absl::Status ListSubjects(const ReplayOrder& order, Course& course, std::vector<Subject>& subjects);
  absl::Status ReplayAll(const Course& course, const std::vector<Subject>& subjects, Tell tell, Take take);
  absl::Status ReplayChosen(const Course& course, const std::vector<Subject>& subjects, Tell tell, Take take);
  // Sees that its map leads to what the candidate has. Errors: INVALID_ARGUMENT.
  absl::Status CheckMap(const Course& course);
  // Sees that what the course goes by holds: at first and at last.
  absl::Status CheckHolds(const Course& course);

  journal::Journal& journal_;
  Shelf& shelf_;
  Tracker& tracker_;
  const Clock& clock_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REPLAYER_H_
