#include "common/rpc/status.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/checks.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/log/log.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace waymark::rpc {
namespace {

constexpr char kDomain[] = "waymark";

// An answer's metadata may be 8 kB, and many clients refuse more. The message travels twice, once percent-encoded; what
// is wrong with fields travels once, in base64.
constexpr size_t kMessageBytes = 1000;
constexpr size_t kViolationsBytes = 2000;

// When to try again where nobody said: after the pause of a process that restarts.
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

// The reason of a status that has none: one made by a library or by the database layer.
std::string DefaultReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "INVALID_FIELD";
    case absl::StatusCode::kUnauthenticated:
      return "CREDENTIAL_REFUSED";
    case absl::StatusCode::kPermissionDenied:
      return "ROLE_REFUSED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kFailedPrecondition:
      return "WRONG_STATE";
    case absl::StatusCode::kResourceExhausted:
      return "OVERLOADED";
    case absl::StatusCode::kDeadlineExceeded:
      return "NOT_YET_REACHED";
    case absl::StatusCode::kAborted:  // A race lost too often.
    case absl::StatusCode::kUnavailable:
      return "STORE_UNAVAILABLE";
    case absl::StatusCode::kCancelled:
      return "STOPPING";  // A client that cancels does not read the answer.
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
    default:  // absl::StatusCode says that values may be added.
      return "INTERNAL";
  }
}

// At most `most` bytes of `text`, as UTF-8: protobuf strings must be, and an error may quote what a caller sent.
std::string Presentable(absl::string_view text, size_t most) {
  std::string shown = IsUtf8(text) ? std::string(text) : absl::CHexEscape(text);
  if (shown.size() <= most) return shown;
  shown.resize(most - 3);
  while (!IsUtf8(shown)) shown.pop_back();
  return shown + "...";
}

google::rpc::BadRequest ToBadRequest(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad_request;
  size_t bytes = 0;
  for (const FieldViolation& violation : violations) {
    const std::string field = Presentable(violation.field, 300);
    const std::string description = Presentable(violation.description, 500);
    bytes += field.size() + description.size();
    if (bytes > kViolationsBytes) break;
    auto* shown = bad_request.add_field_violations();
    shown->set_field(field);
    shown->set_description(description);
  }
  return bad_request;
}

// Logs the cause under a new id and returns what the caller is told.
absl::Status Concealed(const absl::Status& status) {
  const std::string incident = NewId(RealClock().Now());
  log::Error("internal error", {{"incident", incident}, {"cause", status.ToString()}});
  return Error(absl::StatusCode::kInternal, "INTERNAL",
               absl::StrCat("an internal error; the server's log has the cause under ", incident));
}

grpc::Status WithDetails(const absl::Status& status) {
  const std::string given_reason = ReasonOf(status);

  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(Presentable(status.message(), kMessageBytes));

  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason(given_reason.empty() ? DefaultReason(status.code()) : given_reason);
  rich.add_details()->PackFrom(info);

  if (const std::vector<FieldViolation> violations = ViolationsOf(status); !violations.empty()) {
    rich.add_details()->PackFrom(ToBadRequest(violations));
  }
  if (info.reason() == "WRONG_STATE") {
    google::rpc::PreconditionFailure failure;
    auto* violation = failure.add_violations();
    violation->set_type(info.reason());
    violation->set_description(rich.message());
    rich.add_details()->PackFrom(failure);
  }
  const bool try_again =
      status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kResourceExhausted;
  if (const auto retry_after = RetryAfterOf(status); retry_after.has_value() || try_again) {
    google::rpc::RetryInfo retry;
    const absl::Duration delay = std::max(retry_after.value_or(kRetryAfter), absl::ZeroDuration());
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(delay - absl::Seconds(absl::ToInt64Seconds(delay)))));
    rich.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(rich.code()), rich.message(), rich.SerializeAsString());
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const bool internal = status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown;
  return WithDetails(internal ? Concealed(status) : status);
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status rich;
  // What is not ours to read (a proxy's answer, another version's) still has its code and message.
  if (!rich.ParseFromString(status.error_details())) return absl::Status(code, status.error_message());
  absl::Status result(code, status.error_message());
  for (const google::protobuf::Any& detail : rich.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info) && info.domain() == kDomain) {
      result = WithReason(std::move(result), info.reason());
    } else if (detail.UnpackTo(&bad_request)) {
      std::vector<FieldViolation> violations;
      for (const auto& violation : bad_request.field_violations()) {
        violations.push_back({violation.field(), violation.description()});
      }
      result = WithViolations(std::move(result), violations);
    } else if (detail.UnpackTo(&retry)) {
      result = WithRetryAfter(std::move(result), absl::Seconds(retry.retry_delay().seconds()) +
                                                     absl::Nanoseconds(retry.retry_delay().nanos()));
    }
  }
  return result;
}

}  // namespace waymark::rpc
