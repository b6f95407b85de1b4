// Makes a mutating call safe to repeat: the same request_id answers as the first time.
#ifndef WAYMARK_COMMON_REQUESTS_REQUESTS_H_
#define WAYMARK_COMMON_REQUESTS_REQUESTS_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/sql/sql.h"

namespace waymark::requests {

// The table of answers: part of the schema of every service that uses it.
sql::Schema schema();

// A call that may be repeated.
struct Request {
  absl::string_view workspace;
  absl::string_view request_id;  // Empty: never a repeat. At most 100 bytes of UTF-8 without control characters.
  absl::string_view method;      // Such as `CreateJourney`.
  absl::string_view body;        // The request's serialised (deterministic) bytes.
};

// Returns the answer (serialised response) stored for the request_id, else that of `act`, which it stores, all within
// `tx`. Only successes are remembered, for 30 days (`Forget`): where `act` fails, return its error and let `tx` roll
// back. A second caller with the same id waits for the first. Errors: INVALID_ARGUMENT  the id is malformed
// (`request_id`). ALREADY_EXISTS (REQUEST_ID_REUSED)  it was used for another method or body. Any of `act`.
absl::StatusOr<std::string> Once(sql::Transaction& tx, const Request& request, absl::Time now,
                                 absl::FunctionRef<absl::StatusOr<std::string>()> act);

// Drops answers from before `until`, at most 1,000; true where there were any.
absl::StatusOr<bool> Forget(sql::Transaction& tx, absl::Time until);

}  // namespace waymark::requests

#endif  // WAYMARK_COMMON_REQUESTS_REQUESTS_H_
