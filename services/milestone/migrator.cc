#include "services/milestone/migrator.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "services/milestone/convert.h"
#include "services/milestone/mapping.h"
#include "waymark/journey/v1/migration.pb.h"

namespace waymark::milestone {

Migrator::Migrator(journal::Journal& journal, Replayer& replayer, Tracker& tracker)
    : journal_(journal),
      replayer_(replayer),
      tracker_(tracker),
      refused_(metrics::GetCounter("waymark_migrations_refused_total",
                                   "Migrations refused because their outcome is not what was previewed.")) {}

absl::StatusOr<bool> Migrator::RunOnce() {
  std::optional<Migration> migration;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(migration, FindOpenMigration(tx));
    return absl::OkStatus();
  }));
  if (!migration.has_value()) return false;
  RETURN_IF_ERROR(migration->state == MigrationState::kChecking ? Check(*migration) : tracker_.Move(*migration));
  return true;
}

absl::Status Migrator::Check(const Migration& migration) {
  journey::v1::MigrationPlan plan;
  if (!plan.ParseFromString(migration.plan)) return absl::InternalError("a stored migration plan cannot be read");
  std::string found;  // Empty: the positions are none of this journal.
  std::vector<int64_t> heads;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    heads.clear();
    ASSIGN_OR_RETURN(const std::vector<journal::Place> places, journal_.Heads(tx));
    for (const journal::Place& place : places) heads.push_back(place.position);
    return absl::OkStatus();
  }));
  const std::vector<int64_t> ends(plan.lane_positions().begin(), plan.lane_positions().end());
  const bool ours = plan.epoch() == journal_.epoch() && ends.size() == heads.size() &&
                    std::equal(ends.begin(), ends.end(), heads.begin(), [](int64_t a, int64_t b) { return a <= b; });
  if (ours) {
    const absl::Time as_of = ToTime(plan.as_of());
    ReplayOrder order{.workspace = migration.workspace,
                      .journey_id = migration.journey_id,
                      .number = migration.number,
                      .as_of = as_of};
    if (plan.migration() == journey::v1::MIGRATION_MAP) order.map = FromProto(plan.map());
    absl::StatusOr<std::string> computed = replayer_.ComputeOutcome(order, ends);
    // A map that nobody travels cannot have been previewed.
    if (!computed.ok() && !absl::IsNotFound(computed.status())) return computed.status();
    if (computed.ok()) found = *std::move(computed);
  }
  const bool same = found == plan.outcome_hash();
  if (!same) {
    log::Error("a migration is refused: its outcome is not what was previewed",
               {{"workspace", migration.workspace},
                {"journey", migration.journey_id},
                {"version", static_cast<int64_t>(migration.number)},
                {"previewed", plan.outcome_hash()},
                {"found", found}});
  }
  bool decided = false;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    decided = false;
    ASSIGN_OR_RETURN(std::optional<Migration> now,
                     TakeMigration(tx, migration.workspace, migration.journey_id, migration.number));
    // Another replica may have been quicker.
    if (!now.has_value() || now->state != MigrationState::kChecking) return absl::OkStatus();
    now->state = same ? MigrationState::kApplying : MigrationState::kRefused;
    if (!same) now->found_hash = found;
    decided = true;
    return SaveMigration(tx, *now);
  }));
  if (decided && !same) refused_.Add(1);
  return absl::OkStatus();
}

}  // namespace waymark::milestone
