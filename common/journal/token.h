// Consistency tokens: what a write returns and a later read passes back (waymark.type.v1.ConsistencyToken, base64url).
#ifndef WAYMARK_COMMON_JOURNAL_TOKEN_H_
#define WAYMARK_COMMON_JOURNAL_TOKEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"

namespace waymark::journal {

struct TokenPosition {
  std::string service;
  int64_t epoch = 0;
  int lane = 0;
  int64_t position = 0;  // 0 in a lane that nobody has written to.
  friend bool operator==(const TokenPosition&, const TokenPosition&) = default;
};

// The token that stands for these positions; empty for none.
std::string MakeToken(absl::Span<const TokenPosition> positions);

// An empty token has no positions. Errors: INVALID_ARGUMENT  not a token; `field` is named in the error.
absl::StatusOr<std::vector<TokenPosition>> ParseToken(absl::string_view token, absl::string_view field);

// Waits until the own cursors have reached every position of other services in `positions`. Positions of the own
// service are reached by definition in the database (its epoch must be the own one). Errors: INVALID_ARGUMENT  a
// service that is not followed here, or an epoch of the own one that is over. DEADLINE_EXCEEDED (NOT_YET_REACHED)  not
// reached until `deadline` (of the machine's clock). Any of Database::Read.
absl::Status WaitForToken(Journal& own, absl::Span<const TokenPosition> positions,
                          absl::Span<const std::string> followed, absl::string_view field, absl::Time deadline);

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_TOKEN_H_
