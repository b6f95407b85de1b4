#include "services/notification/outcome.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"

namespace waymark::notification {
namespace {

constexpr size_t kLongestExcerpt = 4096;

Outcome OfAnswer(const HttpEnding& ending) {
  Outcome outcome{.verdict = Verdict::kTransient,
                  .response_code = ending.code,
                  .detail = absl::StrCat("answered ", ending.code),
                  .excerpt = Excerpt(ending.body)};
  if (ending.code >= 200 && ending.code <= 299) {
    outcome.verdict = Verdict::kAccepted;
  } else if (ending.code == 410) {
    outcome.verdict = Verdict::kRejected;
    outcome.channel_gone = true;
  } else if (ending.code == 429 || ending.code == 502 || ending.code == 503 || ending.code == 504) {
    outcome.retry_after = ending.retry_after;
  }
  return outcome;
}

}  // namespace

Outcome Classify(const HttpEnding& ending) {
  switch (ending.kind) {
    case HttpEnding::Kind::kAnswered:
      return OfAnswer(ending);
    case HttpEnding::Kind::kNotSent:
      return {.verdict = Verdict::kTransient, .detail = absl::StrCat("not sent: ", ending.note)};
    case HttpEnding::Kind::kAddressRefused:
      return {.verdict = Verdict::kRejected,
              .detail = "not sent: the address is not public, and the operator allows no such network"};
    case HttpEnding::Kind::kNoAnswer:
      return {.verdict = Verdict::kUnknown, .detail = absl::StrCat("sent, no answer: ", ending.note)};
  }
  return {};
}

std::string Excerpt(absl::string_view bytes) {
  std::string text(bytes.substr(0, kLongestExcerpt));
  for (char& c : text) {
    const bool shown = c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x80 || absl::ascii_isprint(c);
    if (!shown) c = '?';
  }
  if (IsUtf8(text)) return text;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

}  // namespace waymark::notification
