#include "common/base/checks.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"

namespace waymark {
namespace {

std::string WhatIsWrongWithWord(absl::string_view word, absl::string_view also) {
  if (word.empty()) return "must be given";
  const bool well_formed =
      word.size() <= 63 && absl::ascii_islower(word[0]) && std::all_of(word.begin(), word.end(), [&](char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || also.find(c) != also.npos;
      });
  if (well_formed) return "";
  return absl::StrCat("must be 1 to 63 characters, lower-case letters, digits and any of ", also,
                      ", starting with a letter");
}

absl::Status AsStatus(absl::string_view field, const std::string& wrong) {
  return wrong.empty() ? absl::OkStatus() : InvalidField(field, wrong);
}

std::string Fingerprint(absl::string_view bound_to) { return Sha256Hex(bound_to).substr(0, 16); }

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const unsigned char lead = bytes[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const int more = lead >= 0xC2 && lead <= 0xDF   ? 1
                     : (lead & 0xF0) == 0xE0        ? 2
                     : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                    : 0;
    if (more == 0 || i + more >= bytes.size()) return false;
    const unsigned char second = bytes[i + 1];
    if (lead == 0xE0 && second < 0xA0) return false;  // Overlong.
    if (lead == 0xED && second > 0x9F) return false;  // A surrogate.
    if (lead == 0xF0 && second < 0x90) return false;  // Overlong.
    if (lead == 0xF4 && second > 0x8F) return false;  // Above U+10FFFF.
    for (int k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(bytes[i + k]) & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

std::string WhatIsWrongWithName(absl::string_view name) { return WhatIsWrongWithWord(name, "-"); }
std::string WhatIsWrongWithKey(absl::string_view key) { return WhatIsWrongWithWord(key, "-_"); }

std::string WhatIsWrongWithId(absl::string_view id) {
  if (id.empty()) return "must be given";
  if (id.size() > 255) return absl::StrCat("must be at most 255 bytes, not ", id.size());
  if (std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isprint(c); })) return "";
  if (!IsUtf8(id)) return "must be UTF-8";
  const bool control = std::any_of(id.begin(), id.end(), [](char c) { return absl::ascii_iscntrl(c); });
  return control ? "must not contain control characters" : "";
}

absl::Status CheckName(absl::string_view field, absl::string_view name) {
  return AsStatus(field, WhatIsWrongWithName(name));
}
absl::Status CheckKey(absl::string_view field, absl::string_view key) {
  return AsStatus(field, WhatIsWrongWithKey(key));
}
absl::Status CheckId(absl::string_view field, absl::string_view id) { return AsStatus(field, WhatIsWrongWithId(id)); }

absl::Status CheckText(absl::string_view field, absl::string_view text, size_t most) {
  if (text.size() > most) {
    return InvalidField(field, absl::StrCat("must be at most ", most, " bytes, not ", text.size()));
  }
  return IsUtf8(text) ? absl::OkStatus() : InvalidField(field, "must be UTF-8");
}

absl::StatusOr<int> ToPageSize(int32_t asked) {
  if (asked < 0) return InvalidField("page_size", "must not be negative; 0 takes the default of 50");
  return asked == 0 ? 50 : std::min(asked, 1000);
}

std::string MakePageToken(absl::string_view bound_to, absl::string_view after) {
  return absl::WebSafeBase64Escape(absl::StrCat(Fingerprint(bound_to), after));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view bound_to, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  const std::string fingerprint = Fingerprint(bound_to);
  if (!absl::WebSafeBase64Unescape(token, &bytes) || bytes.size() <= fingerprint.size() ||
      bytes.compare(0, fingerprint.size(), fingerprint) != 0) {
    return InvalidField("page_token", "is not one that this list gave: start again without it");
  }
  return bytes.substr(fingerprint.size());
}

}  // namespace waymark
