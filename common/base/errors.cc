#include "common/base/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace waymark {
namespace {

constexpr char kReason[] = "waymark/reason";
constexpr char kViolations[] = "waymark/violations";  // field NUL description NUL …
constexpr absl::string_view kNul("\0", 1);
constexpr char kRetryAfter[] = "waymark/retry-after";  // Milliseconds.

std::optional<std::string> Payload(const absl::Status& status, const char* url) {
  const auto cord = status.GetPayload(url);
  if (!cord.has_value()) return std::nullopt;
  return std::string(*cord);
}

}  // namespace

absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message) {
  return WithReason(absl::Status(code, message), reason);
}

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  return InvalidFields({{std::string(field), std::string(description)}});
}

absl::Status InvalidFields(const std::vector<FieldViolation>& violations) {
  std::string message;
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", violation.field, ": ", violation.description);
  }
  return WithViolations(Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message), violations);
}

absl::Status NotFound(absl::string_view what) {
  return Error(absl::StatusCode::kNotFound, "NOT_FOUND", absl::StrCat("there is no ", what));
}

absl::Status AlreadyExists(absl::string_view what) {
  return Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", absl::StrCat(what, " exists already"));
}

absl::Status EtagMismatch(absl::string_view what) {
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               absl::StrCat(what, " has changed since it was read: read it again and apply the change to that"));
}

absl::Status WrongState(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE", message);
}

absl::Status Overloaded(absl::string_view message, absl::Duration retry_after) {
  return WithRetryAfter(Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", message), retry_after);
}

absl::Status StoreUnavailable(absl::string_view message) {
  return Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", message);
}

absl::Status NotYetReached(absl::string_view message) {
  return Error(absl::StatusCode::kDeadlineExceeded, "NOT_YET_REACHED", message);
}

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING", "the server is stopping: send the call again");
}

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  status.SetPayload(kReason, absl::Cord(reason));
  return status;
}

absl::Status WithViolations(absl::Status status, const std::vector<FieldViolation>& violations) {
  std::string payload;
  for (const FieldViolation& violation : violations) {
    // NUL ends a part of the payload; a caller's text may hold one.
    absl::StrAppend(&payload, absl::StrReplaceAll(violation.field, {{kNul, "\\0"}}), kNul);
    absl::StrAppend(&payload, absl::StrReplaceAll(violation.description, {{kNul, "\\0"}}), kNul);
  }
  status.SetPayload(kViolations, absl::Cord(payload));
  return status;
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after) {
  status.SetPayload(kRetryAfter, absl::Cord(absl::StrCat(absl::ToInt64Milliseconds(retry_after))));
  return status;
}

std::string ReasonOf(const absl::Status& status) { return Payload(status, kReason).value_or(""); }

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  const std::string payload = Payload(status, kViolations).value_or("");
  const std::vector<std::string> parts = absl::StrSplit(payload, '\0');
  for (size_t i = 0; i + 1 < parts.size(); i += 2) violations.push_back({parts[i], parts[i + 1]});
  return violations;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const std::optional<std::string> payload = Payload(status, kRetryAfter);
  int64_t milliseconds = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(*payload, &milliseconds)) return std::nullopt;
  return absl::Milliseconds(milliseconds);
}

}  // namespace waymark
