// What the transactions of both engines have in common: the five calls are one, and the first error stays.
#ifndef WAYMARK_COMMON_SQL_UNIFORM_TRANSACTION_H_
#define WAYMARK_COMMON_SQL_UNIFORM_TRANSACTION_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"

namespace waymark::sql {

// Called with the number of a set of parameters and a row that it gave.
using OnRow = absl::FunctionRef<void(size_t, Row)>;
// Called, after its rows, with the number of a set of parameters and how many rows it changed.
using OnSet = absl::FunctionRef<void(size_t, int64_t)>;

// After the first error every call returns it: PostgreSQL's transaction is dead, and SQLite's shall behave alike.
class UniformTransaction : public Transaction {
 public:
  absl::StatusOr<Rows> Query(absl::string_view sql, const Params& params) final;
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const Params& params) final;
  absl::StatusOr<std::vector<Rows>> QueryMany(absl::string_view sql, absl::Span<const Params> sets) final;
  absl::StatusOr<std::vector<int64_t>> ExecuteMany(absl::string_view sql, absl::Span<const Params> sets) final;

  absl::Status InsertMany(absl::string_view sql, absl::Span<const Params> sets) final;

  // The first error; such a transaction must not be committed.
  const absl::Status& failure() const { return failure_; }

 protected:
  // Runs `sql` once for each set, in order, until one fails.
  virtual absl::Status RunSets(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set) = 0;
  // InsertMany, where there is a quicker way than RunSets.
  virtual absl::Status RunInserts(absl::string_view sql, absl::Span<const Params> sets);

 private:
  absl::Status Run(absl::string_view sql, absl::Span<const Params> sets, OnRow on_row, OnSet on_set);

  absl::Status failure_;
};

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_UNIFORM_TRANSACTION_H_
