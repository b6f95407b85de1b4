#include "common/sql/uniform_transaction.h"

#include <utility>

#include "common/base/status.h"

namespace waymark::sql {

absl::StatusOr<Rows> UniformTransaction::Query(absl::string_view sql, const Params& params) {
  Rows rows;
  RETURN_IF_ERROR(Run(
      sql, {&params, 1}, [&](size_t, Row row) { rows.push_back(std::move(row)); }, [](size_t, int64_t) {}));
  return rows;
}

absl::StatusOr<int64_t> UniformTransaction::Execute(absl::string_view sql, const Params& params) {
  int64_t all = 0;
  RETURN_IF_ERROR(Run(
      sql, {&params, 1}, [](size_t, const Row&) {}, [&](size_t, int64_t changed) { all = changed; }));
  return all;
}

absl::StatusOr<std::vector<Rows>> UniformTransaction::QueryMany(absl::string_view sql, absl::Span<const Params> sets) {
  std::vector<Rows> answers(sets.size());
  RETURN_IF_ERROR(Run(
      sql, sets, [&](size_t set, Row row) { answers[set].push_back(std::move(row)); }, [](size_t, int64_t) {}));
  return answers;
}

absl::StatusOr<std::vector<int64_t>> UniformTransaction::ExecuteMany(absl::string_view sql,
                                                                     absl::Span<const Params> sets) {
  std::vector<int64_t> counts(sets.size());
  RETURN_IF_ERROR(Run(
      sql, sets, [](size_t, const Row&) {}, [&](size_t set, int64_t changed) { counts[set] = changed; }));
  return counts;
}

absl::Status UniformTransaction::InsertMany(absl::string_view sql, absl::Span<const Params> sets) {
  if (failure_.ok() && !sets.empty()) failure_ = RunInserts(sql, sets);
  return failure_;
}

absl::Status UniformTransaction::RunInserts(absl::string_view sql, absl::Span<const Params> sets) {
  return RunSets(
      sql, sets, [](size_t, const Row&) {}, [](size_t, int64_t) {});
}

absl::Status UniformTransaction::Run(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set) {
  if (failure_.ok() && !sets.empty()) failure_ = RunSets(sql, sets, on_row, on_set);
  return failure_;
}

}  // namespace waymark::sql
