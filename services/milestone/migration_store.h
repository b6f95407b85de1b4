// Keeps the migrations that publications asked for: who moves to which version, and how far that is.
#ifndef WAYMARK_SERVICES_MILESTONE_MIGRATION_STORE_H_
#define WAYMARK_SERVICES_MILESTONE_MIGRATION_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"

namespace waymark::milestone {

enum class MigrationState { kChecking = 1, kApplying = 2, kDone = 3, kRefused = 4 };  // As stored; never renumbered.

struct Migration {
  std::string workspace;
  std::string journey_id;
  uint32_t number = 0;
  std::string plan;  // A serialised waymark.journey.v1.MigrationPlan.
  MigrationState state = MigrationState::kChecking;
  std::string after;  // The last customer looked at.
  int64_t moved = 0;
  int64_t stayed = 0;  // Of those under way.
  int64_t changed_since = 0;
  std::vector<std::string> changed_customers;  // The first of them.
  std::string found_hash;                      // With kRefused.
};

// Adds one that is to be checked. One that is known changes nothing.
absl::Status AddMigration(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                          uint32_t number, absl::string_view plan);

// Some migration that is neither done nor refused; absent where there is none.
absl::StatusOr<std::optional<Migration>> FindOpenMigration(sql::Transaction& tx);
// That of a version; absent where none was asked for.
absl::StatusOr<std::optional<Migration>> FindMigration(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view journey_id, uint32_t number);
// The same, locked until `tx` ends.
absl::StatusOr<std::optional<Migration>> TakeMigration(sql::Transaction& tx, absl::string_view workspace,
                                                       absl::string_view journey_id, uint32_t number);
// One to the journey that is neither done nor refused; absent where there is none.
absl::StatusOr<std::optional<Migration>> FindOpenMigrationOf(sql::Transaction& tx, absl::string_view workspace,
                                                             absl::string_view journey_id);

// Stores how far it is.
absl::Status SaveMigration(sql::Transaction& tx, const Migration& migration);

// Forgets that a customer, who is deleted, was among those who changed, or where a migration that is done has ended.
absl::Status ForgetCustomer(sql::Transaction& tx, absl::string_view workspace, absl::string_view customer_id);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_MIGRATION_STORE_H_
