#include "common/rpc/status.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/common/rpc/test_service.h"

namespace waymark::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

google::rpc::Status Rich(const grpc::Status& status) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  return rich;
}

// The detail of a type; its default where there is none.
template <typename Detail>
Detail Get(const grpc::Status& status) {
  Detail detail;
  const google::rpc::Status rich = Rich(status);
  for (const auto& any : rich.details()) any.UnpackTo(&detail);
  return detail;
}

template <typename Detail>
bool Has(const grpc::Status& status) {
  const google::rpc::Status rich = Rich(status);
  for (const auto& any : rich.details()) {
    if (any.Is<Detail>()) return true;
  }
  return false;
}

TEST(ToGrpcTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(ToGrpcTest, EveryErrorHasCodeMessageAndReason) {
  const grpc::Status status = ToGrpc(NotFound("journey \"onboarding\""));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no journey \"onboarding\"");
  EXPECT_EQ(Rich(status).code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Rich(status).message(), status.error_message());
  EXPECT_EQ(Get<google::rpc::ErrorInfo>(status).domain(), "waymark");
  EXPECT_EQ(Get<google::rpc::ErrorInfo>(status).reason(), "NOT_FOUND");
  EXPECT_FALSE(Has<google::rpc::BadRequest>(status));
  EXPECT_FALSE(Has<google::rpc::PreconditionFailure>(status));
  EXPECT_FALSE(Has<google::rpc::RetryInfo>(status));
}

TEST(ToGrpcTest, WrongFieldsAreABadRequest) {
  const grpc::Status status = ToGrpc(InvalidFields({{"stages[0].key", "must be given"}, {"title", "is too long"}}));
  const auto bad_request = Get<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad_request.field_violations_size(), 2);
  EXPECT_EQ(bad_request.field_violations(0).field(), "stages[0].key");
  EXPECT_EQ(bad_request.field_violations(0).description(), "must be given");
  EXPECT_EQ(bad_request.field_violations(1).field(), "title");
}

TEST(ToGrpcTest, AWrongStateIsAPreconditionFailure) {
  const auto failure = Get<google::rpc::PreconditionFailure>(ToGrpc(WrongState("version 3 is published")));
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).type(), "WRONG_STATE");
  EXPECT_EQ(failure.violations(0).description(), "version 3 is published");
}

TEST(ToGrpcTest, WhatMayBeTriedAgainSaysWhen) {
  const auto delay = [](const absl::Status& status) {
    return Get<google::rpc::RetryInfo>(ToGrpc(status)).retry_delay().ShortDebugString();
  };
  EXPECT_EQ(delay(Overloaded("too many events", absl::Milliseconds(2500))), "seconds: 2 nanos: 500000000");
  EXPECT_EQ(delay(Overloaded("too many events", -absl::Seconds(1))), "");
  EXPECT_EQ(delay(Stopping()), "seconds: 1");
  EXPECT_EQ(delay(StoreUnavailable("away")), "seconds: 1");
}

TEST(ToGrpcTest, AStatusWithoutReasonGetsTheOneOfItsCode) {
  const struct {
    absl::StatusCode code;
    std::string reason;
  } cases[] = {
      {absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {absl::StatusCode::kOutOfRange, "INVALID_FIELD"},
      {absl::StatusCode::kNotFound, "NOT_FOUND"},
      {absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS"},
      {absl::StatusCode::kPermissionDenied, "ROLE_REFUSED"},
      {absl::StatusCode::kUnauthenticated, "CREDENTIAL_REFUSED"},
      {absl::StatusCode::kFailedPrecondition, "WRONG_STATE"},
      {absl::StatusCode::kResourceExhausted, "OVERLOADED"},
      {absl::StatusCode::kAborted, "STORE_UNAVAILABLE"},
      {absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE"},
      {absl::StatusCode::kDeadlineExceeded, "NOT_YET_REACHED"},
      {absl::StatusCode::kCancelled, "STOPPING"},
      {absl::StatusCode::kUnimplemented, "INTERNAL"},
      {absl::StatusCode::kDataLoss, "INTERNAL"},
  };
  for (const auto& [code, reason] : cases) {
    const grpc::Status status = ToGrpc(absl::Status(code, "told"));
    EXPECT_EQ(status.error_code(), static_cast<grpc::StatusCode>(code));
    EXPECT_EQ(Get<google::rpc::ErrorInfo>(status).reason(), reason);
  }
}

TEST(ToGrpcTest, TheCauseOfAnInternalErrorIsLoggedNotTold) {
  for (const absl::Status& cause :
       {absl::InternalError("relation events does not exist"), absl::UnknownError("relation events does not exist"),
        Error(absl::StatusCode::kInternal, "INTERNAL", "relation events does not exist")}) {
    testing::internal::CaptureStderr();
    const grpc::Status status = ToGrpc(cause);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(Get<google::rpc::ErrorInfo>(status).reason(), "INTERNAL");
    EXPECT_THAT(status.error_message(), MatchesRegex("an internal error; .* under [0-9a-z]{26}"));
    EXPECT_THAT(status.error_details(), Not(HasSubstr("relation")));
    EXPECT_THAT(log, HasSubstr("relation events does not exist"));
    const std::string incident = status.error_message().substr(status.error_message().size() - 26);
    EXPECT_THAT(log, HasSubstr("incident=" + incident));
  }
}

TEST(ToGrpcTest, BytesThatAreNoTextAreEscaped) {
  const grpc::Status status = ToGrpc(InvalidField("events[0].\xFF", "is \xC3("));
  EXPECT_EQ(status.error_message(), "events[0].\\xff: is \\xc3(");
  EXPECT_EQ(Get<google::rpc::BadRequest>(status).field_violations(0).field(), "events[0].\\xff");
  EXPECT_EQ(Get<google::rpc::BadRequest>(status).field_violations(0).description(), "is \\xc3(");
}

TEST(ToGrpcTest, AnErrorOfAnyLengthReachesTheClient) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 1000; ++i) violations.push_back({absl::StrCat("events[", i, "].id"), "müßte gegeben sein"});
  violations[3].description = std::string(100'000, 'x');
  TestService service(
      [&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) { return ToGrpc(InvalidFields(violations)); });
  const auto server = StartOrDie(service);
  const grpc::Status status = Call(grpc::CreateChannel(Loopback(server->port()), grpc::InsecureChannelCredentials()));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
  EXPECT_THAT(status.error_message(), MatchesRegex("events.0..id: müßte gegeben sein; .*\\.\\.\\."));
  const auto shown = ViolationsOf(FromGrpc(status));
  ASSERT_GE(shown.size(), 20u);
  EXPECT_EQ(shown[0], violations[0]);
  EXPECT_EQ(shown[3].description.size(), 500u);
}

TEST(FromGrpcTest, TakesBackWhatToGrpcPutIn) {
  const absl::Status fields = FromGrpc(ToGrpc(InvalidFields({{"key", "must be given"}, {"title", "is too long"}})));
  EXPECT_EQ(fields.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(fields.message(), "key: must be given; title: is too long");
  EXPECT_EQ(ReasonOf(fields), "INVALID_FIELD");
  EXPECT_THAT(ViolationsOf(fields),
              ElementsAre(FieldViolation{"key", "must be given"}, FieldViolation{"title", "is too long"}));
  const absl::Status overloaded = FromGrpc(ToGrpc(Overloaded("too many events", absl::Milliseconds(2500))));
  EXPECT_EQ(ReasonOf(overloaded), "OVERLOADED");
  EXPECT_EQ(RetryAfterOf(overloaded), absl::Milliseconds(2500));
}

TEST(FromGrpcTest, AnErrorThatIsNotOursKeepsCodeAndMessage) {
  for (const std::string details : {"", "\xFF\xFF not a message"}) {
    const absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no route", details));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(), "no route");
    EXPECT_EQ(ReasonOf(status), "");
    EXPECT_THAT(ViolationsOf(status), IsEmpty());
  }
}

TEST(StatusMacrosTest, ReturnEarlyAsGrpcStatuses) {
  const auto half = [](absl::StatusOr<int> number) -> grpc::Status {
    ASSIGN_OR_RETURN_GRPC(const int value, number);
    RETURN_IF_ERROR_GRPC(value % 2 == 0 ? absl::OkStatus() : WrongState("odd"));
    return grpc::Status::OK;
  };
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(half(3).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(half(NotFound("number")).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace waymark::rpc
