// Answers questions about all customers of a workspace, in one pass over them.
#ifndef WAYMARK_SERVICES_MILESTONE_ANALYST_H_
#define WAYMARK_SERVICES_MILESTONE_ANALYST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "services/milestone/census.h"
#include "services/milestone/shelf.h"
#include "waymark/milestone/v1/analytics.pb.h"
#include "waymark/milestone/v1/event.pb.h"

namespace waymark::milestone {

// Thread-safe. Errors of every call: those of Census, and INVALID_ARGUMENT  a field of the request is malformed.
class Analyst {
 public:
  // What is given must outlive the analyst.
  Analyst(journal::Journal& journal, Shelf& shelf, const Clock& clock) : census_(journal, shelf), clock_(clock) {}

  absl::StatusOr<v1::GetFunnelResponse> GetFunnel(absl::string_view workspace, const v1::GetFunnelRequest& request,
                                                  KeepLooking keep_looking);
  absl::StatusOr<v1::GetDwellResponse> GetDwell(absl::string_view workspace, const v1::GetDwellRequest& request,
                                                KeepLooking keep_looking);
  absl::StatusOr<v1::GetFrictionResponse> GetFriction(absl::string_view workspace,
                                                      const v1::GetFrictionRequest& request, KeepLooking keep_looking);
  // Errors: FAILED_PRECONDITION  there are too many different ways.
  absl::StatusOr<v1::GetPathsResponse> GetPaths(absl::string_view workspace, const v1::GetPathsRequest& request,
                                                KeepLooking keep_looking);
  // Errors: FAILED_PRECONDITION  there are too many different deviations.
  absl::StatusOr<v1::GetConformanceResponse> GetConformance(absl::string_view workspace,
                                                            const v1::GetConformanceRequest& request,
                                                            KeepLooking keep_looking);

  absl::StatusOr<v1::GetRevenueResponse> GetRevenue(absl::string_view workspace, const v1::GetRevenueRequest& request,
                                                    KeepLooking keep_looking);

  // The types of events after `after`, bytewise. `next` is empty after the last page.
  struct EventTypePage {
    v1::ListEventTypesResponse types;
    std::string next;
  };
  absl::StatusOr<EventTypePage> ListEventTypes(absl::string_view workspace, const std::string& after, int page_size,
                                               KeepLooking keep_looking);

 private:
  Census census_;
  const Clock& clock_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_ANALYST_H_
