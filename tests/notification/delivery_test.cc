#include "services/notification/delivery.h"

#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "services/notification/retry.h"

namespace waymark::notification {
namespace {

constexpr absl::Duration kLease = absl::Minutes(1);

absl::Time Noon() { return absl::FromUnixSeconds(1'777'896'000); }  // 4 May 2026, 12:00 UTC.

Standing Ready() { return Plan(Noon(), "").value(); }
Standing Leased() { return TakeUp(Ready(), Noon(), kLease, 0).value(); }
Standing Sending() { return BeginSending(Leased(), Noon(), kLease, "").value(); }
Standing After(Verdict verdict) {
  return Conclude(Sending(), {.verdict = verdict, .detail = "", .excerpt = "", .retry_after = {}}, Noon(), 0).value();
}

TEST(DeliveryTest, ExactlyTheseMovesAreLegal) {
  const std::map<State, std::map<Cause, State>> legal = {
      {State::kPlanned, {{Cause::kAdmitted, State::kReady}, {Cause::kBarred, State::kSkipped}}},
      {State::kReady, {{Cause::kClaimed, State::kLeased}}},
      {State::kLeased,
       {{Cause::kLeaseExpired, State::kReady},
        {Cause::kBarred, State::kSkipped},
        {Cause::kSendingBegun, State::kSending}}},
      {State::kSending,
       {{Cause::kAccepted, State::kAccepted},
        {Cause::kRefused, State::kRejected},
        {Cause::kFailedForNow, State::kRetryWait},
        {Cause::kNoAnswer, State::kUnknown},
        {Cause::kLeaseExpired, State::kUnknown}}},
      {State::kUnknown, {{Cause::kResend, State::kRetryWait}}},
      {State::kRetryWait, {{Cause::kDue, State::kReady}, {Cause::kBudgetSpent, State::kDead}}},
  };
  for (int from = kFirstState; from <= kLastState; ++from) {
    for (int cause = 0; cause <= static_cast<int>(Cause::kBudgetSpent); ++cause) {
      const auto moves = legal.find(static_cast<State>(from));
      std::optional<State> expected;
      if (moves != legal.end()) {
        const auto move = moves->second.find(static_cast<Cause>(cause));
        if (move != moves->second.end()) expected = move->second;
      }
      EXPECT_EQ(Next(static_cast<State>(from), static_cast<Cause>(cause)), expected)
          << NameOf(static_cast<State>(from)) << " by " << cause;
    }
  }
}

TEST(DeliveryTest, WhatIsFinalIsNeverLeft) {
  for (const State state : {State::kSkipped, State::kAccepted, State::kRejected, State::kDead}) {
    EXPECT_TRUE(IsFinal(state)) << NameOf(state);
  }
  for (const State state :
       {State::kPlanned, State::kReady, State::kLeased, State::kSending, State::kRetryWait, State::kUnknown}) {
    EXPECT_FALSE(IsFinal(state)) << NameOf(state);
  }
}

TEST(DeliveryTest, ANewOneIsReadyAtOnce) {
  EXPECT_EQ(Ready().state, State::kReady);
  EXPECT_EQ(Ready().next_at, Noon());
  EXPECT_EQ(Ready().deadline, Noon() + kRetryBudget);
}

TEST(DeliveryTest, ABarredOneIsSkippedWithTheReason) {
  const Standing skipped = Plan(Noon(), "channel_disabled").value();
  EXPECT_EQ(skipped.state, State::kSkipped);
  EXPECT_EQ(skipped.skip_reason, "channel_disabled");
  EXPECT_EQ(skipped.next_at, std::nullopt);
}

TEST(DeliveryTest, AClaimIsALeaseWithATokenOfItsOwn) {
  EXPECT_EQ(Leased().state, State::kLeased);
  EXPECT_EQ(Leased().next_at, Noon() + kLease);
  EXPECT_EQ(Leased().lease, Ready().lease + 1);
  EXPECT_EQ(Leased().attempts, 0);
}

TEST(DeliveryTest, ALeaseThatExpiredBeforeSendingIsTakenOverWithoutAnyDoubt) {
  const Standing again = TakeUp(Leased(), Noon() + kLease, kLease, 0).value();
  EXPECT_EQ(again.state, State::kLeased);
  EXPECT_EQ(again.lease, Leased().lease + 1);
  EXPECT_FALSE(again.possible_duplicate);
}

TEST(DeliveryTest, WhatBarsALeasedOneSkipsIt) {
  const Standing skipped = BeginSending(Leased(), Noon(), kLease, "channel_disabled").value();
  EXPECT_EQ(skipped.state, State::kSkipped);
  EXPECT_EQ(skipped.skip_reason, "channel_disabled");
  EXPECT_EQ(skipped.attempts, 0);
}

TEST(DeliveryTest, ASenderThatDiesWhileSendingLeavesAPossibleDuplicate) {
  const Standing waiting = TakeUp(Sending(), Noon() + kLease, kLease, 0).value();
  EXPECT_EQ(waiting.state, State::kRetryWait);
  EXPECT_TRUE(waiting.possible_duplicate);
  EXPECT_EQ(waiting.next_at, Noon() + kLease + absl::Seconds(5));
  EXPECT_GT(waiting.lease, Sending().lease) << "the dead sender, should it wake, must not be able to store";
}

TEST(DeliveryTest, EachVerdictLeadsToItsState) {
  EXPECT_EQ(After(Verdict::kAccepted).state, State::kAccepted);
  EXPECT_EQ(After(Verdict::kAccepted).next_at, std::nullopt);
  EXPECT_EQ(After(Verdict::kRejected).state, State::kRejected);
  EXPECT_EQ(After(Verdict::kTransient).state, State::kRetryWait);
  EXPECT_FALSE(After(Verdict::kTransient).possible_duplicate);
  EXPECT_EQ(After(Verdict::kTransient).next_at, Noon() + absl::Seconds(5));
  EXPECT_EQ(After(Verdict::kUnknown).state, State::kRetryWait);
  EXPECT_TRUE(After(Verdict::kUnknown).possible_duplicate);
}

TEST(DeliveryTest, WhatIsDueAfterTheDeadlineIsDead) {
  const Standing waiting = After(Verdict::kTransient);
  EXPECT_EQ(TakeUp(waiting, waiting.deadline, kLease, 0)->state, State::kLeased);
  EXPECT_EQ(TakeUp(waiting, waiting.deadline + absl::Microseconds(1), kLease, 0)->state, State::kDead);
}

TEST(DeliveryTest, ARetryThatWouldComeAfterTheDeadlineIsNotWaitedFor) {
  Standing sending = Sending();
  sending.attempts = 9;
  sending.deadline = Noon() + absl::Hours(23);
  const Outcome failed = {.verdict = Verdict::kTransient, .detail = "", .excerpt = "", .retry_after = {}};
  EXPECT_EQ(Conclude(sending, failed, Noon(), 0)->state, State::kDead);
  EXPECT_EQ(Conclude(sending, failed, Noon(), 0)->next_at, std::nullopt);
}

TEST(DeliveryTest, AMoveThatThereIsNotIsAnError) {
  EXPECT_EQ(TakeUp(After(Verdict::kAccepted), Noon(), kLease, 0).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(BeginSending(Ready(), Noon(), kLease, "").status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(
      Conclude(Leased(), {.verdict = Verdict::kAccepted, .detail = "", .excerpt = "", .retry_after = {}}, Noon(), 0)
          .status()
          .code(),
      absl::StatusCode::kInternal);
}

// Lives through random fates and checks what must hold at every step of every life.
TEST(DeliveryTest, WhateverHappensAPossibleDuplicateStaysFlaggedAndEveryLifeEnds) {
  std::mt19937 random(7);
  std::set<State> ends;
  for (int life = 0; life < 2000; ++life) {
    absl::Time now = Noon();
    Standing standing = Ready();
    bool unknown_happened = false;
    int steps = 0;
    while (!IsFinal(standing.state)) {
      ASSERT_LT(++steps, 200);
      ASSERT_TRUE(standing.next_at.has_value());
      const Standing before = standing;
      const double jitter = random() % 100 / 100.0;
      if (standing.state == State::kSending && random() % 4 != 0) {
        const Verdict verdict = static_cast<Verdict>(static_cast<int>(Verdict::kAccepted) +
                                                     (random() % 8 == 0 ? random() % 4 : 1 + 2 * (random() % 2)));
        standing = Conclude(standing, {.verdict = verdict, .detail = "", .excerpt = "", .retry_after = {}}, now, jitter)
                       .value();
        unknown_happened |= verdict == Verdict::kUnknown;
      } else if (standing.state == State::kLeased && random() % 4 != 0) {
        standing = BeginSending(standing, now, kLease, random() % 50 == 0 ? "channel_disabled" : "").value();
      } else {
        now = std::max(now, *standing.next_at);
        unknown_happened |= standing.state == State::kSending;
        standing = TakeUp(standing, now, kLease, jitter).value();
        EXPECT_TRUE(standing.lease > before.lease || standing.state == State::kDead);
      }
      EXPECT_EQ(standing.possible_duplicate, unknown_happened);
      EXPECT_GE(standing.attempts, before.attempts);
      EXPECT_EQ(standing.deadline, before.deadline);
      EXPECT_EQ(standing.next_at.has_value(), !IsFinal(standing.state));
    }
    ends.insert(standing.state);
  }
  EXPECT_EQ(ends, (std::set<State>{State::kSkipped, State::kAccepted, State::kRejected, State::kDead}));
}

TEST(RetryTest, FollowsTheScheduleOfStandardWebhooks) {
  const absl::Duration schedule[] = {absl::Seconds(5), absl::Minutes(5), absl::Minutes(30), absl::Hours(2),
                                     absl::Hours(5),   absl::Hours(10),  absl::Hours(14),   absl::Hours(20),
                                     absl::Hours(24),  absl::Hours(24),  absl::Hours(24)};
  for (int attempt = 1; attempt <= 11; ++attempt) {
    EXPECT_EQ(RetryDelay(attempt, 0, std::nullopt), schedule[attempt - 1]) << attempt;
  }
}

TEST(RetryTest, JitterAddsUpToAFifthAndNeverTakesAway) {
  EXPECT_EQ(RetryDelay(2, 1, std::nullopt), absl::Minutes(6));
  EXPECT_EQ(RetryDelay(2, 0.5, std::nullopt), absl::Minutes(5.5));
  EXPECT_EQ(RetryDelay(2, -3, std::nullopt), absl::Minutes(5));
}

TEST(RetryTest, RetryAfterIsHeededUpToTwiceTheSchedule) {
  EXPECT_EQ(RetryDelay(2, 0, absl::Minutes(7)), absl::Minutes(7));
  EXPECT_EQ(RetryDelay(2, 0, absl::Hours(1)), absl::Minutes(10));
  EXPECT_EQ(RetryDelay(2, 0, absl::Seconds(1)), absl::Minutes(5)) << "never earlier";
}

}  // namespace
}  // namespace waymark::notification
