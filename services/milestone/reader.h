// Answers questions from the database.
#ifndef WAYMARK_SERVICES_MILESTONE_READER_H_
#define WAYMARK_SERVICES_MILESTONE_READER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
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

  // Where customers stand, in the order asked; unknown ones without enrollments. Their version is their lane's end as
  // of the answer.
  absl::StatusOr<std::vector<v1::CustomerStages>> GetStages(absl::string_view workspace,
                                                            absl::Span<const std::string> customer_ids);

  // Errors: NOT_FOUND  no such customer.
  absl::StatusOr<v1::GetProgressResponse> GetProgress(absl::string_view workspace, const std::string& customer_id,
                                                      absl::string_view journey_id);
  absl::StatusOr<v1::Customer> GetCustomer(absl::string_view workspace, const std::string& customer_id);

  // A page of a customer's timeline after a lane position. `next` is 0 after the last page. Errors: NOT_FOUND  no such
  // customer.
  struct TimelinePage {
    std::vector<v1::TimelineItem> items;
    int64_t next = 0;
  };
  absl::StatusOr<TimelinePage> ListTimeline(absl::string_view workspace, const std::string& customer_id, int64_t after,
                                            int page_size);

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

  // Errors: NOT_FOUND  no such version was published with a plan that moves anybody.
  absl::StatusOr<v1::GetMigrationResponse> GetMigration(absl::string_view workspace, const std::string& journey_id,
                                                        uint32_t number);

 private:
  journal::Journal& journal_;
  Shelf& shelf_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_READER_H_
