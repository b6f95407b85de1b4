// One connection to PostgreSQL, with its prepared statements. Always in libpq's pipeline mode: whatever is to be done
// is sent at once and answered once, so that a thousand statements cost one round trip.
#ifndef WAYMARK_COMMON_SQL_POSTGRES_CONNECTION_H_
#define WAYMARK_COMMON_SQL_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "common/sql/url.h"

namespace waymark::sql {

// Not thread-safe.
class PostgresConnection {
 public:
  // Errors: INVALID_ARGUMENT  libpq does not understand the URL. UNAVAILABLE  the server cannot be reached, or refuses.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(const Url& url);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Runs `before` (statements without parameters), then `sql` once for each set of parameters, in one round trip, and
  // calls `on_result(i, result)` with the i-th set's result. Nothing runs after the first error. Errors: those of
  // Transaction; also of `on_result`.
  absl::Status Run(absl::Span<const std::string> before, absl::string_view sql, absl::Span<const Params> sets,
                   absl::FunctionRef<absl::Status(size_t, const PGresult*)> on_result);
  // Runs a statement without parameters; returns what it did, such as `COMMIT`.
  absl::StatusOr<std::string> Run(absl::string_view sql);

  // Whether it can still be used: told by a look at the socket, without asking the server.
  bool Alive();
  // Whether it broke; what was sent last may have been done or not.
  bool lost() const { return lost_; }
  bool InTransaction() const { return PQtransactionStatus(connection_) != PQTRANS_IDLE; }

 private:
  // A statement prepared for parameters of these types; 0 where PostgreSQL has inferred the type, because the first
  // value was NULL.
  struct Statement {
    std::string name;
    std::vector<Oid> types;
  };

  // The parameters of one execution as libpq wants them.
  struct Encoded {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    std::vector<std::string> numbers;
  };

  // What is sent at once and answered once. `owners` names, for each command, the set that it is for, or none.
  struct Trip {
    absl::string_view sql;
    std::vector<std::optional<size_t>> owners = {};
    size_t answered = 0;
    bool sync_sent = false;
    bool synced = false;  // Whether everything has been answered.
    absl::Status status = absl::OkStatus();
    absl::FunctionRef<absl::Status(size_t, const PGresult*)> on_result;
  };

  explicit PostgresConnection(bool prepared) : prepared_(prepared) {}
  absl::Status Open(const Url& url);
  absl::Status Encode(const Params& params);
  void SendPlain(Trip& trip, absl::string_view sql);
  absl::Status SendSets(Trip& trip, absl::string_view sql, absl::Span<const Params> sets);
  void SendPrepare(Trip& trip, const Statement& statement, absl::string_view sql);
  void Pump(Trip& trip);
  void TakeAnswers(Trip& trip);
  void TakeAnswer(Trip& trip, const PGresult* result);
  absl::Status Classify(absl::string_view sql, const PGresult* result);
  absl::Status Lose();

  const bool prepared_;
  PGconn* connection_ = nullptr;
  bool lost_ = false;
  int64_t names_given_ = 0;
  absl::flat_hash_map<std::string, std::vector<Statement>> statements_;
  Encoded encoded_;
};

// The value in one column of a row. Errors: INTERNAL  of a type that is none of ours.
absl::StatusOr<Row::Value> ReadValue(const PGresult* result, int row, int column);

}  // namespace waymark::sql

#endif  // WAYMARK_COMMON_SQL_POSTGRES_CONNECTION_H_
