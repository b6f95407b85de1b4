// Looks at everybody who travels a journey, customer by customer.
#ifndef WAYMARK_SERVICES_MILESTONE_CENSUS_H_
#define WAYMARK_SERVICES_MILESTONE_CENSUS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "services/milestone/shelf.h"
#include "services/rules/progress.h"

namespace waymark::milestone {

// Which enrollments are looked at, and as of when.
struct Cohort {
  std::string journey_id;
  uint32_t version = 0;                                // 0: any.
  absl::Time enrolled_from = absl::InfinitePast();     // When they began: from here …
  absl::Time enrolled_until = absl::InfiniteFuture();  // … to before here.
  std::optional<absl::Time> as_of;                     // Absent: as they stand now.
  std::string segment_id;                              // Empty: whoever.
  std::string customer_id;                             // Empty: everybody.
  std::optional<absl::Time> history_until;             // Histories go on to here; absent: as of when they stand.
};

// What has to be known besides where customers stand. Each has histories read.
struct Knowing {
  bool histories = false;
  bool open = false;
  bool properties = false;  // Of events, whatever the journey looks at; with histories.
};

// A customer with enrollments in the cohort.
struct Traveller {
  absl::string_view customer_id;
  const rules::Journey& journey;          // The version enrolled in.
  absl::Time now;                         // As of when it stands as it does.
  std::vector<const rules::Run*> runs;    // The oldest first; at least one.
  absl::Span<const rules::Item> history;  // With Knowing::histories: in order, up to `now`.
  std::vector<bool> open;  // With Knowing::open: of each stage, whether it was ever fulfilled, whatever the order.
};

// Asked between customers whether to go on; what it answers otherwise ends the look.
using KeepLooking = absl::FunctionRef<absl::Status()>;

// What is shown of a journey, and how far its numbers are to be trusted.
struct Shown {
  JourneyPtr journey;             // The version asked for, or the latest.
  int64_t pending_customers = 0;  // Still to be evaluated after a version was published.
};

// Thread-safe. Customers are read in pages, each in a transaction of its own, with no more than about 20,000 events (or
// one customer's) in memory: nothing is held for long, and each customer is seen as it stands when its page is read.
class Census {
 public:
  // What is given must outlive the census.
  Census(journal::Journal& journal, Shelf& shelf) : journal_(journal), shelf_(shelf) {}

  // Errors: NOT_FOUND  no such journey, or version of it, is published; it pins no such segment; no such customer.
  absl::StatusOr<Shown> Find(absl::string_view workspace, const Cohort& cohort);

  // Calls `look` for each customer that has enrollments in the cohort, by id. `now` is when unfinished things are
  // looked at, unless the cohort says another instant. Errors: those of `keep_looking` and of the database.
  absl::Status Take(absl::string_view workspace, const Cohort& cohort, Knowing knowing, absl::Time now,
                    KeepLooking keep_looking, absl::FunctionRef<void(const Traveller&)> look);

  // Calls `look` for each customer of the workspace with all of its history, in no particular order, by id.
  absl::Status ReadHistories(absl::string_view workspace, KeepLooking keep_looking,
                             absl::FunctionRef<void(absl::Span<const rules::Item>)> look);

 private:
  journal::Journal& journal_;
  Shelf& shelf_;
};

// The part of a history that an enrollment spans: from the item that opened it to the one that ended it.
absl::Span<const rules::Item> StretchOf(const rules::Run& run, absl::Span<const rules::Item> history);

// Where the stages and milestones of any version stand among those of the one that is shown, by their keys.
class Counterparts {
 public:
  explicit Counterparts(const rules::Journey& shown) : shown_(shown) {}

  struct Places {
    std::vector<std::optional<size_t>> stages;  // Of each stage its index in the shown version.
    std::vector<std::optional<size_t>> rules;   // Of each milestone, in the order of Run::milestones.
  };
  const Places& Of(const rules::Journey& version);

 private:
  const rules::Journey& shown_;
  std::map<uint32_t, Places> places_;  // By number.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CENSUS_H_
