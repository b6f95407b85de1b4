// Takes in what `milestone` tells: how active customers are, where they stand, and that they have news to be scored.
#ifndef WAYMARK_SERVICES_HEALTH_FOLLOWER_H_
#define WAYMARK_SERVICES_HEALTH_FOLLOWER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"

namespace waymark::health {

// A journal::Apply for `milestone`'s journal. The order of the entries does not matter to what is kept of events.
//
// An event counts as known from the day it was received; one that was sent as backfill, and a fact of the past, as
// known from the day it tells of, so that imported history can be looked at as if it had been recorded live. Customers
// of workspaces without a published scorecard get no news: publishing one visits them all. Errors: FAILED_PRECONDITION
// the type is not known, or the payload is not of its type.
//
// When two customers were merged, nothing is kept of the one that is now another name; of the other its activity and
// passages are let go, since they are told anew, and its scores stay.
//
// When a customer was deleted, everything kept of it is erased, in `own` journal too, and that it was is told on: who
// follows both may meet what was concluded here of the customer after it has heard of the deletion.
absl::Status ApplyMilestone(journal::Journal& own, sql::Transaction& tx, journal::Lanes& lanes,
                            absl::Span<const journal::Entry> entries);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_FOLLOWER_H_
