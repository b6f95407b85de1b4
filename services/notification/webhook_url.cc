#include "services/notification/webhook_url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace waymark::notification {
namespace {

constexpr size_t kLongest = 2000;

// libcurl's parser, which is also the one that will read the URL when it is used.
std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

std::string WhatIsWrongWithUrl(absl::string_view url) {
  if (url.empty()) return "must be given";
  if (url.size() > kLongest) return absl::StrCat("must be at most ", kLongest, " bytes, not ", url.size());
  if (!std::all_of(url.begin(), url.end(), absl::ascii_isgraph)) {
    return "must be printable ASCII without spaces: percent-encode other characters";
  }
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return "must be a whole URL, such as https://example.com/hooks";
  }
  const std::string scheme = PartOf(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return "must begin with https:// or http://";
  if (PartOf(parsed.get(), CURLUPART_HOST).empty()) return "must name a host";
  if (!PartOf(parsed.get(), CURLUPART_USER).empty() || !PartOf(parsed.get(), CURLUPART_PASSWORD).empty()) {
    return "must not hold a user or a password: the signature says who sends";
  }
  return "";
}

}  // namespace waymark::notification
