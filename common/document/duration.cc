#include "common/document/duration.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace waymark::document {
namespace {

constexpr int64_t kMostSeconds = 315'576'000'000;  // What duration.proto states.

struct Unit {
  char letter;
  int64_t seconds;
};
// From the largest on.
constexpr Unit kUnits[] = {{'w', 604'800}, {'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};

bool AreDigits(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

}  // namespace

std::optional<google::protobuf::Duration> ReadDuration(absl::string_view text) {
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (text.empty()) return std::nullopt;
  int64_t unit = 0;
  for (const Unit& candidate : kUnits) {
    if (text.back() == candidate.letter) unit = candidate.seconds;
  }
  text.remove_suffix(1);
  const size_t point = unit == 1 ? text.find('.') : absl::string_view::npos;
  absl::string_view fraction;
  if (point != absl::string_view::npos) {
    fraction = text.substr(point + 1);
    text = text.substr(0, point);
    if (!AreDigits(fraction) || fraction.size() > 9) return std::nullopt;
  }
  int64_t count = 0;
  // Leading zeros are digits too; more than 18 of them say nothing that a person means.
  if (unit == 0 || !AreDigits(text) || text.size() > 18 || !absl::SimpleAtoi(text, &count)) return std::nullopt;
  if (count > kMostSeconds / unit) return std::nullopt;
  int32_t nanos = 0;
  if (!fraction.empty()) {
    const std::string padded = absl::StrCat(fraction, std::string(9 - fraction.size(), '0'));
    if (!absl::SimpleAtoi(padded, &nanos)) return std::nullopt;
    if (count == kMostSeconds && nanos > 0) return std::nullopt;
  }
  google::protobuf::Duration duration;
  duration.set_seconds(negative ? -count * unit : count * unit);
  duration.set_nanos(negative ? -nanos : nanos);
  return duration;
}

std::string WriteDuration(const google::protobuf::Duration& duration) {
  const bool negative = duration.seconds() < 0 || duration.nanos() < 0;
  const std::string sign = negative ? "-" : "";
  const uint64_t seconds = negative ? uint64_t{0} - static_cast<uint64_t>(duration.seconds()) : duration.seconds();
  if (duration.nanos() != 0) {
    std::string fraction = absl::StrCat(std::abs(int64_t{duration.nanos()}));
    if (fraction.size() < 9) fraction.insert(0, 9 - fraction.size(), '0');
    while (fraction.back() == '0') fraction.pop_back();
    return absl::StrCat(sign, seconds, ".", fraction, "s");
  }
  std::string shortest;
  for (const Unit& unit : kUnits) {
    if (seconds % unit.seconds != 0 || (seconds == 0 && unit.seconds != 1)) continue;
    std::string text = absl::StrCat(sign, seconds / unit.seconds, std::string(1, unit.letter));
    if (shortest.empty() || text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

}  // namespace waymark::document
