// What an attempt's end means. Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_OUTCOME_H_
#define WAYMARK_SERVICES_NOTIFICATION_OUTCOME_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::notification {

// Numbered as stored and as in AttemptOutcome; never renumbered.
enum class Verdict {
  kAccepted = 2,   // The receiver took it.
  kTransient = 3,  // It certainly did not, and may later.
  kRejected = 4,   // It never will.
  kUnknown = 5,    // It may have.
};

struct Outcome {
  Verdict verdict = Verdict::kUnknown;
  int response_code = 0;  // 0 where none came.
  std::string detail;     // What happened, in a few words.
  std::string excerpt;    // The beginning of the answer, as text.
  std::optional<absl::Duration> retry_after;
  bool channel_gone = false;  // The receiver wants no more of anything.
};

// How an HTTP exchange ended.
struct HttpEnding {
  enum class Kind {
    kAnswered,        // A final status line came; what followed it does not matter.
    kNotSent,         // Nothing of the request was sent: no address, no connection, no TLS.
    kAddressRefused,  // Nothing was sent, because the address is not one that may be connected to.
    kNoAnswer,        // Something was sent, and the connection or the patience ended before a status came.
  };
  Kind kind = Kind::kNoAnswer;
  int code = 0;
  std::optional<absl::Duration> retry_after;
  std::string body;  // Its beginning.
  std::string note;  // What went wrong, for people.
};

// 2xx is accepted; 410 rejected, and the channel with it; 429, 502, 503 and 504 transient, heeding Retry-After; every
// other status transient (Standard Webhooks: all but 2xx is tried again; redirects are not followed); an address that
// is refused rejected; nothing sent transient; no answer unknown.
Outcome Classify(const HttpEnding& ending);

// At most 4,096 bytes of `bytes` as text: what is not printable ASCII, a line break or well-formed UTF-8 becomes `?`.
std::string Excerpt(absl::string_view bytes);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_OUTCOME_H_
