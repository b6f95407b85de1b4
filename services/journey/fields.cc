#include "services/journey/fields.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

constexpr size_t kMostPersonCharacters = 200;

// INVALID_ARGUMENT with the findings of which `is_meant` is true.
absl::Status Refuse(absl::string_view field, const std::vector<rules::Finding>& findings,
                    absl::FunctionRef<bool(const rules::Finding&)> is_meant) {
  std::vector<FieldViolation> violations;
  for (const rules::Finding& finding : findings) {
    if (!is_meant(finding)) continue;
    violations.push_back({finding.path.empty() ? std::string(field) : absl::StrCat(field, ".", finding.path),
                          absl::StrCat(finding.message, ": ", finding.hint)});
  }
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations);
}

}  // namespace

std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::Status CheckCharacters(absl::string_view field, absl::string_view text, size_t most) {
  RETURN_IF_ERROR(CheckText(field, text, 4 * most));
  if (absl::StrContains(text, '\0')) return InvalidField(field, "must not contain NUL");
  const size_t characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters <= most) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("must be at most ", most, " characters, not ", characters));
}

absl::Status CheckGivenCharacters(absl::string_view field, absl::string_view text, size_t most) {
  if (text.empty()) return InvalidField(field, "must be given");
  return CheckCharacters(field, text, most);
}

absl::Status CheckPerson(absl::string_view field, absl::string_view name) {
  RETURN_IF_ERROR(CheckCharacters(field, name, kMostPersonCharacters));
  const bool one_line =
      std::none_of(name.begin(), name.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
  return one_line ? absl::OkStatus() : InvalidField(field, "must not contain control characters");
}

absl::Status CheckGivenPerson(absl::string_view field, absl::string_view name) {
  if (name.empty()) return InvalidField(field, "must be given: say who it is");
  return CheckPerson(field, name);
}

absl::Status CheckFindings(absl::string_view field, const std::vector<rules::Finding>& findings) {
  return Refuse(field, findings, [](const rules::Finding& finding) { return finding.layer == rules::Layer::kForm; });
}

absl::Status CheckErrors(absl::string_view field, const std::vector<rules::Finding>& findings) {
  return Refuse(field, findings,
                [](const rules::Finding& finding) { return finding.severity == rules::Severity::kError; });
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return timestamp;
}

}  // namespace waymark::journey
