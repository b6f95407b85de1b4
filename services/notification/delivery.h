// A delivery's life: which moves there are and what leads to them. Pure.
//
//   PLANNED ─ admitted ─> READY ─ claimed ─> LEASED ─ sending begun ─> SENDING ─ accepted ───────> ACCEPTED
//      └───── barred ───> SKIPPED <─ barred ─┘ │                        │ │ └── refused ────────> REJECTED
//                           READY <─ lease expired                      │ └── failed for now ──> RETRY_WAIT ─ due ─>
//                           READY
//                                      no answer, lease expired ────────┴> UNKNOWN ─ resend ───> RETRY_WAIT ─ budget
//                                                                                                     spent ─> DEAD
//
// SENDING is stored before the first byte leaves, so whoever finds it after a crash knows that the message may have
// been sent. Every state is left through Next() alone, and stored by a compare-and-set on the state and the lease
// (delivery_store.h), so a sender that was asleep for longer than its lease overwrites nothing.
#ifndef WAYMARK_SERVICES_NOTIFICATION_DELIVERY_H_
#define WAYMARK_SERVICES_NOTIFICATION_DELIVERY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/notification/outcome.h"
#include "services/notification/trigger.h"

namespace waymark::notification {

// Numbered as stored and as in DeliveryState; never renumbered.
enum class State {
  kPlanned = 1,
  kSkipped = 2,
  kReady = 3,
  kLeased = 4,
  kSending = 5,
  kAccepted = 6,
  kRetryWait = 7,
  kRejected = 8,
  kUnknown = 9,
  kDead = 10,
};
inline constexpr int kFirstState = 1, kLastState = 10;

// Why a delivery moves.
enum class Cause {
  kAdmitted,      // Nothing bars it.
  kBarred,        // Something does.
  kClaimed,       // A sender took it.
  kLeaseExpired,  // The sender that took it did not come back.
  kSendingBegun,  // It is about to be put on the wire.
  kAccepted,      // The receiver took it,
  kRefused,       // or never will,
  kFailedForNow,  // or may later,
  kNoAnswer,      // or may have.
  kResend,        // What may have been taken is sent again: the policy for webhooks and logs.
  kDue,           // The wait is over.
  kBudgetSpent,   // The next attempt would come too late.
};

// Where `cause` leads from `state`: the table of all legal moves. Nothing where it is not one.
std::optional<State> Next(State state, Cause cause);

// Whether nothing leads on.
bool IsFinal(State state);

// The state's name, for messages: `READY`, `RETRY_WAIT`, …
absl::string_view NameOf(State state);

// What changes in a delivery's life.
struct Standing {
  State state = State::kPlanned;
  int64_t lease = 0;                  // Counts claims; whoever stores must hold the last one.
  std::optional<absl::Time> next_at;  // When to look at it again: the next attempt, the lease's end. Absent when final.
  absl::Time deadline;                // No retry is begun later.
  int attempts = 0;                   // How many have been begun.
  bool possible_duplicate = false;    // Sent again after an unknown outcome.
  std::string skip_reason;            // What barred it.

  friend bool operator==(const Standing&, const Standing&) = default;
};

// A new delivery: READY at once, or SKIPPED where `bar` names what bars it.
absl::StatusOr<Standing> Plan(absl::Time now, absl::string_view bar);

// What a sender makes of a delivery whose next_at has come: LEASED until `now + lease_length`, where it is to be sent;
// RETRY_WAIT, where its last sender died with the message perhaps on the wire; DEAD, where its deadline has passed.
absl::StatusOr<Standing> TakeUp(const Standing& before, absl::Time now, absl::Duration lease_length, double jitter);

// A leased delivery about to be put on the wire: SENDING, or SKIPPED where `bar` names what bars it now. The lease
// begins anew.
absl::StatusOr<Standing> BeginSending(const Standing& before, absl::Time now, absl::Duration lease_length,
                                      absl::string_view bar);

// A delivery after its attempt ended.
absl::StatusOr<Standing> Conclude(const Standing& before, const Outcome& outcome, absl::Time now, double jitter);

// The intent to tell someone something.
struct Notification {
  std::string workspace;
  std::string notification_id;
  std::string playbook_id;
  uint32_t playbook_version = 0;
  std::string step_key;
  std::string customer_id;
  std::string effect_key;
  TriggerKind kind = TriggerKind::kStageEntered;
  Variables variables;
  std::string title, text;  // Rendered.
  absl::Time occur_time;
  absl::Time create_time;
};

// The sending of a notification on one channel.
struct Delivery {
  std::string workspace;
  std::string delivery_id;
  std::string notification_id;
  std::string customer_id;
  std::string channel_id;
  uint32_t generation = 1;
  std::string wire_id;
  Standing standing;
  absl::Time create_time;
  absl::Time update_time;
};

// One try. Without `end_time` it is under way.
struct Attempt {
  int number = 0;
  absl::Time start_time;
  std::optional<absl::Time> end_time;
  std::optional<Verdict> verdict;
  int response_code = 0;
  std::string detail;
  std::string excerpt;
};

// What a webhook's webhook-id and a log line's id are: the same for every attempt and generation.
std::string WireIdOf(absl::string_view notification_id);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_DELIVERY_H_
