// Signatures of webhooks (github.com/standard-webhooks/standard-webhooks, version 1.0.0, scheme v1). Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_SIGNATURE_H_
#define WAYMARK_SERVICES_NOTIFICATION_SIGNATURE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::notification {

// `whsec_` and the base64 of `bytes`: how people see a secret.
std::string WriteSecret(absl::string_view bytes);
// The bytes of a secret so written; nothing where it is not one of 24 to 64 bytes.
std::optional<std::string> ReadSecret(absl::string_view written);

// The header webhook-signature: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, the timestamp in whole
// seconds since 1970.
std::string Sign(absl::string_view secret_bytes, absl::string_view id, absl::Time timestamp, absl::string_view body);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_SIGNATURE_H_
