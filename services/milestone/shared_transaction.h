// A transaction for several threads at once: their calls take turns.
#ifndef WAYMARK_SERVICES_MILESTONE_SHARED_TRANSACTION_H_
#define WAYMARK_SERVICES_MILESTONE_SHARED_TRANSACTION_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/sql/sql.h"

namespace waymark::milestone {

// Thread-safe. The transaction it is made of, which must outlive it, is not used otherwise meanwhile.
class SharedTransaction final : public sql::Transaction {
 public:
  explicit SharedTransaction(sql::Transaction& tx) : tx_(tx) {}

  absl::StatusOr<sql::Rows> Query(absl::string_view sql, const sql::Params& params) override {
    absl::MutexLock lock(&mutex_);
    return tx_.Query(sql, params);
  }
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const sql::Params& params) override {
    absl::MutexLock lock(&mutex_);
    return tx_.Execute(sql, params);
  }
  absl::StatusOr<std::vector<sql::Rows>> QueryMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    if (sets.empty()) return std::vector<sql::Rows>();
    absl::MutexLock lock(&mutex_);
    return tx_.QueryMany(sql, sets);
  }
  absl::StatusOr<std::vector<int64_t>> ExecuteMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    if (sets.empty()) return std::vector<int64_t>();
    absl::MutexLock lock(&mutex_);
    return tx_.ExecuteMany(sql, sets);
  }
  absl::Status InsertMany(absl::string_view sql, absl::Span<const sql::Params> sets) override {
    if (sets.empty()) return absl::OkStatus();
    absl::MutexLock lock(&mutex_);
    return tx_.InsertMany(sql, sets);
  }

 private:
  absl::Mutex mutex_;
  sql::Transaction& tx_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_SHARED_TRANSACTION_H_
