// Errors that a caller may see: an absl::Status with the reason (waymark.type.v1.ErrorReason without its prefix) and,
// where it fits, the fields that are wrong. common/rpc turns them into gRPC's rich errors.
//
// Messages are written for the person who reads them, say what to do, and never carry driver text.
#ifndef WAYMARK_COMMON_BASE_ERRORS_H_
#define WAYMARK_COMMON_BASE_ERRORS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark {

// A field of a request and what is wrong with it.
struct FieldViolation {
  std::string field;        // A path such as `definition.stages[2].key`.
  std::string description;  // What is wrong and what to do.

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// A status with a reason. `code` must not be OK.
absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message);

// INVALID_ARGUMENT, INVALID_FIELD: one field is wrong.
absl::Status InvalidField(absl::string_view field, absl::string_view description);
// INVALID_ARGUMENT, INVALID_FIELD: several are. `violations` must not be empty.
absl::Status InvalidFields(const std::vector<FieldViolation>& violations);

// NOT_FOUND: `what` names the kind and id as the caller gave it, such as `journey "onboarding"`.
absl::Status NotFound(absl::string_view what);
// ALREADY_EXISTS.
absl::Status AlreadyExists(absl::string_view what);
// ABORTED, ETAG_MISMATCH.
absl::Status EtagMismatch(absl::string_view what);
// FAILED_PRECONDITION, WRONG_STATE.
absl::Status WrongState(absl::string_view message);
// RESOURCE_EXHAUSTED, OVERLOADED: try again after `retry_after`.
absl::Status Overloaded(absl::string_view message, absl::Duration retry_after);
// UNAVAILABLE, STORE_UNAVAILABLE.
absl::Status StoreUnavailable(absl::string_view message);
// DEADLINE_EXCEEDED, NOT_YET_REACHED.
absl::Status NotYetReached(absl::string_view message);
// UNAVAILABLE, STOPPING.
absl::Status Stopping();

// The same status with a reason, what is wrong with fields, or when to try again: for who takes an error from
// elsewhere.
absl::Status WithReason(absl::Status status, absl::string_view reason);
absl::Status WithViolations(absl::Status status, const std::vector<FieldViolation>& violations);
absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after);

// Reads back what the functions above put in.
std::string ReasonOf(const absl::Status& status);  // Empty where none.
std::vector<FieldViolation> ViolationsOf(const absl::Status& status);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_ERRORS_H_
