#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/requests/requests.h"

namespace waymark::requests {
namespace {

constexpr sql::Migration kMigrations[] = {
    {.number = 1, .title = "answers by request id", .sql = R"sql(
CREATE TABLE request (
  workspace TEXT NOT NULL,
  request_id TEXT NOT NULL,
  method TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  answer BYTEA NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, request_id)
);
CREATE INDEX request_create_time ON request (create_time)
)sql"},
};

// Before acting, so that of two callers at once the second waits here until the first has committed or given up.
constexpr char kClaim[] =
    "INSERT INTO request (workspace, request_id, method, body_hash, answer, create_time) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace, request_id) DO NOTHING";
constexpr char kSaveAnswer[] = "UPDATE request SET answer = $3 WHERE workspace = $1 AND request_id = $2";
constexpr char kLoadAnswer[] = "SELECT method, body_hash, answer FROM request WHERE workspace = $1 AND request_id = $2";
constexpr char kForget[] =
    "DELETE FROM request WHERE create_time < $1 AND (workspace, request_id) IN "
    "(SELECT workspace, request_id FROM request WHERE create_time < $1 ORDER BY create_time LIMIT 1000)";

constexpr size_t kLongestId = 100;

}  // namespace

sql::Schema schema() { return {.name = "requests", .migrations = kMigrations}; }

absl::StatusOr<std::string> Once(sql::Transaction& tx, const Request& request, absl::Time now,
                                 absl::FunctionRef<absl::StatusOr<std::string>()> act) {
  if (request.request_id.empty()) return act();
  RETURN_IF_ERROR(CheckText("request_id", request.request_id, kLongestId));
  RETURN_IF_ERROR(CheckId("request_id", request.request_id));

  const std::string body_hash = Sha256Hex(request.body);
  ASSIGN_OR_RETURN(const int64_t claimed, tx.Execute(kClaim, {request.workspace, request.request_id, request.method,
                                                              body_hash, sql::Bytes{""}, now}));
  if (claimed == 1) {
    ASSIGN_OR_RETURN(std::string answer, act());
    RETURN_IF_ERROR(tx.Execute(kSaveAnswer, {request.workspace, request.request_id, sql::Bytes{answer}}).status());
    return answer;
  }

  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kLoadAnswer, {request.workspace, request.request_id}));
  if (rows.empty()) return absl::AbortedError("the answer was forgotten meanwhile");
  if (rows[0].Text(0) != request.method || rows[0].Text(1) != body_hash) {
    return Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                 "request_id was used before for another request: give every request its own");
  }
  return rows[0].Blob(2);
}

absl::StatusOr<bool> Forget(sql::Transaction& tx, absl::Time until) {
  ASSIGN_OR_RETURN(const int64_t forgotten, tx.Execute(kForget, {until}));
  return forgotten > 0;
}

}  // namespace waymark::requests
