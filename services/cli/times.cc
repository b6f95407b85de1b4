#include "services/cli/times.h"

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/cli/usage.h"

namespace waymark::cli {

absl::Status ReadTime(const char* option, const std::string& text, google::protobuf::Timestamp* to) {
  absl::Time time;
  std::string error;
  if (absl::CivilDay day; absl::ParseCivilTime(text, &day)) {
    time = absl::FromCivil(day, absl::UTCTimeZone());
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return UsageError(absl::StrCat(option, ": write a time such as 2026-05-04T09:00:00Z, or a day such as 2026-05-04"));
  }
  to->set_seconds(absl::ToUnixSeconds(time));
  to->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(to->seconds()))));
  return absl::OkStatus();
}

}  // namespace waymark::cli
