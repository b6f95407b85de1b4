#include "services/notification/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace waymark::notification {
namespace {

constexpr absl::string_view kPrefix = "whsec_";

}  // namespace

std::string WriteSecret(absl::string_view bytes) { return absl::StrCat(kPrefix, absl::Base64Escape(bytes)); }

std::optional<std::string> ReadSecret(absl::string_view written) {
  std::string bytes;
  if (!absl::ConsumePrefix(&written, kPrefix) || !absl::Base64Unescape(written, &bytes)) return std::nullopt;
  if (bytes.size() < 24 || bytes.size() > 64) return std::nullopt;
  return bytes;
}

std::string Sign(absl::string_view secret_bytes, absl::string_view id, absl::Time timestamp, absl::string_view body) {
  const std::string content = absl::StrCat(id, ".", absl::ToUnixSeconds(timestamp), ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_bytes.data(), static_cast<int>(secret_bytes.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest, &size);
  return absl::StrCat("v1,", absl::Base64Escape(absl::string_view(reinterpret_cast<char*>(digest), size)));
}

}  // namespace waymark::notification
