#include "services/milestone/checkpoint_store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/packed.h"
#include "common/base/status.h"
#include "services/milestone/checkpoint.h"

namespace waymark::milestone {
namespace {

constexpr char kLoad[] =
    "SELECT revision, through_position, pending, checkpoint FROM history_checkpoint "
    "WHERE workspace = $1 AND customer_id = $2 AND revision = $3 AND end_time < $4 "
    "ORDER BY event_count DESC LIMIT 1";
constexpr char kDrop[] =
    "DELETE FROM history_checkpoint WHERE workspace = $1 AND customer_id = $2 AND event_count > $3";
constexpr char kSave[] =
    "INSERT INTO history_checkpoint (workspace, customer_id, event_count, revision, end_time, through_position, "
    "pending, checkpoint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
    "ON CONFLICT (workspace, customer_id, event_count) DO UPDATE SET revision = excluded.revision, "
    "end_time = excluded.end_time, through_position = excluded.through_position, pending = excluded.pending, "
    "checkpoint = excluded.checkpoint";

// Each as how far it is behind the one before, packed.
std::string EncodePositions(absl::Span<const int64_t> positions) {
  std::string bytes;
  int64_t before = 0;
  for (const int64_t position : positions) PutNumber(position - std::exchange(before, position), bytes);
  return bytes;
}

absl::StatusOr<std::vector<int64_t>> DecodePositions(absl::string_view bytes) {
  std::vector<int64_t> positions;
  Unpacker unpacker(bytes);
  int64_t before = 0;
  while (!unpacker.AtEnd()) positions.push_back(before += static_cast<int64_t>(unpacker.Number()));
  if (!unpacker.ok()) return absl::InternalError("a kept state of a history cannot be read");
  return positions;
}

}  // namespace

bool Checkpoint::Lacks(int64_t position) const {
  return position > through || std::binary_search(pending.begin(), pending.end(), position);
}

absl::Time EndOf(const Dossier& dossier) {
  absl::Time end = absl::FromUnixMicros(dossier.last.time);
  for (const Enrollment& enrollment : dossier.enrollments) end = std::max(end, enrollment.progress.timer);
  return end;
}

std::vector<size_t> CutsOf(size_t items) {
  std::vector<size_t> cuts;
  for (size_t distance = kCheckpointEvery; 2 * distance <= items; distance *= 2) cuts.push_back(items - distance);
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

absl::StatusOr<std::vector<std::optional<Checkpoint>>> LoadCheckpoints(sql::Transaction& tx,
                                                                       absl::Span<const CheckpointQuery> queries) {
  std::vector<sql::Params> sets;
  sets.reserve(queries.size());
  for (const CheckpointQuery& query : queries) {
    sets.push_back({query.customer.workspace, query.customer.customer_id, query.revision, query.before});
  }
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoad, sets));
  std::vector<std::optional<Checkpoint>> checkpoints(queries.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) continue;
    const sql::Row& row = answers[i][0];
    Checkpoint& checkpoint = checkpoints[i].emplace();
    checkpoint.revision = row.Int(0);
    checkpoint.through = row.Int(1);
    ASSIGN_OR_RETURN(checkpoint.pending, DecodePositions(row.Blob(2)));
    ASSIGN_OR_RETURN(checkpoint.dossier, DecodeDossier(row.Blob(3)));
  }
  return checkpoints;
}

absl::Status DropCheckpoints(sql::Transaction& tx, absl::Span<const CheckpointsDropped> dropped) {
  std::vector<sql::Params> sets;
  for (const auto& [customer, events] : dropped) sets.push_back({customer.workspace, customer.customer_id, events});
  return tx.ExecuteMany(kDrop, sets).status();
}

absl::Status SaveCheckpoints(sql::Transaction& tx,
                             absl::Span<const std::pair<CustomerName, const Checkpoint*>> checkpoints) {
  std::vector<std::pair<std::string, std::string>> encoded;  // Pending and dossier.
  encoded.reserve(checkpoints.size());
  std::vector<sql::Params> sets;
  for (const auto& [customer, checkpoint] : checkpoints) {
    const auto& [pending, dossier] =
        encoded.emplace_back(EncodePositions(checkpoint->pending), EncodeDossier(checkpoint->dossier));
    sets.push_back({customer.workspace, customer.customer_id, checkpoint->dossier.event_count, checkpoint->revision,
                    EndOf(checkpoint->dossier), checkpoint->through, sql::Bytes{pending}, sql::Bytes{dossier}});
  }
  return tx.InsertMany(kSave, sets);
}

}  // namespace waymark::milestone
