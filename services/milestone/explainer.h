// Why a customer stands where it does, and what would bring it elsewhere.
#ifndef WAYMARK_SERVICES_MILESTONE_EXPLAINER_H_
#define WAYMARK_SERVICES_MILESTONE_EXPLAINER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "services/milestone/shelf.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::milestone {

// Answers from the database, by folding the customer's history. Thread-safe.
class Explainer {
 public:
  // What is given must outlive this.
  Explainer(journal::Journal& journal, Shelf& shelf, const Clock& clock)
      : journal_(journal), shelf_(shelf), clock_(clock) {}

  // As MilestoneService's. Errors: NOT_FOUND  as the RPCs tell.
  absl::StatusOr<v1::ExplainResponse> Explain(absl::string_view workspace, const v1::ExplainRequest& request);
  absl::StatusOr<v1::WhyNotResponse> WhyNot(absl::string_view workspace, const v1::WhyNotRequest& request);

 private:
  journal::Journal& journal_;
  Shelf& shelf_;
  const Clock& clock_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_EXPLAINER_H_
