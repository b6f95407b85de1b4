#include "common/base/errors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ErrorsTest, EachHasItsCodeAndReason) {
  const struct {
    absl::Status status;
    absl::StatusCode code;
    std::string reason;
  } cases[] = {
      {Error(absl::StatusCode::kDataLoss, "EPOCH_CHANGED", "restored"), absl::StatusCode::kDataLoss, "EPOCH_CHANGED"},
      {InvalidField("key", "must be given"), absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {NotFound("journey \"onboarding\""), absl::StatusCode::kNotFound, "NOT_FOUND"},
      {AlreadyExists("journey \"onboarding\""), absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS"},
      {EtagMismatch("journey \"onboarding\""), absl::StatusCode::kAborted, "ETAG_MISMATCH"},
      {WrongState("version 3 is published"), absl::StatusCode::kFailedPrecondition, "WRONG_STATE"},
      {Overloaded("too many events", absl::Seconds(2)), absl::StatusCode::kResourceExhausted, "OVERLOADED"},
      {StoreUnavailable("the database cannot be reached"), absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE"},
      {NotYetReached("not yet"), absl::StatusCode::kDeadlineExceeded, "NOT_YET_REACHED"},
      {Stopping(), absl::StatusCode::kUnavailable, "STOPPING"},
  };
  for (const auto& [status, code, reason] : cases) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_FALSE(status.message().empty());
  }
}

TEST(ErrorsTest, AnotherStatusHasNothingToRead) {
  EXPECT_EQ(ReasonOf(absl::InternalError("disk")), "");
  EXPECT_THAT(ViolationsOf(absl::InternalError("disk")), IsEmpty());
  EXPECT_EQ(RetryAfterOf(absl::InternalError("disk")), std::nullopt);
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
}

TEST(ErrorsTest, EveryWrongFieldIsToldAndReadBack) {
  const FieldViolation key{"stages[0].key", "must be given"};
  const FieldViolation title{"stages[1].title", "must be at most 200 bytes"};
  const absl::Status status = InvalidFields({key, title});
  EXPECT_EQ(status.message(), "stages[0].key: must be given; stages[1].title: must be at most 200 bytes");
  EXPECT_THAT(ViolationsOf(status), ElementsAre(key, title));
}

TEST(ErrorsTest, AFieldNamedByACallerMayHoldAnything) {
  const absl::Status status = InvalidField(absl::string_view("attributes[\"a\0b\"]", 17), "is unknown");
  EXPECT_THAT(ViolationsOf(status), ElementsAre(FieldViolation{"attributes[\"a\\0b\"]", "is unknown"}));
}

TEST(ErrorsTest, RetryAfterIsReadBack) {
  EXPECT_EQ(RetryAfterOf(Overloaded("too many events", absl::Milliseconds(1500))), absl::Milliseconds(1500));
}

TEST(ErrorsTest, AnErrorFromElsewhereGetsWhatItLacks) {
  absl::Status status = WithReason(absl::UnavailableError("away"), "STOPPING");
  status = WithRetryAfter(WithViolations(status, {{"key", "is wrong"}}), absl::Seconds(1));
  EXPECT_EQ(status.message(), "away");
  EXPECT_EQ(ReasonOf(status), "STOPPING");
  EXPECT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(1));
}

}  // namespace
}  // namespace waymark
