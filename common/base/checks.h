// Checks of what comes from outside, shared by every service's convert.
#ifndef WAYMARK_COMMON_BASE_CHECKS_H_
#define WAYMARK_COMMON_BASE_CHECKS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace waymark {

// Whether `bytes` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(absl::string_view bytes);

// Ids that people choose for what they name: `[a-z][a-z0-9-]{0,62}`. `field` is named in the error (INVALID_ARGUMENT).
absl::Status CheckName(absl::string_view field, absl::string_view name);

// Keys inside a definition: `[a-z][a-z0-9_-]{0,62}`.
absl::Status CheckKey(absl::string_view field, absl::string_view key);

// Ids of customers, users and events: 1 to 255 bytes of UTF-8 without control characters.
absl::Status CheckId(absl::string_view field, absl::string_view id);

// Free text: UTF-8 of at most `most` bytes.
absl::Status CheckText(absl::string_view field, absl::string_view text, size_t most);

// The same checks without a field, for who collects findings: what is wrong and what to do, or empty.
std::string WhatIsWrongWithName(absl::string_view name);
std::string WhatIsWrongWithKey(absl::string_view key);
std::string WhatIsWrongWithId(absl::string_view id);

// How many rows a page has: 50 for 0, at most 1,000. Errors: INVALID_ARGUMENT  negative (`page_size`).
absl::StatusOr<int> ToPageSize(int32_t asked);

// An opaque page token: where the next page starts, bound to what the list was asked for (workspace, method, filter),
// so that it serves no other list.
std::string MakePageToken(absl::string_view bound_to, absl::string_view after);
// What MakePageToken was given; empty for an empty token. Errors: INVALID_ARGUMENT  not a token of this list
// (`page_token`).
absl::StatusOr<std::string> ReadPageToken(absl::string_view bound_to, absl::string_view token);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_CHECKS_H_
