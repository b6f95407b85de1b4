// Answers questions from the database.
#ifndef WAYMARK_SERVICES_MILESTONE_READER_H_
#define WAYMARK_SERVICES_MILESTONE_READER_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "services/milestone/history.h"
#include "services/milestone/shelf.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::milestone {

// Thread-safe. Every answer sees one state of the database.
class Reader {
 public:
  // What is given must outlive the reader.
  Reader(journal::Journal& journal, Shelf& shelf);

  // Where customers stand at `now`, in the order asked, as the stage cache keeps it; unknown ones without enrollments.
  // Their version is their lane's end as of the answer.
  absl::StatusOr<std::vector<v1::CustomerStages>> GetStages(absl::string_view workspace,
                                                            absl::Span<const std::string> customer_ids, absl::Time now);

  // Errors: NOT_FOUND  no such customer.
  absl::StatusOr<v1::GetProgressResponse> GetProgress(absl::string_view workspace, const std::string& customer_id,
                                                      absl::string_view journey_id, absl::Time now);
  absl::StatusOr<v1::Customer> GetCustomer(absl::string_view workspace, const std::string& customer_id);

  // A page of a customer's timeline after a lane position: what happened by `as_of` and was recorded by `as_known`;
  // looks at `page_size` items. `next` is 0 after the last page. Errors: NOT_FOUND  no such customer.
  struct TimelineFilter {
    absl::Time as_of = absl::InfiniteFuture();
    absl::Time as_known = absl::InfiniteFuture();
  };
  struct TimelinePage {
    std::vector<v1::TimelineItem> items;
    int64_t next = 0;
  };
  absl::StatusOr<TimelinePage> ListTimeline(absl::string_view workspace, const std::string& customer_id,
                                            const TimelineFilter& filter, int64_t after, int page_size);

  // A page of customers after `after`; looks at 5,000 at most, so that a filter that few pass costs a bounded time.
  // `next` is empty after the last page.
  struct CustomerFilter {
    std::string journey_id;  // Empty: all.
    std::string stage_key;   // Empty: all.
  };
  struct CustomerPage {
    std::vector<v1::Customer> customers;
    std::string next;
  };
  absl::StatusOr<CustomerPage> ListCustomers(absl::string_view workspace, const CustomerFilter& filter,
                                             std::string after, int page_size);

  // A page of those who stand in a journey for too long, as ListCustomers; `page_size` and `after` are of customers.
  struct StuckFilter {
    std::string journey_id;
    std::string stage_key;  // Empty: all.
    v1::Pace min_pace = v1::PACE_BEHIND;
  };
  struct StuckPage {
    std::vector<v1::StuckEnrollment> enrollments;
    std::string next;
  };
  absl::StatusOr<StuckPage> ListStuck(absl::string_view workspace, const StuckFilter& filter, std::string after,
                                      int page_size, absl::Time now);

  // Errors: NOT_FOUND  no such version was published with a plan that moves anybody.
  absl::StatusOr<v1::GetMigrationResponse> GetMigration(absl::string_view workspace, const std::string& journey_id,
                                                        uint32_t number);

 private:
  // Calls `look` for the customers after `after`, by id, until it has found `enough` of them (it answers whether one
  // is) or 5,000 were looked at; the last one seen where more follow, else nothing.
  absl::StatusOr<std::string> Look(sql::Transaction& tx, absl::string_view workspace, std::string after, int enough,
                                   absl::FunctionRef<absl::StatusOr<bool>(const Customer&)> look);

  journal::Journal& journal_;
  Shelf& shelf_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_READER_H_
