#include "services/notification/delivery.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/notification/retry.h"

namespace waymark::notification {
namespace {

struct Move {
  State from;
  Cause cause;
  State to;
};

constexpr Move kMoves[] = {
    {State::kPlanned, Cause::kAdmitted, State::kReady},
    {State::kPlanned, Cause::kBarred, State::kSkipped},
    {State::kReady, Cause::kClaimed, State::kLeased},
    {State::kLeased, Cause::kLeaseExpired, State::kReady},
    {State::kLeased, Cause::kBarred, State::kSkipped},
    {State::kLeased, Cause::kSendingBegun, State::kSending},
    {State::kSending, Cause::kAccepted, State::kAccepted},
    {State::kSending, Cause::kRefused, State::kRejected},
    {State::kSending, Cause::kFailedForNow, State::kRetryWait},
    {State::kSending, Cause::kNoAnswer, State::kUnknown},
    {State::kSending, Cause::kLeaseExpired, State::kUnknown},
    {State::kUnknown, Cause::kResend, State::kRetryWait},
    {State::kRetryWait, Cause::kDue, State::kReady},
    {State::kRetryWait, Cause::kBudgetSpent, State::kDead},
};

// The standing after one move; final states have nothing to be looked at again for.
absl::StatusOr<Standing> Moved(Standing standing, Cause cause) {
  const std::optional<State> next = Next(standing.state, cause);
  if (!next.has_value()) {
    return absl::InternalError(
        absl::StrCat("a delivery may not leave ", NameOf(standing.state), " by cause ", static_cast<int>(cause)));
  }
  standing.state = *next;
  if (IsFinal(*next)) standing.next_at.reset();
  return standing;
}

// In RETRY_WAIT: waits for the next attempt, or gives up where that would be too late.
absl::StatusOr<Standing> Wait(Standing standing, absl::Time now, double jitter,
                              std::optional<absl::Duration> retry_after) {
  standing.next_at = now + RetryDelay(standing.attempts, jitter, retry_after);
  if (*standing.next_at > standing.deadline) return Moved(std::move(standing), Cause::kBudgetSpent);
  return standing;
}

absl::StatusOr<Standing> Resend(Standing unknown, absl::Time now, double jitter) {
  ASSIGN_OR_RETURN(Standing waiting, Moved(std::move(unknown), Cause::kResend));
  waiting.possible_duplicate = true;
  return Wait(std::move(waiting), now, jitter, std::nullopt);
}

absl::StatusOr<Standing> Lease(Standing ready, absl::Time now, absl::Duration lease_length) {
  ASSIGN_OR_RETURN(Standing leased, Moved(std::move(ready), Cause::kClaimed));
  ++leased.lease;
  leased.next_at = now + lease_length;
  return leased;
}

}  // namespace

std::optional<State> Next(State state, Cause cause) {
  const auto move = std::find_if(std::begin(kMoves), std::end(kMoves),
                                 [&](const Move& move) { return move.from == state && move.cause == cause; });
  if (move == std::end(kMoves)) return std::nullopt;
  return move->to;
}

bool IsFinal(State state) {
  return std::none_of(std::begin(kMoves), std::end(kMoves), [&](const Move& move) { return move.from == state; });
}

absl::string_view NameOf(State state) {
  static constexpr absl::string_view kNames[] = {"PLANNED",  "SKIPPED",    "READY",    "LEASED",  "SENDING",
                                                 "ACCEPTED", "RETRY_WAIT", "REJECTED", "UNKNOWN", "DEAD"};
  return kNames[static_cast<int>(state) - kFirstState];
}

absl::StatusOr<Standing> Plan(absl::Time now, absl::string_view bar) {
  Standing planned{.next_at = now, .deadline = now + kRetryBudget, .skip_reason = std::string(bar)};
  return Moved(std::move(planned), bar.empty() ? Cause::kAdmitted : Cause::kBarred);
}

absl::StatusOr<Standing> TakeUp(const Standing& before, absl::Time now, absl::Duration lease_length, double jitter) {
  switch (before.state) {
    case State::kReady:
      return Lease(before, now, lease_length);
    case State::kLeased: {
      ASSIGN_OR_RETURN(Standing ready, Moved(before, Cause::kLeaseExpired));
      return Lease(std::move(ready), now, lease_length);
    }
    case State::kRetryWait: {
      if (now > before.deadline) return Moved(before, Cause::kBudgetSpent);
      ASSIGN_OR_RETURN(Standing ready, Moved(before, Cause::kDue));
      return Lease(std::move(ready), now, lease_length);
    }
    case State::kSending: {
      ASSIGN_OR_RETURN(Standing unknown, Moved(before, Cause::kLeaseExpired));
      // The count moves on, so that the sender of old, should it wake, may no longer store what it learns.
      ++unknown.lease;
      return Resend(std::move(unknown), now, jitter);
    }
    case State::kPlanned:
    case State::kSkipped:
    case State::kAccepted:
    case State::kRejected:
    case State::kUnknown:
    case State::kDead:
      break;
  }
  return absl::InternalError(absl::StrCat("a delivery that is ", NameOf(before.state), " is never taken up"));
}

absl::StatusOr<Standing> BeginSending(const Standing& before, absl::Time now, absl::Duration lease_length,
                                      absl::string_view bar) {
  ASSIGN_OR_RETURN(Standing after, Moved(before, bar.empty() ? Cause::kSendingBegun : Cause::kBarred));
  after.skip_reason = std::string(bar);
  if (!bar.empty()) return after;
  ++after.attempts;
  after.next_at = now + lease_length;
  return after;
}

absl::StatusOr<Standing> Conclude(const Standing& before, const Outcome& outcome, absl::Time now, double jitter) {
  switch (outcome.verdict) {
    case Verdict::kAccepted:
      return Moved(before, Cause::kAccepted);
    case Verdict::kRejected:
      return Moved(before, Cause::kRefused);
    case Verdict::kTransient: {
      ASSIGN_OR_RETURN(Standing waiting, Moved(before, Cause::kFailedForNow));
      return Wait(std::move(waiting), now, jitter, outcome.retry_after);
    }
    case Verdict::kUnknown: {
      ASSIGN_OR_RETURN(Standing unknown, Moved(before, Cause::kNoAnswer));
      return Resend(std::move(unknown), now, jitter);
    }
  }
  return absl::InternalError("an outcome without a verdict");
}

std::string WireIdOf(absl::string_view notification_id) { return absl::StrCat("msg_", notification_id); }

}  // namespace waymark::notification
