// What is kept of removed keys.
#ifndef WAYMARK_SERVICES_JOURNEY_TOMBSTONE_STORE_H_
#define WAYMARK_SERVICES_JOURNEY_TOMBSTONE_STORE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/tombstones.h"

namespace waymark::journey {

// The table below: a part of the service's schema.
sql::Schema tombstone_schema();

// Keeps them for ever. One that is kept already stays as it is.
absl::Status AddTombstones(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                           const std::vector<Tombstone>& tombstones);

// A journey's, by kind and key; none of a journey that does not exist.
absl::StatusOr<std::vector<Tombstone>> ListTombstones(sql::Transaction& tx, absl::string_view workspace,
                                                      absl::string_view journey_id);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_TOMBSTONE_STORE_H_
